// Package dnstest gives tests a DNS: the zone data of the openspf test suites,
// and answers that fail.
package dnstest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/spfzone/spfzone/spf"
)

// ErrTimeout is the failure of a name that is marked TIMEOUT.
var ErrTimeout = errors.New("time-out")

// Zonedata answers from the zone data of one openspf scenario. A name that it
// lacks does not exist. It is safe for concurrent use.
type Zonedata struct {
	names map[string]*node
	text  []string // what Add was given
}

type node struct {
	txt     []spf.TXT
	addrs   [2][]netip.Addr
	mx      []spf.MailExchange
	ptr     []string
	cname   string
	timeout map[string]bool // by type; "" for all types without a record
	own     map[string]bool // types with a record
}

// silent reports whether a question for that type gets no answer.
func (n *node) silent(typ string) bool { return n.timeout[typ] || n.timeout[""] && !n.own[typ] }

// node gives the records at a name, CNAMEs followed.
func (z *Zonedata) node(name, typ string) (n *node, alias string, err error) {
	for range 8 {
		n = z.names[name]
		switch {
		case n == nil:
			return nil, alias, nil
		case n.silent(typ):
			return nil, alias, fmt.Errorf("%s %s: %w", name, typ, ErrTimeout)
		case n.cname == "":
			return n, alias, nil
		}
		name = n.cname
		alias = cmp.Or(alias, name)
	}
	return nil, alias, fmt.Errorf("%s %s: CNAME loop", name, typ)
}

func answer[T any](z *Zonedata, name, typ string, pick func(*node) []T) (spf.Answer[T], error) {
	n, alias, err := z.node(name, typ)
	a := spf.Answer[T]{TTL: spf.Forever, Source: "zonedata", NXDomain: n == nil, Alias: alias}
	if n != nil {
		a.Records = pick(n)
	}
	return a, err
}

// LookupTXT implements [spf.Resolver].
func (z *Zonedata) LookupTXT(_ context.Context, name string) (spf.Answer[spf.TXT], error) {
	return answer(z, name, "TXT", func(n *node) []spf.TXT { return n.txt })
}

// LookupIP implements [spf.Resolver].
func (z *Zonedata) LookupIP(_ context.Context, name string, f spf.Family) (spf.Answer[netip.Addr], error) {
	return answer(z, name, [...]string{"A", "AAAA"}[f], func(n *node) []netip.Addr { return n.addrs[f] })
}

// LookupMX implements [spf.Resolver].
func (z *Zonedata) LookupMX(_ context.Context, name string) (spf.Answer[spf.MailExchange], error) {
	return answer(z, name, "MX", func(n *node) []spf.MailExchange { return n.mx })
}

// LookupPTR implements [spf.Resolver].
func (z *Zonedata) LookupPTR(_ context.Context, addr netip.Addr) (spf.Answer[string], error) {
	return answer(z, reverse(addr), "PTR", func(n *node) []string { return n.ptr })
}

// reverse is the name in the reverse zone that stands for an address.
func reverse(addr netip.Addr) string {
	addr = addr.Unmap()
	var labels []string
	if addr.Is4() {
		labels = strings.Split(addr.String(), ".")
		slices.Reverse(labels)
		return strings.Join(labels, ".") + ".in-addr.arpa."
	}
	for _, b := range addr.As16() {
		labels = append(labels, fmt.Sprintf("%x", b>>4), fmt.Sprintf("%x", b&15))
	}
	slices.Reverse(labels)
	return strings.Join(labels, ".") + ".ip6.arpa."
}

// canonical is the absolute name in lower case, whatever octets it holds.
func canonical(name string) string {
	return lower(strings.TrimSuffix(name, ".")) + "."
}
