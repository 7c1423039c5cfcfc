package route53

import (
	"fmt"
	"strings"

	"github.com/spfzone/spfzone/providers/txt"
)

// quote gives a record as the API has it: strings in quotes, with \ooo in
// octal for octets that are not visible ASCII or a space.
func quote(r txt.Record) string {
	var b strings.Builder
	for i, s := range r.Strings {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteByte('"')
		for j := 0; j < len(s); j++ {
			switch c := s[j]; {
			case c == '"' || c == '\\':
				b.WriteByte('\\')
				b.WriteByte(c)
			case c < ' ' || c >= 0x7f:
				fmt.Fprintf(&b, `\%03o`, c)
			default:
				b.WriteByte(c)
			}
		}
		b.WriteByte('"')
	}
	return b.String()
}

// parse is the inverse of quote.
func parse(value string) (txt.Record, error) {
	var b strings.Builder
	for i := 0; i < len(value); i++ {
		if value[i] != '\\' || i+1 == len(value) {
			b.WriteByte(value[i])
			continue
		}
		if c, ok := octal(value[i+1:]); ok {
			fmt.Fprintf(&b, `\%03d`, c)
			i += 3
			continue
		}
		b.WriteString(value[i : i+2])
		i++
	}
	return txt.Parse(b.String())
}

// octal reads three digits.
func octal(s string) (c byte, ok bool) {
	if len(s) < 3 || s[0] > '3' {
		return 0, false
	}
	for i := range 3 {
		if s[i] < '0' || s[i] > '7' {
			return 0, false
		}
		c = c<<3 | (s[i] - '0')
	}
	return c, true
}

// unescapeName reads a name as the API gives it, in which "*" is \052.
func unescapeName(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if name[i] == '\\' {
			if c, ok := octal(name[i+1:]); ok {
				b.WriteByte(c)
				i += 3
				continue
			}
		}
		b.WriteByte(name[i])
	}
	return b.String()
}
