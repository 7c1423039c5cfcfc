package builder_test

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/internal/configtest"
	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/spf"
)

var (
	configurations = flag.Int("configurations", 600, "how many random configurations to build")
	firstSeed      = flag.Uint64("seed", 1, "of the first random configuration")
)

// What is built of random configurations over random worlds says, term by
// term, what is listed, and keeps to the limits; and building it again where
// it is published changes nothing.
func TestRandomConfigurations(t *testing.T) {
	t.Parallel()
	counts := map[string]int{}
	compared := 0
	for seed := *firstSeed; seed < *firstSeed+uint64(*configurations); seed++ {
		r := rand.New(rand.NewPCG(seed, 2))
		world := randomWorld(r)
		c := configtest.New(r, randomParams(r))
		cfg, err := builder.Parse(builder.Input{Name: "spfzone.yaml", Reader: strings.NewReader(c.YAML)})
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, c.YAML)
		}
		plan, err := builder.Build(t.Context(), cfg, builder.Options{Resolver: world})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for _, d := range plan.Domains {
			kind := kindOf(d)
			counts[kind]++
			if d.Err != nil {
				t.Logf("seed %d: %s: %v", seed, kind, d.Err)
				continue
			}
			compared += compareListed(t, world, plan, c.Listed)
			checkLimits(t, world, d)
		}
		checkRebuilt(t, cfg, world, plan)
		if t.Failed() {
			t.Fatalf("seed %d\n%s\n%s\n%s", seed, c.YAML, show(plan), world)
		}
	}
	t.Logf("%d comparisons; built or refused: %v", compared, counts)
	if compared < 20**configurations || counts["built"] < *configurations/3 {
		t.Errorf("too little was built: %v", counts)
	}
}

func kindOf(d *builder.DomainPlan) string {
	if d.Err == nil {
		return "built"
	}
	return string(d.Err.Kind)
}

const (
	vendors = 8
	hosts   = 5
)

// randomWorld makes the hosts and the vendors that configurations name.
func randomWorld(r *rand.Rand) *dnstest.Zonedata {
	z := dnstest.NewZone()
	for i := range hosts {
		name := fmt.Sprintf("h%d.x.test", i)
		for range 1 + r.IntN(2) {
			z.Add(name, "A", fmt.Sprintf("10.0.%d.%d", r.IntN(4), r.IntN(8)))
		}
		if r.IntN(2) == 0 {
			z.Add(name, "AAAA", fmt.Sprintf("2001:db8::%x", r.IntN(16)))
		}
	}
	for _, name := range []string{"x.test", "r0.x.test", "r1.x.test"} {
		z.Add(name, "A", fmt.Sprintf("10.0.9.%d", r.IntN(4)))
		z.Add(name, "MX", fmt.Sprintf("h%d.x.test", r.IntN(hosts)))
	}
	if r.IntN(3) == 0 {
		z.Add("x.test", "TXT", strings.Repeat("s", 20+r.IntN(100)))
	}
	for range 6 {
		z.Add(fmt.Sprintf("10.0.%d.%d._e.test", r.IntN(4), r.IntN(8)), "A", "127.0.0.2")
	}
	for i := range vendors {
		name := fmt.Sprintf("v%d.test", i)
		z.Add(name, "TXT", vendorRecord(r, i))
		z.Add(name, "A", fmt.Sprintf("10.0.%d.%d", r.IntN(4), r.IntN(8)))
		z.Add(name, "MX", fmt.Sprintf("h%d.x.test", r.IntN(hosts)))
		if r.IntN(60) == 0 {
			z.Add(name, "TIMEOUT", [...]string{"A", "MX", "AAAA", "TXT"}[r.IntN(4)])
		}
	}
	return z
}

func vendorRecord(r *rand.Rand, i int) string {
	terms := []string{"v=spf1"}
	for range r.IntN(6) {
		terms = append(terms, [...]string{"", "", "", "", "", "", "", "-", "~", "?"}[r.IntN(10)]+vendorMechanism(r, i))
	}
	switch {
	case r.IntN(4) == 0 && i+1 < vendors:
		terms = append(terms, fmt.Sprintf("redirect=v%d.test", i+1+r.IntN(vendors-i-1)))
	case r.IntN(5) > 0:
		terms = append(terms, [...]string{"-", "~", "?"}[r.IntN(3)]+"all")
	}
	return strings.Join(terms, " ")
}

func vendorMechanism(r *rand.Rand, i int) string {
	host := fmt.Sprintf("h%d.x.test", r.IntN(hosts))
	switch r.IntN(15) {
	case 0:
		return "a"
	case 1:
		return fmt.Sprintf("a:%s/%d//%d", host, 28+r.IntN(5), 124+r.IntN(5))
	case 2:
		return "mx/30"
	case 3:
		return fmt.Sprintf("ip6:2001:db8::%x/%d", r.IntN(16), 120+r.IntN(9))
	case 4:
		return [...]string{"exists:%{i}._e.test", "a:%{d}", "ptr:x.test", "exists:%{ir}.%{d}", "a:nothing.test", "exists:x.test", "mx:%{o}", "include:%{d1}.v7.%{d2}"}[r.IntN(8)]
	case 5, 6, 7, 8, 9:
		if i+1 < vendors {
			return fmt.Sprintf("include:v%d.test", i+1+r.IntN(vendors-i-1))
		}
	}
	return fmt.Sprintf("ip4:10.0.%d.%d/%d", r.IntN(4), r.IntN(8), 20+r.IntN(13))
}

func randomParams(r *rand.Rand) configtest.Params {
	p := configtest.Params{
		Domain:    "x.test",
		Terms:     []string{"a", "mx", "a:h1.x.test/28", "mx:v1.test//64", "ip4:10.0.3.3", "ip6:2001:db8::/48", "exists:h2.x.test", "exists:%{i}._e.test", "ptr", "include:v5.test", "mx/29//120", "exists:%{l}.%{d}", "a:%{o}"},
		Redirects: []string{"v2.test", "v3.test"},
		Networks:  configtest.Range{Max: 4},
		Prefixes:  configtest.Range{Max: [...]int{10, 40, 150}[r.IntN(3)]},
		Gateways:  configtest.Range{Max: 2},
		Count:     configtest.Range{Max: 4},
		Own:       configtest.Range{Max: 3},
		Regions:   configtest.Range{Min: 1, Max: 2},
		Responses: []int{350, 512, 512, 1232},
		Records:   []int{0, 0, 0, 255},
		Qualified: 15,
		Flatten:   []string{"auto", "always", "never"},
	}
	if r.IntN(2) == 0 {
		p.Around = netip.MustParsePrefix("10.0.0.0/20")
	}
	for i := range vendors {
		p.Services = append(p.Services, configtest.Weighted{Name: fmt.Sprintf("v%d.test", i), Weight: 1 + i})
	}
	for i := range hosts {
		p.Hosts = append(p.Hosts, fmt.Sprintf("h%d.x.test", i))
	}
	return p
}

// asListed answers with the lists of a configuration, however large.
func asListed(base spf.Resolver, listed map[string]string) *spf.Checker {
	o := &spf.Overlay{Base: base, TXT: map[string][]spf.TXT{}}
	for name, text := range listed {
		o.TXT[name] = []spf.TXT{{text}}
	}
	return &spf.Checker{Resolver: o, Limits: spf.Limits{Lookups: 1000, Voids: 1000}}
}

// compareListed checks hosts at the edges of every range of what is listed and
// of what is built, term by term, and gives their number.
func compareListed(t *testing.T, base spf.Resolver, plan *builder.Plan, listed map[string]string) int {
	t.Helper()
	want, got := asListed(base, listed), &spf.Checker{Resolver: plan.Overlay(base)}
	n := 0
	for name := range listed {
		ips := map[netip.Addr]bool{}
		for _, c := range []*spf.Checker{want, got} {
			p, err := c.Policy(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range []spf.Family{spf.V4, spf.V6} {
				for r := range p.Ranges(f) {
					ips[r.From()], ips[r.To()] = true, true
				}
			}
		}
		for ip := range ips {
			for _, sender := range []string{"bob@" + strings.TrimSuffix(name, "."), "h3@" + strings.TrimSuffix(name, ".")} {
				w, g := checkHost(t, want, ip, name, sender), checkHost(t, got, ip, name, sender)
				if w.Result != g.Result {
					t.Errorf("%s: %v from %s: listed %v (%v), built %v (%v)", name, ip, sender, w.Result, w.Err, g.Result, g.Err)
				}
				n++
			}
		}
	}
	return n
}

func checkHost(t *testing.T, c *spf.Checker, ip netip.Addr, domain, sender string) spf.Evaluation {
	t.Helper()
	v, err := c.CheckHost(t.Context(), ip, domain, sender, "helo.test")
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// checkLimits holds a plan to the limits, measured apart from the builder.
func checkLimits(t *testing.T, base spf.Resolver, d *builder.DomainPlan) {
	t.Helper()
	limits := d.Domain.Limits
	if d.Lookups.Worst > limits.Lookups || d.Voids.Worst > limits.Voids || d.Parts.Count < d.Parts.LowerBound {
		t.Errorf("%s: lookups %v, voids %v, parts %v", d.Domain.Name, d.Lookups, d.Voids, d.Parts)
	}
	for _, r := range d.Records {
		size := packedSize(t, base, r)
		if size != r.ResponseBytes || size > limits.Response {
			t.Errorf("%s: the response has %d octets, said to be %d, of %d", r.Name, size, r.ResponseBytes, limits.Response)
		}
		if limits.Record > 0 && len(r.Text) > limits.Record {
			t.Errorf("%s: the record has %d octets, of %d", r.Name, len(r.Text), limits.Record)
		}
		if strings.Join(r.Strings, "") != r.Text || slices.ContainsFunc(r.Strings, func(s string) bool { return len(s) > 255 || s == "" }) {
			t.Errorf("%s: the strings %q of %q", r.Name, r.Strings, r.Text)
		}
		var terms []string
		for _, term := range r.Terms {
			terms = append(terms, term.Text)
		}
		if text := "v=spf1 " + strings.Join(terms, " "); text != r.Text {
			t.Errorf("%s: the terms %q of %q", r.Name, text, r.Text)
		}
	}
}

// packedSize gives the octets of the response for a record, with the other TXT
// records that are published at its name, as a DNS library packs it.
func packedSize(t *testing.T, base spf.Resolver, r builder.Record) int {
	t.Helper()
	m := new(dns.Msg).SetQuestion(r.Name, dns.TypeTXT)
	m.Response, m.Compress = true, true
	for _, txt := range append(siblings(t, base, r.Name), spf.TXT(r.Strings)) {
		m.Answer = append(m.Answer, &dns.TXT{Hdr: dns.RR_Header{Name: r.Name, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 3600}, Txt: txt})
	}
	m.SetEdns0(1232, false)
	octets, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return len(octets)
}

func siblings(t *testing.T, base spf.Resolver, name string) []spf.TXT {
	t.Helper()
	answer, err := base.LookupTXT(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(slices.Clone(answer.Records), func(txt spf.TXT) bool { return spf.IsSPF(txt.Join()) })
}

// published answers as if the plan were published, beside the other TXT
// records at each name.
func published(t *testing.T, base spf.Resolver, plan *builder.Plan) spf.Resolver {
	t.Helper()
	o := &spf.Overlay{Base: base, TXT: map[string][]spf.TXT{}}
	for _, d := range plan.Domains {
		for _, r := range d.Records {
			o.TXT[r.Name] = append(siblings(t, base, r.Name), spf.TXT(r.Strings))
		}
	}
	return o
}

// checkRebuilt builds again where the plan is published, and wants the same.
func checkRebuilt(t *testing.T, cfg *builder.Config, base spf.Resolver, plan *builder.Plan) {
	t.Helper()
	again, err := builder.Build(t.Context(), cfg, builder.Options{Resolver: published(t, base, plan)})
	if err != nil {
		t.Fatal(err)
	}
	if want, got := texts(plan), texts(again); !maps.Equal(want, got) {
		t.Errorf("built again, where it is published:\n%s", show(again))
	}
}

func texts(p *builder.Plan) map[string]string {
	out := map[string]string{}
	for _, d := range p.Domains {
		for _, r := range d.Records {
			out[r.Name] = r.Text
		}
	}
	return out
}
