package main

import (
	"strings"
	"testing"

	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/internal/nameserver"
	"github.com/spfzone/spfzone/resolver"
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
