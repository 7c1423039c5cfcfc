package zonefile

import (
	"fmt"
	"strings"
)

// token is a word of an entry: octets of the text, as they stand there.
type token struct {
	start, end int
	line       int
	quoted     bool
}

// entry is one of a zone file (RFC 1035, Section 5.1): what stands from the
// start of a line to its end, or, with parentheses, to that of a later one.
type entry struct {
	start, end int // with the end of the line
	line       int
	indented   bool // begins with white space, so that it has no owner of its own
	tokens     []token
	comments   bool // within parentheses
}

// SyntaxError is text that is no zone file.
type SyntaxError struct {
	File string
	Line int
	Msg  string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Msg) }

// lexer cuts text into entries.
type lexer struct {
	file string
	text []byte
	at   int
	line int
}

func (l *lexer) fail(line int, format string, args ...any) error {
	return &SyntaxError{l.file, line, fmt.Sprintf(format, args...)}
}

// entries gives those that hold anything but comments.
func (l *lexer) entries() (out []entry, err error) {
	l.line = 1
	for l.at < len(l.text) {
		e, err := l.entry()
		if err != nil {
			return nil, err
		}
		if len(e.tokens) > 0 {
			out = append(out, e)
		}
	}
	return out, nil
}

// entry reads up to the end of a line that no parenthesis leaves open.
func (l *lexer) entry() (e entry, err error) {
	e = entry{start: l.at, line: l.line}
	depth := 0
	for l.at < len(l.text) {
		switch c := l.text[l.at]; c {
		case '\n':
			l.at++
			l.line++
			if depth == 0 {
				e.end = l.at
				return e, nil
			}
		case ' ', '\t', '\r':
			if l.at == e.start && c != '\r' {
				e.indented = true
			}
			l.at++
		case ';':
			for l.at < len(l.text) && l.text[l.at] != '\n' {
				l.at++
			}
			e.comments = e.comments || depth > 0
		case '(':
			depth++
			l.at++
		case ')':
			if depth--; depth < 0 {
				return e, l.fail(l.line, "a parenthesis is closed that is not open")
			}
			l.at++
		default:
			t, err := l.token()
			if err != nil {
				return e, err
			}
			e.tokens = append(e.tokens, t)
		}
	}
	if depth > 0 {
		return e, l.fail(e.line, "a parenthesis is not closed")
	}
	e.end = l.at
	return e, nil
}

// token reads a word, or a string in quotes.
func (l *lexer) token() (t token, err error) {
	t = token{start: l.at, line: l.line, quoted: l.text[l.at] == '"'}
	if t.quoted {
		l.at++
	}
	for ; l.at < len(l.text); l.at++ {
		c := l.text[l.at]
		switch {
		case c == '\\':
			if l.at++; l.at == len(l.text) || l.text[l.at] == '\n' {
				return t, l.fail(l.line, `"\" at the end of a line`)
			}
		case t.quoted && c == '\n':
			return t, l.fail(l.line, "a string has no quote at its end")
		case t.quoted && c == '"':
			l.at++
			t.end = l.at
			return t, nil
		case !t.quoted && c == '"':
			return t, l.fail(l.line, "a quote within a word")
		case !t.quoted && strings.IndexByte(" \t\r\n;()", c) >= 0:
			t.end = l.at
			return t, nil
		}
	}
	if t.quoted {
		return t, l.fail(l.line, "a string has no quote at its end")
	}
	t.end = l.at
	return t, nil
}

// octets gives what a token stands for: without its quotes, every escape
// resolved.
func octets(s string) (string, error) {
	if strings.HasPrefix(s, `"`) {
		s = s[1 : len(s)-1]
	}
	if strings.IndexByte(s, '\\') < 0 {
		return s, nil
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b = append(b, s[i])
			continue
		}
		c, size, ok := escaped(s[i+1:])
		if !ok {
			return "", fmt.Errorf(`"\" with neither an octet nor \DDD up to \255 in %q`, s)
		}
		b = append(b, c)
		i += size
	}
	return string(b), nil
}

// escaped reads what follows a backslash.
func escaped(s string) (c byte, size int, ok bool) {
	if s == "" {
		return 0, 0, false
	}
	if s[0] < '0' || s[0] > '9' {
		return s[0], 1, true
	}
	n := 0
	for i := range 3 {
		if i >= len(s) || s[i] < '0' || s[i] > '9' {
			return 0, 0, false
		}
		n = 10*n + int(s[i]-'0')
	}
	return byte(n), 3, n <= 255
}
