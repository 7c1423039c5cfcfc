package builder_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/spf"
)

// manyDomains lists domains that share networks and services, over the world of
// randomWorld. Some lead to others: by region, include and redirect=, a few in
// a circle. Zones take turns.
func manyDomains(r *rand.Rand, n int) string {
	var b strings.Builder
	b.WriteString("defaults: {all: fail}\ngateways: {relay: h1, far: h2.x.test}\nnetworks:\n")
	for i := range 6 {
		fmt.Fprintf(&b, "  n%d: [10.%d.0.0/16, 192.0.2.%d]\n", i, i, i)
	}
	b.WriteString("services:\n")
	for i := range vendors {
		fmt.Fprintf(&b, "  s%d: {include: v%d.test, flatten: %s}\n", i, i, pick(r, "auto", "auto", "always", "never"))
	}
	b.WriteString("domains:\n")
	for i := range n {
		senders := []string{pick(r, "relay", "a", "mx"), fmt.Sprintf("n%d", r.IntN(6)), fmt.Sprintf("%ss%d", pick(r, "", "", "~"), r.IntN(vendors))}
		settings := fmt.Sprintf("zone: z%d.test, limits: {lookups: %d, response: %d}, encoding: %s", i%3, 4+r.IntN(7), 180+r.IntN(400), pick(r, "plain", "compact"))
		switch other := (i + 1 + r.IntN(n-1)) % n; r.IntN(4) {
		case 0:
			senders = append(senders, fmt.Sprintf("include:c%d.z%d.test", other, other%3))
		case 1:
			settings += fmt.Sprintf(", redirect: c%d.z%d.test", other, other%3)
		}
		fmt.Fprintf(&b, "  c%d.z%d.test: {%s, senders: [%s]}\n", i, i%3, settings, strings.Join(senders, ", "))
	}
	return b.String()
}

func pick(r *rand.Rand, words ...string) string { return words[r.IntN(len(words))] }

// A domain comes out the same in the whole of a configuration, plan by plan in
// either order, and alone.
func TestPlansAreTheSameHoweverTheyAreBuilt(t *testing.T) {
	t.Parallel()
	counts := map[string]int{}
	for seed := range uint64(25) {
		r := rand.New(rand.NewPCG(seed, 21))
		world, cfg := randomWorld(r), configured(t, manyDomains(r, 24))
		o := builder.Options{Resolver: world}
		whole, err := builder.Build(t.Context(), cfg, o)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{}
		for _, d := range whole.Domains {
			want[d.Domain.Name] = show(&builder.Plan{Domains: []*builder.DomainPlan{d}})
			counts[kindOf(d)]++
			counts["lead elsewhere"] += strings.Count(fmt.Sprint(d.Err), "refused")
		}
		for _, byZone := range []bool{false, true} {
			o.ByZone = byZone
			got := map[string]string{}
			var order []string
			err := builder.BuildEach(t.Context(), cfg, o, func(p *builder.DomainPlan) error {
				got[p.Domain.Name] = show(&builder.Plan{Domains: []*builder.DomainPlan{p}})
				order = append(order, p.Domain.Name)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("seed %d, by zone %v (-whole +each):\n%s", seed, byZone, diff)
			}
			if diff := cmp.Diff(inOrder(cfg, byZone), order); diff != "" {
				t.Errorf("seed %d, by zone %v: order (-want +got):\n%s", seed, byZone, diff)
			}
		}
		for name := range want {
			alone, err := builder.Build(t.Context(), cfg, builder.Options{Resolver: world, Only: []string{name}})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want[name], show(alone)); diff != "" {
				t.Fatalf("seed %d (-whole +alone):\n%s", seed, diff)
			}
		}
	}
	t.Log(counts)
	if counts["built"] < 100 || counts["built"] > 550 || counts["lead elsewhere"] == 0 {
		t.Errorf("too little was built or refused: %v", counts)
	}
}

func inOrder(cfg *builder.Config, byZone bool) []string {
	domains := slices.Clone(cfg.Domains)
	if byZone {
		slices.SortStableFunc(domains, func(a, b *builder.Domain) int { return strings.Compare(a.Zone, b.Zone) })
	}
	names := make([]string, len(domains))
	for i, d := range domains {
		names[i] = d.Name
	}
	return names
}

// counted counts the questions for TXT records below a name, and has some of
// them fail.
type counted struct {
	spf.Resolver
	below  string
	failed string
	n      atomic.Int64
}

func (c *counted) LookupTXT(ctx context.Context, name string) (spf.Answer[spf.TXT], error) {
	if strings.HasSuffix(name, c.below) {
		c.n.Add(1)
	}
	if name == c.failed {
		return spf.Answer[spf.TXT]{}, errors.New("no answer")
	}
	return c.Resolver.LookupTXT(ctx, name)
}

// sharing lists many domains that share services.
func sharing(n int) string {
	var b strings.Builder
	b.WriteString("defaults: {all: fail}\nservices: {crm: {include: crm.vendors.test}, news: {include: news.vendors.test, flatten: always}}\nnetworks: {office: [192.0.2.0/24]}\ndomains:\n")
	for i := range n {
		fmt.Fprintf(&b, "  c%d.test: {senders: [office, crm, news]}\n", i)
	}
	return b.String()
}

const sharedVendors = `
crm.vendors.test. TXT "v=spf1 ip4:198.51.100.0/24 include:more.vendors.test -all"
more.vendors.test. TXT "v=spf1 ip4:203.0.113.0/24 -all"
news.vendors.test. TXT "v=spf1 ip4:198.51.100.0/24 ip4:203.0.113.128/25 -all"
`

// What domains share is asked for as often for many domains as for a few, and
// if that fails, too.
func TestSharedServicesAreAskedForOnce(t *testing.T) {
	tests := []struct {
		name, failed string
		most         int64 // for three names: by the list's evaluation, the service's and the proof's
		refused      bool
	}{
		{"answers", "", 12, false},
		{"no answer", "more.vendors.test.", 4, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, n := range []int{40, 400} {
				r := &counted{Resolver: world(t, sharedVendors), below: "vendors.test.", failed: tt.failed}
				p, err := builder.Build(t.Context(), configured(t, sharing(n)), builder.Options{Resolver: r})
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range p.Domains {
					if refused := d.Err != nil; refused != tt.refused {
						t.Fatalf("%s: %v", d.Domain.Name, d.Err)
					}
				}
				// Before the first answer is there, goroutines may ask side by side.
				if most := tt.most + 3*32; r.n.Load() > most || r.n.Load() == 0 {
					t.Errorf("%d domains: %d questions about the services, want at most %d", n, r.n.Load(), most)
				}
			}
		})
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// planningRests reports whether every goroutine that makes plans waits for the next
// domain, and the one that hands domains out, for a plan to be taken.
func planningRests() bool {
	text := make([]byte, 8<<20)
	found := false
	for g := range strings.SplitSeq(string(text[:runtime.Stack(text, true)]), "\n\n") {
		const of = "builder.(*build).plans.func"
		if !strings.Contains(g, of) {
			continue
		}
		found = true
		lines := strings.SplitN(g, "\n", 3) // the state, and the innermost call
		if !strings.Contains(lines[0], "[chan receive") && !strings.Contains(lines[0], "[select") || !strings.Contains(lines[1], of) {
			return false
		}
	}
	return found
}

// await waits until a condition holds, for long on a machine that is busy with other
// things.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// The heap does not grow with the plans that were delivered. It is looked at
// when as much as may be is planned ahead, and nothing is under way.
func TestDeliveredPlansAreNotKept(t *testing.T) {
	const n, kept, between = 6000, 500, 4000
	r := &counted{Resolver: world(t, sharedVendors), below: "."}
	cfg, o := configured(t, sharing(n)), builder.Options{Resolver: r}
	idle := func() int64 {
		await(t, "plans that are under way", planningRests)
		return heap()
	}
	first, last := int64(math.MaxInt64), int64(math.MaxInt64)
	done := 0
	err := builder.BuildEach(t.Context(), cfg, o, func(p *builder.DomainPlan) error {
		if p.Err != nil {
			return p.Err
		}
		switch done++; done {
		case 1000, 1200, 1400:
			first = min(first, idle())
		case 1000 + between, 1200 + between, 1400 + between:
			last = min(last, idle())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	few := configured(t, sharing(kept))
	before := heap()
	whole, err := builder.Build(t.Context(), few, o)
	if err != nil {
		t.Fatal(err)
	}
	plan := (heap() - before) / kept
	runtime.KeepAlive(whole)
	perDomain := (last - first) / between
	t.Logf("%d octets more for each domain; a plan has %d", perDomain, plan)
	if last == math.MaxInt64 || plan < 1000 || perDomain > plan/2 {
		t.Errorf("the heap grew by %d octets for each domain, where a plan has %d", perDomain, plan)
	}
}

func TestBuildEachEnds(t *testing.T) {
	cfg := configured(t, sharing(500))
	enough := errors.New("enough")
	ctx, cancel := context.WithCancel(t.Context())
	tests := []struct {
		name string
		stop func() error
		want error
	}{
		{"deliver", func() error { return enough }, enough},
		{"context", func() error { cancel(); return nil }, context.Canceled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			delivered := 0
			err := builder.BuildEach(ctx, cfg, builder.Options{Resolver: world(t, sharedVendors)}, func(*builder.DomainPlan) error {
				if delivered++; delivered == 100 {
					return tt.stop()
				}
				return nil
			})
			if !errors.Is(err, tt.want) || delivered != 100 {
				t.Errorf("BuildEach = %v after %d plans, want %v after 100", err, delivered, tt.want)
			}
			await(t, "goroutines that are left", func() bool { return runtime.NumGoroutine() <= before })
		})
	}
}
