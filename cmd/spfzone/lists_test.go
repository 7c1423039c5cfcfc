package main

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/internal/nameserver"
	"github.com/spfzone/spfzone/internal/zonecheck"
	"github.com/spfzone/spfzone/providers/addresslist"
)

// listConfig lists networks as an address list: addresses in some blocks, and the
// blocks as they are given.
func listConfig(provider, ttl string, addresses int, more ...string) string {
	for i := range addresses {
		more = append(more, fmt.Sprintf("10.%d.%d.%d", i%5, i%7, 2+i%250))
	}
	return fmt.Sprintf(`defaults: {all: fail, ttl: %s, strategy: exists, limits: {response: 1200}}
networks: {dc: [%s]}
domains:
  x.test:
    senders: [mx, dc]
    publish: {provider: p}
providers: {p: %s}
`, ttl, strings.Join(more, ", "), provider)
}

// transferred gives all records of the zone but the SOA record, sorted.
func (s *server) transferred() (out []string) {
	s.t.Helper()
	tr := &dns.Transfer{DialTimeout: patience, ReadTimeout: patience, TsigSecret: map[string]string{nameserver.KeyName + ".": nameserver.Key}}
	m := new(dns.Msg).SetAxfr(serverZone)
	m.SetTsig(nameserver.KeyName+".", dns.HmacSHA256, 300, s.app().now().Unix())
	envelopes, err := tr.In(m, s.Address)
	if err != nil {
		s.t.Fatal(err)
	}
	for e := range envelopes {
		if e.Error != nil {
			s.t.Fatal(e.Error)
		}
		for _, rr := range e.RR {
			if rr.Header().Rrtype == dns.TypeTXT {
				rr.Header().Ttl = 0 // which the siblings share with the SPF record
			}
			if rr.Header().Rrtype != dns.TypeSOA {
				out = append(out, rr.String())
			}
		}
	}
	slices.Sort(out)
	return out
}

// split gives the records of lists by the list's name, and the others.
func split(records []string) (lists map[string]addresslist.List, others []string) {
	owners := map[string][]string{}
	for _, r := range records {
		f := strings.Fields(r)
		i := strings.Index(f[0], "._spf")
		if i < 0 || f[3] != "A" || f[4] != addresslist.Address {
			others = append(others, r)
			continue
		}
		root := f[0][i+1:]
		owners[root] = append(owners[root], f[0])
	}
	lists = map[string]addresslist.List{}
	for root, names := range owners {
		lists[root] = addresslist.Of(root, names)
	}
	return lists, others
}

// lists are what a test expects after a change.
type listStep struct {
	name, config string
	list         string // its name
	written      int    // names, at the most, or -1 if that does not matter
}

func listSteps(provider string) []listStep {
	return []listStep{
		{"first publication", listConfig(provider, "1s", 700, "192.0.2.0/24", "2001:db8::/44"), "_spf.x.test.", -1},
		{"an address more", listConfig(provider, "1s", 701, "192.0.2.0/24", "2001:db8::/44"), "_spf.x.test.", 1},
		{"a wider network in the place of addresses", listConfig(provider, "1s", 701, "192.0.0.0/16", "10.3.0.0/16", "2001:db8::/44"), "_spf.x.test.", 200},
		{"a narrower one", listConfig(provider, "1s", 20, "192.0.2.0/25", "2001:db8::/32"), "_spf.x.test.", 1000},
		{"another TTL", listConfig(provider, "2s", 20, "192.0.2.0/25", "2001:db8::/32"), "_spf2.x.test.", -1},
		{"as terms", strings.Replace(listConfig(provider, "1s", 20, "192.0.2.0/24"), "strategy: exists", "strategy: terms", 1), "", -1},
		{"a list again", listConfig(provider, "1s", 40, "192.0.2.0/24"), "_spf.x.test.", -1},
	}
}

func TestPushListsToServers(t *testing.T) {
	for _, w := range writers() {
		t.Run(w.name, func(t *testing.T) {
			inFolder(t, nil)
			// Records beside, above and beneath other names of the same form.
			ns := w.start(t, serverZone, zoneOfServers()+`_spf IN TXT "beside the list"
_spfx IN A 127.0.0.2
1.2.0.192.in-addr._spfx IN A 127.0.0.2
in-addr IN TXT "no list"
`)
			s := newServer(t, ns, w.provider(ns))
			s.hurried = true
			steps := listSteps(s.provider)
			if w.name != writers()[0].name {
				steps = steps[:3]
			}
			s.pushLists(steps)
		})
	}
}

// pushLists makes the changes one after the other, and rolls back to the second
// and to nothing.
func (s *server) pushLists(steps []listStep) {
	t := s.t
	t.Helper()
	before, others := split(s.transferred())
	var lists []addresslist.List
	for _, step := range steps {
		written := len(s.entries())
		s.configure(step.config)
		s.run(t.Context(), exitYes, "push", "--yes", "--wait")
		s.planned(step.name)
		got, rest := split(s.transferred())
		delete(got, "_spfx.x.test.")
		if step.list == "" && len(got) > 0 || step.list != "" && (len(got) != 1 || got[step.list] == nil) {
			t.Fatalf("%s: the lists are %v", step.name, got)
		}
		s.onlySPFDiffers(step.name, others, rest)
		lists = append(lists, got[step.list])
		names := 0
		for _, e := range s.entries()[written:] {
			if e.List != nil {
				names += e.List.Added + e.List.Deleted
			}
		}
		if step.written >= 0 && (names > step.written || names == 0) {
			t.Errorf("%s: %d names are written, want %d at the most", step.name, names, step.written)
		}
		t.Logf("%s: %d names written, %d in the list", step.name, names, len(got[step.list]))
	}
	entries := s.entries()
	third := slices.IndexFunc(entries, func(e entryOfWrite) bool {
		return e.List != nil && e.Stage == "switch" && e.List.Added+e.List.Deleted > 1
	})
	s.run(t.Context(), exitYes, "rollback", entries[third].ID, "--yes", "--wait")
	got, _ := split(s.transferred())
	delete(got, "_spfx.x.test.")
	if len(got) != 1 {
		t.Errorf("after the rollback the lists are %d", len(got))
	}
	for _, l := range got {
		if !l.Equal(lists[1]) {
			t.Errorf("after the rollback the list has %d names, want %d", len(l), len(lists[1]))
		}
	}
	s.run(t.Context(), exitYes, "rollback", entries[0].ID, "--yes", "--wait")
	got, rest := split(s.transferred())
	if diff := cmp.Diff(before["_spfx.x.test."], got["_spfx.x.test."]); diff != "" || len(got) != 1 {
		t.Errorf("after the first was rolled back: %d lists, %s", len(got), diff)
	}
	if diff := cmp.Diff(others, rest); diff != "" {
		t.Errorf("after the first was rolled back: %s", diff)
	}
}

// onlySPFDiffers compares all other records.
func (s *server) onlySPFDiffers(step string, before, after []string) {
	s.t.Helper()
	isSPF := func(r string) bool { return strings.Contains(r, "\tTXT\t\"v=spf1") }
	a, b := slices.DeleteFunc(slices.Clone(before), isSPF), slices.DeleteFunc(slices.Clone(after), isSPF)
	if diff := cmp.Diff(a, b); diff != "" {
		s.t.Fatalf("%s: other records: %s", step, diff)
	}
}

func (s *server) entries() []entryOfWrite {
	s.t.Helper()
	return decode[journalDocument](s.t, s.run(s.t.Context(), exitYes, "rollback", "--output", "json").out.Bytes()).Entries
}

func TestPushListsToZoneFile(t *testing.T) {
	inFolder(t, map[string]string{"x.zone": zoneOfHand})
	file, err := filepath.Abs("x.zone")
	if err != nil {
		t.Fatal(err)
	}
	ns, pid := nameserver.FromFile(t, serverZone, file)
	s := newServer(t, ns, fmt.Sprintf("{type: zonefile, file: x.zone, reload: kill -HUP %d, authorities: %q}", pid, ns.Address))
	s.hurried = true
	for _, step := range listSteps(s.provider)[:4] {
		s.configure(step.config)
		s.run(t.Context(), exitYes, "push", "--yes", "--wait")
		s.planned(step.name)
		text, err := os.ReadFile("x.zone")
		if err != nil {
			t.Fatal(err)
		}
		if refusal := zonecheck.Refusal(t, serverZone, text); refusal != "" {
			t.Errorf("%s: %s", step.name, refusal)
		}
		left := 0
		for line := range strings.Lines(zoneOfHand) {
			if strings.Contains(string(text), line) {
				left++
			}
		}
		if left < strings.Count(zoneOfHand, "\n")-6 {
			t.Errorf("%s: %d lines are as they were", step.name, left)
		}
	}
}

// TestListInTheWay has another record below the name of a list: nothing is written,
// and it stays.
func TestListInTheWay(t *testing.T) {
	inFolder(t, nil)
	ns := nameserver.BIND(t, serverZone, zoneOfServers()+"mail._spf IN TXT \"somebody's\"\n")
	s := newServer(t, ns, updateProvider(ns))
	before := s.transferred()
	s.configure(listConfig(s.provider, "1s", 3))
	const want = "spfzone: x.test: the change cannot be made safely: _spf.x.test: mail._spf.x.test has the TXT record, and below the name of an address list only A records 127.0.0.2 of addresses may stand, as any other name stands in the way of wildcards (RFC 4592): delete that first\n"
	for _, command := range [][]string{{"plan"}, {"push", "--yes"}} {
		if a := s.run(t.Context(), exitRefused, command...); a.err.String() != want {
			t.Errorf("%s: stderr %s", command[0], &a.err)
		}
	}
	if diff := cmp.Diff(before, s.transferred()); diff != "" {
		t.Error(diff)
	}
}

// TestPlanOfLists shows a list by its prefixes and the numbers of its names.
func TestPlanOfLists(t *testing.T) {
	inFolder(t, nil)
	ns := nameserver.BIND(t, serverZone, zoneOfServers())
	s := newServer(t, ns, updateProvider(ns))
	s.configure(listConfig(s.provider, "1s", 0, "192.0.2.0/25", "198.51.100.7", "10.0.0.0/8"))
	a := s.run(t.Context(), exitYes, "push", "--dry-run", "--yes")
	const first = `x.test through p: 2 stages
  now
    create _spf.x.test, an address list of 130 names: 130 names added, 0 deleted, TTL 1
      + 10.0.0.0/8, 192.0.2.0/25, 198.51.100.7/32
  now
    create x.test, TTL 1
      + v=spf1 mx exists:%{ir}.%{v}._spf.x.test -all
`
	if got := a.out.String(); !strings.HasPrefix(got, first) {
		t.Errorf("%s", got)
	}
	s.run(t.Context(), exitYes, "push", "--yes", "--wait")
	s.configure(listConfig(s.provider, "1s", 0, "192.0.2.0/25", "198.51.100.8", "10.0.0.0/8"))
	const second = `x.test through p: 1 stage
  now
    change _spf.x.test, an address list of 130 names: 1 name added, 1 deleted, TTL 1
      - 198.51.100.7/32
      + 198.51.100.8/32
`
	said := ""
	await(t, "the time when no receiver may hold that there is no record", func() bool {
		if now := s.run(t.Context(), exitYes, "plan").out.String(); now != said {
			t.Log(now)
			said = now
		}
		return strings.HasPrefix(said, second)
	})
	list := decode[planDocument](t, s.run(t.Context(), exitYes, "plan", "--output", "json").out.Bytes()).Domains[0].Stages[0].Changes[0]
	want := writeDocument{Action: "change", Name: "_spf.x.test", Zone: "x.test", From: []string{}, TTL: 1, Added: []string{}, Removed: []string{}, List: &listChangeDocument{
		Names: 130, Added: 1, Deleted: 1, Gained: prefixes("198.51.100.8/32"), Lost: prefixes("198.51.100.7/32")}}
	if diff := cmp.Diff(want, list, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	a = s.run(t.Context(), exitYes, "push", "--yes")
	if diff := cmp.Diff("x.test: published as planned, 0 records and 1 address list written\n", a.out.String()); diff != "" {
		t.Error(diff)
	}
	a = s.run(t.Context(), exitYes, "rollback")
	if lines := strings.Split(strings.TrimSpace(a.out.String()), "\n"); lines[len(lines)-1] != "  1 name added, 1 deleted" {
		t.Errorf("%s", &a.out)
	}
}

// TestPushListsOfRegions has a list for the domain and one for a region, which change
// at once.
func TestPushListsOfRegions(t *testing.T) {
	inFolder(t, nil)
	ns := nameserver.BIND(t, serverZone, zoneOfServers())
	s := newServer(t, ns, updateProvider(ns))
	s.hurried = true
	config := func(dc, uk string) string {
		return fmt.Sprintf(`defaults: {all: fail, ttl: 1s, strategy: exists, limits: {response: 1200, voids: 2}}
networks: {dc: [%s], uk: [%s]}
domains:
  x.test:
    senders: [mx, dc]
    regions: {uk.x.test: [uk]}
    publish: {provider: p}
providers: {p: %s}
`, dc, uk, s.provider)
	}
	_, others := split(s.transferred())
	var want []map[string]int
	for _, text := range []string{config("192.0.2.0/24", "10.1.0.0/16"), config("192.0.2.0/25", "10.1.0.0/17, 10.3.0.1")} {
		s.configure(text)
		s.run(t.Context(), exitYes, "push", "--yes", "--wait")
		s.planned(text)
		lists, rest := split(s.transferred())
		s.onlySPFDiffers(text, others, rest)
		want = append(want, namesIn(lists))
	}
	if diff := cmp.Diff([]map[string]int{
		{"_spf.x.test.": 1, "_spf.uk.x.test.": 1},
		{"_spf.x.test.": 128, "_spf.uk.x.test.": 129},
	}, want); diff != "" {
		t.Error(diff)
	}
	s.run(t.Context(), exitYes, "verify")
	entries := s.entries()
	second := slices.IndexFunc(entries, func(e entryOfWrite) bool { return e.List != nil && e.List.Deleted > 0 })
	s.run(t.Context(), exitYes, "rollback", entries[second].ID, "--yes", "--wait")
	lists, _ := split(s.transferred())
	if diff := cmp.Diff(want[0], namesIn(lists)); diff != "" {
		t.Errorf("rolled back: %s", diff)
	}
	s.run(t.Context(), exitYes, "rollback", entries[0].ID, "--yes", "--wait")
	lists, rest := split(s.transferred())
	if diff := cmp.Diff(others, rest); diff != "" || len(lists) > 0 {
		t.Errorf("rolled back to nothing: %d lists, %s", len(lists), diff)
	}
}

func namesIn(lists map[string]addresslist.List) map[string]int {
	count := map[string]int{}
	for root, l := range lists {
		count[root] = len(l)
	}
	return count
}

// TestListsOfASecondaryBehind has a server lack the last change of a list, of one name
// in many: plan and push see that, and say how to go on without it.
func TestListsOfASecondaryBehind(t *testing.T) {
	inFolder(t, nil)
	old, ns := nameserver.BIND(t, serverZone, zoneOfServers()), nameserver.BIND(t, serverZone, zoneOfServers())
	config := func(ns *nameserver.Server, last string) string {
		return listConfig(updateProvider(ns), "1s", 0, "192.0.2.0/25", "10.0.0.0/8", last)
	}
	for _, server := range []*nameserver.Server{old, ns} {
		s := newServer(t, server, "")
		s.hurried = true
		s.configure(config(server, "198.51.100.7"))
		s.run(t.Context(), exitYes, "push", "--yes", "--wait", "--journal", server.Address)
	}
	s := newServer(t, ns, "")
	s.hurried = true
	journal := []string{"--journal", ns.Address}
	s.configure(config(ns, "198.51.100.8"))
	s.run(t.Context(), exitYes, append(journal, "push", "--yes", "--wait")...)

	both := append(journal, "--authority", ns.Address, "--authority", old.Address, "--propagation", "300ms")
	for _, command := range [][]string{{"plan"}, {"push", "--yes"}} {
		a := s.run(t.Context(), exitFailure, append(command, both...)...)
		got := strings.NewReplacer(ns.Address, "ns1", old.Address, "ns2").Replace(a.err.String())
		for _, want := range []string{"not every server has it: ns2 lacks 8.100.51.198.in-addr._spf.x.test; ns2 is behind: serial ", ": see to its transfer; --authority HOST:PORT names the servers to ask"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s does not say %q:\n%s", command[0], want, got)
			}
		}
	}
}
