package builder

import (
	"bytes"
	"io"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// yamlMessage is how the YAML package says what is wrong, and mostly where.
var yamlMessage = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// yamlFixes say the same as messages of the YAML package, with the usual
// reason.
var yamlFixes = map[string]string{
	"did not find expected key":                              "this does not fit the lines above: check the indentation, and quotation marks and brackets before it",
	"did not find expected '-' indicator":                    "this does not fit the list above: check the indentation",
	"did not find expected ',' or ']'":                       "the list [ is not well formed: put text that holds braces, brackets or commas in quotation marks",
	"did not find expected ',' or '}'":                       `the mapping { is not well formed: put text that holds braces, brackets or commas, such as "${NAME}", in quotation marks`,
	"did not find expected node content":                     "a value is wanted here: put text that starts with a sign of YAML in quotation marks",
	"mapping values are not allowed in this context":         "a second colon, or a key in the wrong place: check the indentation, or put the text in quotation marks",
	"could not find expected ':'":                            "a colon is missing behind a key, or the indentation is wrong",
	"found character that cannot start any token":            "a text may not start like this: put it in quotation marks; and indent with spaces, not tabs",
	"found a tab character that violates indentation":        "indent with spaces, not tabs",
	"found unexpected end of stream":                         "a quotation mark is not closed",
	"block sequence entries are not allowed in this context": "a list item may not start here: check the indentation",
}

// parserMessages are of the YAML package's parser, which counts lines from 0;
// its scanner counts from 1.
var parserMessages = regexp.MustCompile(`^did not find expected (<|node content|'-' indicator|key|',')|^found (undefined|duplicate|incompatible)`)

// atCollection are messages whose line is that of the collection around, or
// missing, where a prefix of the text tells more.
var atCollection = regexp.MustCompile(`^did not find expected ('-' indicator|key)|^unknown anchor `)

// explainYAML gives the line of a syntax error, and what is wrong. The YAML
// package takes line 0 for none, so it reads the text once more with an empty
// line before it.
func explainYAML(text []byte, err error) (line int, msg string) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if _, _, shifted := decodeYAML(io.MultiReader(strings.NewReader("\n"), bytes.NewReader(text))); shifted != nil {
		err = shifted
	}
	line, msg = splitMessage(err)
	if !parserMessages.MatchString(msg) {
		line--
	}
	if atCollection.MatchString(msg) {
		line = lineOf(text, msg)
	}
	if fix, ok := yamlFixes[msg]; ok {
		msg = fix
	}
	return min(max(line, 1), lineCount(text)), "YAML: " + msg
}

// lineCount counts the lines of a text, the last of which may lack its end.
func lineCount(text []byte) int {
	return bytes.Count(text, []byte("\n")) + bytes.Count(text, []byte("\r")) + 1
}

// splitMessage gives the line that stands in an error of the YAML package, or
// 0, and the message.
func splitMessage(err error) (line int, msg string) {
	m := yamlMessage.FindStringSubmatch(err.Error())
	if m == nil {
		return 0, err.Error()
	}
	line, _ = strconv.Atoi(m[1])
	return line, m[2]
}

// lineOf gives the last line of the shortest beginning of a text that has the
// same error. It is one of the last lines that are read for the error to come
// up, so it is looked for from there.
func lineOf(text []byte, msg string) int {
	r := &lineReader{text: text, ends: []int{0}}
	_, _, _ = decodeYAML(r)
	if r.next > r.ends[len(r.ends)-1] {
		r.ends = append(r.ends, r.next)
	}
	fails := func(lines int) bool {
		_, _, err := decodeYAML(bytes.NewReader(text[:r.ends[lines]]))
		if err == nil {
			return false
		}
		_, m := splitMessage(err)
		return m == msg
	}
	high := len(r.ends) - 1
	low, step := high-1, 1
	for low > 0 && fails(low) {
		high, step = low, 2*step
		low = max(0, high-step)
	}
	return low + 1 + sort.Search(high-low-1, func(i int) bool { return fails(low + 1 + i) })
}

// lineReader reads a text line by line, and keeps where the lines that were
// read end.
type lineReader struct {
	text []byte
	next int   // offset of what is not read yet
	ends []int // offsets of the ends of lines, from line 0 on
}

func (r *lineReader) Read(p []byte) (int, error) {
	if r.next == len(r.text) {
		return 0, io.EOF
	}
	line := r.text[r.next:]
	if i := bytes.IndexByte(line, '\n'); i >= 0 {
		line = line[:i+1]
	}
	n := copy(p, line)
	if r.next += n; n == len(line) {
		r.ends = append(r.ends, r.next)
	}
	return n, nil
}
