package resolver

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/spf"
)

// sameAddr compares addresses, whose fields are not exported.
var sameAddr = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

func TestRecorder(t *testing.T) {
	z := dnstest.NewZone()
	z.Add("x.com", "TXT", "v=spf1 mx -all")
	z.Add("x.com", "MX", "mail.x.com")
	z.Add("mail.x.com", "A", "192.0.2.1")
	z.Add("mail.x.com", "AAAA", "2001:db8::1")
	z.Add("1.2.0.192.in-addr.arpa", "PTR", "mail.x.com")
	z.Add("slow.x.com", "TIMEOUT", "TXT")
	z.Add("alias.x.com", "CNAME", "mail.x.com")
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	r := &Recorder{Base: z, Now: func() time.Time { return now }}
	if got := r.Recordings(); len(got) != 0 {
		t.Errorf("recorded before any question: %v", got)
	}

	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			r.LookupTXT(t.Context(), "x.com.")
			r.LookupMX(t.Context(), "x.com.")
			r.LookupIP(t.Context(), "mail.x.com.", spf.V4)
			r.LookupIP(t.Context(), "mail.x.com.", spf.V6)
			r.LookupPTR(t.Context(), netip.MustParseAddr("::ffff:192.0.2.1"))
			r.LookupTXT(t.Context(), "none.x.com.")
			r.LookupTXT(t.Context(), "slow.x.com.")
			r.LookupMX(t.Context(), "alias.x.com.")
		})
	}
	wg.Wait()
	z.Add("x.com", "TXT", "second")
	answer, err := r.LookupTXT(t.Context(), "x.com.")
	if err != nil || len(answer.Records) != 2 {
		t.Errorf("the answer does not come through: %v, %v", answer, err)
	}

	common := Recording{TTL: spf.Forever, Source: "zonedata", At: now}
	with := func(name, typ string, set func(*Recording)) Recording {
		rec := common
		rec.Name, rec.Type = name, typ
		set(&rec)
		return rec
	}
	want := []Recording{
		with("1.2.0.192.in-addr.arpa.", "PTR", func(r *Recording) { r.PTR = []string{"mail.x.com."} }),
		with("alias.x.com.", "MX", func(r *Recording) { r.Alias = "mail.x.com." }),
		with("mail.x.com.", "A", func(r *Recording) { r.Addrs = []netip.Addr{netip.MustParseAddr("192.0.2.1")} }),
		with("mail.x.com.", "AAAA", func(r *Recording) { r.Addrs = []netip.Addr{netip.MustParseAddr("2001:db8::1")} }),
		with("none.x.com.", "TXT", func(r *Recording) { r.NXDomain = true }),
		{Name: "slow.x.com.", Type: "TXT", At: now, Err: dnstest.ErrTimeout},
		with("x.com.", "MX", func(r *Recording) { r.MX = []spf.MailExchange{{Preference: 10, Host: "mail.x.com."}} }),
		with("x.com.", "TXT", func(r *Recording) { r.TXT = []spf.TXT{{"v=spf1 mx -all"}, {"second"}} }),
	}
	if diff := cmp.Diff(want, r.Recordings(), sameAddr, cmpopts.EquateErrors()); diff != "" {
		t.Error(diff)
	}
}

// What ends because the caller gave up says nothing about the DNS.
func TestRecorderLeavesOutCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := &Recorder{Base: newClient(nil, Options{})}
	if _, err := r.LookupTXT(ctx, "x.com."); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
	if got := r.Recordings(); len(got) != 0 {
		t.Errorf("recorded: %v", got)
	}
}
