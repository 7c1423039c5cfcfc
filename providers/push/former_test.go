package push_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/providers/journal"
	"github.com/spfzone/spfzone/providers/push"
	"github.com/spfzone/spfzone/providers/txt"
)

// otherName gives parts other names than partName does.
func otherName(of string, number int) string { return fmt.Sprintf("p%d.%s", number, of) }

// renamedPush is a push in whose configuration parts have other names.
func (w *world) renamedPush(wanted []providers.Wanted) *push.Push {
	p := w.push(wanted)
	p.PartName = otherName
	return p
}

func (w *world) mustDo(p *push.Push) {
	w.t.Helper()
	if done, err := w.run(p); err != nil || !done {
		w.t.Fatalf("done %v, %v", done, err)
	}
}

func (w *world) names() (names []string) {
	for _, name := range []string{domain, "part1.x.test.", "p1.x.test.", "uk.x.test.", "part1.uk.x.test."} {
		if len(w.sets[name].SPF()) > 0 {
			names = append(names, strings.TrimSuffix(name, "."))
		}
	}
	return names
}

// TestPartsOfAFormerPattern changes the names of parts: those of before go, when
// nobody can hold a record that includes them, and come again with a rollback.
func TestPartsOfAFormerPattern(t *testing.T) {
	w := newWorld(t, 1)
	w.mustRun(withPart("v=spf1 include:part1.x.test -all", "v=spf1 ip4:10.0.1.0/24 -all"))
	w.now = w.now.Add(time.Hour)
	wanted := []providers.Wanted{{Name: domain, TTL: time.Minute, Text: "v=spf1 include:p1.x.test -all"}, {Name: "p1.x.test.", Of: domain, TTL: time.Minute, Text: "v=spf1 ip4:10.0.1.0/24 ip4:10.0.3.0/24 -all"}}
	p := w.renamedPush(wanted)
	for range 2 { // the new part, and the record
		step, err := p.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Do(t.Context(), step); err != nil {
			t.Fatal(err)
		}
	}
	stale, waiting, err := w.renamedPush(wanted).Stale(t.Context())
	if diff := cmp.Diff([]string{"part1.x.test."}, waiting); diff != "" || err != nil || len(stale) > 0 {
		t.Errorf("stale %v, waiting %v, %v", stale, waiting, err)
	}
	step, err := p.Next(t.Context())
	if err != nil || step.Stage.Kind != providers.Wait {
		t.Fatalf("%v, %v", step, err)
	}
	w.now = step.Stage.After
	stale, waiting, err = w.renamedPush(wanted).Stale(t.Context())
	if diff := cmp.Diff([]string{"part1.x.test."}, stale); diff != "" || err != nil || len(waiting) > 0 {
		t.Errorf("stale %v, waiting %v, %v", stale, waiting, err)
	}
	w.mustDo(w.renamedPush(wanted))
	if diff := cmp.Diff([]string{"x.test", "p1.x.test"}, w.names()); diff != "" {
		t.Error(diff)
	}

	// Back to the time before.
	w.now = w.now.Add(time.Hour)
	back := w.renamedPush(wanted[:1])
	entry := back.Journal.Entries(domain)[2]
	if err := back.WantBefore(t.Context(), entry); err != nil {
		t.Fatal(err)
	}
	w.mustDo(back)
	if diff := cmp.Diff([]string{"x.test", "part1.x.test"}, w.names()); diff != "" {
		t.Error(diff)
	}
}

// TestFormerPartsThatStay holds back what others may need: the record of a region
// that is no more, and the part that it includes; a part that another domain's
// record includes, and one that is reserved.
func TestFormerPartsThatStay(t *testing.T) {
	w := newWorld(t, 1)
	all := []providers.Wanted{
		{Name: domain, TTL: time.Minute, Text: "v=spf1 include:part1.x.test include:uk.x.test -all"},
		{Name: "part1.x.test.", Of: domain, TTL: time.Minute, Text: "v=spf1 ip4:10.0.1.0/24 -all"},
		{Name: "uk.x.test.", TTL: time.Minute, Text: "v=spf1 include:part1.uk.x.test -all"},
		{Name: "part1.uk.x.test.", Of: "uk.x.test.", TTL: time.Minute, Text: "v=spf1 ip4:10.0.2.0/24 -all"},
	}
	everything := []string{"x.test", "part1.x.test", "uk.x.test", "part1.uk.x.test"}
	w.mustRun(all)
	if diff := cmp.Diff(everything, w.names()); diff != "" {
		t.Fatal(diff)
	}
	less := one("v=spf1 ip4:10.0.1.0/24 ip4:10.0.2.0/24 -all")
	reserved := w.renamedPush(less)
	reserved.Reserved = func(name string) bool { return name == "part1.x.test." }
	w.mustDo(reserved)
	if diff := cmp.Diff(everything, w.names()); diff != "" {
		t.Errorf("reserved: %s", diff)
	}
	j := w.push(nil).Journal
	set := func(text string) txt.RRset {
		return txt.RRset{TTL: 60, Records: []txt.Record{{Strings: []string{text}}}}
	}
	other := &journal.Entry{Domain: "y.test.", Zone: "y.test.", Name: "y.test.", Provider: "fake", After: set("v=spf1 include:part1.x.test -all")}
	if err := j.Note(other, journal.Published, w.now); err != nil {
		t.Fatal(err)
	}
	w.mustDo(w.renamedPush(less))
	if diff := cmp.Diff(everything, w.names()); diff != "" {
		t.Errorf("included by another domain: %s", diff)
	}
	other = &journal.Entry{Domain: "y.test.", Zone: "y.test.", Name: "y.test.", Provider: "fake", Before: other.After, After: set("v=spf1 -all")}
	if err := j.Note(other, journal.Published, w.now); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Hour)
	w.mustDo(w.renamedPush(less))
	if diff := cmp.Diff([]string{"x.test", "uk.x.test", "part1.uk.x.test"}, w.names()); diff != "" {
		t.Errorf("nobody includes part1.x.test: %s", diff)
	}
}

// Whether a wildcard answers for a part of a former pattern is found out at a name
// that no part of the present one is given, below the same parent.
func TestWildcardAnswersForAPartOfAFormerPattern(t *testing.T) {
	w := newWorld(t, 1)
	w.mustRun(withPart("v=spf1 include:part1.x.test -all", "v=spf1 ip4:10.0.1.0/24 -all"))
	w.mustRun(one("v=spf1 ip4:10.0.1.0/24 -all"))
	w.now = w.now.Add(time.Hour)
	w.wild = txt.RRset{TTL: 90, Records: []txt.Record{{Strings: []string{"v=spf1 ip4:10.0.9.0/24 -all"}}}}
	p := w.renamedPush(one("v=spf1 ip4:10.0.1.0/24 -all"))
	var asked []string
	zoneOf := p.ZoneOf
	p.ZoneOf = func(ctx context.Context, name string) (*push.Zone, error) {
		asked = append(asked, name)
		return zoneOf(ctx, name)
	}
	step, err := p.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if step.Stage.Kind != providers.Done {
		t.Errorf("%v of %v", step.Stage.Kind, step.Stage.Changes)
	}
	asked = slices.DeleteFunc(asked, func(name string) bool { return !strings.HasPrefix(name, "part") })
	if diff := cmp.Diff([]string{"part1.x.test."}, asked); diff != "" {
		t.Errorf("names of the former pattern that are looked at: %s", diff)
	}
}
