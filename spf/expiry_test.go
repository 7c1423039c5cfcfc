package spf_test

import (
	"context"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/spf"
)

// changing answers from a zone that can be exchanged, each answer with a TTL.
type changing struct {
	zone      atomic.Pointer[dnstest.Zonedata]
	txt, addr time.Duration // TTLs
}

func (c *changing) LookupTXT(ctx context.Context, name string) (spf.Answer[spf.TXT], error) {
	a, err := c.zone.Load().LookupTXT(ctx, name)
	a.TTL = c.txt
	return a, err
}

func (c *changing) LookupIP(ctx context.Context, name string, f spf.Family) (spf.Answer[netip.Addr], error) {
	a, err := c.zone.Load().LookupIP(ctx, name, f)
	a.TTL = c.addr
	return a, err
}

func (c *changing) LookupMX(ctx context.Context, name string) (spf.Answer[spf.MailExchange], error) {
	return c.zone.Load().LookupMX(ctx, name)
}

func (c *changing) LookupPTR(ctx context.Context, ip netip.Addr) (spf.Answer[string], error) {
	return c.zone.Load().LookupPTR(ctx, ip)
}

// An answer holds until its TTL is over, and not a moment longer, however often
// the domain was asked for.
func TestAnswersExpire(t *testing.T) {
	const minute = time.Minute
	pass, fail := spf.Pass, spf.Fail
	tests := []struct {
		name          string
		before, after [][3]string
		txt, addr     time.Duration
		at            time.Duration // when asked again
		want          [2]spf.Result
	}{
		{"record still holds", [][3]string{{"x.test", "TXT", "v=spf1 ip4:192.0.2.7 -all"}}, [][3]string{{"x.test", "TXT", "v=spf1 -all"}},
			minute, minute, minute - 1, [2]spf.Result{pass, pass}},
		{"record", [][3]string{{"x.test", "TXT", "v=spf1 ip4:192.0.2.7 -all"}}, [][3]string{{"x.test", "TXT", "v=spf1 -all"}},
			minute, minute, minute, [2]spf.Result{pass, fail}},
		{"included record",
			[][3]string{{"x.test", "TXT", "v=spf1 include:y.test -all"}, {"y.test", "TXT", "v=spf1 ip4:192.0.2.7 -all"}},
			[][3]string{{"x.test", "TXT", "v=spf1 include:y.test -all"}, {"y.test", "TXT", "v=spf1 -all"}},
			minute, minute, minute, [2]spf.Result{pass, fail}},
		{"address before the record",
			[][3]string{{"x.test", "TXT", "v=spf1 a -all"}, {"x.test", "A", "192.0.2.7"}},
			[][3]string{{"x.test", "TXT", "v=spf1 a -all"}, {"x.test", "A", "192.0.2.8"}},
			2 * minute, minute, minute, [2]spf.Result{pass, fail}},
		{"address of a conditional term",
			[][3]string{{"x.test", "TXT", "v=spf1 exists:%{i}.x.test -all"}, {"192.0.2.7.x.test", "A", "127.0.0.2"}},
			[][3]string{{"x.test", "TXT", "v=spf1 exists:%{i}.x.test -all"}},
			2 * minute, minute, minute, [2]spf.Result{pass, fail}},
		{"absence",
			[][3]string{{"x.test", "TXT", "v=spf1 exists:a.test -all"}},
			[][3]string{{"x.test", "TXT", "v=spf1 exists:a.test -all"}, {"a.test", "A", "127.0.0.2"}},
			2 * minute, minute, minute, [2]spf.Result{fail, pass}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dns := &changing{txt: tt.txt, addr: tt.addr}
			now := time.Unix(0, 0)
			c := &spf.Checker{Resolver: dns, Now: func() time.Time { return now }}
			var got [2]spf.Result
			for i, zone := range [...][][3]string{tt.before, tt.after} {
				dns.zone.Store(zoneOf(zone))
				for range 20 {
					got[i] = checkResult(t, c)
				}
				if r, static := policyResult(t, c); static && r != got[i] {
					t.Errorf("the policy gives %v, the check %v", r, got[i])
				}
				now = now.Add(tt.at)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func zoneOf(records [][3]string) *dnstest.Zonedata {
	z := dnstest.NewZone()
	for _, r := range records {
		z.Add(r[0], r[1], r[2])
	}
	return z
}

var sender = netip.MustParseAddr("192.0.2.7")

func checkResult(t *testing.T, c *spf.Checker) spf.Result {
	t.Helper()
	v, err := c.Check(t.Context(), sender, "bob@x.test", "mail.x.test")
	if err != nil {
		t.Fatal(err)
	}
	return v.Result
}

func policyResult(t *testing.T, c *spf.Checker) (r spf.Result, static bool) {
	t.Helper()
	p, err := c.Policy(t.Context(), "x.test")
	if err != nil {
		t.Fatal(err)
	}
	return p.Result(sender)
}
