package spf_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/spf"
)

// Policies under many overlays, with work shared, are those that Checkers
// alone compute, to the last counter and word of an error: whatever the
// overlays put in front of names that others include, redirect to or build with
// macros, cycles and failures included.
func TestOverAgreesWithCheckersAlone(t *testing.T) {
	const worlds = 300
	compared, conditional, permerrors := 0, 0, 0
	var shared, alone atomic.Int64
	for seed := range uint64(worlds) {
		r := rand.New(rand.NewPCG(seed, 11))
		z := randomZone(r, seed%2 == 1)
		limits := []spf.Limits{{}, {Lookups: 4, Voids: 1}, {Lookups: 20, Voids: 20}}[seed%3]
		base := &spf.Checker{Resolver: &asked{Resolver: z, n: &shared}, Limits: limits}
		for range 6 {
			o := randomOverlay(r, seed%2 == 1)
			for i := range names {
				domain := fmt.Sprintf("d%d.test", i)
				o.Base = &asked{Resolver: z, n: &alone}
				want := rendered(t, &spf.Checker{Resolver: &o, Limits: limits}, domain)
				got := rendered(t, base.Over(o), domain)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("seed %d, %s under %v (-alone +shared):\n%s\n%s", seed, domain, o.TXT, diff, z)
				}
				compared++
				conditional += strings.Count(want, " ? ")
				permerrors += strings.Count(want, "permerror")
			}
		}
	}
	t.Logf("%d policies, %d conditions, %d permerrors; questions with work shared %d, alone %d", compared, conditional, permerrors, shared.Load(), alone.Load())
	if compared < 30*worlds || conditional < worlds || permerrors < worlds || shared.Load() > alone.Load()/2 {
		t.Error("too little was compared or shared")
	}
}

// Checkers over one base are used by many goroutines at once.
func TestOverIsSafeForConcurrentUse(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 11))
	z := randomZone(r, true)
	base := &spf.Checker{Resolver: z}
	overlays := make([]spf.Overlay, 40)
	for i := range overlays {
		overlays[i] = randomOverlay(r, true)
	}
	var wg sync.WaitGroup
	got := make([]string, len(overlays))
	for i, o := range overlays {
		wg.Go(func() { got[i] = rendered(t, base.Over(o), "d0.test") })
	}
	wg.Wait()
	for i, o := range overlays {
		o.Base = z
		if diff := cmp.Diff(rendered(t, &spf.Checker{Resolver: &o}, "d0.test"), got[i]); diff != "" {
			t.Errorf("overlay %d (-alone +shared):\n%s", i, diff)
		}
	}
}

// What an overlay plans counts for whoever leads there, however far below, and
// for nobody else.
func TestOverKnowsWhatIsPlanned(t *testing.T) {
	z := dnstest.NewZone()
	z.Add("vendor.test", "TXT", "v=spf1 include:deep.test -all")
	z.Add("deep.test", "TXT", "v=spf1 include:back.test exists:%{ir}.%{v}.list.test -all")
	z.Add("back.test", "TXT", "v=spf1 ip4:192.0.2.1 -all")
	z.Add("other.test", "TXT", "v=spf1 ip4:192.0.2.9 -all")
	base := &spf.Checker{Resolver: z}
	listed := netip.MustParsePrefix("198.51.100.7/32")
	steps := []struct {
		name    string
		overlay spf.Overlay
		want    string
	}{
		{"nothing", spf.Overlay{}, "[192.0.2.1/32]"},
		{"an unrelated name", spf.Overlay{TXT: planned("x.test.", "v=spf1 -all")}, "[192.0.2.1/32]"},
		{"a name two includes below", spf.Overlay{TXT: planned("back.test.", "v=spf1 ip4:192.0.2.2 -all")}, "[192.0.2.2/32]"},
		{"nothing again", spf.Overlay{}, "[192.0.2.1/32]"},
		{"another plan for that name", spf.Overlay{TXT: planned("back.test.", "v=spf1 include:other.test -all")}, "[192.0.2.9/32]"},
		{"a list of addresses", spf.Overlay{Trees: []*spf.AddressTree{spf.NewAddressTree("list.test.", []string{"7.100.51.198.in-addr.list.test."})}},
			fmt.Sprintf("[192.0.2.1/32 %v]", listed)},
		{"nothing at last", spf.Overlay{}, "[192.0.2.1/32]"},
	}
	for _, s := range steps {
		p, err := base.Over(s.overlay).Policy(t.Context(), "vendor.test")
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(p.Prefixes(spf.Pass)); got != s.want {
			t.Errorf("%s: %s passes, want %s", s.name, got, s.want)
		}
	}
}

func planned(name, text string) map[string][]spf.TXT {
	return map[string][]spf.TXT{name: {{text}}}
}

// randomOverlay plans some of the names of a random zone, and sometimes a list
// of addresses at one.
func randomOverlay(r *rand.Rand, conditions bool) spf.Overlay {
	o := spf.Overlay{TXT: map[string][]spf.TXT{}}
	for range 1 + r.IntN(2) {
		name := fmt.Sprintf("d%d.test.", r.IntN(names+1))
		o.TXT[name] = []spf.TXT{{randomRecord(r, conditions)}}
		if r.IntN(8) == 0 {
			o.TXT[name] = nil // it is to have no record
		}
	}
	if r.IntN(4) == 0 {
		root := [...]string{"in-addr.test.", "d1.test.", "test."}[r.IntN(3)]
		o.Trees = append(o.Trees, spf.NewAddressTree(root, []string{"1.0.0.10.in-addr.test.", "*.in-addr.d1.test."}))
	}
	return o
}

// rendered is all that a policy says, neighbours that say the same joined.
func rendered(t *testing.T, c *spf.Checker, domain string) string {
	t.Helper()
	p, err := c.Policy(t.Context(), domain)
	if err != nil {
		return err.Error()
	}
	d := rendering{numbers: map[string]int{}, known: map[*spf.Outcome]int{}}
	for _, f := range [...]spf.Family{spf.V4, spf.V6} {
		last := -1
		for addrs, o := range p.Ranges(f) {
			if n := d.number(o); n != last {
				fmt.Fprintf(&d.text, "%v: %d\n", addrs.From(), n)
				last = n
			}
		}
	}
	return d.text.String()
}

// rendering writes outcomes, each once: decision trees have many nodes in
// common.
type rendering struct {
	text    strings.Builder
	numbers map[string]int // by what is said of a node
	known   map[*spf.Outcome]int
}

func (d *rendering) number(o *spf.Outcome) int {
	if n, ok := d.known[o]; ok {
		return n
	}
	text := fmt.Sprintf("%v, %d lookups, %d voids, by %v in %s, %v", o.Result, o.Lookups, o.Voids, o.Matched, o.MatchedIn, o.Err)
	if o.If != nil {
		text = fmt.Sprintf("%v ? %d : %d", o.If, d.number(o.Then), d.number(o.Else))
	}
	n, ok := d.numbers[text]
	if !ok {
		n = len(d.numbers)
		d.numbers[text] = n
		fmt.Fprintf(&d.text, "%d is %s\n", n, text)
	}
	d.known[o] = n
	return n
}

// asked counts the questions for TXT records.
type asked struct {
	spf.Resolver
	n *atomic.Int64
}

func (a *asked) LookupTXT(ctx context.Context, name string) (spf.Answer[spf.TXT], error) {
	a.n.Add(1)
	return a.Resolver.LookupTXT(ctx, name)
}
