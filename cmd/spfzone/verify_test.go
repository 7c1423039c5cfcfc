package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/providers/addresslist"
	"github.com/spfzone/spfzone/providers/journal"
	"github.com/spfzone/spfzone/providers/txt"
	"github.com/spfzone/spfzone/resolver"
)

const verifyConfig = `defaults: {all: fail, ttl: 5m}
networks: {dc: [192.0.2.0/24, 198.51.100.0/24]}
domains:
  x.test:
    senders: [mx, dc]
    expect: [{ip: 192.0.2.1, result: pass}]
`

const verifyHead = `$ORIGIN x.test.
$TTL 300
@ SOA ns hostmaster 1 7200 3600 1209600 60
@ NS ns
@ MX 10 mail
mail A 203.0.113.1
`

const asPlanned = `@ TXT "v=spf1 mx ip4:192.0.2.0/24 ip4:198.51.100.0/24 -all"` + "\n"

// verified runs verify with one authoritative server for each text, of which the
// first is the resolver too. Servers are named by their numbers in the answer.
func verified(t *testing.T, code exitCode, zones []string, args ...string) string {
	t.Helper()
	a := newTestAppOver(nil)
	a.openResolver = resolver.Open
	var names []string
	for i, text := range zones {
		s := dnstest.ServeZone(t, verifyHead+text)
		if i == 0 {
			args = append(args, "--resolver", s.URL("udp"))
		}
		args = append(args, "--authority", s.Address())
		names = append(names, s.Address(), fmt.Sprintf("ns%d", i+1))
	}
	got := a.run(t.Context(), append([]string{"verify"}, args...))
	out := strings.NewReplacer(names...).Replace(a.out.String())
	if got != code {
		t.Fatalf("exit code %d, want %d\n%s%s", got, code, out, &a.err)
	}
	return out
}

func TestVerify(t *testing.T) {
	big := strings.Repeat("x", 250)
	tests := []struct {
		name  string
		zones []string
		code  exitCode
		want  string
	}{
		{"identical", []string{asPlanned, asPlanned}, exitYes, "1 domain: 1 identical to the plan\n"},
		{"in other words", []string{`@ TXT "v=spf1 mx ip4:198.51.100.0/24 ip4:192.0.2.0/24 -all"` + "\n"}, exitYes,
			"x.test: note (text) at ns1: x.test is published in other words\n1 domain: 1 equal to it in other words\n"},
		{"lost and gained", []string{`@ TXT "v=spf1 mx ip4:198.51.100.0/24 ip4:10.0.0.0/31 -all"` + "\n"}, exitNo,
			"x.test: error (policy) at ns1: x.test is published with another meaning: pass where fail is planned: 10.0.0.0/31; fail where pass is planned: 192.0.2.0/24\n" +
				"x.test: error (expect) at ns1: spfzone.yaml:6:14: 192.0.2.1 from postmaster@x.test: pass expected, fail came out, by -all in the record of x.test\n" +
				"1 domain: 1 different\n"},
		{"nothing", []string{""}, exitNo,
			"x.test: error (policy) at ns1: x.test is published with another meaning: none where fail is planned: 4,294,966,783 IPv4 addresses and 2^128 IPv6 addresses; none where pass is planned: 192.0.2.0/24, 198.51.100.0/24, 203.0.113.1/32\n" +
				"x.test: error (expect) at ns1: spfzone.yaml:6:14: 192.0.2.1 from postmaster@x.test: pass expected, none came out: x.test: no SPF record (RFC 7208, Section 4.5)\n" +
				"1 domain: 1 different\n"},
		{"servers disagree", []string{asPlanned, asPlanned + `@ TXT "other"` + "\n"}, exitNo,
			`x.test: error (servers): the authoritative servers do not agree on the TXT records of x.test: against ns1, ns2 has "other" more; both have the serial 1` + "\n1 domain: 1 identical to the plan\n"},
		{"two records", []string{asPlanned + `@ TXT "v=spf1 -all"` + "\n"}, exitNo,
			"x.test: error (records) at ns1: x.test has 2 SPF records\n" +
				"x.test: error (policy) at ns1: x.test is published with another meaning: permerror where fail is planned: 4,294,966,783 IPv4 addresses and 2^128 IPv6 addresses; permerror where pass is planned: 192.0.2.0/24, 198.51.100.0/24, 203.0.113.1/32\n" +
				"x.test: error (expect) at ns1: spfzone.yaml:6:14: 192.0.2.1 from postmaster@x.test: pass expected, permerror came out: x.test: 2 SPF records where one belongs: merge them (RFC 7208, Section 4.5)\n" +
				"1 domain: 1 different\n"},
		{"TTL", []string{strings.Replace(asPlanned, "@ ", "@ 60 ", 1)}, exitNo, "x.test: warning (ttl) at ns1: x.test has the TTL 1m0s, where 5m0s is planned\n1 domain: 1 identical to the plan\n"},
		{"large", []string{asPlanned + `@ TXT "` + big + `" "` + big + "\"\n"}, exitNo,
			"x.test: warning (size) at ns1: the response for x.test has 613 octets, where limits.response is 512, and is cut off for clients that take 512\n1 domain: 1 identical to the plan\n"},
		{"too large", []string{asPlanned + `@ TXT "` + big + `" "` + big + "\"\n" + `@ TXT "a` + big + `" "b` + big + `" "` + big + "\"\n"}, exitNo,
			"x.test: error (truncated) at ns1: the response for x.test is cut off for clients that take 1232 octets\n1 domain: 1 identical to the plan\n"},
		{"a part that nobody includes", []string{asPlanned + `part2 TXT "v=spf1 -all"` + "\n"}, exitNo, "x.test: warning (stale): no record includes part2.x.test\n1 domain: 1 identical to the plan\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			config := verifyConfig
			if strings.Contains(tt.name, "large") {
				config += "    siblings: [] # what the build does not know of\n"
			}
			inFolder(t, map[string]string{"spfzone.yaml": config})
			if diff := cmp.Diff(tt.want, verified(t, tt.code, tt.zones)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestVerifyUnreachable(t *testing.T) {
	inFolder(t, map[string]string{"spfzone.yaml": verifyConfig})
	s := dnstest.ServeZone(t, verifyHead+asPlanned)
	a := newTestAppOver(nil)
	a.openResolver = resolver.Open
	if code := a.run(t.Context(), []string{"verify", "--resolver", s.URL("udp"), "--authority", s.Address(), "--authority", "127.0.0.1:1"}); code != exitFailure {
		t.Errorf("exit code %d", code)
	}
	want := "x.test: failure (lookup) at 127.0.0.1:1: x.test. TXT: 127.0.0.1:1 by TCP: connection refused\n1 domain: 1 unknown\n"
	if diff := cmp.Diff(want, a.out.String()); diff != "" {
		t.Error(diff)
	}
}

// What was not looked at has not passed.
func TestVerifyUnknownInJUnit(t *testing.T) {
	s := dnstest.ServeZone(t, verifyHead+asPlanned)
	for _, tt := range []struct {
		name, config, authority string
		code                    exitCode
		failed, passed          string
		why                     string
	}{
		{"a server does not answer", verifyConfig, "127.0.0.1:1", exitFailure, "lookup", "build", "not all servers answer"},
		{"not built", strings.Replace(verifyConfig, "mx,", "'include:none.x.test',", 1), s.Address(), exitNo, "build", "", "there is nothing to compare with, as the domain is not built"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inFolder(t, map[string]string{"spfzone.yaml": tt.config})
			a := newTestAppOver(nil)
			a.openResolver = resolver.Open
			if code := a.run(t.Context(), []string{"verify", "--resolver", s.URL("udp"), "--authority", tt.authority, "--format", "junit"}); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			var suites junitSuites
			if err := xml.Unmarshal(a.out.Bytes(), &suites); err != nil {
				t.Fatal(err)
			}
			skipped := 0
			for _, c := range suites.Suites[0].Cases {
				switch {
				case (c.Failure != nil || c.Error != nil) != (c.Name == tt.failed):
					t.Errorf("%s: %+v", c.Name, c)
				case c.Skipped != nil:
					skipped++
					if c.Name == tt.passed || c.Skipped.Message != tt.why {
						t.Errorf("%s: %+v", c.Name, c.Skipped)
					}
				case c.Name != tt.passed && c.Name != tt.failed:
					t.Errorf("%s has passed", c.Name)
				}
			}
			if skipped == 0 || suites.Skipped != skipped || suites.Suites[0].Skipped != skipped {
				t.Errorf("%d cases are skipped, counted as %d", skipped, suites.Skipped)
			}
		})
	}
}

func TestVerifyAlso(t *testing.T) {
	inFolder(t, map[string]string{"spfzone.yaml": verifyConfig})
	stale := dnstest.ServeZone(t, verifyHead+`@ TXT "v=spf1 mx ip4:192.0.2.0/24 -all"`+"\n")
	got := strings.ReplaceAll(verified(t, exitNo, []string{asPlanned}, "--also", stale.URL("udp")), stale.URL("udp"), "CACHE")
	want := "x.test: error (policy) at CACHE: x.test is published with another meaning: fail where pass is planned: 198.51.100.0/24\n1 domain: 1 different\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestVerifyAlsoHoldsWhatWas has a cache hold what a push has replaced, for as long as it
// may and for longer.
func TestVerifyAlsoHoldsWhatWas(t *testing.T) {
	const was = "v=spf1 mx ip4:192.0.2.0/24 -all"
	cache := dnstest.ServeZone(t, verifyHead+"@ TXT \""+was+"\"\n")
	for _, tt := range []struct {
		name string
		ttl  uint32
		code exitCode
		want verifiedDocument
	}{
		{"it may", 3600, exitYes, verifiedDocument{"x.test", stateIdentical, []string{"CACHE holds x.test as before a push, as receivers may until 2026-11-24 00:50:01 UTC"}, []findingDocument{}}},
		{"it may not", 300, exitNo, verifiedDocument{"x.test", stateDifferent,
			[]string{"push last wrote at 2026-11-23 23:50:00 UTC, stage switch of x.test: if stages are left, push goes on with them, and plan says when"},
			[]findingDocument{{Rule: "policy", Level: "error", Where: "CACHE", Message: "x.test is published with another meaning: fail where pass is planned: 198.51.100.0/24"}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inFolder(t, map[string]string{"spfzone.yaml": verifyConfig})
			writeJournal(t, &journal.Entry{Name: "x.test.", Provider: "p", Stage: "switch", Before: txt.RRset{TTL: tt.ttl, Records: []txt.Record{txt.New(was)}}})
			out := strings.ReplaceAll(verified(t, tt.code, []string{asPlanned}, "--also", cache.URL("udp"), "--output", "json"), cache.URL("udp"), "CACHE")
			got := decode[verifyDocument](t, []byte(out)).Domains[0]
			for i := range got.Findings {
				got.Findings[i].Changes = nil
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestVerifyForms(t *testing.T) {
	zones := []string{asPlanned + `part2 TXT "v=spf1 -all"` + "\n"}
	inFolder(t, map[string]string{"spfzone.yaml": verifyConfig})
	compare(t, verifyDocument{1, summaryDocument{Domains: 1, Identical: 1}, []verifiedDocument{
		{"x.test", "identical", nil, []findingDocument{{Rule: "stale", Level: "warning", Message: "no record includes part2.x.test"}}},
	}}, decode[verifyDocument](t, []byte(verified(t, exitNo, zones, "--output", "json"))))

	var suites junitSuites
	if err := xml.Unmarshal([]byte(verified(t, exitNo, zones, "--format", "junit")), &suites); err != nil {
		t.Fatal(err)
	}
	if suites.Tests != len(verifyRules) || suites.Failures != 1 || suites.Errors != 0 || len(suites.Suites) != 1 || len(suites.Suites[0].Cases) != suites.Tests {
		t.Errorf("%+v", suites)
	}
	for _, c := range suites.Suites[0].Cases {
		if (c.Failure != nil) != (c.Name == "stale") {
			t.Errorf("%+v", c)
		}
	}

	var log sarifLog
	if err := json.Unmarshal([]byte(verified(t, exitNo, zones, "--format", "sarif")), &log); err != nil {
		t.Fatal(err)
	}
	want := []sarifResult{{"stale", 9, "warning", sarifText{"x.test: no record includes part2.x.test"}, []sarifLocation{
		{sarifPhysical{sarifArtifact{"spfzone.yaml"}, sarifRegion{4, 3}}, []sarifLogical{{"x.test"}}},
	}}}
	if diff := cmp.Diff(want, log.Runs[0].Results); diff != "" || log.Version != "2.1.0" || len(log.Runs[0].Tool.Driver.Rules) != len(verifyRules) {
		t.Errorf("%s\n%+v", diff, log)
	}
	if rule := log.Runs[0].Tool.Driver.Rules[9].ID; rule != "stale" {
		t.Errorf("rule 9 is %s", rule)
	}
}

// TestVerifyMany looks at many domains, each in a zone of its own.
func TestVerifyMany(t *testing.T) {
	const domains = 1000
	var config, zone strings.Builder
	config.WriteString("defaults: {all: fail, ttl: 5m}\ndomains:\n")
	for i := range domains {
		fmt.Fprintf(&config, "  d%d.test: {senders: [192.0.2.%d]}\n", i, i%256)
		fmt.Fprintf(&zone, "d%d.test. 300 SOA ns h 1 2 3 4 60\nd%d.test. 300 TXT \"v=spf1 ip4:192.0.2.%d -all\"\n", i, i, (i+i/997)%256)
	}
	inFolder(t, map[string]string{"spfzone.yaml": config.String()})
	s := dnstest.ServeZone(t, zone.String())
	a := newTestAppOver(nil)
	a.openResolver = resolver.Open
	if code := a.run(t.Context(), []string{"verify", "--resolver", s.URL("udp"), "--authority", s.Address(), "--output", "json"}); code != exitNo {
		t.Errorf("exit code %d: %s", code, &a.err)
	}
	got := decode[verifyDocument](t, a.out.Bytes()).Summary
	if diff := cmp.Diff(summaryDocument{Domains: domains, Identical: 997, Different: 3}, got); diff != "" {
		t.Error(diff)
	}
}

// A domain whose networks are a list of names is verified by these names.
func TestVerifyAddressList(t *testing.T) {
	const record = `@ TXT "v=spf1 exists:%{ir}.%{v}._spf.x.test -all"` + "\n"
	const names = "*.2.0.192.in-addr._spf A 127.0.0.2\n"
	tests := []struct {
		name string
		zone string
		code exitCode
		want string
	}{
		{"as planned", record + names + "7.100.51.198.in-addr._spf A 127.0.0.2\n", exitYes, "identical"},
		{"as planned, under another number", `@ TXT "v=spf1 exists:%{ir}.%{v}._spf2.x.test -all"` + "\n*.2.0.192.in-addr._spf2 A 127.0.0.2\n7.100.51.198.in-addr._spf2 A 127.0.0.2\n",
			exitYes, "1 domain: 1 identical to the plan\n"},
		{"a list of somebody else", `@ TXT "v=spf1 exists:%{ir}.%{v}.other.x.test -all"` + "\n*.2.0.192.in-addr.other A 127.0.0.2\n",
			exitNo, "the list _spf.x.test lacks 2 of the 2 names that were asked for: *.2.0.192.in-addr._spf.x.test, 7.100.51.198.in-addr._spf.x.test\n"},
		{"a name is missing", record + names, exitNo, "the list _spf.x.test lacks 1 of the 2 names that were asked for: 7.100.51.198.in-addr._spf.x.test\n"},
		{"a name is missing, and another record", strings.Replace(record, "-all", "~all", 1) + names, exitNo, "x.test is published with another meaning"},
		{"a name is missing, and another record without lists", `@ TXT "v=spf1 a mx ~all"` + "\n" + names, exitNo, "x.test is published with another meaning"},
		{"another record", `@ TXT "v=spf1 exists:%{ir}.%{v}._spf.x.test ~all"` + "\n" + names + "7.100.51.198.in-addr._spf A 127.0.0.2\n",
			exitNo, "x.test is published with another meaning"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inFolder(t, map[string]string{"spfzone.yaml": `
defaults: {all: fail, ttl: 5m, strategy: exists}
networks: {dc: [192.0.2.0/24, 198.51.100.7]}
domains: {x.test: {senders: [dc]}}
`})
			if got := verified(t, tt.code, []string{tt.zone}); !strings.Contains(got, tt.want) {
				t.Errorf("the answer lacks %q:\n%s", tt.want, got)
			}
		})
	}
}

// TestVerifyListsOfTheJournal looks for names of a list that push has had there and that
// are not planned any more.
func TestVerifyListsOfTheJournal(t *testing.T) {
	const planned = `@ TXT "v=spf1 exists:%{ir}.%{v}._spf.x.test -all"
*.2.0.192.in-addr._spf A 127.0.0.2
0.100.51.198.in-addr._spf A 127.0.0.2
`
	tests := []struct {
		name string
		more string
		code exitCode
		want string
	}{
		{"all are gone", "", exitYes, "1 domain: 1 identical to the plan\n"},
		{"one that a wildcard stands for", "9.2.0.192.in-addr._spf A 127.0.0.2\n", exitYes, "1 domain: 1 identical to the plan\n"},
		{"an address", "8.100.51.198.in-addr._spf A 127.0.0.2\n", exitNo,
			"x.test: error (policy) at ns1: the list _spf.x.test has 1 of the 2 names that were asked for as push has had them there, and that are not planned: 8.100.51.198.in-addr._spf.x.test\n1 domain: 1 different\n"},
		{"a block", "*.100.51.198.in-addr._spf A 127.0.0.2\n8.100.51.198.in-addr._spf A 127.0.0.2\n", exitNo,
			"x.test: error (policy) at ns1: the list _spf.x.test has 2 of the 2 names that were asked for as push has had them there, and that are not planned: *.100.51.198.in-addr._spf.x.test, 8.100.51.198.in-addr._spf.x.test\n1 domain: 1 different\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inFolder(t, map[string]string{"spfzone.yaml": `
defaults: {all: fail, ttl: 5m, strategy: exists}
networks: {dc: [192.0.2.0/24, 198.51.100.0]}
domains: {x.test: {senders: [dc]}}
`})
			writeJournal(t,
				&journal.Entry{Name: "_spf.x.test.", Provider: "p", Stage: "create", List: &journal.ListChange{
					Added:   addresslist.New("*.2.0.192.in-addr", "0.100.51.198.in-addr", "*.100.51.198.in-addr"),
					Passing: addresslist.New("9.2.0.192.in-addr"), First: true}},
				&journal.Entry{Name: "_spf.x.test.", Provider: "p", Stage: "switch", List: &journal.ListChange{Deleted: addresslist.New("8.100.51.198.in-addr")}},
			)
			if diff := cmp.Diff(tt.want, verified(t, tt.code, []string{planned + tt.more})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestNumbersOfLists gives two lists of a record numbers that the other has in the plan.
func TestNumbersOfLists(t *testing.T) {
	got := inNamesOf("v=spf1 exists:%{ir}.%{v}._spf.x.test exists:%{ir}.%{v}._spf2.x.test -all", map[string]string{"_spf.x.test.": "_spf2.x.test.", "_spf2.x.test.": "_spf3.x.test."})
	if want := "v=spf1 exists:%{ir}.%{v}._spf2.x.test exists:%{ir}.%{v}._spf3.x.test -all"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestVerifyDuringPush looks while a push has stages left: what differs is said with
// when it was last written to.
func TestVerifyDuringPush(t *testing.T) {
	tests := []struct {
		name, zone string
		code       exitCode
		want       []string
	}{
		{"not switched yet", `@ TXT "v=spf1 mx -all"` + "\n", exitNo,
			[]string{"push last wrote at 2026-11-23 23:50:00 UTC, stage create of part1.x.test: if stages are left, push goes on with them, and plan says when"}},
		{"switched", asPlanned, exitYes, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inFolder(t, map[string]string{"spfzone.yaml": verifyConfig})
			writeJournal(t,
				&journal.Entry{Name: "part1.x.test.", Provider: "p", Stage: "create"},
				&journal.Entry{Name: "x.test.", Stage: "by others"},
			)
			got := decode[verifyDocument](t, []byte(verified(t, tt.code, []string{tt.zone}, "--output", "json")))
			if diff := cmp.Diff(tt.want, got.Domains[0].Notes); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// writeJournal has writes that ended well ten minutes ago, in the working folder.
func writeJournal(t *testing.T, entries ...*journal.Entry) {
	t.Helper()
	j, err := journal.Open(filepath.Join(".spfzone", "journal"), func(path string, data []byte) error {
		return errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, data, 0o600))
	})
	if err != nil {
		t.Fatal(err)
	}
	at := newTestAppOver(nil).now().Add(-10 * time.Minute)
	for _, e := range entries {
		e.Domain, e.Zone = "x.test.", "x.test."
		if err := errors.Join(j.Begin(e, at), j.End(e, journal.Published, at, nil)); err != nil {
			t.Fatal(err)
		}
	}
}
