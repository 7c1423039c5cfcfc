package builder

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"go4.org/netipx"

	"github.com/spfzone/spfzone/spf"
)

// AddressList is a subtree of names that stand for addresses, each with the A
// record 127.0.0.2, as an exists term asks for them. Wildcards (RFC 4592)
// stand for whole octets of IPv4 and nibbles of IPv6.
type AddressList struct {
	Name    string // canonical, of the subtree
	Of      string // canonical name of the record that asks for it, or whose part does
	Owners  []string
	TTL     time.Duration
	Sources []*Entry // whose addresses are listed
	tree    *spf.AddressTree
}

// Tree gives the list as the names that it has.
func (l *AddressList) Tree() *spf.AddressTree { return l.tree }

// ListName gives the name of a record's nth list, from 1 on.
func (d *Domain) ListName(of string, number int) string { return listName(number, of) }

// listLabel is the first label of the names of the subtrees; the second and
// those after it have a number behind it.
const listLabel = "_spf"

// isListLabel reports whether a canonical label may be that of a subtree.
func isListLabel(label string) bool {
	number, ok := strings.CutPrefix(label, listLabel)
	n, err := strconv.Atoi(number)
	return ok && (number == "" || err == nil && n > 1 && strconv.Itoa(n) == number)
}

// listName gives the name of a record's nth subtree.
func listName(n int, owner string) string {
	if n == 1 {
		return listLabel + "." + owner
	}
	return fmt.Sprintf("%s%d.%s", listLabel, n, owner)
}

// withLists takes the items that are to be lists out of each run, and puts one
// exists term for all of them in the place of the first.
func withLists(runs []run, owner string, ttl time.Duration) (out []run, lists []AddressList, err error) {
	for _, r := range runs {
		var items []item
		var sets []*netipx.IPSet
		at := -1
		list := AddressList{Name: listName(len(lists)+1, owner), Of: owner, TTL: ttl}
		for _, it := range r.items {
			if !it.listed {
				items = append(items, it)
				continue
			}
			if at < 0 {
				at = len(items)
				items = append(items, item{})
			}
			sets = append(sets, it.set)
			list.Sources = append(list.Sources, it.source)
		}
		if at >= 0 {
			term, err := spf.ParseDirective("exists:%{ir}.%{v}." + trimDot(list.Name))
			if err != nil {
				return nil, nil, err
			}
			items[at] = item{mechanism: term.Mechanism, sources: list.Sources, lookups: 1}
			list.fill(union(sets...))
			lists = append(lists, list)
		}
		r.items = items
		out = append(out, r)
	}
	return out, lists, nil
}

// fill gives a list the names for a set of addresses.
func (l *AddressList) fill(set *netipx.IPSet) {
	for _, p := range set.Prefixes() {
		family := "ip6."
		if p.Addr().Is4() {
			family = "in-addr."
		}
		l.Owners = append(l.Owners, spf.AddressNames(p, family+l.Name)...)
	}
	l.tree = spf.NewAddressTree(l.Name, l.Owners)
}

// listCounts is what a receiver counts for an exists term that does not match:
// a lookup, and a void one.
var listCounts = counts{lookups: 1, voids: [2]int{1, 1}}

// contents is what zones hold, as far as it is planned: records by canonical
// name, and lists.
type contents struct {
	records map[string]*spf.Record
	trees   []*spf.AddressTree
}

// over puts the contents over another resolver.
func (c contents) over(base spf.Resolver) *spf.Overlay {
	o := overlay(base, c.records)
	o.Trees = c.trees
	return o
}
