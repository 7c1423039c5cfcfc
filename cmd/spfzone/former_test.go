package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/internal/nameserver"
)

// TestOtherNamesOfParts changes split.names, for a domain and a region with parts of
// its own: the former parts are stale, and go.
func TestOtherNamesOfParts(t *testing.T) {
	ns := nameserver.Knot(t, serverZone, zoneOfServers())
	s := newServer(t, ns, updateProvider(ns))
	s.hurried = true
	inFolder(t, nil)
	config := func(names string) string {
		text := strings.Replace(serverConfig(s.provider, "fail", "1s", "", 0, 90), "regions: {uk.x.test: [a, 198.51.100.0/24]}", "split: {names: '"+names+"'}\n    regions: {uk.x.test: [a, dc]}", 1)
		return strings.Replace(text, "limits: {response: 1200}", "limits: {response: 1000}", 1)
	}
	published := func(pattern string) (names []string) {
		for _, of := range []string{"", "uk."} {
			for _, number := range []string{"1", "2", "3"} {
				if name := strings.Replace(pattern, "%d", number, 1) + "." + of + serverZone; s.spfOf(name) != "" {
					names = append(names, strings.TrimSuffix(name, "."))
				}
			}
		}
		return names
	}
	s.configure(config("part%d"))
	s.run(t.Context(), exitYes, "push", "--yes", "--wait")
	s.planned("first")
	was := published("part%d")
	if len(was) < 3 || !strings.Contains(strings.Join(was, " "), "uk.x.test") {
		t.Fatalf("the parts are %v", was)
	}
	s.configure(config("p%d"))
	s.run(t.Context(), exitYes, "push", "--yes", "--wait")
	s.planned("renamed")
	if left := published("part%d"); len(left) > 0 {
		t.Errorf("%v are left", left)
	}
	if diff := cmp.Diff(len(was), len(published("p%d"))); diff != "" {
		t.Errorf("the number of parts: %s", diff)
	}
	if a := s.run(t.Context(), exitYes, "verify"); !strings.HasSuffix(a.out.String(), "1 domain: 1 identical to the plan\n") {
		t.Errorf("verify says:\n%s", &a.out)
	}
}
