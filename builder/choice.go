package builder

import (
	"cmp"
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

// choice is one way to treat a node and all below it, or several nodes in
// turn: a list in reverse, whose last element it is.
type choice struct {
	counts counts
	octets int // of text
	cost   int // of not keeping everything
	node   *node
	mode   mode
	below  *choice // of an opened node
	before *choice
}

// ways gives the ways to treat a node, without those that another one beats
// in everything. The first keeps it.
func (n *node) ways(limit counts) []*choice {
	text := octets(n.mechanism.String())
	all := []*choice{{counts: n.kept, octets: text, node: n, mode: kept}}
	if n.open != nil {
		own := coverOctets(n.open.set)
		for _, below := range combine(n.open.nodes, limit) {
			all = append(all, &choice{
				counts: below.counts, octets: own + below.octets, node: n, mode: opened, below: below,
				cost: below.cost + price(own, text, n.open.set),
			})
		}
	}
	if n.flat != nil {
		c := &choice{counts: n.flat.counts, octets: coverOctets(n.flat.set), node: n, mode: flat}
		for _, m := range n.flat.mechanisms {
			c.octets += octets(m.String())
		}
		c.cost = price(c.octets, text, n.flat.set)
		all = append(all, c)
	}
	return prune(all, limit)
}

// price is what it costs to publish addresses in the place of an include:
// the octets that they add, and one for each prefix that may change without
// the operator's doing. It is never zero, as nothing is flattened without
// need.
func price(own, text int, set *netipx.IPSet) int {
	return max(own-text, 0) + 1 + len(set.Prefixes())
}

// combine gives the ways to treat nodes together. The first keeps them all, if
// that keeps to the limit.
func combine(nodes []*node, limit counts) []*choice {
	ways := []*choice{{}}
	for _, n := range nodes {
		ways = extend(ways, n.ways(limit), limit)
	}
	return ways
}

// extend adds the ways to treat one more node to those for the nodes before.
func extend(ways, more []*choice, limit counts) []*choice {
	var next []*choice
	for _, before := range ways {
		for _, c := range more {
			sum := *c
			sum.counts = before.counts.plus(c.counts)
			sum.octets += before.octets
			sum.cost += before.cost
			sum.before = before
			next = append(next, &sum)
		}
	}
	return prune(next, limit)
}

// prune leaves out what passes the limit, and what another choice beats or
// equals in lookups, voids, octets and cost. Of equals the first stays.
func prune(all []*choice, limit counts) []*choice {
	slices.SortStableFunc(all, func(a, b *choice) int {
		return cmp.Or(cmp.Compare(a.cost, b.cost), cmp.Compare(a.counts.lookups, b.counts.lookups), cmp.Compare(a.octets, b.octets))
	})
	var out []*choice
	for _, c := range all {
		if !c.counts.atMost(limit) || slices.ContainsFunc(out, func(o *choice) bool { return o.counts.atMost(c.counts) && o.octets <= c.octets }) {
			continue
		}
		out = append(out, c)
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

// list gives the choices that a combined one consists of, in the order of the
// nodes.
func (c *choice) list() []*choice {
	var out []*choice
	for ; c.node != nil; c = c.before {
		out = append(out, c)
	}
	slices.Reverse(out)
	return out
}
