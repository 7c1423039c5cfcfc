package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/internal/nameserver"
)

// dependent is a configuration in which each domain's record leads to the next
// one's, down to the last: in an order in which none can be written as it is
// its turn.
func dependent(provider, last string) string {
	return fmt.Sprintf(`defaults: {all: fail, ttl: 1s, limits: {response: 1232}}
domains:
  x.test: {senders: [mx, 'include:b.x.test'], publish: {provider: p}}
  b.x.test: {zone: x.test, senders: ['include:c.x.test'], publish: {provider: p}}
  c.x.test: {zone: x.test, senders: ['include:d.x.test'], publish: {provider: p}}
  d.x.test: {zone: x.test, senders: [%s], publish: {provider: p}}
providers: {p: %s}
`, last, provider)
}

// written gives the names of the journal in the order of their writes, since a
// number of entries.
func written(t *testing.T, since int) (names []string) {
	t.Helper()
	files, err := filepath.Glob(".spfzone/journal/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files[min(since, len(files)):] {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var e struct{ Name string }
		if err := json.Unmarshal(text, &e); err != nil {
			t.Fatal(err)
		}
		names = append(names, strings.TrimSuffix(e.Name, "."))
	}
	return names
}

// Domains are written after those that their records lead to, whatever their
// order in the configuration.
func TestDependentDomains(t *testing.T) {
	inFolder(t, nil)
	ns := nameserver.BIND(t, serverZone, zoneOfServers())
	s := newServer(t, ns, updateProvider(ns))
	s.configure(dependent(s.provider, "10.1.0.0/16"))
	const push = "spfzone: %s: its record leads to records of other domains of the configuration that are not published as planned: push those first\n"

	// Alone, a domain whose record leads to others waits for them.
	a := s.run(t.Context(), exitFailure, "push", "--yes", "x.test")
	if diff := cmp.Diff(fmt.Sprintf(push, "x.test"), a.err.String()); diff != "" || s.spfOf(serverZone) != "" {
		t.Errorf("x.test alone: %s\n%q is published", diff, s.spfOf(serverZone))
	}
	// plan says so of all but the last.
	a = s.run(t.Context(), exitFailure, "plan")
	if diff := cmp.Diff(fmt.Sprintf(push+push+push, "x.test", "b.x.test", "c.x.test"), a.err.String()); diff != "" {
		t.Errorf("plan: %s", diff)
	}
	a = s.run(t.Context(), exitYes, "push", "--yes", "--wait")
	order := []string{"d.x.test", "c.x.test", "b.x.test", "x.test"}
	if diff := cmp.Diff(order, written(t, 0)); diff != "" {
		t.Errorf("the order of writes: %s", diff)
	}
	const want = `x.test: published as planned, 1 record written
b.x.test: published as planned, 1 record written
c.x.test: published as planned, 1 record written
d.x.test: published as planned, 1 record written
`
	if diff := cmp.Diff(want, a.out.String()); diff != "" {
		t.Errorf("push: %s", diff)
	}
	s.run(t.Context(), exitYes, "verify")

	// What the others lead to changes: their texts stay, and so do they.
	s.configure(dependent(s.provider, "10.1.0.0/16, 10.2.0.0/16"))
	s.run(t.Context(), exitYes, "push", "--yes", "--wait")
	if diff := cmp.Diff([]string{"d.x.test"}, written(t, len(order))); diff != "" {
		t.Errorf("the writes of a change below: %s", diff)
	}
}

// Where what a record leads to cannot be written, the record is not either.
func TestDependencyThatFails(t *testing.T) {
	inFolder(t, nil)
	ns := nameserver.BIND(t, serverZone, zoneOfServers())
	s := newServer(t, ns, updateProvider(ns))
	config := dependent(s.provider, "10.1.0.0/16")
	i := strings.LastIndex(config, "provider: p")
	config = strings.Replace(config[:i]+"provider: q"+config[i+len("provider: p"):], "providers: {", "providers: {q: "+strings.Replace(s.provider, nameserver.KeyName, nameserver.Other, 1)+", ", 1)
	s.configure(config)
	a := s.run(t.Context(), exitFailure, "push", "--yes", "--wait")
	var lines []string
	for line := range strings.Lines(a.err.String()) {
		if !strings.Contains(line, "create d.x.test") {
			lines = append(lines, line[:strings.Index(line[9:], ":")+9])
		}
	}
	if diff := cmp.Diff([]string{"spfzone: x.test", "spfzone: b.x.test", "spfzone: c.x.test", "spfzone: d.x.test"}, lines); diff != "" {
		t.Errorf("%s\n%s", diff, &a.err)
	}
	for _, name := range []string{"x.test.", "b.x.test.", "c.x.test.", "d.x.test."} {
		if got := s.spfOf(name); got != "" {
			t.Errorf("%q is published at %s", got, name)
		}
	}
	if !slices.Equal(written(t, 0), []string{"d.x.test"}) {
		t.Errorf("written: %v", written(t, 0))
	}
}
