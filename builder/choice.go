package builder

import (
	"cmp"
	"math"
	"slices"

	"go4.org/netipx"

	"github.com/spfzone/spfzone/spf"
)

// mode is what became of a node.
type mode uint8

const (
	kept   mode = iota // stands as it is
	flat               // addresses stand in its place
	opened             // the terms of its record stand in its place
)

// price is what a choice comes to. Addresses are priced as plain terms whatever
// the encoding: what exclusions save depends on all addresses of a run together,
// and does not add up.
type price struct {
	counts counts
	octets int // of text
	cost   int // of not keeping everything
}

func (p price) plus(o price) price {
	return price{p.counts.plus(o.counts), p.octets + o.octets, p.cost + o.cost}
}

// choice is one way to treat a node and all below it.
type choice struct {
	price
	node  *node
	mode  mode
	below *way // of an opened node
}

// way is one way to treat several nodes: a list of choices in reverse, with
// the sum of their prices.
type way struct {
	price
	last   *choice // nil for no nodes
	before *way
}

// ways gives the ways to treat a node, without those that another one beats
// in everything. The first keeps it.
func (n *node) ways(limit counts) []*choice {
	return n.known.get(limit, func() []*choice { return n.newWays(limit) })
}

func (n *node) newWays(limit counts) []*choice {
	all := []*choice{n.keep()}
	if n.open != nil {
		all = append(all, n.opened(combine(n.open.nodes, limit))...)
	}
	if n.flat != nil {
		all = append(all, n.flatten())
	}
	return prune(all, limit, (*choice).priceOf)
}

// opened gives the choices to put the terms of its record in the place of a
// node, those that ask the DNS in each of these ways.
func (n *node) opened(ways []*way) []*choice {
	own := coverOctets(n.open.set)
	out := make([]*choice, len(ways))
	for i, below := range ways {
		p := below.price.plus(price{octets: own, cost: n.costOf(own, n.open.set)})
		out[i] = &choice{p, n, opened, below}
	}
	return out
}

// keep is the choice to leave a node as it is.
func (n *node) keep() *choice {
	return &choice{price{counts: n.kept, octets: octets(n.mechanism.String())}, n, kept, nil}
}

// flatten is the choice to put addresses in the place of a node that has them.
func (n *node) flatten() *choice {
	n.flattening.Do(func() { n.flattened = n.newFlattening() })
	return n.flattened
}

func (n *node) newFlattening() *choice {
	p := price{counts: n.flat.counts, octets: coverOctets(n.flat.set)}
	for _, m := range n.flat.mechanisms {
		p.octets += octets(m.String())
	}
	p.cost = n.costOf(p.octets, n.flat.set)
	return &choice{p, n, flat, nil}
}

func (c *choice) priceOf() price { return c.price }
func (w *way) priceOf() price    { return w.price }

// costOf is what it costs to publish addresses in the place of an include: the
// octets that they add, and the prefixes that will change in a year without the
// operator's doing. It is never zero, as nothing is flattened without need.
func (n *node) costOf(own int, set *netipx.IPSet) int {
	added := max(own-octets(n.mechanism.String()), 0)
	return added + 1 + int(math.Ceil(n.changes*float64(len(set.Prefixes()))))
}

// combine gives the ways to treat nodes together.
func combine(nodes []*node, limit counts) []*way {
	ways := []*way{{}}
	for _, n := range nodes {
		ways = extend(ways, n.ways(limit), limit)
	}
	return ways
}

// extend adds the ways to treat one more node to those for the nodes before.
func extend(ways []*way, more []*choice, limit counts) []*way {
	var next []*way
	for _, before := range ways {
		for _, c := range more {
			next = append(next, &way{before.price.plus(c.price), c, before})
		}
	}
	return prune(next, limit, (*way).priceOf)
}

// prune leaves out what passes the limit, and what another one beats or equals
// in lookups, voids, octets and cost. Of equals the first stays. What is left
// is in the order of cost.
func prune[T any](all []T, limit counts, priceOf func(T) price) []T {
	slices.SortStableFunc(all, func(a, b T) int {
		p, q := priceOf(a), priceOf(b)
		return cmp.Or(cmp.Compare(p.cost, q.cost), cmp.Compare(p.counts.lookups, q.counts.lookups), cmp.Compare(p.octets, q.octets))
	})
	var out []T
	for _, c := range all {
		p := priceOf(c)
		beaten := func(o T) bool { return priceOf(o).counts.atMost(p.counts) && priceOf(o).octets <= p.octets }
		if p.counts.atMost(limit) && !slices.ContainsFunc(out, beaten) {
			out = append(out, c)
		}
	}
	return out
}

func (c counts) atMost(o counts) bool {
	return c.lookups <= o.lookups && c.voids[spf.V4] <= o.voids[spf.V4] && c.voids[spf.V6] <= o.voids[spf.V6]
}

// outline gives what the choice puts in the place of its node; nil where the
// node is kept.
func (c *choice) outline() *outline {
	switch c.mode {
	case kept:
		return nil
	case flat:
		return c.node.flat
	}
	o := &outline{barriers: map[string]bool{}}
	sets := []*netipx.IPSet{}
	c.collect(&sets, o)
	o.set = union(sets...)
	return o
}

// leaves gives the terms that the choice leaves to ask the DNS.
func (c *choice) leaves() []spf.Mechanism {
	if c.mode == kept {
		return []spf.Mechanism{c.node.mechanism}
	}
	return c.outline().mechanisms
}

// sameAs reports whether a choice for the same node leaves the same terms, in
// any order. Then the addresses beside them are the same too.
func (c *choice) sameAs(o *choice) bool {
	texts := func(c *choice) []string {
		var out []string
		for _, m := range c.leaves() {
			out = append(out, m.String())
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	return slices.Equal(texts(c), texts(o))
}

// collect adds what an opened node and those below it leave.
func (c *choice) collect(sets *[]*netipx.IPSet, o *outline) {
	*sets = append(*sets, c.node.open.set)
	for _, below := range c.below.list() {
		switch below.mode {
		case kept:
			o.mechanisms = append(o.mechanisms, below.node.mechanism)
		case flat:
			*sets = append(*sets, below.node.flat.set)
			o.mechanisms = append(o.mechanisms, below.node.flat.mechanisms...)
		case opened:
			below.collect(sets, o)
		}
	}
}

// list gives the choices of a way, in the order of the nodes.
func (w *way) list() []*choice {
	var out []*choice
	for ; w.last != nil; w = w.before {
		out = append(out, w.last)
	}
	slices.Reverse(out)
	return out
}
