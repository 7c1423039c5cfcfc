package resolver

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/spf"
)

// node holds the records at one name that SPF can ask for.
type node struct {
	txt   []spf.TXT
	ip4   []netip.Addr
	ip6   []netip.Addr
	mx    []spf.MailExchange
	ptr   []string
	cname string
}

func (n *node) texts() []spf.TXT              { return n.txt }
func (n *node) ip4s() []netip.Addr            { return n.ip4 }
func (n *node) ip6s() []netip.Addr            { return n.ip6 }
func (n *node) exchanges() []spf.MailExchange { return n.mx }
func (n *node) pointers() []string            { return n.ptr }

// maxAliases is how many CNAMEs are followed from one name.
const maxAliases = 8

// errAliasLoop is the failure of a CNAME that leads round, or too far.
var errAliasLoop = errors.New("a CNAME leads round, or through more than 8 others")

// add puts in what a record holds, in raw octets. A record of another type is
// left out; one whose data is missing or names what cannot be asked for is an
// error.
func (n *node) add(rr dns.RR) error {
	ok := true
	switch rr := rr.(type) {
	case *dns.TXT:
		txt := make(spf.TXT, len(rr.Txt))
		for i, s := range rr.Txt {
			txt[i] = unescape(s)
		}
		n.txt, ok = append(n.txt, txt), len(txt) > 0
	case *dns.A:
		var ip netip.Addr
		ip, ok = netip.AddrFromSlice(rr.A.To4())
		n.ip4 = append(n.ip4, ip)
	case *dns.AAAA:
		var ip netip.Addr
		ip, ok = netip.AddrFromSlice(rr.AAAA.To16())
		n.ip6 = append(n.ip6, ip)
	case *dns.MX:
		var host string
		host, ok = target(rr.Mx)
		n.mx = append(n.mx, spf.MailExchange{Preference: rr.Preference, Host: host})
	case *dns.PTR:
		var host string
		host, ok = target(rr.Ptr)
		n.ptr = append(n.ptr, host)
	case *dns.CNAME:
		n.cname, ok = target(rr.Target)
	}
	if !ok {
		return fmt.Errorf("the record %q names nothing that can be asked for", rr)
	}
	return nil
}

// target gives the name that a record leads to.
func target(s string) (string, bool) {
	name, ok := rawName(s)
	return name, ok && name != ""
}

// reverseName is the name in the reverse zone that stands for an address (RFC
// 1035, Section 3.5; RFC 3596, Section 2.5).
func reverseName(addr netip.Addr) (string, error) {
	return dns.ReverseAddr(addr.Unmap().WithZone("").String())
}
