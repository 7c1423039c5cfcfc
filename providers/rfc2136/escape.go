package rfc2136

import (
	"fmt"
	"strings"

	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/providers/txt"
)

// escape gives octets as the DNS library keeps them.
func escape(octets string) string {
	quoted := txt.Record{Strings: []string{octets}}.String()
	return quoted[1 : len(quoted)-1]
}

// unescape is the inverse, for strings that the library read from a message.
func unescape(s string) string {
	r, err := txt.ParseLoose(`"` + s + `"`)
	if err != nil {
		panic(fmt.Sprintf("rfc2136: the DNS library gives %q: %v", s, err))
	}
	return r.Text()
}

// presentation gives a name with the octets that mean something else in a zone
// file escaped.
func presentation(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case strings.IndexByte(`"();@$\`, c) >= 0:
			b.WriteByte('\\')
			b.WriteByte(c)
		case c <= ' ' || c >= 0x7f:
			fmt.Fprintf(&b, `\%03d`, c)
		default:
			b.WriteByte(c)
		}
	}
	return dns.Fqdn(b.String())
}
