package zonefile

import (
	"errors"
	"strings"
)

// unescape gives the octets of a token, without its quotes (RFC 1035, Section
// 5.1).
func unescape(s string) (string, error) {
	if strings.IndexByte(s, '\\') < 0 {
		return s, nil
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\\' {
			var n int
			var err error
			if c, n, err = escaped(s[i+1:]); err != nil {
				return "", err
			}
			i += n
		}
		b = append(b, c)
	}
	return string(b), nil
}

var errEscape = errors.New(`"\" with neither an octet nor \DDD up to \255 (RFC 1035, Section 5.1)`)

// escaped reads what follows a backslash.
func escaped(s string) (c byte, size int, err error) {
	switch {
	case s == "":
		return 0, 0, errEscape
	case !isDigit(s[0]):
		return s[0], 1, nil
	case len(s) < 3 || !isDigit(s[1]) || !isDigit(s[2]):
		return 0, 0, errEscape
	}
	n := 100*int(s[0]-'0') + 10*int(s[1]-'0') + int(s[2]-'0')
	if n > 255 {
		return 0, 0, errEscape
	}
	return byte(n), 3, nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// nameOf reads a name as a zone file has it. The canonical form is absolute, in
// lower case, and has every octet that is not plain as \DDD, so that equal
// names are equal texts.
func (o origin) nameOf(text string) (written, canonical string, err error) {
	if text == "@" {
		return o.written, o.canonical, nil
	}
	if text == "." {
		return ".", ".", nil
	}
	canonical, absolute, err := canonicalLabels(text)
	switch {
	case err != nil:
		return "", "", err
	case absolute:
		return text, canonical, nil
	case o.canonical == ".":
		return text + ".", canonical + ".", nil
	}
	return text + "." + o.written, canonical + "." + o.canonical, nil
}

func canonicalLabels(text string) (canonical string, absolute bool, err error) {
	var b strings.Builder
	empty := true // the label so far
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '.' {
			if empty {
				return "", false, errors.New("an empty label")
			}
			empty = true
			b.WriteByte('.')
			continue
		}
		if c == '\\' {
			var n int
			if c, n, err = escaped(text[i+1:]); err != nil {
				return "", false, err
			}
			i += n
		}
		empty = false
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c == '.' {
			b.WriteString(`\046`)
		} else {
			writeNameOctet(&b, c)
		}
	}
	return b.String(), empty, nil
}

// within reports whether a canonical name is at or below another.
func within(name, zone string) bool {
	return name == zone || below(name, zone)
}

func below(name, zone string) bool {
	return name != zone && (zone == "." || strings.HasSuffix(name, "."+zone))
}
