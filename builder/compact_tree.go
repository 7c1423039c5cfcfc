package builder

import (
	"net/netip"
	"sort"

	"github.com/spfzone/spfzone/spf"
)

// prefixTree finds the least cost of every prefix of a family that matters.
//
// Those are the prefixes that hold addresses of more than one class (inner
// nodes), and their halves of one class (leaves). Nothing is gained by a term
// for a prefix below a leaf: a list that labels a leaf by several terms has one
// for a prefix that begins where the leaf does and is longer, whose text is at
// most four octets shorter (a single address has no "/31" or "/127"), and at
// least one more, which takes 12 or above; one term for the leaf takes their
// place. Inner nodes are all looked at, those with a single half that is one
// too: where other addresses of that half do not matter, the shorter text of a
// larger prefix may be what is best.
type prefixTree struct {
	family     spf.Family
	qualifiers [3]cost // of a term, by label
	stretches  []stretch
	nodes      []treeNode
}

// treeNode holds what is best for an inner node. Its halves are places in
// nodes, or leaves.
type treeNode struct {
	halves [2]int32
	labels [3]label // in force below the node, by the label that it inherits
}

// leaf gives what stands in halves for a leaf.
func leaf(may labels) int32 { return -1 - int32(may) }

// cost is octets, and the number of exclusions to tell lists of the same
// length.
type cost int64

const (
	octet      cost = 1 << 24
	exclusion  cost = 1
	impossible cost = 1 << 60
)

func newPrefixTree(f spf.Family, c classes, qualifier spf.Qualifier) *prefixTree {
	t := &prefixTree{family: f, stretches: stretchesOf(f, c)}
	t.qualifiers = [3]cost{impossible, octet * cost(len(qualifier.String())), octet + exclusion}
	return t
}

// solve finds what is best for the prefix of n bits at base, which the
// stretches from first to last lie in. It gives the node and the least costs
// by the label that it inherits.
func (t *prefixTree) solve(base point, n, first, last int) (int32, [3]cost) {
	if first == last {
		may := t.stretches[first].may
		return leaf(may), t.leafCosts(may, base, n)
	}
	upper := base.upper(n)
	k := first + 1 + sort.Search(last-first, func(i int) bool { return !t.stretches[first+1+i].from.less(upper) })
	before := k - 1
	if k > last || upper.less(t.stretches[k].from) {
		k-- // this one lies in both halves
	}
	var node treeNode
	var low, high [3]cost
	node.halves[0], low = t.solve(base, n+1, first, before)
	node.halves[1], high = t.solve(upper, n+1, k, last)
	var below, costs [3]cost
	for l := range below {
		below[l] = min(low[l]+high[l], impossible)
		costs[l], node.labels[l] = below[l], label(l)
	}
	text := t.text(base, n)
	for _, l := range [...]label{matched, excluded} {
		with := t.qualifiers[l] + text + below[l]
		for inherited := range costs {
			if with < costs[inherited] {
				costs[inherited], node.labels[inherited] = with, l
			}
		}
	}
	t.nodes = append(t.nodes, node)
	return int32(len(t.nodes) - 1), costs
}

// choose gives the label of a leaf that inherits one.
func choose(may labels, inherited label) label {
	switch {
	case may.has(inherited):
		return inherited
	case may.has(matched):
		return matched
	case may.has(excluded):
		return excluded
	}
	return unlabelled
}

// leafCosts gives the least costs for a leaf by the label that it inherits. No
// term takes a label away.
func (t *prefixTree) leafCosts(may labels, base point, n int) [3]cost {
	var costs [3]cost
	text := cost(0)
	for inherited := range costs {
		l := choose(may, label(inherited))
		if l == label(inherited) {
			continue
		}
		if text == 0 {
			text = t.text(base, n)
		}
		costs[inherited] = min(t.qualifiers[l]+text, impossible)
	}
	return costs
}

// text gives the cost of an unqualified term for a prefix.
func (t *prefixTree) text(base point, n int) cost {
	return octet * cost(networkOctets(t.prefix(base, n)))
}

func (t *prefixTree) prefix(base point, n int) netip.Prefix {
	return netip.PrefixFrom(base.addr(t.family), n)
}

// networkOctets gives what an unqualified term for a prefix takes in a record.
func networkOctets(p netip.Prefix) int {
	var buf [64]byte
	n := len(" ip4:")
	if p.IsSingleIP() {
		return n + len(p.Addr().AppendTo(buf[:0]))
	}
	return n + len(p.AppendTo(buf[:0]))
}

// clusters adds the clusters at and below a node that inherits no label.
func (t *prefixTree) clusters(out *[]cluster, node int32, base point, n int, holds func(cluster) bool) {
	if t.label(node, unlabelled) != unlabelled {
		if c := t.blocks(nil, node, base, n, unlabelled); holds == nil || node < 0 || holds(c) {
			*out = append(*out, c)
			return
		}
	}
	if node >= 0 {
		t.clusters(out, t.nodes[node].halves[0], base, n+1, holds)
		t.clusters(out, t.nodes[node].halves[1], base.upper(n), n+1, holds)
	}
}

// blocks adds the terms for a node, those of its halves first.
func (t *prefixTree) blocks(c cluster, node int32, base point, n int, inherited label) cluster {
	l := t.label(node, inherited)
	if node >= 0 {
		c = t.blocks(c, t.nodes[node].halves[0], base, n+1, l)
		c = t.blocks(c, t.nodes[node].halves[1], base.upper(n), n+1, l)
	}
	if l != inherited {
		c = append(c, block{t.prefix(base, n), l == excluded})
	}
	return c
}

// label gives the label in force below a node.
func (t *prefixTree) label(node int32, inherited label) label {
	if node < 0 {
		return choose(labels(-1-node), inherited)
	}
	return t.nodes[node].labels[inherited]
}
