package dnstest

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/spfzone/spfzone/spf"
)

// NewZone gives zone data without names, to be filled with Add before use.
func NewZone() *Zonedata { return &Zonedata{names: map[string]*node{}} }

// Add puts a record at a name: TXT with its text, A and AAAA with an address,
// MX with a host (at preference 10), PTR and CNAME with a name, and TIMEOUT
// with the type whose lookup fails. It panics on a bad value.
func (z *Zonedata) Add(name, typ, value string) {
	name = canonical(name)
	n := z.names[name]
	if n == nil {
		n = &node{timeout: map[string]bool{}, own: map[string]bool{}}
		z.names[name] = n
	}
	z.text = append(z.text, fmt.Sprintf("%s %s %s", name, typ, value))
	switch typ {
	case "TXT":
		n.txt = append(n.txt, spf.TXT{value})
	case "A":
		n.addrs[spf.V4] = append(n.addrs[spf.V4], netip.MustParseAddr(value))
	case "AAAA":
		n.addrs[spf.V6] = append(n.addrs[spf.V6], netip.MustParseAddr(value))
	case "MX":
		n.mx = append(n.mx, spf.MailExchange{Preference: 10, Host: canonical(value)})
	case "PTR":
		n.ptr = append(n.ptr, canonical(value))
	case "CNAME":
		n.cname = canonical(value)
	case "TIMEOUT":
		n.timeout[value] = true
	default:
		panic("dnstest: record type " + typ)
	}
}

// String gives what was added, one record a line, sorted.
func (z *Zonedata) String() string {
	lines := slices.Sorted(slices.Values(z.text))
	return strings.Join(lines, "\n")
}
