package builder_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/internal/configtest"
	"github.com/spfzone/spfzone/spf"
)

// encoded plans a configuration with an encoding for all domains.
func encoded(t testing.TB, yaml string, e builder.Encoding, world spf.Resolver) (*builder.Config, *builder.Plan) {
	t.Helper()
	cfg, err := builder.Parse(builder.Input{Name: "spfzone.yaml", Reader: strings.NewReader(yaml)})
	if err != nil {
		t.Fatalf("%v\n%s", err, yaml)
	}
	for _, d := range cfg.Domains {
		d.Encoding = e
	}
	plan, err := builder.Build(t.Context(), cfg, builder.Options{Resolver: world})
	if err != nil {
		t.Fatal(err)
	}
	return cfg, plan
}

// denseParams draw hosts that are close together, so that exclusions pay, and
// not many qualifiers, which keep apart what is listed.
func denseParams(r *rand.Rand) configtest.Params {
	p := randomParams(r)
	p.Qualified = [...]int{0, 0, 2, 10}[r.IntN(4)]
	p.Count.Max = 2
	p.Networks.Max = 1
	p.Own = configtest.Range{Min: 20, Max: 120}
	for i := range 64 {
		p.Terms = append(p.Terms, fmt.Sprintf("ip4:10.0.0.%d", i), fmt.Sprintf("ip6:2001:db8::%x", i%16))
	}
	return p
}

func size(p *builder.Plan) (parts, octets int) {
	for _, d := range p.Domains {
		parts += d.Parts.Count
		for _, r := range d.Records {
			octets += len(r.Text)
		}
	}
	return parts, octets
}

func excludes(p *builder.Plan) bool {
	for _, d := range p.Domains {
		for _, r := range d.Records {
			all := len(r.Record.Directives) - 1
			for i, at := range r.Record.Directives[:max(all, 0)] {
				if _, isIP4 := at.Mechanism.(spf.IP4); isIP4 && at.Qualifier == r.Record.Directives[all].Qualifier && i < all {
					return true
				}
			}
		}
	}
	return false
}

// The compact encoding of random configurations over random worlds says, term
// by term, what is listed, keeps to the limits, and is never larger than the
// plain one.
func TestCompactConfigurations(t *testing.T) {
	t.Parallel()
	const first, count = 1, 500
	compared, built, excluding := 0, 0, 0
	var octets [2]int
	for seed := uint64(first); seed < first+count; seed++ {
		r := rand.New(rand.NewPCG(seed, 5))
		world := randomWorld(r)
		c := configtest.New(r, denseParams(r))
		cfg, plan := encoded(t, c.YAML, builder.EncodingCompact, world)
		for _, d := range plan.Domains {
			if d.Err != nil {
				if d.Err.Kind == builder.Unproven {
					t.Errorf("seed %d: %v", seed, d.Err)
				}
				continue
			}
			built++
			compared += compareListed(t, world, plan, c.Listed)
			checkLimits(t, world, d)
		}
		if excludes(plan) {
			excluding++
		}
		checkRebuilt(t, cfg, world, plan)
		_, plain := encoded(t, c.YAML, builder.EncodingPlain, world)
		if d := plain.Domains[0]; d.Err == nil && plan.Domains[0].Err != nil {
			t.Errorf("seed %d: refused: %v; but the plain encoding fits", seed, plan.Domains[0].Err)
		} else if d.Err == nil && cmp.Equal(chosen(d), chosen(plan.Domains[0])) {
			parts, n := size(plan)
			plainParts, plainOctets := size(plain)
			if parts > plainParts || parts == plainParts && n > plainOctets {
				t.Errorf("seed %d: %d parts of %d octets, plain %d of %d", seed, parts, n, plainParts, plainOctets)
			}
			octets[0] += plainOctets
			octets[1] += n
		}
		if t.Failed() {
			t.Fatalf("seed %d\n%s\n%s\n%s", seed, c.YAML, show(plan), world)
		}
	}
	t.Logf("%d comparisons; %d of %d built, %d with exclusions; octets: plain %d, compact %d", compared, built, count, excluding, octets[0], octets[1])
	if built < count/3 || excluding < count/15 {
		t.Errorf("too little was built: %d, of them %d with exclusions", built, excluding)
	}
}

// chosen says what became of each include.
func chosen(d *builder.DomainPlan) []string {
	var out []string
	for _, decision := range append(d.Flattened, d.Kept...) {
		out = append(out, decision.Include+" "+decision.Why)
	}
	return out
}

// Where nothing is flattened or pinned, what is built says the same as what is
// listed whatever the vendors' records become: no exclusion decides before a
// term that asks the DNS.
func TestCompactFollowsVendors(t *testing.T) {
	t.Parallel()
	const first, count = 1, 300
	built, excluding, compared := 0, 0, 0
	for seed := uint64(first); seed < first+count; seed++ {
		r := rand.New(rand.NewPCG(seed, 6))
		world, later := randomWorld(r), randomWorld(r)
		p := denseParams(r)
		p.Flatten, p.Gateways = []string{"never"}, configtest.Range{}
		c := configtest.New(r, p)
		_, plan := encoded(t, c.YAML, builder.EncodingCompact, world)
		if d := plan.Domains[0]; d.Err != nil || len(d.Flattened) > 0 {
			continue
		}
		built++
		if excludes(plan) {
			excluding++
		}
		compared += compareWhereWhole(t, later, plan, c.Listed)
		if t.Failed() {
			t.Fatalf("seed %d\n%s\n%s\n%s\n%s", seed, c.YAML, show(plan), world, later)
		}
	}
	t.Logf("%d of %d built, %d with exclusions; %d comparisons", built, count, excluding, compared)
	if built < count/4 || excluding < count/15 || compared < 20*built {
		t.Error("too little was compared")
	}
}

// compareWhereWhole compares the policy of what is listed with that of what is
// built at the edges of their ranges, where neither ends in an error: vendors
// that have changed may need more lookups than they may.
func compareWhereWhole(t *testing.T, world spf.Resolver, plan *builder.Plan, listed map[string]string) int {
	t.Helper()
	n := 0
	want, got := asListed(world, listed), &spf.Checker{Resolver: plan.Overlay(world), Limits: spf.Limits{Lookups: 1000, Voids: 1000}}
	for name := range listed {
		a, err := want.Policy(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		b, err := got.Policy(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		for _, change := range a.Diff(b) {
			if differ(change.From, change.To) {
				t.Errorf("%s: %v: listed %v, built %v", name, change.Prefixes, change.From, change.To)
			}
		}
		for _, f := range []spf.Family{spf.V4, spf.V6} {
			for range a.Ranges(f) {
				n++
			}
		}
	}
	return n
}

// differ reports whether two outcomes differ, of which neither has a way to an
// error.
func differ(a, b *spf.Outcome) bool {
	from, to := map[spf.Result]bool{}, map[spf.Result]bool{}
	addResults(from, a)
	addResults(to, b)
	for _, results := range []map[spf.Result]bool{from, to} {
		if results[spf.PermError] || results[spf.TempError] || results[spf.None] {
			return false
		}
	}
	return len(from) > 1 || !maps.Equal(from, to)
}

func addResults(to map[spf.Result]bool, o *spf.Outcome) {
	if o.If != nil {
		addResults(to, o.Then)
		addResults(to, o.Else)
		return
	}
	to[o.Result] = true
}

// The encoding is plain unless defaults or the domain say otherwise.
func TestEncodingSetting(t *testing.T) {
	const domains = "domains: {x.test: {senders: []}, y.test: {senders: [], encoding: "
	tests := []struct{ name, yaml, want string }{
		{"not given", "defaults: {all: fail}\ndomains: {x.test: {senders: []}}", "[plain]"},
		{"of a domain", "defaults: {all: fail}\n" + domains + "compact}}", "[plain compact]"},
		{"of all but one", "defaults: {all: fail, encoding: compact}\n" + domains + "plain}}", "[compact plain]"},
		{"misspelt", "defaults: {all: fail}\n" + domains + "compactt}}", `spfzone.yaml:2:66: wanted plain or compact, found the text "compactt"; did you mean "compact"?`},
		{"no word", "defaults: {all: fail, encoding: [compact]}\ndomains: {}", "spfzone.yaml:1:33: wanted plain or compact, found a list"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cfg, err := builder.Parse(builder.Input{Name: "spfzone.yaml", Reader: strings.NewReader(test.yaml)})
			got := fmt.Sprint(err)
			if err == nil {
				var encodings []builder.Encoding
				for _, d := range cfg.Domains {
					encodings = append(encodings, d.Encoding)
				}
				got = fmt.Sprint(encodings)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
