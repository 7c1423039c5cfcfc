package resolver

import (
	"slices"
	"strings"

	"go4.org/netipx"

	"github.com/spfzone/spfzone/spf"
)

// ListAddresses implements [spf.AddressLister]. It is not ok where the names
// below the given one are more than addresses: one of them is an alias, or has
// no A record though it is no empty non-terminal, or an alias or wildcard above
// them answers in their place.
func (w *World) ListAddresses(below string, f spf.Family) (set *netipx.IPSet, ok bool) {
	if w.names[below] == nil {
		n, _, err := w.find(below)
		return &netipx.IPSet{}, n == nil && err == nil
	}
	for name := below; name != "."; name = parentOf(name) {
		if n := w.names[name]; n != nil && n.dname != "" {
			return nil, false
		}
	}
	var owners []string
	for _, name := range w.subtree(below) {
		n := w.names[name]
		switch {
		case n.cname != "" || n.dname != "":
			return nil, false
		case len(n.ip4) > 0:
			owners = append(owners, name)
		case !n.empty():
			return nil, false
		}
	}
	return spf.NewAddressTree(below, owners).Addresses(below, f), true
}

// empty reports whether a name has no records that are kept.
func (n *node) empty() bool {
	return len(n.txt)+len(n.ip4)+len(n.ip6)+len(n.mx)+len(n.ptr) == 0 && n.cname == "" && n.dname == ""
}

// subtree gives the names below a name.
func (w *World) subtree(name string) []string {
	w.order.Do(func() {
		w.ordered = make([]string, 0, len(w.names))
		for n := range w.names {
			w.ordered = append(w.ordered, backwards(n))
		}
		slices.Sort(w.ordered)
	})
	prefix := backwards(name)
	i, _ := slices.BinarySearch(w.ordered, prefix)
	var out []string
	for ; i < len(w.ordered) && strings.HasPrefix(w.ordered[i], prefix); i++ {
		if len(w.ordered[i]) > len(prefix) {
			out = append(out, backwards(w.ordered[i]))
		}
	}
	return out
}

// backwards gives a name with its labels in reverse, so that those below a name
// follow it in order.
func backwards(name string) string {
	labels := strings.Split(strings.TrimSuffix(name, "."), ".")
	slices.Reverse(labels)
	return strings.Join(labels, ".") + "."
}
