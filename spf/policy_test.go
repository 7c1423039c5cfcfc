package spf_test

import (
	"context"
	"fmt"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/spf"
)

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
