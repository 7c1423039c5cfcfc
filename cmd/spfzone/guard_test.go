package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
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

// wayOut is what is said of a source that is broken.
const wayOut = "give it 'flatten: always', if it has not, and publish with --locked: its addresses stand there then as spfzone.lock has them, where a record that includes it is permerror; or take it out of the configuration"

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

	const accept = "if that is right so, let it through with 'spfzone update --accept v'; --locked takes what spfzone.lock has, where its addresses stand in the record (flatten: always)"
	refusal := func(what, do string) string {
		return "spfzone: x.test: v (spfzone.yaml:2:12) is not as spfzone.lock has it: " + what + "\n" +
			"spfzone:   " + do + "\n"
	}
	for i, c := range []struct {
		name   string
		vendor []string
		broken bool
		why    string
		do     string
		verify exitCode
	}{
		{"shrunk", []string{shrunk}, false, "include:vendor.test: 66 % of its IPv4 addresses are lost, more than 50 %", accept, exitNo},
		{"vanished", nil, false, "include:vendor.test: the target has no SPF record (RFC 7208, Section 5.2): vendor.test: no SPF record (RFC 7208, Section 4.5)", wayOut, exitNo},
		{"failed", nil, true, "the lookup of vendor.test. TXT failed: SERVFAIL", accept, exitFailure},
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
				if said := a.err.String(); !strings.HasSuffix(said, refusal(c.why, c.do)) {
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

// TestIncludeOfBrokenVendor has a vendor's record vanish that is published as an
// include: what is published is permerror then, and no lock mends that but by the
// addresses that it has.
func TestIncludeOfBrokenVendor(t *testing.T) {
	ns := nameserver.Knot(t, serverZone, zoneOfServers())
	g := &guarded{server: newServer(t, ns, updateProvider(ns))}
	inFolder(t, map[string]string{"spfzone.yaml": guardedConfig(g.provider, "never", "")})
	g.vendor.publish("v=spf1 ip4:10.0.0.0/24 -all")
	g.command(t, exitYes, "update")
	g.command(t, exitYes, "push", "--yes", "--wait")
	g.command(t, exitYes, "verify", "--locked")
	g.vendor.publish()

	const (
		why    = "x.test: include:vendor.test: the target has no SPF record (RFC 7208, Section 5.2): vendor.test: no SPF record (RFC 7208, Section 4.5)"
		broken = "permerror for 4,294,967,295 IPv4 addresses and 2^128 IPv6 addresses: " + why
		locked = "spfzone: x.test: built as spfzone.lock has it, and as the DNS is now " + broken + "\nspfzone:   " + wayOut + "\n"
	)
	// publishing says that what is published, and what the lock would publish, is broken.
	publishing := func(t *testing.T, flags ...string) {
		t.Helper()
		for _, command := range [][]string{{"plan"}, {"push", "--yes", "--wait"}} {
			if a := g.command(t, exitRefused, append(command, flags...)...); !strings.HasSuffix(a.err.String(), locked) {
				t.Errorf("%s %s says:\n%s", command[0], flags, &a.err)
			}
		}
		found := decode[verifyDocument](t, g.command(t, exitNo, append([]string{"verify", "--output", "json"}, flags...)...).out.Bytes()).Domains[0]
		if f := found.Findings; found.State != stateDifferent || len(f) != 2 || f[1].Rule != "permerror" || f[1].Message != "what x.test publishes is "+broken {
			t.Errorf("verify %s finds %+v", flags, found)
		}
	}
	publishing(t, "--locked")

	// The daemon counts that as drift, which it pages for.
	d := newDaemon(t)
	d.now, d.env, d.openResolver = g.app().now, g.app().env, g.open
	d.sleep = shortSleeps(d.sleep)
	d.start("--push", "--resolver", "udp://"+ns.Address)
	d.over()
	if lines, log := d.metrics(), d.logged(); !slices.Contains(lines, "spfzone_domain_drift{domain=\"x.test\"} 1\n") || !strings.Contains(log, "what x.test publishes is "+broken) {
		t.Errorf("the daemon has no drift:\n%s%s", strings.Join(lines, ""), log)
	}
	d.end(exitYes)

	// What is let through keeps its former answers, and so the way out.
	g.command(t, exitYes, "update", "--accept", "v")
	publishing(t)
	publishing(t, "--locked")
	g.configure(guardedConfig(g.provider, "always", ""))
	g.command(t, exitYes, "push", "--yes", "--wait")
	if got, want := g.spfOf(serverZone), "v=spf1 mx ip4:10.0.0.0/24 -all"; got != want {
		t.Errorf("%q is published, want %q", got, want)
	}
	g.command(t, exitYes, "verify")
	g.command(t, exitYes, "verify", "--locked")
	g.command(t, exitYes, "update")

	// A daemon that has the include still does not put it there again.
	g.configure(guardedConfig(g.provider, "never", ""))
	d = newDaemon(t)
	d.now, d.env, d.openResolver = g.app().now, g.app().env, g.open
	d.sleep = shortSleeps(d.sleep)
	d.start("--push", "--resolver", "udp://"+ns.Address)
	d.over()
	lines, log := d.metrics(), d.logged()
	if got, want := g.spfOf(serverZone), "v=spf1 mx ip4:10.0.0.0/24 -all"; got != want {
		t.Errorf("%q is published by the daemon, want %q", got, want)
	}
	if slices.Contains(lines, "spfzone_domain_drift{domain=\"x.test\"} 1\n") || !strings.Contains(log, `msg="domain refused" domain=x.test`) {
		t.Errorf("the daemon does not refuse it:\n%s%s", strings.Join(lines, ""), log)
	}
	d.end(exitYes)
	g.configure(guardedConfig(g.provider, "always", ""))

	// When it is there again, with other addresses, they count.
	g.vendor.publish("v=spf1 ip4:10.0.0.0/24 ip4:10.1.0.0/24 -all")
	g.command(t, exitYes, "update")
	g.command(t, exitYes, "push", "--yes", "--wait")
	if got, want := g.spfOf(serverZone), "v=spf1 mx ip4:10.0.0.0/24 ip4:10.1.0.0/24 -all"; got != want {
		t.Errorf("%q is published, want %q", got, want)
	}
}

// TestLockedNamesOfParts gives parts other names than the lock file knows of.
func TestLockedNamesOfParts(t *testing.T) {
	ns := nameserver.Knot(t, serverZone, zoneOfServers())
	g := &guarded{server: newServer(t, ns, updateProvider(ns))}
	config := "networks: {dc: [192.0.2.0/24], old: [198.51.100.0/24]}\n" + guardedConfig(g.provider, "always", ", dc, old")
	inFolder(t, map[string]string{"spfzone.yaml": config})
	g.vendor.publish("v=spf1 ip4:10.0.0.0/24 -all")
	g.command(t, exitYes, "update")
	g.configure(strings.Replace(config, "ttl: 1s,", `ttl: 1s, split: {by: network, names: "k%d"},`, 1))
	for _, command := range [][]string{{"plan", "--locked"}, {"push", "--yes", "--wait", "--locked"}, {"verify", "--locked"}} {
		g.command(t, exitYes, command...)
	}
	if got := g.spfOf(serverZone); !strings.Contains(got, "include:k1.x.test") {
		t.Errorf("%q is published, and has no part", got)
	}
}
