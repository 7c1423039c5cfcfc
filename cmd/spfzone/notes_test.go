//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/internal/nameserver"
)

// TestNotes has what is worth saying of a plan said by each command that makes
// one, once, and in its document.
func TestNotes(t *testing.T) {
	ns := nameserver.Knot(t, serverZone, zoneOfServers())
	s := newServer(t, ns, updateProvider(ns))
	inFolder(t, nil)
	s.configure(fmt.Sprintf(`defaults: {all: fail, ttl: 1s, limits: {response: 1200}}
gateways: {typo: ironprot}
domains:
  x.test: {senders: [mx, typo], publish: {provider: p}}
  sub.x.test: {zone: test, senders: [192.0.2.1], publish: {provider: p}}
providers: {p: %s}
`, s.provider))
	nobody := "spfzone.yaml:4:26: a:ironprot.x.test matches nobody: the DNS has no address for it"
	elsewhere := "it is in the zone x.test, and spfzone.yaml:5:3 has zone: test, by which its names of one label are made whole: write zone: x.test"
	said := []string{"spfzone: x.test: " + nobody, "spfzone: sub.x.test: " + elsewhere}
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"plan"}, said},
		{[]string{"push", "--dry-run"}, said},
		{[]string{"push", "--yes", "--wait"}, said},
		{[]string{"verify"}, said},
		{[]string{"update"}, said[:1]},
	} {
		name := strings.Join(c.args, " ")
		a := s.run(t.Context(), exitYes, c.args...)
		if diff := cmp.Diff(c.want, saidBy(a)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		a = s.run(t.Context(), exitYes, append(c.args, "--output", "json")...)
		if diff := cmp.Diff(c.want, saidBy(a)); diff != "" {
			t.Errorf("%s --output json: %s", name, diff)
		}
		if c.args[0] == "update" {
			compare(t, []string{"x.test: " + nobody}, decode[updateDocument](t, a.out.Bytes()).Notes)
			continue
		}
		var document struct {
			Domains []struct {
				Domain string
				Notes  []string
			}
		}
		if err := json.Unmarshal(a.out.Bytes(), &document); err != nil {
			t.Fatal(err)
		}
		got := map[string][]string{}
		for _, d := range document.Domains {
			got[d.Domain] = d.Notes
		}
		compare(t, map[string][]string{"x.test": {nobody}, "sub.x.test": {elsewhere}}, got)
	}
}

// saidBy gives the lines on stderr, save those that name what is written.
func saidBy(a *testApp) (lines []string) {
	for line := range strings.Lines(a.err.String()) {
		if !strings.HasPrefix(line, "spfzone: create ") {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return lines
}

// TestVerifyBeforeRemoval names the parts that are still to be removed.
func TestVerifyBeforeRemoval(t *testing.T) {
	zone := zoneOfServers() + `@ 3600 IN TXT "v=spf1 mx include:q1.x.test include:q2.x.test include:q3.x.test -all"
q1 3600 IN TXT "v=spf1 ip4:192.0.2.0/26 -all"
q2 3600 IN TXT "v=spf1 ip4:198.51.100.0/26 -all"
q3 3600 IN TXT "v=spf1 ip4:203.0.113.0/26 -all"
`
	ns := nameserver.Knot(t, serverZone, zone)
	s := newServer(t, ns, updateProvider(ns))
	inFolder(t, nil)
	s.configure(fmt.Sprintf(`defaults: {all: fail, ttl: 1h, limits: {response: 1200}}
networks: {n1: [192.0.2.0/26], n2: [198.51.100.0/26]}
domains:
  x.test: {senders: [mx, n1, n2], split: {by: network, names: q%%d}, publish: {provider: p}}
providers: {p: %s}
`, s.provider))
	s.run(t.Context(), exitYes, "push", "--yes")
	v := s.run(t.Context(), exitYes, "verify")
	want := "x.test: note (stale): no record includes q3.x.test any more: a push removes it when no receiver can hold one that did\n1 domain: 1 identical to the plan\n"
	if diff := cmp.Diff(want, v.out.String()); diff != "" {
		t.Error(diff)
	}
}

// TestWatchLogsNotes wants each note in the log of a round once: that of the
// plan, or those of what was verified by it.
func TestWatchLogsNotes(t *testing.T) {
	plan := &builder.Plan{Domains: []*builder.DomainPlan{{Domain: &builder.Domain{Name: "x.test."}, Notes: []string{"of the plan"}}}}
	for _, c := range []struct {
		name  string
		found []*verification
		want  string
	}{
		{"verified", []*verification{{domain: plan.Domains[0].Domain, notes: []string{"of the plan", "of the zone"}}},
			"level=INFO msg=note domain=x.test note=\"of the plan\"\nlevel=INFO msg=note domain=x.test note=\"of the zone\"\n"},
		{"no time for it", nil, "level=INFO msg=note domain=x.test note=\"of the plan\"\n"},
	} {
		var log bytes.Buffer
		(&round{plan: plan, found: c.found}).report(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, at slog.Attr) slog.Attr {
			if at.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return at
		}})), 0)
		got, _, _ := strings.Cut(log.String(), "level=INFO msg=\"round ended\"")
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}
