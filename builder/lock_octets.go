package builder

import (
	"errors"
	"fmt"
	"strings"
)

// escape writes octets as zone files have them (RFC 1035, Section 5.1): what is
// not visible ASCII, nor a space, as a backslash and three decimal digits, and
// a backslash as two.
func escape(raw string) string {
	var b strings.Builder
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '\\':
			b.WriteString(`\\`)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, `\%03d`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

var errEscape = errors.New(`octets are written as visible ASCII and spaces, \\ for a backslash, and \DDD for all others`)

// unescape is the inverse of escape, and takes nothing that escape does not
// write.
func unescape(text string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			b.WriteByte(text[i])
			continue
		}
		rest := text[i+1:]
		if strings.HasPrefix(rest, `\`) {
			b.WriteByte('\\')
			i++
			continue
		}
		n := 0
		for k := range 3 {
			if k >= len(rest) || rest[k] < '0' || rest[k] > '9' {
				return "", errEscape
			}
			n = n*10 + int(rest[k]-'0')
		}
		if n > 255 {
			return "", errEscape
		}
		b.WriteByte(byte(n))
		i += 3
	}
	if raw := b.String(); escape(raw) == text {
		return raw, nil
	}
	return "", errEscape
}
