package addresslist_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go4.org/netipx"

	"github.com/spfzone/spfzone/providers/addresslist"
	"github.com/spfzone/spfzone/spf"
)

var pairs = flag.Int("pairs", 3000, "how many random pairs of lists to go through")

// root is the name of the lists.
const root = "_spf.x.test."

// listOf gives the names of prefixes, as a build does.
func listOf(t testing.TB, prefixes ...string) addresslist.List {
	var b netipx.IPSetBuilder
	for _, p := range prefixes {
		b.AddPrefix(netip.MustParsePrefix(p))
	}
	set, err := b.IPSet()
	if err != nil {
		t.Fatal(err)
	}
	var owners []string
	for _, p := range set.Prefixes() {
		family := "in-addr."
		if p.Addr().Is6() {
			family = "ip6."
		}
		owners = append(owners, spf.AddressNames(p, family+root)...)
	}
	return addresslist.Of(root, owners)
}

func TestSteps(t *testing.T) {
	tests := []struct {
		name     string
		from, to []string
		want     []addresslist.Step
	}{
		{"nothing", []string{"192.0.2.1/32"}, []string{"192.0.2.1/32"}, nil},
		{"an address more", []string{"192.0.2.1/32"}, []string{"192.0.2.1/32", "192.0.2.5/32"}, []addresslist.Step{
			{Add: addresslist.New("5.2.0.192.in-addr")}}},
		{"another address", []string{"192.0.2.1/32"}, []string{"192.0.3.5/32"}, []addresslist.Step{
			{Add: addresslist.New("5.3.0.192.in-addr")}, {Delete: addresslist.New("1.2.0.192.in-addr")}}},
		{"a network in the place of its addresses", []string{"192.0.2.1/32", "192.0.2.3/32"}, []string{"192.0.2.0/24"}, []addresslist.Step{
			{Add: addresslist.New("*.2.0.192.in-addr")}, {Delete: addresslist.New("1.2.0.192.in-addr", "3.2.0.192.in-addr")}}},
		{"a wider network: the deleted would be hidden by each other", []string{"192.0.2.1/32", "192.0.2.3/32"}, []string{"192.0.0.0/16"}, []addresslist.Step{
			{Add: addresslist.New("*.0.192.in-addr", "*.2.0.192.in-addr")},
			{Delete: addresslist.New("1.2.0.192.in-addr", "3.2.0.192.in-addr")}, {Delete: addresslist.New("*.2.0.192.in-addr")}}},
		{"a narrower one: the added would hide each other", []string{"192.0.0.0/16"}, []string{"192.0.2.1/32", "192.0.2.3/32"}, []addresslist.Step{
			{Add: addresslist.New("*.2.0.192.in-addr")}, {Add: addresslist.New("1.2.0.192.in-addr", "3.2.0.192.in-addr")},
			{Delete: addresslist.New("*.0.192.in-addr", "*.2.0.192.in-addr")}}},
		{"IPv6", []string{"2001:db8::/32"}, []string{"2001:db8::/32", "2001:db9::/32"}, []addresslist.Step{
			{Add: addresslist.New("*.9.b.d.0.1.0.0.2.ip6")}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, addresslist.Steps(listOf(t, tt.from...), listOf(t, tt.to...))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// universe is a small part of the addresses, of which every question is asked:
// labels 0 and 1, and 2, which no list has.
func universe() (names []string) {
	for n := range 81 {
		names = append(names, fmt.Sprintf("%d.%d.%d.%d.in-addr.%s", n%3, n/3%3, n/9%3, n/27, root))
	}
	return names
}

// clean gives random names as a build makes them: none below a wildcard.
func clean(r *rand.Rand) addresslist.List {
	var names []string
	var walk func(node string, depth int)
	walk = func(node string, depth int) {
		switch n := r.IntN(6); {
		case depth == 4 && n < 3:
			names = append(names, node)
		case depth == 4:
		case n == 0:
			names = append(names, "*."+node)
		case n < 5:
			walk("0."+node, depth+1)
			walk("1."+node, depth+1)
		}
	}
	walk("in-addr", 0)
	return addresslist.New(names...)
}

// wild gives names in any mix, as others may leave them.
func wild(r *rand.Rand) addresslist.List {
	names := slices.Clone(clean(r))
	for range r.IntN(5) {
		names = append(names, clean(r)...)
	}
	return addresslist.New(slices.DeleteFunc(names, func(string) bool { return r.IntN(3) == 0 })...)
}

// answers asks every question.
func answers(l addresslist.List, questions []string) []bool {
	t := l.Tree(root)
	out := make([]bool, len(questions))
	for i, q := range questions {
		out[i] = t.Has(q)
	}
	return out
}

// wrong counts the answers of a list on the way that are neither the first's
// nor the second's; those of addresses that both list only, if lost is set.
func wrong(between, from, to []bool, lost bool) (n int) {
	for i, is := range between {
		if from[i] == to[i] && is != from[i] && (from[i] || !lost) {
			n++
		}
	}
	return n
}

// TestStepsKeepAnswers goes through random pairs of lists name by name, in random
// order within a step, and through random parts of a step. At each, every answer
// is one that the first list gave or the second gives.
func TestStepsKeepAnswers(t *testing.T) {
	questions := universe()
	states, written, needed, baseline := 0, 0, 0, 0
	for seed := range uint64(*pairs) {
		r := rand.New(rand.NewPCG(seed, 5))
		from, to := clean(r), clean(r)
		isWild := r.IntN(2) == 0
		if isWild {
			from = wild(r)
		}
		was, will := answers(from, questions), answers(to, questions)
		check := func(now addresslist.List) {
			states++
			if n := wrong(answers(now, questions), was, will, isWild); n > 0 {
				t.Fatalf("seed %d: from %q to %q: %d answers are wrong at %q", seed, from, to, n, now)
			}
		}
		now := from
		for _, s := range addresslist.Steps(from, to) {
			names := slices.Concat(s.Add, s.Delete)
			written += len(names)
			for range 3 { // parts of a step, as a killed push leaves them, or one server of several has them
				part := addresslist.New(slices.DeleteFunc(slices.Clone(names), func(string) bool { return r.IntN(2) == 0 })...)
				check(after(now, s, part))
			}
			r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
			for i := range names {
				check(after(now, s, addresslist.New(names[:i+1]...)))
			}
			now = after(now, s, addresslist.New(names...))
		}
		if !now.Equal(to) {
			t.Fatalf("seed %d: %q in the end, want %q", seed, now, to)
		}
		needed += len(to.Minus(from)) + len(from.Minus(to))
		baseline += atOnce(r, from, to, questions)
	}
	t.Logf("%d pairs, %d names written where %d differ, %d lists on the way: no answer is wrong; written in any order, %d pairs lose addresses that both list", *pairs, written, needed, states, baseline)
	if states < *pairs || baseline == 0 {
		t.Error("the test shows nothing")
	}
}

// after gives a list once a part of a step is made.
func after(l addresslist.List, s addresslist.Step, part addresslist.List) addresslist.List {
	return l.Plus(part.Minus(s.Delete)).Minus(part.Minus(s.Add))
}

// atOnce makes all changes in random order, and reports as 1 whether an answer
// was wrong.
func atOnce(r *rand.Rand, from, to addresslist.List, questions []string) int {
	add, remove := to.Minus(from), from.Minus(to)
	names := slices.Concat(add, remove)
	r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	was, will := answers(from, questions), answers(to, questions)
	for i := range names {
		now := after(from, addresslist.Step{Add: add, Delete: remove}, addresslist.New(names[:i+1]...))
		if wrong(answers(now, questions), was, will, true) > 0 {
			return 1
		}
	}
	return 0
}

// A step that was stopped anywhere is gone on from what it left.
func TestStepsGoOn(t *testing.T) {
	questions := universe()
	for seed := range uint64(*pairs) {
		r := rand.New(rand.NewPCG(seed, 6))
		first, to := clean(r), clean(r)
		was, will := answers(first, questions), answers(to, questions)
		now, stops := first, 0
		for !now.Equal(to) && stops < 50 {
			steps := addresslist.Steps(now, to)
			s := steps[0]
			names := slices.Concat(s.Add, s.Delete)
			part := addresslist.New(slices.DeleteFunc(slices.Clone(names), func(string) bool { return r.IntN(3) == 0 })...)
			now = after(now, s, part)
			stops++
			if n := wrong(answers(now, questions), was, will, false); n > 0 {
				t.Fatalf("seed %d: from %q to %q: %d answers are wrong at %q", seed, first, to, n, now)
			}
		}
		if !now.Equal(to) {
			t.Fatalf("seed %d: it does not come to an end", seed)
		}
	}
}
