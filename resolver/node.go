package resolver

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

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
	dname string
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
		old := n.cname
		if n.cname, ok = target(rr.Target); old != "" && old != n.cname {
			return fmt.Errorf("%s has two CNAMEs, to %s and %s (RFC 2181, Section 10.1)", rr.Hdr.Name, escape(old), rr.Target)
		}
	case *dns.DNAME:
		n.dname, ok = target(rr.Target)
	}
	if !ok {
		return fmt.Errorf("the %s record of %s names nothing that can be asked for", dns.TypeToString[rr.Header().Rrtype], rr.Header().Name)
	}
	return nil
}

// finish drops records that stand there twice, which an RRset cannot hold
// (RFC 2181, Section 5), and refuses an alias with records of its own.
func (n *node) finish() error {
	if n.cname != "" && len(n.txt)+len(n.ip4)+len(n.ip6)+len(n.mx)+len(n.ptr) > 0 {
		return errors.New("a CNAME and other records (RFC 1034, Section 3.6.2)")
	}
	n.txt = unique(n.txt, func(t spf.TXT) string { return fmt.Sprintf("%q", t) })
	n.ip4 = unique(n.ip4, itself)
	n.ip6 = unique(n.ip6, itself)
	n.mx = unique(n.mx, itself)
	n.ptr = unique(n.ptr, itself)
	return nil
}

func itself[T any](v T) T { return v }

// unique drops the elements whose key an earlier one has.
func unique[T any, K comparable](s []T, key func(T) K) []T {
	if len(s) < 2 {
		return s
	}
	seen := make(map[K]bool, len(s))
	return slices.DeleteFunc(s, func(v T) bool {
		k := key(v)
		old := seen[k]
		seen[k] = true
		return old
	})
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
