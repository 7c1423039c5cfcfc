package bench

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	blitiri "blitiri.com.ar/go/spf"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/internal/configtest"
	"github.com/spfzone/spfzone/internal/zonecheck"
	"github.com/spfzone/spfzone/spf"
	"github.com/spfzone/spfzone/zonefile"
)

var (
	configurations = flag.Int("configurations", 100, "how many random configurations to build over the real world")
	firstSeed      = flag.Uint64("seed", 1, "of the first of them")
	zones          = flag.Int("zones", 20, "how many of the built ones the zone checkers are to judge")
	reasons        = flag.Bool("reasons", false, "print why each refused one is")
)

// params are for configurations that an operator might write, of every size
// that the builder has to deal with.
func (w *realWorld) params(r *rand.Rand) configtest.Params {
	domain := w.domains[r.IntN(len(w.domains))]
	return configtest.Params{
		Domain:    domain,
		Hosts:     w.hosts,
		Services:  w.services,
		Terms:     []string{"a", "mx", "a", "mx", "mx/24", "exists:%{i}._spf." + domain, "ptr", "ip4:192.0.2.7", "ip6:2001:db8:77::/48", "mx:" + w.domains[r.IntN(len(w.domains))], "a:" + w.hosts[r.IntN(len(w.hosts))] + "/28"},
		Parts:     []string{"part%d", "_spf%d", "n%d._spf"},
		Networks:  configtest.Range{Max: 5},
		Prefixes:  configtest.Range{Max: [...]int{5, 20, 60, 200}[r.IntN(4)]},
		Gateways:  configtest.Range{Max: 3},
		Count:     configtest.Range{Max: 6},
		Own:       configtest.Range{Max: 2},
		Regions:   configtest.Range{Min: 1, Max: 3},
		Responses: []int{512, 1232},
		Records:   []int{0, 0, 0, 255},
		Qualified: 8,
		Flatten:   []string{"auto", "auto", "auto", "always", "never"},
	}
}

// tally counts what became of the configurations. It is safe for concurrent
// use.
type tally struct {
	mu          sync.Mutex
	kinds       map[string]int
	why         []string           // of the refused
	results     map[spf.Result]int // of the senders compared
	conditional int                // of these, where a term depends on the message
	flattened   int
	parts       int
	regions     int
	zones       int
}

// TestConfigurations builds random configurations over the real world. All that
// is built is checked against the list, term by term, and once more by another
// evaluator, at the first and last address of every prefix; each refusal has
// its reason.
func TestConfigurations(t *testing.T) {
	w := loadWorld(t)
	fmt.Printf("%d configurations from seed %d, of %d domains, %d services, %d hosts\n", *configurations, *firstSeed, len(w.domains), len(w.services), len(w.hosts))
	c := &tally{kinds: map[string]int{}, results: map[spf.Result]int{}}
	var next atomic.Uint64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < uint64(*configurations) && !t.Failed(); i = next.Add(1) - 1 {
				w.try(t, c, *firstSeed+i)
			}
		})
	}
	wg.Wait()
	c.print()
	switch compared, built := c.compared(), c.kinds["built"]; {
	case c.kinds[string(builder.Unproven)] > 0:
		t.Errorf("%d are unproven", c.kinds[string(builder.Unproven)])
	case t.Failed():
	case built < *configurations/3 || compared < 100*built || c.results[spf.Pass] < compared/4 || c.results[spf.Fail] < compared/20:
		t.Errorf("%d built, %d comparisons, %v: too few to tell", built, compared, c.results)
	}
}

func (c *tally) compared() int {
	n := 0
	for _, results := range c.results {
		n += results
	}
	return n
}

func (c *tally) print() {
	fmt.Printf("%-12s %8s\n", "outcome", "number")
	for _, kind := range slices.Sorted(maps.Keys(c.kinds)) {
		fmt.Printf("%-12s %8d\n", kind, c.kinds[kind])
	}
	fmt.Printf("of the built, %d includes flattened, %d parts, %d regions, %d zones given to the zone checkers\n", c.flattened, c.parts, c.regions, c.zones)
	fmt.Printf("%d senders have the same result by the list, by what is built, and by the other evaluator: %v; for %d of them a term depends on the message\n", c.compared(), c.results, c.conditional)
	slices.Sort(c.why)
	for _, why := range c.why {
		fmt.Println(why)
	}
}

// try builds one configuration and checks it.
func (w *realWorld) try(t *testing.T, c *tally, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 11))
	config := configtest.New(r, w.params(r))
	cfg, err := builder.Parse(builder.Input{Name: "spfzone.yaml", Reader: strings.NewReader(config.YAML)})
	if err != nil {
		t.Errorf("seed %d: %v\n%s", seed, err, config.YAML)
		return
	}
	plan, err := builder.Build(t.Context(), cfg, builder.Options{Resolver: w})
	if err != nil {
		t.Errorf("seed %d: %v", seed, err)
		return
	}
	d := plan.Domains[0]
	zone := c.count(seed, d)
	if d.Err != nil {
		return
	}
	if wrong := overLimits(d); wrong != "" {
		t.Errorf("seed %d: %s", seed, wrong)
	}
	for name := range config.Listed {
		if wrong := w.compare(t.Context(), c, plan, config, name); wrong != "" {
			t.Errorf("seed %d: %s\n%s", seed, wrong, config.YAML)
			return
		}
	}
	if zone {
		t.Run(fmt.Sprintf("zone of seed %d", seed), func(t *testing.T) { zonecheck.Check(t, d.Domain.Zone, fragment(t, d)) })
	}
}

// count notes what became of a configuration, and reports whether its zone is
// to be checked.
func (c *tally) count(seed uint64, d *builder.DomainPlan) (zone bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d.Err != nil {
		c.kinds[string(d.Err.Kind)]++
		if *reasons {
			c.why = append(c.why, fmt.Sprintf("%s: seed %d: %v", d.Err.Kind, seed, d.Err))
		}
		return false
	}
	c.kinds["built"]++
	c.flattened += len(d.Flattened)
	c.parts += d.Parts.Count
	c.regions += len(d.Domain.Regions)
	if zone = c.zones < *zones; zone {
		c.zones++
	}
	return zone
}

func overLimits(d *builder.DomainPlan) string {
	limits := d.Domain.Limits
	if d.Lookups.Worst > limits.Lookups || d.Voids.Worst > limits.Voids || d.Parts.Count < d.Parts.LowerBound {
		return fmt.Sprintf("lookups %+v, voids %+v, parts %+v", d.Lookups, d.Voids, d.Parts)
	}
	for _, r := range d.Records {
		if r.ResponseBytes > limits.Response || limits.Record > 0 && len(r.Text) > limits.Record || strings.Join(r.Strings, "") != r.Text {
			return fmt.Sprintf("%s: %d octets of text, %d of the response", r.Name, len(r.Text), r.ResponseBytes)
		}
		if slices.ContainsFunc(r.Strings, func(s string) bool { return len(s) > 255 }) {
			return r.Name + " has a string of more than 255 octets"
		}
	}
	return ""
}

// fragment writes the records of a plan as a zone-file fragment.
func fragment(t *testing.T, d *builder.DomainPlan) []byte {
	t.Helper()
	f := zonefile.Fragment{Origin: d.Domain.Zone}
	for _, r := range d.Records {
		f.Records = append(f.Records, zonefile.Record{Name: r.Name, TTL: uint32(r.TTL.Seconds()), Strings: r.Strings, Comments: []string{r.About}})
	}
	var b bytes.Buffer
	if err := zonefile.Write(&b, f); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// compare checks senders against the list, against what is built, and against
// that with the other evaluator.
func (w *realWorld) compare(ctx context.Context, c *tally, plan *builder.Plan, config configtest.Config, name string) string {
	listed := &spf.Overlay{Base: w, TXT: map[string][]spf.TXT{}}
	for name, text := range config.Listed {
		listed.TXT[name] = []spf.TXT{{text}}
	}
	planned := plan.Overlay(w)
	want := &spf.Checker{Resolver: listed, Limits: spf.Limits{Lookups: 1000, Voids: 1000, MX: 1000}}
	got := &spf.Checker{Resolver: planned}
	policy, err := got.Policy(ctx, name)
	if err != nil {
		return err.Error()
	}
	domain := strings.TrimSuffix(name, ".")
	for _, ip := range ends(policy) {
		w, err := want.CheckHost(ctx, ip, domain, "bob@"+domain, "mail.test")
		if err != nil {
			return err.Error()
		}
		g, err := got.CheckHost(ctx, ip, domain, "bob@"+domain, "mail.test")
		if err != nil {
			return err.Error()
		}
		if w.Result != g.Result {
			return fmt.Sprintf("%s: %v: listed %v (%v), built %v (%v)", domain, ip, w.Result, w.Err, g.Result, g.Err)
		}
		theirs, theirErr := blitiri.CheckHostWithSender(ip.AsSlice(), "mail.test", "bob@"+domain, blitiri.WithResolver(peer{planned, spf.FamilyOf(ip)}), blitiri.WithContext(ctx))
		c.compare(g.Result, policy.At(ip))
		if string(theirs) != g.Result.String() {
			return fmt.Sprintf("%s: %v: %v (%v), the other evaluator %v (%v)", domain, ip, g.Result, g.Err, theirs, theirErr)
		}
	}
	return ""
}

// compare notes a sender whose result all agree on.
func (c *tally) compare(r spf.Result, o *spf.Outcome) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.results[r]++
	if o.If != nil {
		c.conditional++
	}
}

// ends gives the first and last address of every prefix that the policy tells
// apart, and those of the ranges between.
func ends(p *spf.Policy) []netip.Addr {
	seen := map[netip.Addr]bool{}
	for _, f := range [...]spf.Family{spf.V4, spf.V6} {
		for r, o := range p.Ranges(f) {
			seen[r.From()], seen[r.To()] = true, true
			if o.Matched == nil || o.Matched.Mechanism.String() == "all" {
				continue
			}
			for _, prefix := range r.Prefixes() {
				seen[prefix.Masked().Addr()] = true
				// The last address of a prefix is the one before the next, or the range's.
				if before := prefix.Masked().Addr().Prev(); r.Contains(before) {
					seen[before] = true
				}
			}
		}
	}
	return slices.SortedFunc(maps.Keys(seen), netip.Addr.Compare)
}
