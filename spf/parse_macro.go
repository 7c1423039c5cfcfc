package spf

import (
	"slices"
	"strings"
)

// ParseDomainSpec reads a domain-spec (RFC 7208, Section 7.1). The error is a
// [*SyntaxError].
func ParseDomainSpec(s string) (DomainSpec, error) {
	d, err := parseDomainSpec(s)
	if err != nil {
		return DomainSpec{}, err
	}
	return d, nil
}

// ParseMacroString reads a macro-string (RFC 7208, Section 7.1) as it stands
// in a record, where the letters c, r and t have no place. The error is a
// [*SyntaxError].
func ParseMacroString(s string) (MacroString, error) {
	m, err := parseMacros(s, false)
	if err != nil {
		return MacroString{}, err
	}
	return m, nil
}

// ParseExplanation reads an explain-string (RFC 7208, Section 6.2): a
// macro-string with spaces and all letters. The error is a [*SyntaxError].
func ParseExplanation(s string) (MacroString, error) {
	m, err := parseMacros(s, true)
	if err != nil {
		return MacroString{}, err
	}
	return m, nil
}

// DomainName gives the domain-spec that stands for a domain name, without the
// final dot and with "%" escaped. The name is read as [CanonicalName] does; it
// must have two labels or more and end in a top label, as a record cannot say
// other names.
func DomainName(name string) (DomainSpec, error) {
	canonical, err := CanonicalName(name)
	if err != nil {
		return DomainSpec{}, err
	}
	literal := MacroString{[]MacroPart{{Literal: trimDot(canonical)}}}
	return ParseDomainSpec(literal.String())
}

func parseDomainSpec(s string) (DomainSpec, *SyntaxError) {
	if s == "" {
		return DomainSpec{}, &SyntaxError{0, "", "7.1", "a domain is missing"}
	}
	s = lowerLiterals(s)
	m, err := parseMacros(s, false)
	if err != nil {
		return DomainSpec{}, err
	}
	if err := checkDomainEnd(s); err != nil {
		return DomainSpec{}, err
	}
	d := DomainSpec{macro: m}
	if len(m.parts) == 1 && m.parts[0].Letter == 0 {
		name, _ := canonicalTarget([]byte(m.parts[0].Literal))
		d.name = string(name)
	}
	return d, nil
}

// lowerLiterals puts all but the macros in lower case, as domain names know no
// case and macro letters do.
func lowerLiterals(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return strings.ToLower(s)
	}
	b := []byte(s)
	for i := 0; i < len(b); i++ {
		if b[i] == '%' && i+1 < len(b) && b[i+1] == '{' {
			end := slices.Index(b[i:], '}')
			if end < 0 {
				break
			}
			i += end
		} else if 'A' <= b[i] && b[i] <= 'Z' {
			b[i] += 'a' - 'A'
		}
	}
	return string(b)
}

// checkDomainEnd holds a macro-string to domain-end: it ends in a macro, or in
// a dot and a top label. The macros in s are known to be well formed.
func checkDomainEnd(s string) *SyntaxError {
	tail := afterMacros(s)
	if tail == "" {
		return nil
	}
	label := strings.TrimSuffix(tail, ".")
	dot := strings.LastIndexByte(label, '.')
	if dot < 0 {
		return &SyntaxError{0, s, "7.1", "a domain has at least two labels: SPF knows no origin to complete it with"}
	}
	label = label[dot+1:]
	if !isTopLabel(label) {
		return &SyntaxError{strings.LastIndex(s, label), s, "7.1", "a domain ends in a top label of letters, digits and hyphens, not all digits"}
	}
	return nil
}

// afterMacros gives what stands behind the last macro.
func afterMacros(s string) string {
	start := 0
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			continue
		}
		i++
		if s[i] == '{' {
			i += strings.IndexByte(s[i:], '}')
		}
		start = i + 1
	}
	return s[start:]
}

// isTopLabel is the grammar's toplabel: alphanumeric characters and inner
// hyphens, at least one of them not a digit.
func isTopLabel(s string) bool {
	if s == "" || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	digits := 0
	for i := 0; i < len(s); i++ {
		if !isAlphanumeric(s[i]) && s[i] != '-' {
			return false
		}
		if '0' <= s[i] && s[i] <= '9' {
			digits++
		}
	}
	return digits < len(s)
}

// parseMacros reads a macro-string, or an explain-string.
func parseMacros(s string, explanation bool) (MacroString, *SyntaxError) {
	var parts []MacroPart
	var literal []byte
	for i := 0; i < len(s); {
		percent := strings.IndexByte(s[i:], '%')
		if percent < 0 {
			percent = len(s) - i
		}
		text := s[i : i+percent]
		if err := checkLiteral(text, i, explanation); err != nil {
			return MacroString{}, err
		}
		if i += percent; i == len(s) && literal == nil {
			parts = append(parts, MacroPart{Literal: text})
			break
		}
		literal = append(literal, text...)
		if i == len(s) {
			break
		}
		part, n, err := parseMacro(s, i, explanation)
		if err != nil {
			return MacroString{}, err
		}
		i += n
		if part.Letter == 0 {
			literal = append(literal, part.Literal...)
			continue
		}
		parts, literal = appendLiteral(parts, literal), nil
		parts = append(parts, part)
	}
	return MacroString{appendLiteral(parts, literal)}, nil
}

func appendLiteral(parts []MacroPart, literal []byte) []MacroPart {
	if len(literal) == 0 {
		return parts
	}
	return append(parts, MacroPart{Literal: string(literal)})
}

func checkLiteral(text string, offset int, explanation bool) *SyntaxError {
	for i := 0; i < len(text); i++ {
		if c := text[i]; c < ' ' || c > '~' || c == ' ' && !explanation {
			return &SyntaxError{offset + i, text[i : i+1], "7.1", "only visible ASCII characters may stand here"}
		}
	}
	return nil
}

// parseMacro reads the macro-expand that starts at i, and gives its length.
func parseMacro(s string, i int, explanation bool) (MacroPart, int, *SyntaxError) {
	rest := s[i:]
	if len(rest) > 1 {
		switch rest[1] {
		case '%':
			return MacroPart{Literal: "%"}, 2, nil
		case '_':
			return MacroPart{Literal: " "}, 2, nil
		case '-':
			return MacroPart{Literal: "%20"}, 2, nil
		case '{':
			end := strings.IndexByte(rest, '}')
			if end < 0 {
				return MacroPart{}, 0, &SyntaxError{i, rest, "7.1", "the macro has no closing brace"}
			}
			part, msg := parseMacroBody(rest[2:end], explanation)
			if msg != "" {
				return part, 0, &SyntaxError{i, rest[:end+1], "7.1", msg}
			}
			return part, end + 1, nil
		}
	}
	return MacroPart{}, 0, &SyntaxError{i, rest[:min(2, len(rest))], "7.1", `a percent sign starts a macro such as %{i}; the sign itself is written "%%"`}
}

// mostDigits bounds the number in a macro: no name has more parts.
const mostDigits = 999

// parseMacroBody reads what stands between the braces, or says what is wrong.
func parseMacroBody(s string, explanation bool) (p MacroPart, msg string) {
	if s == "" {
		return p, "the macro has no letter"
	}
	p.Letter = s[0] | 0x20
	p.URLEscape = s[0] != p.Letter
	switch {
	case strings.IndexByte("slodiphv", p.Letter) >= 0:
	case strings.IndexByte("crt", p.Letter) >= 0:
		if !explanation {
			return p, "the letters c, r and t have a meaning in explanations only"
		}
	default:
		return p, "the macro letters are s, l, o, d, i, p, h and v"
	}
	s = s[1:]
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		p.Digits = min(p.Digits*10+int(s[n]-'0'), mostDigits)
		n++
	}
	if n > 0 && p.Digits == 0 {
		return p, "the number of parts to keep is not zero"
	}
	s = s[n:]
	if s != "" && s[0]|0x20 == 'r' {
		p.Reverse, s = true, s[1:]
	}
	if strings.Trim(s, ".-+,/_=") != "" {
		return p, `behind the letter stand a number, then "r", then delimiters out of ".-+,/_="`
	}
	p.Delimiters = s
	return p, ""
}
