package zonefile

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
)

// quote is a character-string in double quotes (RFC 1035, Section 5.1): a
// quote or backslash after a backslash, every octet that is not visible ASCII
// or a space as \DDD.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
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
	b.WriteByte('"')
	return b.String()
}

// escapeName writes as \DDD the octets of a name that mean something else in a
// zone file, or do in one name server's reading of it.
func escapeName(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		writeNameOctet(&b, name[i])
	}
	return b.String()
}

func writeNameOctet(b *strings.Builder, c byte) {
	if isPlain(c) {
		b.WriteByte(c)
	} else {
		fmt.Fprintf(b, `\%03d`, c)
	}
}

func isPlain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		strings.IndexByte(".-_*/", c) >= 0
}

// writeComments writes one line for each comment.
func writeComments(b *bytes.Buffer, comments []string) {
	for _, c := range comments {
		line := strings.TrimRight("; "+strings.Map(onOneLine, c), " ")
		b.WriteString(line + "\n")
	}
}

// onOneLine gives a space for what may end a line or move a terminal's cursor.
func onOneLine(r rune) rune {
	if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
		return ' '
	}
	return r
}
