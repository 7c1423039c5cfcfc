package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/internal/nameserver"
	"github.com/spfzone/spfzone/resolver"
	"github.com/spfzone/spfzone/spf"
)

// brokenVendor is a DNS in which the vendor's name server fails.
type brokenVendor struct{ spf.Resolver }

func (b brokenVendor) LookupTXT(ctx context.Context, name string) (spf.Answer[spf.TXT], error) {
	if name == "vendor.test." {
		return spf.Answer[spf.TXT]{}, errors.New("SERVFAIL")
	}
	return b.Resolver.LookupTXT(ctx, name)
}

// guarded is a server, and a vendor that may lose what it has.
type guarded struct {
	*server
	vendor vendorDNS
	broken bool
}

func (g *guarded) open(specs []string, o resolver.Options) (spf.Resolver, error) {
	r, err := resolver.Open(specs, o)
	if g.broken {
		return brokenVendor{r}, err
	}
	return g.vendor.over(r), err
}

func (g *guarded) command(t *testing.T, want exitCode, args ...string) *testApp {
	t.Helper()
	a := g.app()
	a.openResolver = g.open
	if code := a.run(t.Context(), append(args, "--resolver", "udp://"+g.Address)); code != want {
		t.Fatalf("spfzone %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), code, want, &a.out, &a.err)
	}
	return a
}

// guardedConfig has a domain that lists a vendor, and its region, which is a domain
// of its own, that does not.
func guardedConfig(provider, flatten, more string) string {
	return fmt.Sprintf(`defaults: {all: fail, ttl: 1s, limits: {response: 1200}}
services: {v: {include: vendor.test, flatten: %s}}
domains:
  x.test: {senders: [mx, v%s], publish: {provider: p}}
  uk.x.test: {zone: x.test, senders: [a%[2]s], publish: {provider: p}}
providers: {p: %[3]s}
`, flatten, more, provider)
}

// TestPushIsGuarded has push, plan and verify refuse what update refuses, for the
// domains that it concerns, and take what the lock has with --locked.
func TestPushIsGuarded(t *testing.T) {
	const grown, shrunk = "v=spf1 ip4:10.0.0.0/24 ip4:10.1.0.0/24 ip4:10.2.0.0/24 -all", "v=spf1 ip4:10.0.0.0/24 -all"
	const more = ", 'ip4:203.0.113.1'"
	ns := nameserver.Knot(t, serverZone, zoneOfServers())
	g := &guarded{server: newServer(t, ns, updateProvider(ns))}
	g.hurried = true
	inFolder(t, map[string]string{"spfzone.yaml": guardedConfig(g.provider, "always", "")})
	g.vendor.publish(grown)

	// Without a lock file what the vendor says now is published.
	g.command(t, exitYes, "push", "--yes", "--wait")
	g.vendor.publish(shrunk)
	g.command(t, exitYes, "push", "--yes", "--wait")
	if got, want := g.spfOf(serverZone), "v=spf1 mx ip4:10.0.0.0/24 -all"; got != want {
		t.Fatalf("%q is published, want %q", got, want)
	}
	g.command(t, exitUsage, "push", "--yes", "--locked")
	g.command(t, exitUsage, "push", "--yes", "--lock", "other.lock")
	g.vendor.publish(grown)
	g.command(t, exitYes, "push", "--yes", "--wait")
	g.command(t, exitYes, "update")

	refusal := func(what string) string {
		return "spfzone: x.test: v (spfzone.yaml:2:12) is not as spfzone.lock has it: " + what + "\n" +
			"spfzone:   if that is right so, let it through with 'spfzone update --accept v'; --locked takes what spfzone.lock has\n"
	}
	for i, c := range []struct {
		name   string
		vendor []string
		broken bool
		why    string
		verify exitCode
	}{
		{"shrunk", []string{shrunk}, false, "include:vendor.test: 66 % of its IPv4 addresses are lost, more than 50 %", exitNo},
		{"vanished", nil, false, "include:vendor.test: the target has no SPF record (RFC 7208, Section 5.2): vendor.test: no SPF record (RFC 7208, Section 4.5)", exitNo},
		{"failed", nil, true, "the lookup of vendor.test. TXT failed: SERVFAIL", exitFailure},
	} {
		t.Run(c.name, func(t *testing.T) {
			g.vendor.publish(c.vendor...)
			g.broken = c.broken
			defer func() { g.broken = false }()
			was := g.spfOf(serverZone)
			change := fmt.Sprintf("%s, 'ip4:203.0.113.2', 'ip4:192.0.2.%d'", more, i)
			g.configure(guardedConfig(g.provider, "always", change))
			for _, command := range [][]string{{"plan"}, {"push", "--yes", "--wait"}} {
				a := g.command(t, exitRefused, command...)
				if said := a.err.String(); !strings.HasSuffix(said, refusal(c.why)) {
					t.Errorf("%s says:\n%s", command[0], said)
				}
			}
			if got := g.spfOf(serverZone); got != was {
				t.Errorf("%q was published", got)
			}
			if got := g.spfOf("uk." + serverZone); !strings.Contains(got, "203.0.113.2") {
				t.Errorf("%q is published of the domain that does not list the vendor", got)
			}
			a := g.command(t, c.verify, "verify", "--output", "json")
			if got := a.out.String(); !strings.Contains(got, "v (spfzone.yaml:2:12) is not as spfzone.lock has it: "+c.why) {
				t.Errorf("verify says:\n%s", got)
			}

			// The lock has what is to be published all the same.
			g.command(t, exitYes, "push", "--yes", "--wait", "--locked")
			if got, want := g.spfOf(serverZone), fmt.Sprintf("v=spf1 mx ip4:10.0.0.0/24 ip4:10.1.0.0/24 ip4:10.2.0.0/24 ip4:192.0.2.%d ip4:203.0.113.1 ip4:203.0.113.2 -all", i); got != want {
				t.Errorf("%q is published of the lock, want %q", got, want)
			}
			for _, command := range []string{"plan", "verify"} {
				g.command(t, exitYes, command, "--locked")
			}
		})
	}
}

// TestPushGoesOnWithoutTheVendor accepts that a vendor cannot be asked: its former
// answers count from then on, whether they are published or stay an include.
func TestPushGoesOnWithoutTheVendor(t *testing.T) {
	ns := nameserver.Knot(t, serverZone, zoneOfServers())
	g := &guarded{server: newServer(t, ns, updateProvider(ns))}
	inFolder(t, map[string]string{"spfzone.yaml": guardedConfig(g.provider, "always", "")})
	g.vendor.publish("v=spf1 ip4:10.0.0.0/24 -all")
	g.command(t, exitYes, "update")
	g.command(t, exitYes, "push", "--yes", "--wait")
	g.broken = true
	g.command(t, exitRefused, "push", "--yes", "--wait")
	g.command(t, exitYes, "update", "--accept", "v")
	g.configure(guardedConfig(g.provider, "always", ", 'ip4:203.0.113.1'"))
	a := g.command(t, exitYes, "push", "--yes", "--wait")
	if got, want := g.spfOf(serverZone), "v=spf1 mx ip4:10.0.0.0/24 ip4:203.0.113.1 -all"; got != want {
		t.Errorf("%q is published, want %q", got, want)
	}
	const kept = "spfzone: v (spfzone.yaml:2:12, in x.test): the former answers are kept: the lookup of vendor.test. TXT failed: SERVFAIL\n"
	if said := a.err.String(); !strings.HasPrefix(said, kept) {
		t.Errorf("stderr:\n%s", said)
	}
	g.configure(guardedConfig(g.provider, "never", ", 'ip4:203.0.113.1'"))
	g.command(t, exitYes, "push", "--yes", "--wait")
	if got, want := g.spfOf(serverZone), "v=spf1 mx include:vendor.test ip4:203.0.113.1 -all"; got != want {
		t.Errorf("%q is published, want %q", got, want)
	}

	// The daemon goes on too.
	g.configure(guardedConfig(g.provider, "always", ", 'ip4:203.0.113.2'"))
	d := newDaemon(t)
	d.now, d.env, d.openResolver = g.app().now, g.app().env, g.open
	d.sleep = shortSleeps(d.sleep)
	d.start("--push", "--resolver", "udp://"+ns.Address)
	d.over()
	log := d.logged()
	if got, want := g.spfOf(serverZone), "v=spf1 mx ip4:10.0.0.0/24 ip4:203.0.113.2 -all"; got != want {
		t.Errorf("%q is published by the daemon, want %q\n%s", got, want, log)
	}
	const said = `level=WARN msg="source kept" source=v term=include:vendor.test domains=x.test error="the lookup of vendor.test. TXT failed: SERVFAIL"`
	if !strings.Contains(log, said) {
		t.Errorf("log:\n%s", log)
	}
	d.end(exitYes)

	// When the vendor answers again, all is as ever.
	g.broken = false
	g.command(t, exitYes, "update")
	text, err := os.ReadFile("spfzone.lock")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(false, strings.Contains(string(text), `"kept"`)); diff != "" {
		t.Errorf("the lock still keeps answers:\n%s", text)
	}
}
