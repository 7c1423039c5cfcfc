package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/internal/leaks"
	"github.com/spfzone/spfzone/internal/nameserver"
	"github.com/spfzone/spfzone/internal/zonecheck"
	"github.com/spfzone/spfzone/resolver"
	"github.com/spfzone/spfzone/spf"
)

// fiveSiblings are TXT records that an API or a zone file may spoil.
var fiveSiblings = []string{
	`"google-site-verification=abc"`,
	`"say \"hi\" \\ there; (really)"`,
	`"h\195\169 \255\000"`,
	`"` + strings.Repeat("x", 255) + `" "` + strings.Repeat("y", 145) + `"`,
	`"two " "strings" ""`,
}

const serverZone = "x.test."

// zoneOfServers is a zone with five TXT records at its apex, and one at a region's.
func zoneOfServers() string {
	text := `$ORIGIN x.test.
$TTL 1
@ IN SOA ns1 hostmaster 1 7200 3600 1209600 1
@ IN NS ns1
@ IN MX 10 mail
ns1 IN A 192.0.2.53
mail IN A 192.0.2.25
uk IN A 192.0.2.26
uk IN TXT "another"
`
	for _, s := range fiveSiblings {
		text += "@ IN TXT " + s + "\n"
	}
	return text
}

// writer is a name server with a way to write to it.
type writer struct {
	name     string
	start    func(t testing.TB, zone, text string) *nameserver.Server
	provider func(s *nameserver.Server) string // its line of the configuration
}

func writers() (out []writer) {
	for _, k := range nameserver.Kinds() {
		out = append(out, writer{k.Name + " by update", k.Start, updateProvider})
	}
	return append(out, writer{"PowerDNS by HTTP", nameserver.PowerDNS, func(s *nameserver.Server) string {
		return fmt.Sprintf("{type: powerdns, server_url: %q, api_token: %q, authorities: %q}", s.API, s.APIKey, s.Address)
	}})
}

func updateProvider(s *nameserver.Server) string {
	return fmt.Sprintf("{type: rfc2136, server: %q, key_name: %s, key_alg: hmac-sha256, key: \"${KEY}\", authorities: %q}", s.Address, nameserver.KeyName, s.Address)
}

// networks lists some networks.
func networks(from, to int) string {
	var list []string
	for i := from; i < to; i++ {
		list = append(list, fmt.Sprintf("10.%d.%d.0/24", 2*i, 3*i%251))
	}
	return strings.Join(list, ", ")
}

// serverConfig lists networks for the domain and its region.
func serverConfig(provider, all, ttl, more string, from, to int) string {
	return fmt.Sprintf(`defaults: {all: %s, ttl: %s, limits: {response: 1200}}
networks: {dc: [%s]}
domains:
  x.test:
    senders: [mx, dc%s]
    regions: {uk.x.test: [a, 198.51.100.0/24]}
    publish: {provider: p}
providers: {p: %s}
`, all, ttl, networks(from, to), more, provider)
}

// server is a name server under test, with an app that writes to it.
type server struct {
	t *testing.T
	*nameserver.Server
	provider string
	hurried  bool         // no TTL is waited for, as nobody holds anything
	skipped  atomic.Int64 // of the time that the app takes it for, in nanoseconds
}

func newServer(t *testing.T, ns *nameserver.Server, provider string) *server {
	return &server{t: t, Server: ns, provider: provider}
}

// now gives the time that the app takes it for.
func (s *server) now() time.Time { return time.Now().Add(time.Duration(s.skipped.Load())) }

// hurry is what is left of a longer wait in a hurry: enough for a server that is
// slow.
const hurry = 200 * time.Millisecond

func (s *server) sleep(ctx context.Context, d time.Duration) error {
	if s.hurried && d > hurry {
		s.skipped.Add(int64(d - hurry))
		d = hurry
	}
	return sleep(ctx, d)
}

// app gives one that has the server as its DNS and the real clock.
func (s *server) app() *testApp {
	leaks.Use(s.t, "rfc2136.key", nameserver.Key)
	if s.APIKey != "" {
		leaks.Use(s.t, "powerdns.api_token", s.APIKey)
	}
	a := &testApp{}
	a.app = app{
		stdin: strings.NewReader(""), stdout: &a.out, stderr: &a.err,
		env: func(name string) (string, bool) { return nameserver.Key, name == "KEY" },
		now: s.now, sleep: s.sleep, openResolver: resolver.Open, isTerminal: func(any) bool { return false },
	}
	return a
}

// run runs a command line that must end with a code.
func (s *server) run(ctx context.Context, want exitCode, args ...string) *testApp {
	s.t.Helper()
	a := s.app()
	args = append(args, "--resolver", "udp://"+s.Address)
	if code := a.run(ctx, args); code != want {
		s.t.Fatalf("spfzone %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), code, want, &a.out, &a.err)
	}
	leaks.Look(s.t, "output", slices.Concat(a.out.Bytes(), a.err.Bytes()))
	return a
}

func (s *server) configure(text string) {
	s.t.Helper()
	if err := os.WriteFile("spfzone.yaml", []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// others gives the TXT records of a name that are no SPF records, as octets.
func (s *server) others(name string) (out [][]byte) {
	for _, r := range s.TXT(name) {
		if !bytes.HasPrefix(r[1:], []byte("v=spf1")) {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, bytes.Compare)
	return out
}

// spfOf gives the SPF record of a name, of which there may be one at most.
func (s *server) spfOf(name string) string {
	s.t.Helper()
	a, err := resolver.Authority{Address: s.Address}.LookupTXT(s.t.Context(), name, resolver.TCP)
	if err != nil {
		s.t.Fatal(err)
	}
	var found []string
	for _, r := range a.Records {
		if text := r.Join(); strings.HasPrefix(text, "v=spf1") {
			found = append(found, text)
		}
	}
	if len(found) > 1 {
		s.t.Errorf("%s has %d SPF records", name, len(found))
	}
	return strings.Join(found, " and ")
}

// policyOf gives what a record says now.
func (s *server) policyOf(name string) *spf.Policy {
	s.t.Helper()
	r, err := resolver.Open([]string{"tcp://" + s.Address}, resolver.Options{CacheSize: -1})
	if err != nil {
		s.t.Fatal(err)
	}
	p, err := (&spf.Checker{Resolver: r}).Policy(s.t.Context(), name)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

func TestPushToServers(t *testing.T) {
	for _, w := range writers() {
		t.Run(w.name, func(t *testing.T) {
			inFolder(t, nil)
			ns := w.start(t, serverZone, zoneOfServers())
			s := newServer(t, ns, w.provider(ns))
			s.hurried = true
			siblings, region := s.others(serverZone), s.others("uk."+serverZone)
			if len(siblings) != len(fiveSiblings) || len(region) != 1 {
				t.Fatalf("%d and %d TXT records beside", len(siblings), len(region))
			}
			steps := []struct{ name, config string }{
				{"first publication", serverConfig(s.provider, "fail", "1s", "", 0, 40)},
				{"a network more", serverConfig(s.provider, "fail", "1s", "", 0, 41)},
				{"many more", serverConfig(s.provider, "fail", "1s", "", 0, 90)},
				{"softfail", serverConfig(s.provider, "softfail", "1s", "", 0, 90)},
				{"another TTL", serverConfig(s.provider, "softfail", "2s", "", 0, 90)},
				{"a term", serverConfig(s.provider, "softfail", "2s", ", 'a:mail'", 0, 90)},
				{"an exclusion", serverConfig(s.provider, "fail", "1s", ", '-10.250.0.0/16'", 0, 90)},
				{"few", serverConfig(s.provider, "fail", "1s", "", 30, 50)},
				{"one", serverConfig(s.provider, "fail", "1s", "", 0, 1)},
			}
			var texts []string
			var policies []*spf.Policy
			for _, step := range steps {
				s.configure(step.config)
				s.run(t.Context(), exitYes, "push", "--yes", "--wait")
				s.planned(step.name)
				texts, policies = append(texts, s.spfOf(serverZone)), append(policies, s.policyOf(serverZone))
				if diff := cmp.Diff(siblings, s.others(serverZone)); diff != "" {
					t.Fatalf("%s: the other TXT records: %s", step.name, diff)
				}
				if diff := cmp.Diff(region, s.others("uk."+serverZone)); diff != "" {
					t.Fatalf("%s: the other TXT record of the region: %s", step.name, diff)
				}
			}
			s.rollBack(texts[1], policies[1])
			if diff := cmp.Diff(siblings, s.others(serverZone)); diff != "" {
				t.Fatalf("rolled back: the other TXT records: %s", diff)
			}
		})
	}
}

// planned fails the test unless what is published is what is planned.
func (s *server) planned(step string) {
	s.t.Helper()
	a := s.run(s.t.Context(), exitYes, "plan")
	if diff := cmp.Diff("1 domain is published as planned\n", a.out.String()); diff != "" {
		s.t.Fatalf("%s: plan: %s", step, diff)
	}
}

// rollBack goes back to what stood there before the third change, and then to
// nothing.
func (s *server) rollBack(text string, policy *spf.Policy) {
	s.t.Helper()
	entries := decode[journalDocument](s.t, s.run(s.t.Context(), exitYes, "rollback", "--output", "json").out.Bytes()).Entries
	third := slices.IndexFunc(entries, func(e entryOfWrite) bool {
		return e.Name == "x.test" && len(e.Before) == 1 && e.Before[0] == text
	})
	if third < 0 {
		s.t.Fatalf("no entry has %q before it", text)
	}
	back := s.run(s.t.Context(), exitYes, "rollback", entries[third].ID, "--yes", "--wait")
	if got := back.out.String(); !strings.HasPrefix(got, "x.test: restored as it was, ") {
		s.t.Errorf("rollback says %s", got)
	}
	if !s.policyOf(serverZone).Equal(policy) {
		s.t.Errorf("rolled back to %q, which says something else than %q did", s.spfOf(serverZone), text)
	}
	s.run(s.t.Context(), exitYes, "rollback", entries[0].ID, "--yes", "--wait")
	for _, name := range []string{serverZone, "uk." + serverZone, "part1." + serverZone, "part2." + serverZone} {
		if got := s.spfOf(name); got != "" {
			s.t.Errorf("%s has %q after the first publication was rolled back", name, got)
		}
	}
}

// zoneOfHand is a zone file as people write them.
const zoneOfHand = `; our zone
$TTL 1
@	IN	SOA	ns1 hostmaster (
		2020010100 ; serial
		7200 3600 1209600 1 )
	IN	NS	ns1
	IN	MX	10 mail ; the mail server
	IN	TXT	"google-site-verification=abc"	; do not touch
	IN	TXT	( "v=spf1 "	; old
			"mx "
			"~all" )
	IN	TXT	"v=spf1 a -all" ; somebody added this
$ORIGIN test.
mail.x	IN	A	192.0.2.25
ns1.x		A	192.0.2.53
$ORIGIN x.test.
uk	A	192.0.2.26
	TXT	"another"
; the end`

func TestPushToZoneFile(t *testing.T) {
	inFolder(t, map[string]string{"x.zone": zoneOfHand})
	file, err := filepath.Abs("x.zone")
	if err != nil {
		t.Fatal(err)
	}
	ns, pid := nameserver.FromFile(t, serverZone, file)
	s := newServer(t, ns, fmt.Sprintf("{type: zonefile, file: x.zone, reload: kill -HUP %d, authorities: %q}", pid, ns.Address))
	s.hurried = true
	siblings := s.others(serverZone)
	for i, n := range []int{60, 90, 2} {
		s.configure(serverConfig(s.provider, "fail", "1s", "", 0, n))
		s.run(t.Context(), exitYes, "push", "--yes", "--wait")
		s.planned(fmt.Sprint(n))
		if diff := cmp.Diff(siblings, s.others(serverZone)); diff != "" {
			t.Fatalf("the other TXT records: %s", diff)
		}
		text, err := os.ReadFile("x.zone")
		if err != nil {
			t.Fatal(err)
		}
		if refusal := zonecheck.Refusal(t, serverZone, text); refusal != "" {
			t.Errorf("change %d: %s\n%s", i, refusal, text)
		}
	}
	text, err := os.ReadFile("x.zone")
	if err != nil {
		t.Fatal(err)
	}
	left := 0
	for line := range strings.Lines(zoneOfHand) {
		if strings.Contains(string(text), line) {
			left++
		}
	}
	if left < strings.Count(zoneOfHand, "\n")-6 {
		t.Errorf("%d lines are as they were:\n%s", left, text)
	}

	// A reload that fails leaves the file as it was, but for the serial number.
	s.configure(strings.Replace(serverConfig(s.provider, "fail", "1s", "", 0, 3), "kill -HUP", "false", 1))
	a := s.run(t.Context(), exitFailure, "push", "--yes")
	serial := regexp.MustCompile(`\d+ ; serial`)
	if again, err := os.ReadFile("x.zone"); err != nil || serial.ReplaceAllString(string(again), "") != serial.ReplaceAllString(string(text), "") {
		t.Errorf("%v\n%s", err, again)
	}
	if !strings.Contains(a.err.String(), "the reload command \"false ") || !strings.Contains(a.err.String(), "nothing was changed") {
		t.Errorf("stderr: %s", &a.err)
	}
}
