package spf

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
)

// randomDecision makes a tree of exact conditions and, where asked for, of one
// that is not.
func randomDecision(r *rand.Rand, in *interner, exact []*Condition, other *Condition, depth int) *Outcome {
	if depth == 0 || r.IntN(6) == 0 {
		return in.get(Outcome{Result: [...]Result{Pass, Fail, Neutral}[r.IntN(3)], Lookups: r.IntN(3)})
	}
	c := exact[r.IntN(len(exact))]
	if other != nil && r.IntN(5) == 0 {
		c = other
	}
	return in.branch(c, randomDecision(r, in, exact, other, depth-1), randomDecision(r, in, exact, other, depth-1))
}

// follow gives the result of a tree where bit i of matches says whether exact
// condition i matches.
func follow(o *Outcome, exact []*Condition, matches int) Result {
	for o.If != nil {
		next := o.Else
		for i, c := range exact {
			if o.If == c && matches>>i&1 == 1 {
				next = o.Then
			}
		}
		o = next
	}
	return o.Result
}

func exactConditions(n int) []*Condition {
	out := make([]*Condition, n)
	for i := range out {
		key := fmt.Sprintf("exists:%%{i}.%d.test", i)
		out[i] = &Condition{Directive: &Directive{Mechanism: Exists{}}, key: key}
	}
	return out
}

// Two trees of exact conditions have the same number if and only if they lead
// to the same result whatever matches.
func TestNumberingOfExactConditions(t *testing.T) {
	const trees = 3000
	exact := exactConditions(4)
	equal, pairs := 0, 0
	for seed := range uint64(trees) {
		r := rand.New(rand.NewPCG(seed, 3))
		in, n := newInterner(), newNumbering()
		a, b := randomDecision(r, in, exact, nil, 4), randomDecision(r, in, exact[:2], nil, 2)
		if r.IntN(2) == 0 {
			a = randomDecision(r, in, exact[:2], nil, 3)
		}
		same := true
		for matches := range 1 << len(exact) {
			same = same && follow(a, exact, matches) == follow(b, exact, matches)
		}
		if got := n.of(a) == n.of(b); got != same {
			t.Fatalf("seed %d: %v and %v: same number %v, want %v", seed, a, b, got, same)
		}
		if pairs++; same {
			equal++
		}
	}
	if equal < pairs/50 || equal > pairs/2 {
		t.Errorf("%d of %d pairs are equal, too few or too many to tell anything", equal, pairs)
	}
}

// A condition that can end in an error keeps its place.
func TestNumberingKeepsOtherConditions(t *testing.T) {
	in, n := newInterner(), newNumbering()
	exists, ptr := exactConditions(1)[0], &Condition{Directive: &Directive{Mechanism: PTR{}}, key: "ptr:x.test"}
	pass, fail := in.get(Outcome{Result: Pass}), in.get(Outcome{Result: Fail})
	a := in.branch(exists, pass, in.branch(ptr, pass, fail))
	b := in.branch(ptr, pass, in.branch(exists, pass, fail))
	if n.of(a) == n.of(b) {
		t.Errorf("%v and %v have the same number", a, b)
	}
	if same := in.branch(ptr, pass, pass); n.of(same) == n.of(pass) {
		t.Errorf("%v has the number of pass", same)
	}
}

// Beyond the bound on nodes an order is no longer sought, and still no two
// different trees are called equal.
func TestNumberingIsBounded(t *testing.T) {
	exact := exactConditions(4)
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 4))
		in, n := newInterner(), newNumbering()
		n.nodes = make([]decision, maxOrdered)
		a, b := randomDecision(r, in, exact, nil, 4), randomDecision(r, in, exact, nil, 3)
		if n.of(a) != n.of(b) {
			continue
		}
		for matches := range 1 << len(exact) {
			if follow(a, exact, matches) != follow(b, exact, matches) {
				t.Fatalf("seed %d: %v and %v have the same number", seed, a, b)
			}
		}
	}
}

// A condition that makes no difference to the result may make one to the
// lookups. Here 10.0.0.0/8 fails either way, by v or, where exists matches, by
// all, behind w and its host.
func TestReducedPolicyKeepsTheWorstCounters(t *testing.T) {
	z := zoneOf{
		"x.test.": "v=spf1 -include:v.test include:w.test -all",
		"v.test.": "v=spf1 ?exists:%{i}.e.test ip4:10.0.0.0/8 -all",
		"w.test.": "v=spf1 a:nothing.test -all",
	}
	c := &Checker{Resolver: z}
	p, err := c.Policy(t.Context(), "x.test")
	if err != nil {
		t.Fatal(err)
	}
	o := p.At(netip.MustParseAddr("10.0.0.1"))
	got := [...]any{o.If == nil, o.Result, o.Lookups, o.Voids}
	if want := [...]any{true, Fail, 4, 1}; got != want {
		t.Errorf("static, result, lookups and voids %v, want %v", got, want)
	}
	if p.MaxLookups() != 4 || p.MaxVoids() != 2 {
		t.Errorf("at most %d lookups and %d voids", p.MaxLookups(), p.MaxVoids())
	}
}

// zoneOf answers with SPF records, and with nothing else.
type zoneOf map[string]string

func (z zoneOf) LookupTXT(_ context.Context, name string) (Answer[TXT], error) {
	if text, ok := z[name]; ok {
		return Answer[TXT]{Records: []TXT{{text}}, TTL: Forever}, nil
	}
	return Answer[TXT]{NXDomain: true, TTL: Forever}, nil
}

func (zoneOf) LookupIP(context.Context, string, Family) (Answer[netip.Addr], error) {
	return Answer[netip.Addr]{NXDomain: true, TTL: Forever}, nil
}

func (zoneOf) LookupMX(context.Context, string) (Answer[MailExchange], error) {
	return Answer[MailExchange]{NXDomain: true, TTL: Forever}, nil
}

func (zoneOf) LookupPTR(context.Context, netip.Addr) (Answer[string], error) {
	return Answer[string]{NXDomain: true, TTL: Forever}, nil
}
