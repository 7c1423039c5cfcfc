package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/internal/nameserver"
	"github.com/spfzone/spfzone/resolver"
	"github.com/spfzone/spfzone/spf"
)

// The resolver that builds and pushes use is also that of receivers. It must not
// come to hold that the names of parts do not exist, which may be for hours.
func TestPushLeavesItsCacheAlone(t *testing.T) {
	inFolder(t, nil)
	hours := strings.Replace(zoneOfServers(), "@ IN SOA ns1 hostmaster 1 7200 3600 1209600 1\n", "@ 9000 IN SOA ns1 hostmaster 1 7200 3600 1209600 9000\n", 1)
	ns := nameserver.BIND(t, serverZone, hours)
	s := newServer(t, ns, updateProvider(ns))
	cache := nameserver.Unbound(t, serverZone, s.Address)
	text := strings.Replace(serverConfig(s.provider, "fail", "1s", "", 0, 90), "senders: [mx", "senders: [198.51.100.77", 1)
	s.configure(text)
	for _, command := range []string{"build", "update", "plan", "verify --also udp://" + cache, "push --yes --wait", "verify --also udp://" + cache} {
		a, want := s.app(), exitYes
		if strings.HasPrefix(command, "verify") && s.spfOf(serverZone) == "" {
			want = exitNo
		}
		args := append(strings.Fields(command), "--resolver", "udp://"+cache)
		if code := a.run(t.Context(), args); code != want {
			t.Fatalf("spfzone %s: exit code %d, want %d\n%s%s", command, code, want, &a.out, &a.err)
		}
	}
	behind := newServer(t, &nameserver.Server{Address: cache}, "")
	want, got := s.policyOf(serverZone), behind.policyOf(serverZone)
	if changes := want.Diff(got); len(changes) > 0 {
		t.Errorf("behind the cache: %v", changes)
	}
	if !strings.Contains(s.spfOf(serverZone), "include:part1.") {
		t.Errorf("the record is %s", s.spfOf(serverZone))
	}
}

// Counting the lookups of watch does not hide the servers that answer them.
func TestCountingResolverLeadsToServers(t *testing.T) {
	dns := dnstest.ServeZone(t, "x.test. SOA ns hostmaster 1 7200 3600 1209600 60\n")
	r, err := resolver.Open([]string{dns.URL("udp")}, resolver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const want = "the zone x.test. has no server that can be asked"
	if _, err := resolver.FindZone(t.Context(), &countingResolver{Resolver: r}, "x.test."); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// The resolver may hold the record that stood there before a push. What is
// published is what the servers have, so that the choice of includes that was
// pushed is known again.
func TestPublishedIsNotWhatTheCacheHolds(t *testing.T) {
	inFolder(t, nil)
	ns := nameserver.BIND(t, serverZone, strings.Replace(zoneOfServers(), "$TTL 1\n", "$TTL 3600\n", 1)+`@ IN TXT "v=spf1 mx include:v.x.test -all"
v IN TXT "v=spf1 a:h1.x.test include:c.x.test -all"
c IN TXT "v=spf1 ip4:198.51.100.0/28 ip4:198.51.100.32/28 -all"
h1 IN A 192.0.2.30
`)
	s := newServer(t, ns, updateProvider(ns))
	s.hurried = true
	cache := nameserver.Unbound(t, serverZone, s.Address)
	s.configure(fmt.Sprintf(`defaults: {all: fail, ttl: 1h, limits: {lookups: 3, response: 1200}}
services: {v: v.x.test}
domains: {x.test: {senders: [mx, "a:mail", v], publish: {provider: p}}}
providers: {p: %s}
`, s.provider))
	held := func(when string) {
		r, err := resolver.Open([]string{"udp://" + cache}, resolver.Options{})
		if err != nil {
			t.Fatal(err)
		}
		a, err := r.LookupTXT(t.Context(), serverZone)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(a.Records, func(r spf.TXT) bool { return r.Join() == "v=spf1 mx include:v.x.test -all" }) {
			t.Fatalf("%s, the cache does not hold the former record: %q", when, a.Records)
		}
	}
	held("before")
	const note = "x.test: the choice of includes is not the published one"
	for _, step := range []struct {
		command string
		noted   bool
	}{{"push --yes --wait", true}, {"verify", false}, {"plan", false}, {"build", false}, {"update", false}, {"verify --locked", false}} {
		a := s.app()
		if code := a.run(t.Context(), append(strings.Fields(step.command), "--resolver", "udp://"+cache)); code != exitYes {
			t.Fatalf("spfzone %s: exit code %d\n%s%s", step.command, code, &a.out, &a.err)
		}
		if got := strings.Contains(a.err.String(), note); got != step.noted {
			t.Errorf("spfzone %s: the choice is noted: %v\n%s", step.command, got, &a.err)
		}
	}
	if got, want := s.spfOf(serverZone), "v=spf1 mx a:mail.x.test ip4:192.0.2.30 include:c.x.test -all"; got != want {
		t.Errorf("published is %q, want %q", got, want)
	}
	held("after")
}
