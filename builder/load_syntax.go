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

// explainYAML gives the line of a syntax error, and what is wrong, from what
// was read of a text until the error came up.
func explainYAML(text []byte, err error) (line int, msg string) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	line, msg = splitMessage(err)
	if atCollection.MatchString(msg) {
		line = lineOf(text, msg)
	} else {
		line = shiftedLine(text, line)
	}
	if fix, ok := yamlFixes[msg]; ok {
		msg = fix
	}
	return min(max(line, 1), lineCount(text)), "YAML: " + msg
}

// shiftedLine gives the line of a syntax error as the YAML package tells it
// when an empty line stands before the text. It takes line 0 for none, and its
// scanner and parser count differently.
func shiftedLine(text []byte, otherwise int) int {
	_, _, err := decodeYAML(io.MultiReader(strings.NewReader("\n"), bytes.NewReader(text)))
	if err == nil {
		return otherwise
	}
	line, msg := splitMessage(err)
	if parserMessages.MatchString(msg) {
		return line
	}
	return line - 1
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
// same error. It is one of the last, as the text ends near where the error came
// up.
func lineOf(text []byte, msg string) int {
	fails := func(end int) bool {
		_, _, err := decodeYAML(bytes.NewReader(text[:end]))
		if err == nil {
			return false
		}
		_, m := splitMessage(err)
		return m == msg
	}
	ends := lineEnds(text)
	high := len(ends) - 1
	low, step := high-1, 1
	for low > 0 && fails(ends[low]) {
		high, step = low, 2*step
		low = max(0, high-step)
	}
	return low + 1 + sort.Search(high-low-1, func(i int) bool { return fails(ends[low+1+i]) })
}

// lineEnds gives where each line of a text ends, from line 0 on.
func lineEnds(text []byte) []int {
	ends := []int{0}
	for end := 0; end < len(text); ends = append(ends, end) {
		n := bytes.IndexByte(text[end:], '\n')
		if n < 0 {
			n = len(text) - end - 1
		}
		end += n + 1
	}
	return ends
}
