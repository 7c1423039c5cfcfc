package builder

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// What a file may hold. A value takes some 200 octets in the YAML tree, and
// there are no more of them than of lines, colons, commas and brackets.
const (
	maxSize        = 64 << 20 // octets
	maxPunctuation = 4_000_000
	maxAliased     = 1_000_000 // values that aliases stand for
)

// parseYAML gives the one value of a file.
func (l *loader) parseYAML(src *source, text []byte) (value, bool) {
	if at, msg := checkText(text); msg != "" {
		l.fail(position{src, at.line, at.column}, "%s", msg)
		return value{}, false
	}
	r := bytes.NewReader(text)
	root, second, err := decodeYAML(r)
	switch {
	case err != nil:
		line, msg := explainYAML(text[:len(text)-r.Len()], err)
		l.fail(position{src, line, 0}, "%s", msg)
		return value{}, false
	case second != nil:
		l.fail(position{src, second.Line, second.Column}, "a second YAML document: write one document a file")
		return value{}, false
	case root == nil || root.Tag == "!!null" && root.Anchor == "":
		l.fail(position{src, 1, 1}, "the file holds no configuration")
		return value{}, false
	}
	tree := treeCheck{sizes: make(map[*yaml.Node]int)}
	tree.walk(root)
	if tree.bad != nil {
		l.fail(position{src, tree.bad.Line, tree.bad.Column}, "%s", tree.msg)
		return value{}, false
	}
	return value{src, root}, true
}

// decodeYAML gives the value of the first document, nil where there is none,
// and the second document, which should not be there. The YAML package panics
// on what its authors did not foresee; that is an error of the file, too.
func decodeYAML(r io.Reader) (root, second *yaml.Node, err error) {
	defer func() {
		if p := recover(); p != nil {
			root, second, err = nil, nil, fmt.Errorf("the YAML reader fails: %v", p)
		}
	}()
	dec := yaml.NewDecoder(r)
	var docs [2]yaml.Node
	for i := range docs {
		if err := dec.Decode(&docs[i]); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, nil, err
		}
	}
	if docs[0].Content != nil {
		root = docs[0].Content[0]
	}
	if docs[1].Content != nil {
		second = &docs[1]
	}
	return root, second, nil
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
	marks := 0
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
			if marks++; marks > maxPunctuation {
				return at, fmt.Sprintf("more than %d lines, colons, commas and brackets up to here: spread the configuration over several files", maxPunctuation)
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
	case c == '\u2028' || c == '\u2029' || c == '\ufeff' || c == '\ufffe' || c == '\uffff':
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
