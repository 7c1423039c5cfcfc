package main

import (
	"fmt"
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
	tr := &dns.Transfer{TsigSecret: map[string]string{nameserver.KeyName + ".": nameserver.Key}}
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
		{"first publication", listConfig(provider, "1s", 300, "192.0.2.0/24", "2001:db8::/44"), "_spf.x.test.", -1},
		{"an address more", listConfig(provider, "1s", 301, "192.0.2.0/24", "2001:db8::/44"), "_spf.x.test.", 1},
		{"a wider network in the place of addresses", listConfig(provider, "1s", 300, "192.0.0.0/16", "10.3.0.0/16", "2001:db8::/44"), "_spf.x.test.", 400},
		{"a narrower one", listConfig(provider, "1s", 20, "192.0.2.0/25", "2001:db8::/32"), "_spf.x.test.", 600},
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
			s := &server{t, ns, w.provider(ns)}
			s.pushLists(listSteps(s.provider))
		})
	}
}

// pushLists makes the changes one after the other, and rolls back to the second
// and to nothing.
func (s *server) pushLists(steps []listStep) {
	t := s.t
	t.Helper()
	_, others := split(s.transferred())
	spfx := split1(s.transferred(), "_spfx.x.test.")
	var lists []addresslist.List
	for _, step := range steps {
		before := s.entries()
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
		for _, e := range s.entries()[len(before):] {
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
	if diff := cmp.Diff(spfx, got["_spfx.x.test."]); diff != "" || len(got) != 1 {
		t.Errorf("after the first was rolled back: %d lists, %s", len(got), diff)
	}
	if diff := cmp.Diff(others, rest); diff != "" {
		t.Errorf("after the first was rolled back: %s", diff)
	}
}

func split1(records []string, root string) addresslist.List {
	lists, _ := split(records)
	return lists[root]
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
	s := &server{t, ns, fmt.Sprintf("{type: zonefile, file: x.zone, reload: kill -HUP %d, authorities: %q}", pid, ns.Address)}
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
