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
	"github.com/spfzone/spfzone/providers/push"
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

// spoiler is a provider that makes something else of a change than it was told,
// and says what a publisher says of it that has read it back. Then, or after
// the change that it was told, others may write.
type spoiler struct {
	*world
	instead string              // what it writes, if not what it was told
	unseen  bool                // and could not be read back
	cause   error               // of the error that it gives of that
	others  func(old txt.RRset) // what others do then, if anything
}

func (s *spoiler) Replace(ctx context.Context, zone, name string, old, new txt.RRset) error {
	told := *s
	*s = spoiler{world: s.world}
	if told.instead != "" {
		new = new.With(told.instead, new.TTL)
	}
	err := s.world.Replace(ctx, zone, name, old, new)
	if told.cause != nil {
		e := &providers.Error{Provider: "fake", Name: name, Verb: "replacing", Cause: told.cause, State: providers.Unknown}
		if !told.unseen {
			e.Found = &new
		}
		err = e
	}
	if told.others != nil {
		told.others(old)
	}
	return err
}

// What the provider was seen to make of a change is put back where it is not
// what it was told. Once the change was seen as it was to be, anything else is
// the work of others, and is left alone.
func TestReadBackThatDiffers(t *testing.T) {
	const was, told, other = "v=spf1 -all", "v=spf1 mx -all", "v=spf1 a -all"
	write := func(w *world, text string) func(txt.RRset) {
		return func(txt.RRset) { w.set(domain, w.sets[domain].With(text, 60)) }
	}
	differs := errors.New("what is read back differs")
	const found = `x.test: provider fake: replacing the TXT records of x.test.: what is read back differs; 1 TXT records stand there now, of which 1 are SPF records`
	const serve = `not every server has it: ns1 has "v=spf1 a -all", TTL 60; ns2 has "v=spf1 a -all", TTL 60`
	const left = "\nthe records are not what was read: others have written since, and their record is left as it is: the provider fake has "
	const entry = "; what was there before is in entry ENTRY of the journal"
	tests := []struct {
		name    string
		spoiler func(*world) spoiler
		want    string
		stands  string
		left    bool // it is a LeftError, and a conflict
		outcome journal.Outcome
	}{
		{"the provider writes something else", func(w *world) spoiler {
			return spoiler{instead: other, cause: differs}
		}, found + "\n" + serve + "; what was there before is there again", was, false, journal.Restored},
		{"others replace what was written", func(w *world) spoiler {
			return spoiler{others: write(w, other)}
		}, "x.test: " + serve + left + `"v=spf1 a -all", TTL 60` + entry, other, true, journal.Intended},
		{"others delete what was written", func(w *world) spoiler {
			return spoiler{others: write(w, "")}
		}, "x.test: not every server has it: ns1 has no SPF record; ns2 has no SPF record" + left + "no SPF record" + entry, "", true, journal.Intended},
		{"others replace what the provider wrote instead", func(w *world) spoiler {
			return spoiler{instead: "v=spf1 ptr -all", cause: differs, others: write(w, other)}
		}, found + "\n" + serve + left + `"v=spf1 a -all", TTL 60` + entry, other, true, journal.Intended},
		{"nobody knows who wrote something else", func(w *world) spoiler {
			return spoiler{instead: other, cause: differs, unseen: true}
		}, `x.test: provider fake: replacing the TXT records of x.test.: what is read back differs; what stands there now is not known` + "\n" + serve + left + `"v=spf1 a -all", TTL 60` + entry, other, true, journal.Intended},
		{"the publisher knows that it was others", func(w *world) spoiler {
			return spoiler{instead: other, cause: fmt.Errorf("%w: by others", providers.ErrConflict)}
		}, `x.test: provider fake: replacing the TXT records of x.test.: the records are not what was read: by others; 1 TXT records stand there now, of which 1 are SPF records` + "\n" + serve + left + `"v=spf1 a -all", TTL 60` + entry, other, true, journal.Intended},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, 1)
			w.mustRun(one(was))
			p := w.push(one(told))
			s := tt.spoiler(w)
			s.world = w
			p.Publisher = &s
			step, err := p.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			err = p.Do(t.Context(), step)
			entries := p.Journal.Entries(domain)
			last := entries[len(entries)-1]
			if want := strings.Replace(tt.want, "ENTRY", last.ID, 1); err == nil || err.Error() != want {
				t.Errorf("error %v\nwant  %s", err, want)
			}
			var leftThere *push.LeftError
			if errors.As(err, &leftThere) != tt.left || errors.Is(err, providers.ErrConflict) != tt.left {
				t.Errorf("error %#v", err)
			}
			if !tt.left && len(step.Made) > 0 {
				t.Errorf("%v is said to be written, and was taken back", step.Made)
			}
			if got := strings.Join(version(w.sets[domain]), " and "); got != tt.stands {
				t.Errorf("%q stands there, want %q", got, tt.stands)
			}
			if last.Outcome != tt.outcome {
				t.Errorf("the journal says %s", last.Outcome)
			}
			if !tt.left {
				return
			}
			if _, err := w.push(one(told)).Next(t.Context()); err != nil {
				t.Error(err)
			}
			if last := w.push(nil).Journal.Entries(domain)[len(entries)-1]; last.Outcome != journal.Superseded {
				t.Errorf("the next push makes it %s", last.Outcome)
			}
		})
	}
}

// reverter is a provider that has put back what it stored, as nobody would serve
// it, or as nothing was stored.
type reverter struct {
	*world
	cause error
}

func (r reverter) Replace(_ context.Context, _, name string, _, _ txt.RRset) error {
	return &providers.Error{Provider: "fake", Name: name, Verb: "replacing", Cause: r.cause, State: providers.Unchanged}
}

// What a provider stored and put back may have been served in between.
func TestWhatTheProviderPutsBackMayBeHeld(t *testing.T) {
	tests := []struct {
		name  string
		cause error
		want  journal.Outcome
	}{
		{"put back", fmt.Errorf("the reload fails; %w", txt.ErrPutBack), journal.Restored},
		{"not stored", errors.New("the disk is full"), journal.Unchanged},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, 1)
			w.mustRun(one("v=spf1 -all"))
			p := w.push(one("v=spf1 mx -all"))
			p.Publisher = reverter{w, tt.cause}
			if _, err := w.run(p); !errors.Is(err, tt.cause) {
				t.Errorf("error %v", err)
			}
			entries := p.Journal.Entries(domain)
			if got := entries[len(entries)-1].Outcome; got != tt.want {
				t.Errorf("the journal says %s, want %s", got, tt.want)
			}
		})
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
	const want = `x.test. is written, but not every server has it: ns2 has "v=spf1 -all", TTL 60; ns2 is behind: serial 2, ns1 has 3: see to its transfer; run it again later`
	if err == nil || strings.Replace(err.Error(), "x.test is", "x.test. is", 1) != want {
		t.Errorf("error %v\nwant  %s", err, want)
	}
	if diff := cmp.Diff(step.Stage.Changes, step.Made); diff != "" {
		t.Errorf("written: %s", diff)
	}
	wantSaid := []string{`change x.test: "v=spf1 mx -all", TTL 60`, `x.test: waiting up to 1m0s: not every server has it: ns2 has "v=spf1 -all", TTL 60; ns2 is behind: serial 2, ns1 has 3: see to its transfer`}
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
