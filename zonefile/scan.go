package zonefile

import (
	"io"
	"strings"
)

// token is a word or a string in quotes, as it stands in a zone file.
type token struct {
	start, end int // octets of the file, the quotes being inside
	line       int
	quoted     bool
}

// span is a range of a file's octets.
type span struct{ start, end int }

// entry is what a zone file's grammar calls so: a directive or a record with
// the lines that it stands on, or lines that hold neither (RFC 1035, Section
// 5.1). The entries of a file, one behind the other, are the file.
type entry struct {
	span          // whole lines, the last line's end included
	line     int  // of its first line, from 1
	blank    bool // it begins with white space, so that it states no owner
	tokens   []token
	comments []span // without the line's end
}

// scanner cuts a zone file into entries and tokens. It knows where they stand,
// which the DNS library does not tell.
type scanner struct {
	file string // for errors
	src  []byte
	pos  int
	line int
	open []int // the lines of the parentheses that are open
	// adapt are changes to the file without which the DNS library would not
	// read it as name servers do.
	adapt []adaptation
}

func newScanner(file string, src []byte) *scanner {
	return &scanner{file: file, src: src, line: 1}
}

// next gives the next entry, or [io.EOF]. An entry ends at the first line's end
// that is not in parentheses.
func (s *scanner) next() (entry, error) {
	if s.pos == len(s.src) {
		return entry{}, io.EOF
	}
	e := entry{span: span{start: s.pos}, line: s.line, blank: isBlank(s.src[s.pos])}
	for s.pos < len(s.src) {
		switch c := s.src[s.pos]; c {
		case '\n':
			s.pos++
			s.line++
			if len(s.open) == 0 {
				e.end = s.pos
				return e, nil
			}
		case ' ', '\t':
			s.pos++
		case '\r':
			if s.pos++; s.pos == len(s.src) || s.src[s.pos] != '\n' {
				return entry{}, s.fail("a carriage return without a line feed behind it: end the lines in one way")
			}
		case ';':
			e.comments = append(e.comments, s.comment())
		case '(', ')':
			if err := s.parenthesis(c, &e); err != nil {
				return entry{}, err
			}
		default:
			t, err := s.token(c == '"')
			if err != nil {
				return entry{}, err
			}
			s.adaptTo(e, t)
			e.tokens = append(e.tokens, t)
		}
	}
	if len(s.open) > 0 {
		return entry{}, failure(s.file, s.open[0], "the parenthesis is not closed")
	}
	e.end = s.pos
	return e, nil
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func (s *scanner) fail(format string, args ...any) error {
	return failure(s.file, s.line, format, args...)
}

func (s *scanner) parenthesis(c byte, e *entry) error {
	switch {
	case c == '(' && len(e.tokens) == 0 && !e.blank:
		return s.fail("a parenthesis where the owner belongs: write it behind the type")
	case c == '(':
		s.open = append(s.open, s.line)
	case len(s.open) == 0:
		return s.fail("a closing parenthesis, where none is open")
	default:
		s.open = s.open[:len(s.open)-1]
	}
	s.pos++
	return nil
}

// comment reads up to the line's end.
func (s *scanner) comment() span {
	c := span{start: s.pos}
	for s.pos < len(s.src) && s.src[s.pos] != '\n' {
		s.pos++
	}
	c.end = s.pos
	if s.pos < len(s.src) && s.src[s.pos-1] == '\r' {
		c.end--
		s.pos--
	}
	return c
}

// token reads a string in quotes, or a word, which ends before anything that
// has a meaning of its own.
func (s *scanner) token(quoted bool) (token, error) {
	t := token{start: s.pos, line: s.line, quoted: quoted}
	if quoted {
		s.pos++
	}
	for ; s.pos < len(s.src); s.pos++ {
		switch c := s.src[s.pos]; {
		case quoted && c == '"':
			s.pos++
			t.end = s.pos
			return t, nil
		case !quoted && endsWord(c):
			t.end = s.pos
			return t, nil
		case c == '\n' || c == '\r':
			return token{}, s.fail("the string in quotes is not closed on its line")
		case c == '\\':
			if s.pos++; s.pos == len(s.src) || s.src[s.pos] == '\n' || s.src[s.pos] == '\r' {
				return token{}, s.fail(`a "\" at the end of the line`)
			}
		}
	}
	if quoted {
		return token{}, s.fail("the string in quotes is not closed on its line")
	}
	t.end = s.pos
	return t, nil
}

func endsWord(c byte) bool {
	switch c {
	case ' ', '\t', '\r', '\n', '(', ')', ';', '"':
		return true
	}
	return false
}

// adaptation is a space at a place, or in the place of the octet there.
type adaptation struct {
	at       int
	replaces bool
}

// adaptTo notes what the DNS library needs: neither parentheses nor ends of
// lines in them separate tokens to it, and it takes the file that is included
// without quotes only.
func (s *scanner) adaptTo(e entry, t token) {
	if t.start > e.start && !isBlank(s.src[t.start-1]) {
		s.adapt = append(s.adapt, adaptation{at: t.start})
	}
	if t.quoted && len(e.tokens) == 1 && strings.EqualFold(string(s.src[e.tokens[0].start:e.tokens[0].end]), "$INCLUDE") {
		s.adapt = append(s.adapt, adaptation{t.start, true}, adaptation{t.end - 1, true})
	}
}

// adapted gives a file with adaptations, whose places ascend.
func adapted(src []byte, list []adaptation) []byte {
	out := make([]byte, 0, len(src)+len(list))
	from := 0
	for _, a := range list {
		out = append(append(out, src[from:a.at]...), ' ')
		if from = a.at; a.replaces {
			from++
		}
	}
	return append(out, src[from:]...)
}
