package spf

import "strings"

// IsSPF reports whether a text is an SPF record, rather than any other use of
// TXT: whether it starts with "v=spf1", in any case, and ends there or goes on
// with a space (RFC 7208, Section 4.5).
func IsSPF(text string) bool {
	n := len(Version)
	return len(text) >= n && strings.EqualFold(text[:n], Version) && (len(text) == n || text[n] == ' ')
}

// Parse reads a record by the grammar of RFC 7208, Appendix A. The error is
// the first in the text, a [*SyntaxError].
func Parse(text string) (*Record, error) {
	p := recordParser{text: text, first: true}
	r := p.parse()
	if len(p.errs) > 0 {
		return nil, p.errs[0]
	}
	return r, nil
}

// ParseAll reads a record as [Parse] does, but goes on after an error. It
// gives the terms that can be read, and every error, in the order of the text.
// Parse fails exactly where ParseAll gives an error.
func ParseAll(text string) (*Record, []*SyntaxError) {
	p := recordParser{text: text}
	return p.parse(), p.errs
}

// recordParser reads the terms of one record.
type recordParser struct {
	text  string
	first bool // stop at the first error
	errs  []*SyntaxError
}

func (p *recordParser) fail(err *SyntaxError) { p.errs = append(p.errs, err) }

func (p *recordParser) parse() *Record {
	r := &Record{}
	pos := 0
	if IsSPF(p.text) {
		pos = len(Version)
	} else {
		p.fail(&SyntaxError{0, cut(p.text), "4.5", `a record starts with "v=spf1" and a space`})
	}
	if n := strings.Count(p.text[pos:], " "); n > 0 {
		r.Directives = make([]Directive, 0, n)
	}
	for pos < len(p.text) && !(p.first && len(p.errs) > 0) {
		if p.text[pos] == ' ' {
			pos++
			continue
		}
		end := strings.IndexByte(p.text[pos:], ' ')
		if end < 0 {
			end = len(p.text) - pos
		}
		if err := r.addTerm(p.text[pos : pos+end]); err != nil {
			err.Offset += pos
			p.fail(err)
		}
		pos += end
	}
	return r
}

// cut shortens a text that is quoted in an error.
func cut(text string) string {
	if len(text) > 40 {
		return text[:40] + "…"
	}
	return text
}

// addTerm reads a directive or modifier and adds it. Offsets in the error are
// those within the term.
func (r *Record) addTerm(term string) *SyntaxError {
	if i := strings.IndexFunc(term, func(c rune) bool { return c <= ' ' || c > '~' }); i >= 0 {
		msg := "only visible ASCII characters may stand in a record"
		if term[i] == '\t' {
			msg = "terms are separated by spaces, not by tabs"
		} else if strings.ContainsAny(term, "“”‘’\u00a0") {
			msg = unknownMechanism("", term)
		}
		return &SyntaxError{0, term, "4.6.1", msg}
	}
	name, value, ok := modifierOf(term)
	if !ok {
		d, err := parseDirective(term)
		if err == nil {
			r.Directives = append(r.Directives, d)
		}
		return err
	}
	switch {
	case strings.EqualFold(name, "redirect"):
		return setModifier(&r.Redirect, "redirect", term, value, "6.1")
	case strings.EqualFold(name, "exp"):
		return setModifier(&r.Exp, "exp", term, value, "6.2")
	}
	m, err := parseMacros(value, false)
	if err != nil {
		return err.within(term, len(name)+1)
	}
	r.Unknown = append(r.Unknown, Modifier{name, m})
	return nil
}

// modifierOf splits name "=" macro-string. It is not ok where the term is no
// modifier, as its name is none.
func modifierOf(term string) (name, value string, ok bool) {
	for i := 0; i < len(term); i++ {
		c := term[i]
		switch {
		case c == '=':
			return term[:i], term[i+1:], i > 0
		case 'a' <= c|0x20 && c|0x20 <= 'z':
		case i > 0 && ('0' <= c && c <= '9' || c == '-' || c == '_' || c == '.'):
		default:
			return "", "", false
		}
	}
	return "", "", false
}

func setModifier(to *DomainSpec, name, term, value, section string) *SyntaxError {
	if !to.IsZero() {
		return &SyntaxError{0, term, "6", name + "= may stand only once in a record"}
	}
	spec, err := parseDomainSpec(value)
	if err != nil {
		return err.within(term, len(name)+1)
	}
	*to = spec
	return nil
}

// within moves an error in a part of a term to the term.
func (e *SyntaxError) within(term string, offset int) *SyntaxError {
	e.Offset += offset
	if e.Text == "" {
		e.Text = term
		e.Offset = 0
	}
	return e
}
