package main

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/internal/nameserver"
	"github.com/spfzone/spfzone/spf"
)

// policyFor gives the policy of a record.
func policyFor(t *testing.T, text string) *spf.Policy {
	t.Helper()
	r := &spf.Overlay{TXT: map[string][]spf.TXT{"x.test.": {{text}}}}
	p, err := (&spf.Checker{Resolver: r}).Policy(t.Context(), "x.test.")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPlanShowsWhatIsLostFirst has addresses lose pass beside others that change
// too, and a host cut out of a network.
func TestPlanShowsWhatIsLostFirst(t *testing.T) {
	now := policyFor(t, "v=spf1 ip4:192.0.2.0/24 ip4:203.0.113.7 ip6:2001:db8:1::/48 -all")
	then := policyFor(t, "v=spf1 ip4:192.0.2.0/25 ip6:2001:db8:1::30 exists:%{i}._spf.crm.test ~all")
	d := plannedDocument{Domain: "x.test", Provider: "p", Stages: []stageDocument{{}}}
	d.setChanges(now, then)
	p := (&newTestApp(t, "").app).printer()
	p.plan(planDocument{Domains: []plannedDocument{d}}, time.Time{}, statePublished)
	want := `x.test through p: 1 stage
  now
  lost: pass, now if exists:%{i}._spf.crm.test: pass, else softfail: 129 IPv4 addresses and about 1.20e24 IPv6 addresses in 82 prefixes
    192.0.2.128/25
    203.0.113.7/32
    2001:db8:1::/48, all but
      2001:db8:1::30/128
  fail, now if exists:%{i}._spf.crm.test: pass, else softfail: 4,294,967,039 IPv4 addresses and about 3.40e38 IPv6 addresses in 98 prefixes
    these are most addresses: --output json lists them

`
	if diff := cmp.Diff(want, p.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestInterruptedWait ends a push that waits for its next stage: what is written is
// said, and from when on to go on.
func TestInterruptedWait(t *testing.T) {
	ns := nameserver.Knot(t, serverZone, zoneOfServers())
	s := newServer(t, ns, updateProvider(ns))
	inFolder(t, nil)
	s.configure(serverConfig(s.provider, "fail", "1h", "", 0, 90))
	s.run(t.Context(), exitYes, "push", "--yes", "--wait")
	s.configure(serverConfig(s.provider, "fail", "1h", "", 0, 2))
	ctx, cancel := context.WithCancelCause(t.Context())
	a := s.app()
	a.sleep = func(ctx context.Context, d time.Duration) error {
		if d > time.Minute {
			cancel(interrupted{os.Interrupt})
		}
		return sleep(ctx, d)
	}
	if code := a.run(ctx, []string{"push", "--yes", "--wait", "--resolver", "udp://" + ns.Address}); code != 130 {
		t.Errorf("exit code %d\n%s", code, &a.err)
	}
	if got := a.out.String(); !strings.HasPrefix(got, "x.test: not done yet, ") || !strings.Contains(got, " written; run it again from ") {
		t.Errorf("answer: %s", got)
	}
	if got := a.err.String(); !strings.HasSuffix(got, "spfzone: stopped by a signal: interrupt\n") {
		t.Errorf("stderr: %s", got)
	}
}

// TestWrongKeyWhileAPushWaits has the provider refuse the key while nothing is to be
// written yet.
func TestWrongKeyWhileAPushWaits(t *testing.T) {
	ns := nameserver.BIND(t, serverZone, zoneOfServers())
	s := newServer(t, ns, updateProvider(ns))
	inFolder(t, nil)
	s.configure(serverConfig(s.provider, "fail", "1h", "", 0, 90))
	s.run(t.Context(), exitYes, "push", "--yes")
	config := serverConfig(s.provider, "fail", "1h", "", 0, 2)
	s.configure(config)
	s.run(t.Context(), exitYes, "push", "--yes")
	a := s.run(t.Context(), exitYes, "push", "--yes")
	if got := a.out.String(); !strings.HasPrefix(got, "x.test: not done yet, 0 records written; ") {
		t.Fatalf("answer: %s", got)
	}
	s.configure(strings.Replace(config, "key_name: "+nameserver.KeyName, "key_name: another", 1))
	a = s.run(t.Context(), exitFailure, "push", "--yes")
	if got := a.err.String(); !strings.Contains(got, "the server does not accept the TSIG key (BADKEY)") {
		t.Errorf("stderr: %s", got)
	}
}

// TestWrongKeyInPlan has the provider refuse a key with which something is to be
// written: plan says so, and where nothing is to be written the key is not tried.
func TestWrongKeyInPlan(t *testing.T) {
	ns := nameserver.BIND(t, serverZone, zoneOfServers())
	s := newServer(t, ns, updateProvider(ns))
	inFolder(t, nil)
	config := serverConfig(s.provider, "fail", "1s", "", 0, 2)
	wrong := strings.Replace(config, "${KEY}", "d3Jvbmcga2V5IHRoYXQgbm9ib2R5IGhhcw==", 1)
	s.configure(wrong)
	for _, command := range [][]string{{"plan"}, {"push", "--dry-run"}} {
		a := s.run(t.Context(), exitFailure, command...)
		if got := a.err.String(); !strings.Contains(got, "the server does not accept the TSIG key (BADSIG)") {
			t.Errorf("%s: stderr: %s", command, got)
		}
	}
	s.configure(config)
	s.run(t.Context(), exitYes, "push", "--yes", "--wait")
	s.configure(wrong)
	s.run(t.Context(), exitYes, "plan")
}

// Domains that are refused, and those that failed, are counted beside those that
// are published as planned.
func TestPlanCountsWhatIsRefused(t *testing.T) {
	published, refused, failed := plannedDocument{}, plannedDocument{Error: "no", code: exitRefused}, plannedDocument{Error: "no", code: exitFailure}
	for _, tt := range []struct {
		domains []plannedDocument
		want    string
	}{
		{[]plannedDocument{published, published}, "2 domains are published as planned\n"},
		{[]plannedDocument{published, refused, published}, "2 of 3 domains are published as planned, 1 refused\n"},
		{[]plannedDocument{published, failed, refused, failed}, "1 of 4 domains is published as planned, 1 refused, 2 failed\n"},
		{[]plannedDocument{refused}, ""},
	} {
		p := (&newTestApp(t, "").app).printer()
		p.plan(planDocument{Domains: tt.domains}, time.Time{}, statePublished)
		if diff := cmp.Diff(tt.want, p.String()); diff != "" {
			t.Error(diff)
		}
	}
}

// A write that failed has replaced nothing, and shows no change in the list.
func TestJournalMarksFailedWrites(t *testing.T) {
	at := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	write := entryOfWrite{ID: "1-a", Time: at, Name: "x.test", Stage: "switch", Outcome: "published", Before: []string{"v=spf1 -all"}, After: []string{"v=spf1 mx -all"}}
	failed := write
	failed.ID, failed.Outcome = "2-b", "unchanged"
	p := (&newTestApp(t, "").app).printer()
	p.journal(journalDocument{Entries: []entryOfWrite{write, failed}})
	const want = `1-a  2026-11-25 10:00:00 UTC  switch of x.test: published
  - v=spf1 -all
  + v=spf1 mx -all
2-b  2026-11-25 10:00:00 UTC  switch of x.test: failed, and nothing was changed
`
	if diff := cmp.Diff(want, p.String()); diff != "" {
		t.Error(diff)
	}
}

// TestInterruptedWrite ends a push as its first write is made.
func TestInterruptedWrite(t *testing.T) {
	ns := nameserver.Knot(t, serverZone, zoneOfServers())
	s := newServer(t, ns, updateProvider(ns))
	inFolder(t, nil)
	s.configure(serverConfig(s.provider, "fail", "1s", "", 0, 90))
	ctx, cancel := context.WithCancelCause(t.Context())
	a := s.app()
	a.stderr = writerFunc(func(text []byte) (int, error) {
		if strings.Contains(string(text), "create part1.x.test") {
			cancel(interrupted{os.Interrupt})
		}
		return a.err.Write(text)
	})
	if code := a.run(ctx, []string{"push", "--yes", "--wait", "--resolver", "udp://" + ns.Address}); code != 130 {
		t.Errorf("exit code %d\n%s", code, &a.err)
	}
	if got := a.out.String(); !strings.HasPrefix(got, "x.test: stopped, ") || !strings.HasSuffix(got, " written; run it again to go on\n") {
		t.Errorf("answer: %s", got)
	}
	s.run(t.Context(), exitYes, "push", "--yes", "--wait")
	s.planned("after the interruption")
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(text []byte) (int, error) { return f(text) }
