package resolver

import "strings"

// rawName gives a name of a zone file or a DNS message, as the DNS library
// presents it, in raw octets and lower case.
func rawName(s string) string { return strings.ToLower(unescape(s)) }

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
