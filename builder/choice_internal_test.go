package builder

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"go4.org/netipx"

	"github.com/spfzone/spfzone/spf"
)

// The planner's dynamic program gives the cost of the best of all
// combinations, under any limits of lookups, voids and octets.
func TestPlannerAgainstBruteForce(t *testing.T) {
	t.Parallel()
	const lists = 1500
	compared, feasible, most := 0, 0, 0
	for seed := range uint64(lists) {
		r := rand.New(rand.NewPCG(seed, 3))
		nodes := randomNodes(r, 1+r.IntN(5), 0)
		includes := countIncludes(nodes)
		if includes > 15 {
			continue
		}
		most = max(most, includes)
		all := everyWay(nodes)
		for range 8 {
			limit := counts{lookups: r.IntN(11), voids: [2]int{r.IntN(3), r.IntN(3)}}
			room := 20 + r.IntN(300)
			got, want := none, none
			for _, w := range combine(nodes, limit) {
				if w.octets <= room && (got == none || w.cost < got) {
					got = w.cost
				}
			}
			for _, p := range all {
				if p.counts.atMost(limit) && p.octets <= room && (want == none || p.cost < want) {
					want = p.cost
				}
			}
			compared++
			if want != none {
				feasible++
			}
			if got != want {
				t.Fatalf("seed %d: %d includes, limits %v, %d octets: cost %d, brute force %d", seed, includes, limit, room, got, want)
			}
		}
	}
	t.Logf("%d comparisons over lists of up to %d includes, %d of them with a way that fits", compared, most, feasible)
	if compared < lists || feasible < compared/4 || most < 12 {
		t.Error("too little was compared")
	}
}

// A choice of the planner is what its outline says: the price adds up.
func TestWaysAddUp(t *testing.T) {
	ways := 0
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 5))
		nodes := randomNodes(r, 3, 0)
		for _, w := range combine(nodes, unlimited) {
			var sum price
			for _, c := range w.list() {
				sum = sum.plus(c.price)
			}
			if sum != w.price || len(w.list()) != len(nodes) {
				t.Fatalf("seed %d: the price is %v, its choices add up to %v", seed, w.price, sum)
			}
			ways++
		}
	}
	if ways < 1000 {
		t.Errorf("%d ways looked at", ways)
	}
}

// everyWay gives the price of every combination, without any cleverness.
func everyWay(nodes []*node) []price {
	out := []price{{}}
	for _, n := range nodes {
		var next []price
		for _, p := range out {
			for _, q := range everyChoice(n) {
				next = append(next, p.plus(q))
			}
		}
		out = next
	}
	return out
}

func everyChoice(n *node) []price {
	out := []price{n.keep().price}
	if n.flat != nil {
		out = append(out, n.flatten().price)
	}
	if n.open != nil {
		own := coverOctets(n.open.set)
		for _, p := range everyWay(n.open.nodes) {
			out = append(out, p.plus(price{octets: own, cost: n.costOf(own, n.open.set)}))
		}
	}
	return out
}

func countIncludes(nodes []*node) int {
	n := len(nodes)
	for _, x := range nodes {
		if x.open != nil {
			n += countIncludes(x.open.nodes)
		}
	}
	return n
}

// randomNodes makes includes that can be flattened or not, opened or not.
func randomNodes(r *rand.Rand, n, depth int) []*node {
	var nodes []*node
	for range n {
		spec, err := spf.DomainName(fmt.Sprintf("%s.test.", slices.Repeat([]byte("v"), 1+r.IntN(20))))
		if err != nil {
			panic(err)
		}
		x := &node{mechanism: spf.Include{Domain: spec}, kept: counts{lookups: 1}, changes: []float64{0.1, 1, 3}[r.IntN(3)]}
		set := randomBlocks(r)
		if depth < 2 && r.IntN(3) > 0 {
			x.open = &opening{set: set, nodes: randomNodes(r, r.IntN(4), depth+1)}
			for _, below := range x.open.nodes {
				x.kept = x.kept.plus(below.kept)
			}
		} else {
			x.kept.voids = [2]int{r.IntN(2), r.IntN(2)}
		}
		if r.IntN(5) > 0 {
			x.flat = &outline{set: union(set, randomBlocks(r)), counts: counts{lookups: r.IntN(2)}}
		}
		nodes = append(nodes, x)
	}
	return nodes
}

func randomBlocks(r *rand.Rand) *netipx.IPSet {
	var b netipx.IPSetBuilder
	for range r.IntN(4) {
		b.AddPrefix(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(r.IntN(8)), byte(r.UintN(256)), 0}), 16+r.IntN(9)).Masked())
	}
	return mustSet(&b)
}
