package spf

import (
	"net/netip"

	"go4.org/netipx"
)

// Equal reports whether both policies give every address the same result, or
// decide by the same conditional terms to the same end. The order of exists
// terms does not matter, that of the others does. Counters, and which term led
// to a result, do not matter. It never claims an equality that it cannot show:
// two conditional terms with different targets differ.
func (p *Policy) Equal(o *Policy) bool { return len(p.Diff(o)) == 0 }

// Change is a set of addresses whose outcome differs between two policies.
type Change struct {
	From, To *Outcome
	Prefixes []netip.Prefix // IPv4 first, ascending, the fewest that cover the set
}

// Diff lists where o differs from p, by the results before and after. It is
// empty where the policies are equal.
func (p *Policy) Diff(o *Policy) []Change {
	type key struct{ from, to int }
	var order []key
	changes := map[key]*Change{}
	sets := map[key]*netipx.IPSetBuilder{}
	numbers := newNumbering()
	for f := range p.families {
		type pair struct{ from, to *Outcome }
		joined := join(p.families[f], o.families[f], func(a, b *Outcome) pair { return pair{a, b} })
		eachRange(joined, Family(f), func(addrs netipx.IPRange, d pair) bool {
			k := key{numbers.of(d.from), numbers.of(d.to)}
			if k.from == k.to {
				return true
			}
			if changes[k] == nil {
				order = append(order, k)
				changes[k] = &Change{From: d.from, To: d.to}
				sets[k] = &netipx.IPSetBuilder{}
			}
			sets[k].AddRange(addrs)
			return true
		})
	}
	out := make([]Change, 0, len(order))
	for _, k := range order {
		set, err := sets[k].IPSet()
		if err != nil {
			panic(err) // every range above is valid
		}
		c := *changes[k]
		c.Prefixes = set.Prefixes()
		out = append(out, c)
	}
	return out
}
