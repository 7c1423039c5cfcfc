package txt

import (
	"fmt"
	"strings"

	"github.com/spfzone/spfzone/spf"
)

// String gives the presentation form (RFC 1035, Section 5.1): strings in
// quotes with a space between them, a backslash before a quote or backslash,
// every octet that is not visible ASCII or a space as \DDD.
func (r Record) String() string {
	var b strings.Builder
	for i, s := range r.Strings {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(`"` + escape(s) + `"`)
	}
	return b.String()
}

func escape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c >= 0x7f:
			fmt.Fprintf(&b, `\%03d`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// MarshalText gives the presentation form.
func (r Record) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText is [Parse].
func (r *Record) UnmarshalText(text []byte) (err error) {
	*r, err = Parse(string(text))
	return err
}

// Parse reads the presentation form: one string or more, each in quotes, with
// space between them. Octets above 127 stand for themselves. A string of more
// than 255 octets is an error.
func Parse(s string) (Record, error) {
	r, err := ParseLoose(s)
	if err != nil {
		return Record{}, err
	}
	for i, part := range r.Strings {
		if len(part) > spf.MaxString {
			return Record{}, fmt.Errorf("string %d has %d octets, of which %d are allowed (RFC 1035, Section 3.3)", i+1, len(part), spf.MaxString)
		}
	}
	return r, nil
}

// ParseLoose is [Parse] with strings of any length, which some APIs cut
// themselves.
func ParseLoose(s string) (Record, error) {
	var r Record
	for rest := s; ; {
		rest = strings.TrimLeft(rest, " \t")
		if rest == "" {
			break
		}
		part, n, err := quoted(rest)
		if err != nil {
			return Record{}, fmt.Errorf("%w, at octet %d", err, len(s)-len(rest)+n+1)
		}
		r.Strings = append(r.Strings, part)
		rest = rest[n:]
	}
	if len(r.Strings) == 0 {
		return Record{}, fmt.Errorf("no string, where a TXT record has one or more (RFC 1035, Section 3.3.14)")
	}
	return r, nil
}

// quoted reads a string in quotes and gives how many octets it took, or where
// it goes wrong.
func quoted(s string) (octets string, n int, err error) {
	if s[0] != '"' {
		return "", 0, fmt.Errorf("no quote before a string")
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), i + 1, nil
		case '\\':
			c, size, ok := escaped(s[i+1:])
			if !ok {
				return "", i, fmt.Errorf(`"\" with neither an octet nor \DDD up to \255`)
			}
			b.WriteByte(c)
			i += size
		default:
			b.WriteByte(s[i])
		}
	}
	return "", 0, fmt.Errorf("no quote behind a string")
}

// escaped reads what follows a backslash.
func escaped(s string) (c byte, size int, ok bool) {
	switch {
	case s == "":
		return 0, 0, false
	case s[0] < '0' || s[0] > '9':
		return s[0], 1, true
	case len(s) < 3:
		return 0, 0, false
	}
	n := 0
	for i := range 3 {
		if s[i] < '0' || s[i] > '9' {
			return 0, 0, false
		}
		n = 10*n + int(s[i]-'0')
	}
	return byte(n), 3, n <= 255
}
