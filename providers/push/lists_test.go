package push_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go4.org/netipx"

	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/providers/addresslist"
	"github.com/spfzone/spfzone/providers/journal"
	"github.com/spfzone/spfzone/providers/push"
	"github.com/spfzone/spfzone/providers/txt"
	"github.com/spfzone/spfzone/spf"
)

// listOf gives the names of prefixes, as a build does.
func listOf(prefixes ...string) addresslist.List {
	var b netipx.IPSetBuilder
	for _, p := range prefixes {
		b.AddPrefix(netip.MustParsePrefix(p))
	}
	set, _ := b.IPSet()
	var owners []string
	for _, p := range set.Prefixes() {
		owners = append(owners, spf.AddressNames(p, "in-addr."+domain)...)
	}
	return addresslist.Of(domain, owners)
}

// block is one of the networks that random domains list: blocks and addresses in
// each other.
func block(n int) string {
	return []string{"10.0.0.0/24", "10.0.0.5/32", "10.0.0.6/32", "10.0.1.0/31", "10.0.2.0/23", "10.0.0.0/16", "10.1.0.0/16", "10.1.7.7/32", "10.1.7.8/32", "10.2.0.1/32"}[n]
}

// listTree makes the records of a random domain with address lists.
func listTree(r *rand.Rand, networks []int, ttl time.Duration) []providers.Wanted {
	var root []string
	lists := make([][]string, 1+r.IntN(2))
	for _, n := range networks {
		if r.IntN(4) == 0 {
			root = append(root, "ip4:"+block(n))
		} else {
			i := r.IntN(len(lists))
			lists[i] = append(lists[i], block(n))
		}
	}
	var out []providers.Wanted
	for i, blocks := range lists {
		if len(blocks) > 0 {
			name := listName(domain, i+1)
			out = append(out, providers.Wanted{Name: name, Of: domain, TTL: ttl, List: listOf(blocks...)})
			root = append(root, asksFor(name))
		}
	}
	return append([]providers.Wanted{{Name: domain, TTL: ttl, Text: record(root)}}, out...)
}

func asksFor(list string) string { return "exists:%{ir}.%{v}." + strings.TrimSuffix(list, ".") }

// TestPushOfListsThroughFaults is [TestPushThroughFaults] for domains with address
// lists: batches are killed between any two names.
func TestPushOfListsThroughFaults(t *testing.T) {
	seen := map[fault]int{}
	runs, writes, mixes, unsafe, states := 0, 0, 0, 0, 0
	for seed := range uint64(*pushes) {
		w := newWorld(t, seed)
		w.lag = time.Duration(w.r.IntN(20)) * time.Second
		networks := someNetworks(w.r, nil)
		w.set(domain, txt.RRset{TTL: 60, Records: siblings})
		w.now = w.now.Add(time.Hour)
		ttl := time.Duration(60*(1+w.r.IntN(10))) * time.Second
		for range 3 {
			if w.r.IntN(6) == 0 {
				ttl = 5 * time.Minute
			}
			wanted := listTree(w.r, networks, ttl)
			networks = someNetworks(w.r, networks)
			w.change(wanted)
			err := w.pushThrough(wanted, seen, &runs)
			var refusal *providers.UnsafeError
			if errors.As(err, &refusal) {
				unsafe++
				break
			}
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			w.check(wanted)
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
			w.now = w.now.Add(time.Duration(w.r.IntN(3)) * 5 * time.Minute)
		}
		for _, l := range w.lists {
			states += len(l.past)
		}
		writes, mixes = writes+w.writes, mixes+w.mixes
	}
	t.Logf("%d runs of %d domains with three changes each, %d refused as unsafe, %d writes, %d names, %d mixes of cached answers without a failure; faults: %v", runs, *pushes, unsafe, writes, states, mixes, seen)
	for f := range faults {
		if seen[f] == 0 {
			t.Errorf("no %v", f)
		}
	}
	if mixes < writes || states < writes || unsafe > *pushes/4 {
		t.Error("the simulation shows nothing")
	}
}

func withList(root, blocks string) []providers.Wanted {
	return []providers.Wanted{
		{Name: domain, TTL: time.Minute, Text: root},
		{Name: "_spf.x.test.", Of: domain, TTL: time.Minute, List: listOf(strings.Fields(blocks)...)},
	}
}

const asking = "v=spf1 exists:%{ir}.%{v}._spf.x.test -all"

// What an address more writes is one name; another TTL, or a list that cannot be
// read whole, a list of the next number.
func TestListChanges(t *testing.T) {
	first := withList(asking, "10.0.0.0/24 10.1.0.0/16")
	otherTTL := withList(asking, "10.0.0.0/24 10.1.0.0/16")
	otherTTL[1].TTL = 2 * time.Minute
	tests := []struct {
		name   string
		wanted []providers.Wanted
		blind  bool
		want   []string
	}{
		{"an address more", withList(asking, "10.0.0.0/24 10.1.0.0/16 10.2.0.1/32"), false, []string{"switch _spf.x.test. +1 -0"}},
		{"a network less", withList(asking, "10.0.0.0/24"), false, []string{"switch _spf.x.test. +0 -1"}},
		{"from the list into the record", withList("v=spf1 ip4:10.1.0.0/16 exists:%{ir}.%{v}._spf.x.test -all", "10.0.0.0/24"), false,
			[]string{"switch v=spf1 ip4:10.1.0.0/16 exists:%{ir}.%{v}._spf.x.test -all", "switch _spf.x.test. +0 -1"}},
		{"another TTL", otherTTL, false, []string{
			"create _spf2.x.test. +2 -0", "switch v=spf1 exists:%{ir}.%{v}._spf2.x.test -all", "remove _spf.x.test. +0 -2"}},
		{"no list", one("v=spf1 ip4:10.0.0.0/24 -all"), false, []string{"switch v=spf1 ip4:10.0.0.0/24 -all", "remove _spf.x.test. +0 -2"}},
		{"of which not all is known", withList(asking, "10.0.0.0/24 10.1.0.0/16 10.2.0.1/32"), true, []string{
			"create _spf2.x.test. +3 -0", "switch v=spf1 exists:%{ir}.%{v}._spf2.x.test -all", "remove _spf.x.test. +0 -2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, 1)
			if tt.blind { // others have published the first
				w.list("_spf.x.test.").names, w.list("_spf.x.test.").ttl = first[1].List, 60
				w.list("_spf.x.test.").blind = true
				w.set(domain, txt.RRset{TTL: 60, Records: []txt.Record{{Strings: []string{asking}}}})
			} else {
				w.mustRun(first)
			}
			w.now = w.now.Add(time.Hour)
			w.change(tt.wanted)
			p := w.push(tt.wanted)
			step, err := p.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			stages, err := p.Forecast(t.Context(), step)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, describeStages(stages)); diff != "" {
				t.Error(diff)
			}
			w.mustRun(tt.wanted)
			if !w.policyOf(w.texts(), w.trees()...).Equal(w.after) {
				t.Errorf("%v %v", w.texts(), w.lists)
			}
			if n := len(w.trees()); n != len(wantedTrees(tt.wanted)) && !tt.blind || tt.blind && n != 1 {
				t.Errorf("%d lists are left", n)
			}
		})
	}
}

func describeStages(stages []push.Forecast) (out []string) {
	for _, f := range stages {
		for _, c := range f.Stage.Changes {
			text := c.New
			if c.List != nil {
				text = fmt.Sprintf("%s +%d -%d", c.Name, len(c.List.To.Minus(c.List.From)), len(c.List.From.Minus(c.List.To)))
			}
			out = append(out, f.Stage.Kind.String()+" "+text)
		}
	}
	return out
}

// A network that goes from the record into the list stands in the list, for as
// long as receivers may hold that it does not, before it leaves the record. Where
// another goes the other way, no order is safe, and the list gets the next number.
func TestIntoTheList(t *testing.T) {
	tests := []struct {
		name      string
		was, then []providers.Wanted
		want      []string
		later     time.Duration // at the least, the second stage
	}{
		{"one way", withList("v=spf1 ip4:10.5.0.0/16 exists:%{ir}.%{v}._spf.x.test -all", "10.0.0.0/24"), withList(asking, "10.0.0.0/24 10.5.0.0/16"),
			[]string{"switch _spf.x.test. +1 -0", "switch " + asking}, negative},
		{"both ways", withList("v=spf1 ip4:10.5.0.0/16 exists:%{ir}.%{v}._spf.x.test -all", "10.0.0.0/24 10.6.0.0/16"),
			withList("v=spf1 ip4:10.6.0.0/16 exists:%{ir}.%{v}._spf.x.test -all", "10.0.0.0/24 10.5.0.0/16"),
			[]string{"create _spf2.x.test. +2 -0", "switch v=spf1 ip4:10.6.0.0/16 exists:%{ir}.%{v}._spf2.x.test -all", "remove _spf.x.test. +0 -2"}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, 1)
			w.mustRun(tt.was)
			w.now = w.now.Add(time.Hour)
			w.change(tt.then)
			p := w.push(tt.then)
			step, err := p.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			stages, err := p.Forecast(t.Context(), step)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, describeStages(stages)); diff != "" {
				t.Fatal(diff)
			}
			if d := stages[1].At.Sub(w.now); d < tt.later || d > 0 && stages[1].Why != "receivers may hold records of an earlier change" {
				t.Errorf("the second stage comes %v later, as %s", d, stages[1].Why)
			}
			w.mustRun(tt.then)
			if !w.policyOf(w.texts(), w.trees()...).Equal(w.after) || len(w.trees()) != 1 {
				t.Errorf("%v %v", w.texts(), w.lists)
			}
		})
	}
}

// What stands in the way of a list is refused, and nothing is written.
func TestListInTheWay(t *testing.T) {
	const rule = ", and below the name of an address list only A records 127.0.0.2 of addresses may stand, as any other name stands in the way of wildcards (RFC 4592): delete that first"
	tests := []struct {
		name  string
		other addresslist.Record
		want  string
	}{
		{"TXT", addresslist.Record{Name: "mail._spf.x.test.", Type: "TXT"}, "the change cannot be made safely: _spf.x.test: mail._spf.x.test has the TXT record" + rule},
		{"CNAME", addresslist.Record{Name: "1.2.0.192.in-addr._spf.x.test.", Type: "CNAME"}, "the change cannot be made safely: _spf.x.test: 1.2.0.192.in-addr._spf.x.test has the CNAME record" + rule},
		{"another address", addresslist.Record{Name: "*.10.in-addr._spf.x.test.", Type: "A", Data: "127.0.0.4"}, "the change cannot be made safely: _spf.x.test: *.10.in-addr._spf.x.test has the A record 127.0.0.4" + rule},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, 1)
			w.list("_spf.x.test.").others = []addresslist.Record{tt.other}
			_, err := w.run(w.push(withList(asking, "10.0.0.0/24")))
			if err == nil || err.Error() != tt.want || !errors.Is(err, txt.ErrUnsafe) {
				t.Errorf("error %v\nwant  %s", err, tt.want)
			}
			if w.writes > 0 {
				t.Error("something was written")
			}
		})
	}
}

func TestListChangedByOthers(t *testing.T) {
	w := newWorld(t, 1)
	wanted := withList(asking, "10.0.0.0/24")
	w.mustRun(wanted)
	w.now = w.now.Add(time.Hour)
	w.setList("_spf.x.test.", listOf("10.9.0.0/16"))
	w.now = w.now.Add(time.Hour)
	p := w.push(wanted)
	step, err := p.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"the address list _spf.x.test was changed by others: 1 name was added, and 1 deleted"}, step.Notes); diff != "" {
		t.Error(diff)
	}
	entries := p.Journal.Entries(domain)
	last := entries[len(entries)-1]
	want := &journal.ListChange{Added: listOf("10.9.0.0/16"), Deleted: listOf("10.0.0.0/24"), TTL: 60, Absence: 300}
	if diff := cmp.Diff(want, last.List); diff != "" || last.Outcome != journal.Noticed {
		t.Errorf("%s %s", last.Outcome, diff)
	}
	w.mustRun(wanted)
}

// A list of which nothing is known is not ours, whatever it is called.
func TestForeignListStays(t *testing.T) {
	w := newWorld(t, 1)
	w.list("_spf2.x.test.").names, w.list("_spf2.x.test.").ttl = listOf("10.9.0.0/16"), 60
	w.mustRun(withList(asking, "10.0.0.0/24"))
	w.now = w.now.Add(time.Hour)
	w.mustRun(one("v=spf1 -all"))
	if !w.list("_spf2.x.test.").names.Equal(listOf("10.9.0.0/16")) || len(w.list("_spf.x.test.").names) > 0 {
		t.Errorf("%v", w.trees())
	}
}

func TestRollbackOfLists(t *testing.T) {
	trees := [][]providers.Wanted{
		withList(asking, "10.0.0.0/24 10.1.0.0/16"),
		withList(asking, "10.0.0.0/24 10.1.7.7/32"),
		one("v=spf1 ip4:10.0.0.0/24 -all"),
		withList("v=spf1 ip4:10.7.0.0/16 exists:%{ir}.%{v}._spf.x.test -all", "10.0.0.0/24 10.2.0.0/16"),
	}
	trees[3][1].TTL = 3 * time.Minute
	w := newWorld(t, 3)
	w.set(domain, txt.RRset{TTL: 60, Records: siblings})
	w.now = w.now.Add(time.Hour)
	var firsts []*journal.Entry
	for _, wanted := range trees {
		n := len(w.push(nil).Journal.Entries(""))
		w.change(wanted)
		w.mustRun(wanted)
		w.check(wanted)
		firsts = append(firsts, w.push(nil).Journal.Entries("")[n])
		w.now = w.now.Add(time.Minute)
	}
	for i := len(trees) - 1; i >= 0; i-- {
		w.before = nil
		if i > 0 {
			w.change(trees[i-1])
		}
		p := w.push(trees[0][:1])
		entry, err := p.Journal.Entry(firsts[i].ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.WantBefore(t.Context(), entry); err != nil {
			t.Fatal(err)
		}
		if done, err := w.run(p); err != nil || !done {
			t.Fatalf("rolling back %d: done %v, %v", i, done, err)
		}
		if i > 0 {
			w.check(trees[i-1])
		}
	}
	if n := len(w.trees()); n > 0 || len(w.sets[domain].SPF()) > 0 {
		t.Errorf("%d lists are left", n)
	}
	if !slices.ContainsFunc(firsts, func(e *journal.Entry) bool { return e.List != nil }) {
		t.Error("no entry is about a list")
	}
}
