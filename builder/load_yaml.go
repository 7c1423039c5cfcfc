package builder

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// What a file may hold. Its YAML tree takes about 200 octets for each value.
const (
	maxSize    = 64 << 20  // octets
	maxValues  = 4_000_000 // as estimated before the tree is made
	maxAliased = 1_000_000 // values that aliases stand for
)

// parseYAML gives the one value of a file.
func (l *loader) parseYAML(src *source, text []byte) (value, bool) {
	if at, msg := checkText(text); msg != "" {
		l.fail(position{src, at.line, at.column}, "%s", msg)
		return value{}, false
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc, next yaml.Node
	err := decodeYAML(dec, &doc)
	if err == nil && len(doc.Content) == 1 {
		err = decodeYAML(dec, &next)
		if err == nil {
			l.fail(position{src, next.Line, next.Column}, "a second YAML document starts here: write one document a file")
			return value{}, false
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		line, msg := explainYAML(text, err)
		l.fail(position{src, line, 0}, "%s", msg)
		return value{}, false
	}
	if len(doc.Content) != 1 || doc.Content[0].Tag == "!!null" {
		l.fail(position{src, 1, 1}, "the file holds no configuration")
		return value{}, false
	}
	root := doc.Content[0]
	tree := treeCheck{sizes: make(map[*yaml.Node]int)}
	tree.walk(root)
	if tree.bad != nil {
		l.fail(position{src, tree.bad.Line, tree.bad.Column}, "%s", tree.msg)
		return value{}, false
	}
	return value{src, root}, true
}

// decodeYAML reads one document. The YAML package panics on what it did not
// foresee; that is an error of the file, too.
func decodeYAML(dec *yaml.Decoder, to *yaml.Node) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the YAML reader fails: %v", r)
		}
	}()
	return dec.Decode(to)
}

// textPlace is a place in a text.
type textPlace struct{ line, column int }

// checkText says what keeps a text from being read as YAML, if anything does.
func checkText(text []byte) (at textPlace, msg string) {
	at = textPlace{1, 1}
	if len(text) > maxSize {
		return at, fmt.Sprintf("the file is larger than %d MB", maxSize>>20)
	}
	if len(text) >= 2 && (text[0] == 0xff && text[1] == 0xfe || text[0] == 0xfe && text[1] == 0xff) {
		return at, "the file is UTF-16: save it as UTF-8"
	}
	values := 0
	for i := 0; i < len(text); {
		c, n := rune(text[i]), 1
		if c >= utf8.RuneSelf {
			c, n = utf8.DecodeRune(text[i:])
		}
		if msg := checkRune(c, n, text[i]); msg != "" && !(c == '\ufeff' && i == 0) {
			return at, msg
		}
		switch c {
		case ',', ':', '[', '{', '\n':
			if values++; values > maxValues {
				return at, fmt.Sprintf("the file holds more than %d values up to here: spread it over several files", maxValues)
			}
		}
		i += n
		if c == '\n' || c == '\r' && !(i < len(text) && text[i] == '\n') {
			at.line, at.column = at.line+1, 1
		} else if c != '\ufeff' {
			at.column++
		}
	}
	return at, ""
}

// checkRune says why a character may not stand in a file.
func checkRune(c rune, size int, octet byte) string {
	switch {
	case c == '\t' || c == '\n' || c == '\r' || ' ' <= c && c < 0x7f:
		return ""
	case c == 0:
		return "a NUL octet: this is no text file"
	case c == utf8.RuneError && size == 1:
		return fmt.Sprintf("the octet 0x%02x is no UTF-8: this is no text file, or one in another encoding", octet)
	case c < 0xa0:
		return fmt.Sprintf("the control character U+%04X may not stand here", c)
	case c == '\u2028' || c == '\u2029' || c == '\ufeff':
		return fmt.Sprintf("the invisible character U+%04X may not stand here", c)
	}
	return ""
}

// treeCheck looks for what no configuration holds: tags, and aliases that
// stand for too much.
type treeCheck struct {
	sizes   map[*yaml.Node]int // of what has an anchor, aliases expanded; 0 while it is counted
	aliased int
	bad     *yaml.Node
	msg     string
}

// walk counts the values in a node, those that aliases stand for included.
func (t *treeCheck) walk(n *yaml.Node) int {
	if t.bad != nil {
		return 0
	}
	if n.Kind == yaml.AliasNode {
		size := t.sizes[n.Alias]
		if size == 0 {
			t.bad, t.msg = n, fmt.Sprintf("the alias *%s stands inside of what it stands for", n.Value)
			return 0
		}
		if t.aliased += size; t.aliased > maxAliased {
			t.bad, t.msg = n, fmt.Sprintf("aliases stand for more than %d values up to here", maxAliased)
		}
		return size
	}
	if n.Style&yaml.TaggedStyle != 0 {
		t.bad, t.msg = n, fmt.Sprintf("tags such as %q are not supported: remove it", cut(n.Tag))
		return 0
	}
	size := 1
	for _, c := range n.Content {
		size += t.walk(c)
	}
	if n.Anchor != "" {
		t.sizes[n] = size
	}
	return size
}

// yamlLine is how the YAML package says where.
var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// explainYAML gives the line of a syntax error, and what is wrong.
func explainYAML(text []byte, err error) (line int, msg string) {
	m := yamlLine.FindStringSubmatch(err.Error())
	if m == nil {
		return 1, err.Error()
	}
	if line = 1; m[1] != "" {
		line, _ = strconv.Atoi(m[1])
	}
	return line, m[2]
}
