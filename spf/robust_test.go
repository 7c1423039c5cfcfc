package spf_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/spf"
)

// listed are the limits under which an operator's own list is evaluated.
var listed = spf.Limits{Lookups: 1000, Voids: 1000, MX: 1000}

// Worlds that would take for ever, or no stack could hold, if outcomes were
// taken apart path by path or a cycle were followed without a count.
func TestPolicyIsBounded(t *testing.T) {
	terms := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(" " + strings.ReplaceAll(format, "#", fmt.Sprint(i)))
		}
		return b.String()
	}
	tests := []struct {
		name    string
		records [][3]string
		want    [2]string // at an address where nothing matches: by the limits of the RFC, and by those of a list
	}{
		{"a includes a", [][3]string{{"x.test", "TXT", "v=spf1 include:x.test -all"}}, [2]string{"permerror", "permerror"}},
		{"redirect to itself", [][3]string{{"x.test", "TXT", "v=spf1 redirect=x.test"}}, [2]string{"permerror", "permerror"}},
		{"a includes b and b, b includes a and a", [][3]string{
			{"x.test", "TXT", "v=spf1 include:b.test include:b.test -all"},
			{"b.test", "TXT", "v=spf1 include:x.test include:x.test -all"}}, [2]string{"permerror", "permerror"}},
		{"the same with networks between", [][3]string{
			{"x.test", "TXT", "v=spf1 ip4:10.0.0.0/8 -include:b.test ?ip6:2001:db8::/32 include:b.test -all"},
			{"b.test", "TXT", "v=spf1 ~ip4:10.0.0.0/9 ?include:x.test ip4:11.0.0.0/8 include:x.test -all"}}, [2]string{"permerror", "permerror"}},
		{"the same with conditions between", [][3]string{
			{"x.test", "TXT", "v=spf1 -exists:%{i}.x.test include:b.test include:b.test -all"},
			{"b.test", "TXT", "v=spf1 ?exists:%{i}.b.test ptr:%{d} include:x.test include:x.test -all"}}, [2]string{"permerror", "policy of x.test: the conditional terms make too many combinations"}},
		{"a cycle of redirects with conditions", [][3]string{
			{"x.test", "TXT", "v=spf1 exists:%{i}.x.test redirect=b.test"},
			{"b.test", "TXT", "v=spf1 ?a:%{l}.b.test redirect=x.test"}}, [2]string{"permerror", "permerror"}},
		{"ten conditions in each of ten includes", [][3]string{
			{"x.test", "TXT", "v=spf1" + terms(10, "include:i#.test") + " -all"},
			{"*.test", "TXT", "v=spf1" + terms(5, "-exists:%{i}.#.%{d} ?a:%{l}.#.%{d}") + " ~all"}}, [2]string{"permerror", "fail"}},
		{"thirty conditions in one record", [][3]string{
			{"x.test", "TXT", "v=spf1" + terms(10, "-exists:%{i}.#.test ?ptr:#.test mx:%{h}.#.test") + " -all"}}, [2]string{"permerror", "fail"}},
		{"conditional includes", [][3]string{
			{"x.test", "TXT", "v=spf1" + terms(20, "include:i#.test") + " -all"},
			{"*.test", "TXT", "v=spf1 ?include:%{l}.%{d} -include:%{h}.%{d} ~all"}}, [2]string{"permerror", "fail"}},
		{"10,000 ip4 terms", [][3]string{
			{"x.test", "TXT", "v=spf1" + manyNetworks(10_000) + " -all"}}, [2]string{"fail", "fail"}},
		{"10,000 ip4 terms behind conditions", [][3]string{
			{"x.test", "TXT", "v=spf1 exists:%{i}.x.test ?exists:%{l}.x.test" + manyNetworks(10_000) + " -all"}}, [2]string{"fail", "fail"}},
		{"1,000 includes", [][3]string{
			{"x.test", "TXT", "v=spf1" + terms(1000, "include:i#.test") + " -all"},
			{"*.test", "TXT", "v=spf1" + manyNetworks(20) + " -all"}}, [2]string{"permerror", "fail"}},
	}
	for _, tt := range tests {
		for i, limits := range [...]spf.Limits{{}, listed} {
			t.Run(fmt.Sprintf("%s/%d", tt.name, limits.Lookups), func(t *testing.T) {
				z := dnstest.NewZone()
				for _, r := range tt.records {
					addRecord(z, r[0], r[2])
				}
				c := &spf.Checker{Resolver: z, Limits: limits}
				if diff := cmp.Diff(tt.want[i], nothingMatches(t, c)); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// nothingMatches gives the result at an address where no term matches, or the
// error of the policy. What else can be asked of a policy is asked too.
func nothingMatches(t *testing.T, c *spf.Checker) string {
	t.Helper()
	ip := netip.MustParseAddr("203.0.113.9")
	var v spf.Evaluation
	for range 8 { // until it is decided out of kept answers
		var err error
		if v, err = c.Check(t.Context(), ip, "bob@x.test", "mail.test"); err != nil {
			t.Fatal(err)
		}
	}
	p, err := c.Policy(t.Context(), "x.test")
	if err != nil {
		if !errors.Is(err, spf.ErrTooComplex) {
			t.Fatal(err)
		}
		return err.Error()
	}
	o := p.At(ip)
	for o.If != nil {
		o = o.Else
	}
	includes := false
	for _, condition := range p.Conditions() {
		includes = includes || strings.HasPrefix(condition.String(), "include:")
	}
	if v.Result != o.Result && !includes {
		t.Errorf("check gives %v (%v), the policy %v (%v)", v.Result, v.Err, o.Result, o.Err)
	}
	if !p.Equal(p) || len(p.At(ip).String()) > 10_000 || p.MaxLookups() < o.Lookups || p.MaxVoids() < o.Voids {
		t.Errorf("the policy contradicts itself: %v", p.At(ip))
	}
	return o.Result.String()
}

// addRecord adds a record at a name, or at i0 to i999 for "*".
func addRecord(z *dnstest.Zonedata, name, text string) {
	if name != "*.test" {
		z.Add(name, "TXT", text)
		return
	}
	for i := range 1000 {
		z.Add(fmt.Sprintf("i%d.test", i), "TXT", text)
	}
}

func manyNetworks(n int) string {
	var b strings.Builder
	r := rand.New(rand.NewPCG(1, 1))
	for range n {
		ip := netip.AddrFrom4([4]byte{11, byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))})
		fmt.Fprintf(&b, " ip4:%v/%d", ip, 20+r.IntN(13))
	}
	return b.String()
}
