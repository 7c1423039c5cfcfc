package spf_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/spf"
)

// The policy of a domain, a check term by term and a check out of kept
// decisions are computed apart, and must agree wherever the policy is static: on the result always, on the
// counters wherever evaluation did not end in permerror.
func TestPolicyAgreesWithCheckOnRandomWorlds(t *testing.T) {
	const worlds = 5000
	compared, permerrors := 0, 0
	for seed := range uint64(worlds) {
		r := rand.New(rand.NewPCG(seed, 1))
		zone := randomZone(r)
		c := &spf.Checker{Resolver: zone}
		for i := range names {
			domain := fmt.Sprintf("d%d.test", i)
			p, err := c.Policy(t.Context(), domain)
			if err != nil {
				t.Fatal(err)
			}
			neighboursDiffer(t, p)
			for ip := range edges(p) {
				n, permerror := comparePolicy(t, c, p, domain, ip)
				compared += n
				permerrors += permerror
			}
			if t.Failed() {
				t.Fatalf("seed %d, domain %s, zone:\n%s", seed, domain, zone)
			}
		}
	}
	t.Logf("%d comparisons, %d of them permerror", compared, permerrors)
	if compared < 10*worlds || permerrors == 0 || permerrors == compared {
		t.Errorf("too few comparisons: %d, %d of them permerror", compared, permerrors)
	}
}

func comparePolicy(t *testing.T, c *spf.Checker, p *spf.Policy, domain string, ip netip.Addr) (n, permerrors int) {
	t.Helper()
	o := p.At(ip)
	if o.If != nil {
		return 0, 0
	}
	ev, err := c.CheckHost(t.Context(), ip, domain, "bob@"+domain, "helo.test")
	if err != nil {
		t.Fatal(err)
	}
	quick, err := c.Check(t.Context(), ip, "bob@"+domain, "helo.test")
	if err != nil {
		t.Fatal(err)
	}
	if quick.Result != ev.Result || quick.Result != spf.PermError && (quick.Lookups != ev.Lookups || quick.Voids != ev.Voids || quick.Matched != ev.Matched) {
		t.Errorf("%v: check_host gives %v with %d lookups, %d voids; out of kept decisions %v with %d, %d", ip,
			ev.Result, ev.Lookups, ev.Voids, quick.Result, quick.Lookups, quick.Voids)
	}
	if ev.Result != o.Result {
		t.Errorf("%v: check gives %v (%v), policy %v (%v)", ip, ev.Result, ev.Err, o.Result, o.Err)
	}
	if ev.Result == spf.PermError {
		return 1, 1
	}
	got := [...]any{o.Lookups, o.Voids, o.MatchedIn, o.Matched}
	want := [...]any{ev.Lookups, ev.Voids, ev.MatchedIn, ev.Matched}
	if o.MatchedIn != "" && got != want && !hasConditions(c) {
		t.Errorf("%v: policy %v, check %v", ip, got, want)
	}
	return 1, 0
}

// hasConditions reports whether a term of the world depends on the message,
// so that the policy's counters are only the least.
func hasConditions(c *spf.Checker) bool {
	text := c.Resolver.(*dnstest.Zonedata).String()
	return strings.Contains(text, "%{") || strings.Contains(text, "ptr")
}

// neighboursDiffer holds Ranges to its word.
func neighboursDiffer(t *testing.T, p *spf.Policy) {
	t.Helper()
	for _, f := range [...]spf.Family{spf.V4, spf.V6} {
		var last *spf.Outcome
		for r, o := range p.Ranges(f) {
			if last != nil && *last == *o {
				t.Errorf("%v has the outcome of the range before it: %v", r, o)
			}
			last = o
		}
	}
}

// edges gives the first and last address of each range of a policy.
func edges(p *spf.Policy) func(func(netip.Addr) bool) {
	return func(yield func(netip.Addr) bool) {
		for _, f := range [...]spf.Family{spf.V4, spf.V6} {
			for r := range p.Ranges(f) {
				if !yield(r.From()) || !yield(r.To()) {
					return
				}
			}
		}
	}
}

const names = 6

// randomZone makes names d0 to d5 that publish records of a few terms each,
// with includes and redirects among them, cycles too, and some failing hosts.
func randomZone(r *rand.Rand) *dnstest.Zonedata {
	z := dnstest.NewZone()
	for i := range names {
		name := fmt.Sprintf("d%d.test", i)
		if r.IntN(12) > 0 {
			z.Add(name, "TXT", randomRecord(r))
		}
		for range r.IntN(3) {
			z.Add(name, "A", fmt.Sprintf("10.0.%d.%d", r.IntN(4), r.IntN(8)))
			z.Add(name, "AAAA", fmt.Sprintf("2001:db8::%x", r.IntN(16)))
		}
		for range r.IntN(2) {
			z.Add(name, "MX", fmt.Sprintf("d%d.test", r.IntN(names)))
		}
		if r.IntN(15) == 0 {
			z.Add(name, "TIMEOUT", [...]string{"A", "MX", "AAAA", "TXT"}[r.IntN(4)])
		}
	}
	return z
}

func randomRecord(r *rand.Rand) string {
	terms := []string{"v=spf1"}
	for range r.IntN(7) {
		terms = append(terms, [...]string{"", "", "", "-", "~", "?"}[r.IntN(6)]+randomMechanism(r))
	}
	switch r.IntN(4) {
	case 0:
		terms = append(terms, fmt.Sprintf("redirect=d%d.test", r.IntN(names)))
	case 1, 2:
		terms = append(terms, "-all")
	}
	return strings.Join(terms, " ")
}

func randomMechanism(r *rand.Rand) string {
	name := fmt.Sprintf("d%d.test", r.IntN(names+1))
	switch r.IntN(14) {
	case 0, 1, 2, 3:
		return fmt.Sprintf("ip4:10.0.%d.%d/%d", r.IntN(4), r.IntN(8), 20+r.IntN(13))
	case 4:
		return fmt.Sprintf("ip6:2001:db8::%x/%d", r.IntN(16), 120+r.IntN(9))
	case 5:
		return "a"
	case 6:
		return fmt.Sprintf("a:%s/%d//%d", name, 28+r.IntN(5), 124+r.IntN(5))
	case 7:
		return "mx/30"
	case 8:
		return "mx:" + name
	case 9:
		return "exists:" + name
	case 10:
		return [...]string{"exists:%{i}.x.test", "a:%{d}", "include:%{o}", "exists:%{d2}", "a:%{l}.x.test", "ptr"}[r.IntN(6)]
	}
	return "include:" + name
}

func TestPolicyPrefixes(t *testing.T) {
	z := dnstest.NewZone()
	z.Add("x.test", "TXT", "v=spf1 -ip4:192.0.2.1 ip4:192.0.2.0/30 ?include:v.test ip6:2001:db8::/32 -all")
	z.Add("v.test", "TXT", "v=spf1 ip4:198.51.100.0/24 -ip6:2001:db8:1::/48 ip6:2001:db8:1::/47 ~all")
	c := &spf.Checker{Resolver: z}
	p, err := c.Policy(context.Background(), "X.test")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, r := range []spf.Result{spf.Pass, spf.Neutral} {
		got[r.String()] = fmt.Sprint(p.Prefixes(r))
	}
	want := map[string]string{
		"pass":    "[192.0.2.0/32 192.0.2.2/31 2001:db8:1::/48 2001:db8:2::/47 2001:db8:4::/46 2001:db8:8::/45 2001:db8:10::/44 2001:db8:20::/43 2001:db8:40::/42 2001:db8:80::/41 2001:db8:100::/40 2001:db8:200::/39 2001:db8:400::/38 2001:db8:800::/37 2001:db8:1000::/36 2001:db8:2000::/35 2001:db8:4000::/34 2001:db8:8000::/33]",
		"neutral": "[198.51.100.0/24 2001:db8::/48]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if p.MaxLookups() != 1 || p.MaxVoids() != 0 || !p.Static() {
		t.Errorf("lookups %d, voids %d, static %v", p.MaxLookups(), p.MaxVoids(), p.Static())
	}
	if other, _ := c.Policy(context.Background(), "v.test"); p.Equal(other) || !p.Equal(p) {
		t.Error("Equal tells neither apart")
	}
}
