//go:build unix

package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/internal/nameserver"
)

// wildcardSPF is what somebody has for all names that do not exist.
const wildcardSPF = "v=spf1 a:mail.x.test -all"

// A wildcard SPF record makes an answer of every name that is free. It is no
// record of those names: parts and regions' records are created in its place, and
// parts deleted, and it stays.
func TestPushBesideWildcard(t *testing.T) {
	for _, w := range writers() {
		t.Run(w.name, func(t *testing.T) {
			inFolder(t, nil)
			ns := w.start(t, serverZone, zoneOfServers()+"* IN TXT \""+wildcardSPF+"\"\n* IN TXT \"another\"\n")
			s := newServer(t, ns, w.provider(ns))
			s.hurried = true
			siblings := s.others(serverZone)
			const region = "    regions: {uk.x.test: [a, 198.51.100.0/24]}\n"
			few := strings.Replace(serverConfig(s.provider, "fail", "1s", "", 0, 2), region, "    regions: {fr.x.test: [198.51.100.0/24]}\n", 1)
			parts := func(n int) string {
				return strings.Replace(apart(serverConfig(s.provider, "fail", "1s", ", dc2", 0, 2), 40, 40+n), region, "", 1)
			}
			for _, step := range []struct {
				name, config string
				parts        int
				removed      int
			}{{"first", few, 0, 0}, {"parts", parts(2), 2, 0}, {"without parts", few, 0, 2}} {
				s.configure(step.config)
				a := s.run(t.Context(), exitYes, "push", "--yes", "--wait", "--propagation", "5s")
				s.planned(step.name)
				if got := s.spfOf("fr." + serverZone); got != "v=spf1 ip4:198.51.100.0/24 -all" {
					t.Errorf("%s: the region, at a name that did not exist, has %q", step.name, got)
				}
				const note = `spfzone: a wildcard has "v=spf1 a:mail.x.test -all" beside 1 other TXT records, TTL 1 for every name beside part1.x.test that does not exist: it is left as it is`
				if !strings.Contains(a.err.String(), note) {
					t.Errorf("%s: stderr lacks %s:\n%s", step.name, note, &a.err)
				}
				if diff := cmp.Diff(siblings, s.others(serverZone)); diff != "" {
					t.Fatalf("%s: the other TXT records: %s", step.name, diff)
				}
				if got := s.spfOf("none." + serverZone); got != wildcardSPF {
					t.Errorf("%s: the wildcard has %q", step.name, got)
				}
				if n := strings.Count(s.spfOf(serverZone), "include:part"); n != step.parts {
					t.Errorf("%s: %d parts", step.name, n)
				}
				if n := strings.Count(a.err.String(), "delete part"); n != step.removed {
					t.Errorf("%s: %d parts are removed\n%s", step.name, n, &a.err)
				}
				if v := s.run(t.Context(), exitYes, "verify"); v.out.String() != "1 domain: 1 identical to the plan\n" {
					t.Errorf("%s: verify: %s", step.name, &v.out)
				}
			}
		})
	}
}

// A wildcard that is a domain of the configuration itself is nothing to speak of,
// as long as no part is planned that would take its place.
func TestPushBesideOwnWildcard(t *testing.T) {
	inFolder(t, nil)
	ns := nameserver.BIND(t, serverZone, zoneOfServers())
	s := newServer(t, ns, updateProvider(ns))
	s.hurried = true
	const note = "a wildcard has \"v=spf1 -all\""
	for _, step := range []struct {
		name, senders string
		noted         bool
	}{
		{"none is there", "mx", false},
		{"without parts", "mx, 192.0.2.0/24", false},
		{"with parts", "mx, " + networks(0, 40), true},
		{"without parts again", "mx", false},
	} {
		s.configure(fmt.Sprintf(`defaults: {all: fail, ttl: 1s, limits: {response: 1200}}
domains:
  x.test: {senders: [%s], publish: {provider: p}}
  "*.x.test": {senders: [], publish: {provider: p}}
providers: {p: %s}
`, step.senders, s.provider))
		s.run(t.Context(), exitYes, "push", "--yes", "--wait")
		if got := s.spfOf("none." + serverZone); got != "v=spf1 -all" {
			t.Errorf("%s: the wildcard has %q", step.name, got)
		}
		a := s.run(t.Context(), exitYes, "plan")
		if got := strings.Contains(a.err.String(), note); got != step.noted {
			t.Errorf("%s: noted: %v, stderr:\n%s", step.name, got, &a.err)
		}
	}
}
