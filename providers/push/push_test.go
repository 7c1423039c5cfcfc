package push_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/providers/journal"
	"github.com/spfzone/spfzone/providers/txt"
	"github.com/spfzone/spfzone/spf"
)

var pushes = flag.Int("pushes", 150, "how many random pushes to simulate")

// tree makes the records of a random domain.
func tree(r *rand.Rand, networks []int) []providers.Wanted {
	terms := make([][]string, 1+r.IntN(4))
	for _, n := range networks {
		i := r.IntN(len(terms))
		terms[i] = append(terms[i], fmt.Sprintf("ip4:10.0.%d.0/24", n))
	}
	ttl := time.Duration(60*(1+r.IntN(10))) * time.Second
	root := terms[0]
	var parts []providers.Wanted
	for i := 1; i < len(terms); i++ {
		name := partName(domain, i)
		parts = append(parts, providers.Wanted{Name: name, Of: domain, TTL: ttl, Text: record(terms[i])})
		root = append(root, "include:"+strings.TrimSuffix(name, "."))
	}
	return append([]providers.Wanted{{Name: domain, TTL: ttl, Text: record(root)}}, parts...)
}

func record(terms []string) string {
	return strings.Join(append(append([]string{"v=spf1"}, terms...), "-all"), " ")
}

func someNetworks(r *rand.Rand, old []int) (out []int) {
	for n := range 10 {
		if had := slices.Contains(old, n); had && r.IntN(5) > 0 || !had && r.IntN(3) == 0 {
			out = append(out, n)
		}
	}
	return out
}

// TestPushThroughFaults makes random changes one after the other, each with
// faults, and runs the push again until it is done.
func TestPushThroughFaults(t *testing.T) {
	seen := map[fault]int{}
	runs, writes, mixes, unsafe := 0, 0, 0, 0
	for seed := range uint64(*pushes) {
		w := newWorld(t, seed)
		w.lag = time.Duration(w.r.IntN(20)) * time.Second
		networks := someNetworks(w.r, nil)
		w.set(domain, txt.RRset{TTL: 60, Records: siblings})
		w.now = w.now.Add(time.Hour)
		for range 3 {
			wanted := tree(w.r, networks)
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
		writes, mixes = writes+w.writes, mixes+w.mixes
	}
	t.Logf("%d runs of %d domains with three changes each, %d refused as unsafe, %d writes, %d mixes of cached versions without a failure; faults: %v", runs, *pushes, unsafe, writes, mixes, seen)
	for f := range faults {
		if seen[f] == 0 {
			t.Errorf("no %v", f)
		}
	}
	if mixes < writes || unsafe > *pushes/4 {
		t.Error("the simulation shows nothing")
	}
}

// pushThrough runs a push with a fault at some write until it is done.
func (w *world) pushThrough(wanted []providers.Wanted, seen map[fault]int, runs *int) error {
	for range 40 {
		f := fault(0)
		if w.r.IntN(3) > 0 {
			f = fault(w.r.IntN(int(faults)))
		}
		seen[f]++
		*runs++
		w.pending, w.full = f, f == diskFull
		before := w.writes
		done, err := w.run(w.push(wanted))
		switch {
		case done && w.full && w.writes > before:
			return errors.New("it writes without a journal")
		case done:
			w.pending, w.full = none, false
			return nil
		case err == nil, w.full, errors.Is(err, errFailed), errors.Is(err, providers.ErrConflict):
			w.now = w.now.Add(time.Duration(w.r.IntN(60)) * time.Second)
		default:
			return err
		}
	}
	return errors.New("no run comes to an end")
}

// check compares what is published with what was wanted: the same policy, no
// other part, and every sibling.
func (w *world) check(wanted []providers.Wanted) {
	w.t.Helper()
	if !w.policyOf(w.texts(), w.trees()...).Equal(w.after) {
		w.t.Errorf("published %v, wanted %v", w.texts(), wanted)
	}
	records := 0
	for _, set := range w.sets {
		records += len(set.SPF())
	}
	if records != len(wantedTexts(wanted)) {
		w.t.Errorf("%d SPF records, wanted %d: %v", records, len(wantedTexts(wanted)), w.texts())
	}
	if n := len(w.trees()); n != len(wantedTrees(wanted)) {
		w.t.Errorf("%d address lists, wanted %d", n, len(wantedTrees(wanted)))
	}
	if len(txt.Minus(siblings, w.sets[domain].Records)) > 0 {
		w.t.Errorf("siblings are lost: %v", w.sets[domain])
	}
}

// mustRun runs a push that must end well.
func (w *world) mustRun(wanted []providers.Wanted) {
	w.t.Helper()
	if done, err := w.run(w.push(wanted)); err != nil || !done {
		w.t.Fatalf("done %v, %v", done, err)
	}
}

func one(text string) []providers.Wanted {
	return []providers.Wanted{{Name: domain, TTL: time.Minute, Text: text}}
}

func withPart(root, part string) []providers.Wanted {
	return []providers.Wanted{{Name: domain, TTL: time.Minute, Text: root}, {Name: "part1.x.test.", Of: domain, TTL: time.Minute, Text: part}}
}

func TestFailedWriteIsPutBack(t *testing.T) {
	for _, f := range []fault{refused, unknown} {
		t.Run(f.String(), func(t *testing.T) {
			w := newWorld(t, 1)
			w.mustRun(one("v=spf1 -all"))
			was := w.sets[domain]
			w.pending = f
			_, err := w.run(w.push(one("v=spf1 mx -all")))
			if !errors.Is(err, errFailed) {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(was, w.sets[domain]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// spoiler writes something else than it was told.
type spoiler struct {
	*world
	text string
	once bool
}

func (s *spoiler) Replace(ctx context.Context, zone, name string, old, new txt.RRset) error {
	if s.once {
		s.once = false
		new = new.With(s.text, new.TTL)
	}
	return s.world.Replace(ctx, zone, name, old, new)
}

func TestReadBackThatDiffersIsPutBack(t *testing.T) {
	w := newWorld(t, 1)
	w.mustRun(one("v=spf1 -all"))
	p := w.push(one("v=spf1 mx -all"))
	p.Publisher = &spoiler{w, "v=spf1 a -all", true}
	step, err := p.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = p.Do(t.Context(), step)
	if len(step.Made) > 0 {
		t.Errorf("%v is said to be written, and was taken back", step.Made)
	}
	const want = `x.test: not every server has it: ns1 has "v=spf1 a -all", TTL 60; ns2 has "v=spf1 a -all", TTL 60; what was there before is there again`
	if err == nil || err.Error() != want {
		t.Errorf("error %v\nwant  %s", err, want)
	}
	if got := w.sets[domain].SPF()[0].Text(); got != "v=spf1 -all" {
		t.Errorf("%q stands there", got)
	}
	entries := p.Journal.Entries(domain)
	if last := entries[len(entries)-1]; last.Outcome != journal.Restored {
		t.Errorf("the journal says %s", last.Outcome)
	}
}

func TestSlowSecondary(t *testing.T) {
	w := newWorld(t, 1)
	w.mustRun(one("v=spf1 -all"))
	w.now = w.now.Add(time.Hour)
	w.lag = 2 * time.Minute
	p := w.push(one("v=spf1 mx -all"))
	var said []string
	p.Report = func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
	step, err := p.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = p.Do(t.Context(), step)
	const want = `x.test. is written, but not every server has it: ns2 has "v=spf1 -all", TTL 60: run it again later`
	if err == nil || strings.Replace(err.Error(), "x.test is", "x.test. is", 1) != want {
		t.Errorf("error %v\nwant  %s", err, want)
	}
	if diff := cmp.Diff(step.Stage.Changes, step.Made); diff != "" {
		t.Errorf("written: %s", diff)
	}
	wantSaid := []string{`change x.test: "v=spf1 mx -all", TTL 60`, `x.test: waiting up to 1m0s: not every server has it: ns2 has "v=spf1 -all", TTL 60`}
	if diff := cmp.Diff(wantSaid, said); diff != "" {
		t.Errorf("said: %s", diff)
	}
	w.now = w.now.Add(w.lag)
	w.mustRun(one("v=spf1 mx -all"))
	for _, e := range w.push(nil).Journal.Entries(domain) {
		if e.Outcome == journal.Intended {
			t.Errorf("entry %s is open", e.ID)
		}
	}
}

// A part of which nothing is known is deleted when nobody can hold a record
// that refers to it.
func TestUnknownPart(t *testing.T) {
	w := newWorld(t, 1)
	w.set(domain, txt.RRset{TTL: 600, Records: []txt.Record{{Strings: []string{"v=spf1 -all"}}}})
	w.set("part3.x.test.", txt.RRset{TTL: 60, Records: []txt.Record{{Strings: []string{"v=spf1 ip4:192.0.2.0/24 -all"}}}})
	w.now = w.now.Add(24 * time.Hour)
	p := w.push([]providers.Wanted{{Name: domain, TTL: 600 * time.Second, Text: "v=spf1 -all"}})
	step, err := p.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := providers.Stage{Kind: providers.Wait, After: w.now.Add(600*time.Second + journal.Grain), Why: "receivers may hold a record that includes part3.x.test, of which nothing is known"}
	if diff := cmp.Diff(want, step.Stage); diff != "" {
		t.Error(diff)
	}
	w.mustRun([]providers.Wanted{{Name: domain, TTL: 600 * time.Second, Text: "v=spf1 -all"}})
	if got := w.sets["part3.x.test."]; len(got.Records) > 0 {
		t.Errorf("%v stands there", got)
	}
}

// A record that includes a name which only a wildcard makes an answer of says
// what the wildcard does. A part that comes there is a change of it.
func TestPartThatAWildcardAnswersFor(t *testing.T) {
	w := newWorld(t, 1)
	w.wild = txt.RRset{TTL: 90, Records: []txt.Record{{Strings: []string{"v=spf1 ip4:10.0.9.0/24 -all"}}}}
	w.set(domain, txt.RRset{TTL: 60, Records: []txt.Record{{Strings: []string{"v=spf1 include:part1.x.test -all"}}}})
	wanted := withPart("v=spf1 include:part1.x.test -all", "v=spf1 ip4:10.0.1.0/24 -all")
	p := w.push(wanted)
	step, err := p.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	now, then, err := p.Policies(t.Context(), step)
	if err != nil {
		t.Fatal(err)
	}
	passed := func(p *spf.Policy) string { return fmt.Sprint(p.Prefixes(spf.Pass)) }
	if diff := cmp.Diff([]string{"[10.0.9.0/24]", "[10.0.1.0/24]"}, []string{passed(now), passed(then)}); diff != "" {
		t.Error(diff)
	}
	w.mustRun(wanted)
	var lines []string
	for _, e := range w.push(nil).Journal.Entries(domain) {
		lines = append(lines, fmt.Sprintf("%s %s %d -> %s", e.Name, version(e.Before), e.Before.TTL, version(e.After)))
	}
	want := []string{"part1.x.test. [v=spf1 ip4:10.0.9.0/24 -all] 90 -> [v=spf1 ip4:10.0.1.0/24 -all]"}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}

func version(s txt.RRset) (texts []string) {
	for _, r := range s.SPF() {
		texts = append(texts, r.Text())
	}
	return texts
}

func TestReadOnlyWritesNothing(t *testing.T) {
	w := newWorld(t, 1)
	w.mustRun(withPart("v=spf1 include:part1.x.test -all", "v=spf1 -all"))
	w.set(domain, w.sets[domain].With("v=spf1 ?all", 60)) // by others
	before, entries := w.writes, len(w.push(nil).Journal.Entries(""))
	p := w.push(one("v=spf1 mx -all"))
	p.ReadOnly = true
	step, err := p.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stages, err := p.Forecast(t.Context(), step)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, f := range stages {
		kinds = append(kinds, f.Stage.Kind.String())
	}
	if diff := cmp.Diff([]string{"switch", "remove"}, kinds); diff != "" {
		t.Error(diff)
	}
	if w.writes != before || len(w.push(nil).Journal.Entries("")) != entries {
		t.Error("something was written")
	}
	if diff := cmp.Diff([]string{`x.test was changed by others: it had "v=spf1 include:part1.x.test -all", TTL 60, and has "v=spf1 ?all", TTL 60`}, step.Notes); diff != "" {
		t.Error(diff)
	}
}

func TestRollback(t *testing.T) {
	w := newWorld(t, 3)
	w.set(domain, txt.RRset{TTL: 60, Records: siblings})
	w.now = w.now.Add(time.Hour)
	trees := [][]providers.Wanted{
		withPart("v=spf1 ip4:10.0.1.0/24 include:part1.x.test -all", "v=spf1 ip4:10.0.2.0/24 -all"),
		one("v=spf1 ip4:10.0.1.0/24 -all"),
		withPart("v=spf1 include:part1.x.test -all", "v=spf1 ip4:10.0.1.0/24 ip4:10.0.3.0/24 -all"),
	}
	firsts := []*journal.Entry{}
	for _, wanted := range trees {
		n := len(w.push(nil).Journal.Entries(""))
		w.mustRun(wanted)
		firsts = append(firsts, w.push(nil).Journal.Entries("")[n])
	}
	for i := len(trees) - 1; i >= 0; i-- {
		w.before = nil
		if i > 0 {
			w.before, w.after = w.policyOf(w.texts()), w.policyOf(wantedTexts(trees[i-1]))
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
	if diff := cmp.Diff(txt.RRset{TTL: 60, Records: siblings}, w.sets[domain]); diff != "" {
		t.Error(diff)
	}
	if got := w.sets["part1.x.test."]; len(got.Records) > 0 {
		t.Errorf("a part is left: %v", got)
	}
}
