package resolver

import (
	"fmt"
	"strings"
)

// rawName gives a name of a zone file or a DNS message, as the DNS library
// presents it, in raw octets and lower case. It is false for a name with a dot
// inside a label, which raw octets cannot tell from two labels.
func rawName(s string) (string, bool) {
	if strings.IndexByte(s, '\\') < 0 {
		return lower(s), true
	}
	name := unescape(s)
	return lower(name), strings.Count(name, ".") == dots(s)
}

// lower puts the letters of ASCII in lower case, and leaves every other octet.
func lower(s string) string {
	isUpper := func(c byte) bool { return 'A' <= c && c <= 'Z' }
	i := 0
	for i < len(s) && !isUpper(s[i]) {
		i++
	}
	if i == len(s) {
		return s
	}
	b := []byte(s)
	for ; i < len(b); i++ {
		if isUpper(b[i]) {
			b[i] += 'a' - 'A'
		}
	}
	return string(b)
}

// dots counts the dots that separate labels.
func dots(s string) (n int) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '.':
			n++
		}
	}
	return n
}

// unescape turns the presentation form of octets, in which "\" stands before
// an octet or its three decimal digits (RFC 1035, Section 5.1), into the
// octets.
func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b = append(b, s[i])
			continue
		}
		i++
		if i+2 < len(s) && isDigit(s[i]) && isDigit(s[i+1]) && isDigit(s[i+2]) {
			b = append(b, (s[i]-'0')*100+(s[i+1]-'0')*10+(s[i+2]-'0'))
			i += 2
			continue
		}
		b = append(b, s[i])
	}
	return string(b)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// escape is the inverse of unescape for a name: every octet that is not a
// visible ASCII character, and every one that zone files give a meaning,
// stands in its escaped form. Dots separate labels.
func escape(name string) string {
	plain := func(c byte) bool { return c > ' ' && c < 0x7f && strings.IndexByte(`\"();@$'`, c) < 0 }
	i := 0
	for i < len(name) && plain(name[i]) {
		i++
	}
	if i == len(name) {
		return name
	}
	b := append(make([]byte, 0, len(name)+8), name[:i]...)
	for ; i < len(name); i++ {
		switch c := name[i]; {
		case plain(c):
			b = append(b, c)
		case c > ' ' && c < 0x7f:
			b = append(b, '\\', c)
		default:
			b = fmt.Appendf(b, `\%03d`, c)
		}
	}
	return string(b)
}
