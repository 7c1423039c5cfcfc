// Package addresslist has the names of address lists: subtrees of the DNS whose
// names stand for addresses, each with the A record 127.0.0.2, as
// "exists:%{ir}.%{v}._spf.x.com" asks for them. It says in which order names
// are added and deleted so that nobody is lost on the way.
package addresslist

import (
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"

	"github.com/spfzone/spfzone/spf"
)

// Address is what the A records of a list hold (RFC 5782, Section 2.1).
const Address = "127.0.0.2"

// List is the names of a list with an A record, relative to its own name, sorted
// and each once, as "*.2.0.192.in-addr". It is not changed once it is made.
type List []string

// New gives the list of names, in any order. It is not nil.
func New(names ...string) List {
	l := append(List{}, names...)
	slices.Sort(l)
	return slices.Compact(l)
}

// Of gives the list of absolute names below the list's own.
func Of(root string, owners []string) List {
	names := make([]string, 0, len(owners))
	for _, owner := range owners {
		names = append(names, strings.TrimSuffix(owner, "."+root))
	}
	return New(names...)
}

// Absolute gives the absolute names of a list at a name.
func (l List) Absolute(root string) []string {
	owners := make([]string, 0, len(l))
	for _, name := range l {
		owners = append(owners, name+"."+root)
	}
	return owners
}

// Tree gives the list as the DNS answers for it.
func (l List) Tree(root string) *spf.AddressTree { return spf.NewAddressTree(root, l.Absolute(root)) }

// Prefixes gives the addresses that are listed.
func (l List) Prefixes() (out []netip.Prefix) {
	t := l.Tree("list.")
	for _, f := range [...]struct {
		label  string
		family spf.Family
	}{{inAddr, spf.V4}, {ip6, spf.V6}} {
		for _, p := range t.Addresses(f.label+".list.", f.family).Prefixes() {
			if spf.FamilyOf(p.Addr()) == f.family {
				out = append(out, p)
			}
		}
	}
	return out
}

// Beside gives the addresses that l lists and o does not.
func (l List) Beside(o List) []netip.Prefix {
	var b netipx.IPSetBuilder
	for _, p := range l.Prefixes() {
		b.AddPrefix(p)
	}
	for _, p := range o.Prefixes() {
		b.RemovePrefix(p)
	}
	set, err := b.IPSet()
	if err != nil {
		panic(err) // every prefix is valid
	}
	return append([]netip.Prefix{}, set.Prefixes()...)
}

// Equal reports whether two lists have the same names.
func (l List) Equal(o List) bool { return slices.Equal(l, o) }

// Minus gives the names of l that o lacks.
func (l List) Minus(o List) (out List) {
	for _, name := range l {
		for len(o) > 0 && o[0] < name {
			o = o[1:]
		}
		if len(o) == 0 || o[0] != name {
			out = append(out, name)
		}
	}
	return out
}

// Covers reports whether a wildcard of a list stands for a name where that itself does
// not exist.
func (l List) Covers(name string) bool {
	for name != "" {
		_, name, _ = strings.Cut(name, ".")
		if _, has := slices.BinarySearch(l, "*."+name); has {
			return true
		}
	}
	return false
}

// Plus gives the names of both.
func (l List) Plus(o List) List { return New(append(slices.Clone(l), o...)...) }

// The labels above those of addresses, as %{v} writes them.
const (
	inAddr = "in-addr"
	ip6    = "ip6"
)

// IsName reports whether a relative name is one that a list has: that of an
// address, or of a block with a wildcard in place of the last octets or nibbles.
func IsName(name string) bool {
	labels := strings.Split(name, ".")
	depth, base := 4, 10
	switch last := len(labels) - 1; labels[last] {
	case inAddr:
		labels = labels[:last]
	case ip6:
		labels, depth, base = labels[:last], 32, 16
	default:
		return false
	}
	if len(labels) > 0 && labels[0] == "*" {
		labels, depth = labels[1:], min(depth-1, len(labels)-1)
	}
	return len(labels) == depth && !slices.ContainsFunc(labels, func(label string) bool { return !isPart(label, base) })
}

// isPart reports whether a label is an octet or a nibble as %{i} writes it.
func isPart(label string, base int) bool {
	if base == 16 {
		return len(label) == 1 && strings.Contains("0123456789abcdef", label)
	}
	a, err := netip.ParseAddr(label + ".0.0.0")
	return err == nil && a.Is4()
}
