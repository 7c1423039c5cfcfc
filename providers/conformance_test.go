package providers

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/internal/leaks"
	"github.com/spfzone/spfzone/providers/txt"
)

var update = flag.Bool("update", false, "write testdata/conformance.txt anew")

// candidate is a type of provider under test.
type candidate struct {
	name string
	// start makes ready what all zones have in common.
	start func(t *testing.T) opener
}

// opener gives a zone that has records at a name, with a TTL of 3600, and
// others at other names.
type opener func(t *testing.T, name string, records []txt.Record) site

// site is a zone, and the publisher for it.
type site struct {
	publisher *Publisher
	// form gives what is published of a record that somebody entered there.
	form func(txt.Record) txt.Record
	// wire gives the TXT records of the name as they are published, in
	// presentation form, and rest everything else in the zone.
	wire func() []string
	rest func() []string
	// before has somebody else add a record just before the nth write, fault
	// has the nth write fail, and writes counts them.
	before func(n int, r txt.Record)
	fault  func(n int, f fault)
	writes func() int
}

const (
	apex   = testZone
	part   = "part1." + testZone
	oldSPF = "v=spf1 mx -all"
	newSPF = "v=spf1 ip4:192.0.2.0/24 -all"
	maxTTL = 3600
)

func rec(s ...string) txt.Record { return txt.Record{Strings: s} }

func verification() txt.Record { return rec("google-site-verification=abc_DEF-123") }

// fiveSiblings are those that are easily lost.
func fiveSiblings() []txt.Record {
	return []txt.Record{
		verification(),
		rec(`say "hi" \ there "`),
		rec("h\xc3\xa9llo"),
		txt.Chunk(strings.Repeat("x", 400)),
		rec("MS=ms1"),
	}
}

func with(siblings []txt.Record, r ...txt.Record) []txt.Record { return append(siblings, r...) }

// longSPF has more than two strings.
func longSPF() string { return "v=spf1 " + strings.Repeat("ip4:198.51.100.0/24 ", 30) + "-all" }

// conformanceCase is one thing that is tried.
type conformanceCase struct {
	name    string
	at      string
	records []txt.Record
	text    string // the SPF record wanted, empty for none
	ttl     uint32
	alter   func(old txt.RRset) txt.RRset // what the caller takes for old
	want    error                         // nil for success
}

func conformanceCases() []conformanceCase {
	old := rec(oldSPF)
	plain := []txt.Record{verification()}
	same := func(s txt.RRset) txt.RRset { return s }
	return []conformanceCase{
		{"replace among five", apex, with(fiveSiblings(), old), newSPF, maxTTL, same, nil},
		{"replace beside one", apex, with(plain, old), newSPF, maxTTL, same, nil},
		{"replace alone", part, []txt.Record{old}, newSPF, maxTTL, same, nil},
		{"replace at the apex, alone", apex, []txt.Record{old}, newSPF, maxTTL, same, nil},
		{"replace two strings, alone", part, []txt.Record{txt.New(longSPF())}, newSPF, maxTTL, same, nil},
		{"replace two strings, beside", apex, with(plain, txt.New(longSPF())), newSPF, maxTTL, same, nil},
		{"replace by three strings", part, []txt.Record{old}, longSPF(), maxTTL, same, nil},
		{"replace two SPF records", part, []txt.Record{old, rec("v=spf1 +all")}, newSPF, maxTTL, same, nil},
		{"create among five", apex, fiveSiblings(), newSPF, maxTTL, same, nil},
		{"create alone", part, nil, newSPF, maxTTL, same, nil},
		{"create at the apex", apex, nil, newSPF, maxTTL, same, nil},
		{"delete among five", apex, with(fiveSiblings(), old), "", 0, same, nil},
		{"delete alone", part, []txt.Record{old}, "", 0, same, nil},
		{"text and TTL, alone", part, []txt.Record{old}, newSPF, 86400, same, nil},
		{"TTL only, alone", part, []txt.Record{old}, oldSPF, 86400, same, nil},
		{"TTL only, beside", apex, with(plain, old), oldSPF, 86400, same, nil},
		{"nothing to do", apex, with(plain, old), oldSPF, maxTTL, same, nil},
		{"another TTL than was read", apex, with(plain, old), newSPF, maxTTL,
			func(s txt.RRset) txt.RRset { s.TTL++; return s }, ErrConflict},
		{"delete what is absent", apex, plain, "", maxTTL,
			func(s txt.RRset) txt.RRset { return s.With(oldSPF, s.TTL) }, ErrConflict},
		{"another text than was read", apex, with(plain, old), newSPF, maxTTL,
			func(s txt.RRset) txt.RRset { return s.With("v=spf1 a -all", s.TTL) }, ErrConflict},
		{"a sibling less than was read", apex, with(plain, old), newSPF, maxTTL,
			func(s txt.RRset) txt.RRset { s.Records = append(slices.Clone(s.Records), rec("gone")); return s }, ErrConflict},
	}
}

// TestConformance tries every case with every type of provider. What is
// refused is refused untouched; what is done is done exactly. The table that it
// prints is the one that testdata has.
func TestConformance(t *testing.T) {
	table := map[string]map[string]string{} // by provider, then case
	var order []string
	for _, g := range candidates() {
		t.Run(g.name, func(t *testing.T) {
			row, open := map[string]string{}, g.start(t)
			order, table[g.name] = append(order, g.name), row
			for _, c := range conformanceCases() {
				t.Run(c.name, func(t *testing.T) { row[c.name] = c.run(t, open) })
			}
			for _, c := range listCases() {
				t.Run(c.name, func(t *testing.T) { row[c.name] = c.run(t, open(t, apex, []txt.Record{verification()})) })
			}
			for _, place := range []struct{ name, at string }{{"alone", part}, {"beside", apex}} {
				t.Run("another writer, "+place.name, func(t *testing.T) {
					row["another writer, "+place.name] = anotherWriter(t, open, place.at)
				})
				t.Run("failures half-way, "+place.name, func(t *testing.T) {
					row["failures half-way, "+place.name] = halfWay(t, open, place.at)
				})
			}
		})
	}
	compareTable(t, order, table)
}

// inTime gives a context that is long enough.
func inTime(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// try reads, has old altered, and replaces.
func try(t *testing.T, s site, name, text string, ttl uint32, alter func(txt.RRset) txt.RRset) (new txt.RRset, err error) {
	t.Helper()
	ctx := inTime(t)
	old, err := s.publisher.Read(ctx, testZone, name)
	if err != nil {
		return txt.RRset{}, err
	}
	old = alter(old)
	new = s.publisher.Attainable(old, old.With(text, ttl))
	err = s.publisher.Replace(ctx, testZone, name, old, new)
	s.grep(t, err)
	return new, err
}

// grep looks for secrets in an error and in the publisher, however they are
// printed.
func (s site) grep(t *testing.T, err error) {
	t.Helper()
	var b bytes.Buffer
	for _, format := range []string{"%v", "%+v", "%#v"} {
		fmt.Fprintf(&b, format, err)
		fmt.Fprintf(&b, format, s.publisher)
	}
	leaks.Look(t, "errors", b.Bytes())
}

func (c conformanceCase) run(t *testing.T, open opener) string {
	s := open(t, c.at, c.records)
	before, rest := s.wire(), s.rest()
	if diff := cmp.Diff(s.presentations(c.records), before); diff != "" {
		t.Fatalf("before: %s", diff)
	}
	new, err := try(t, s, c.at, c.text, c.ttl, c.alter)
	if diff := cmp.Diff(rest, s.rest()); diff != "" {
		t.Errorf("the rest of the zone: %s", diff)
	}
	if err == nil && c.want == nil {
		wantPublished(t, s, c.records, c.text)
		now, err := s.publisher.Read(inTime(t), testZone, c.at)
		if err != nil || now.TTL != new.TTL && c.text != "" && !s.publisher.strategy.TTL.Zone {
			t.Errorf("the TTL is %d, want %d (%v)", now.TTL, new.TTL, err)
		}
		return "ok"
	}
	if diff := cmp.Diff(before, s.wire()); diff != "" {
		t.Errorf("it failed (%v), and changed: %s", err, diff)
	}
	return c.refusal(t, err)
}

// refusal judges an error after which nothing has changed.
func (c conformanceCase) refusal(t *testing.T, err error) string {
	var e *Error
	if !errors.As(err, &e) || e.State != Unchanged {
		t.Errorf("not an error that says that nothing was changed: %v", err)
		return "FAIL"
	}
	t.Log(err)
	switch {
	case c.want != nil && errors.Is(err, c.want):
		return "ok"
	case e.Verb == "reading" && !errors.Is(err, context.DeadlineExceeded):
		return "unreadable"
	case errors.Is(err, ErrSiblings) || errors.Is(err, ErrUnsafe):
		return "refused"
	}
	t.Errorf("%v, want %v", err, c.want)
	return "FAIL"
}

// wantPublished compares what is published with the siblings, octet by octet,
// and the SPF record.
func wantPublished(t *testing.T, s site, records []txt.Record, text string) {
	t.Helper()
	siblings := s.presentations(txt.RRset{Records: records}.Siblings())
	var spf []string
	got := slices.DeleteFunc(s.wire(), func(p string) bool {
		r := parsed(t, p)
		if r.IsSPF() {
			spf = append(spf, r.Text())
		}
		return r.IsSPF()
	})
	if diff := cmp.Diff(siblings, got); diff != "" {
		t.Errorf("siblings: %s", diff)
	}
	var want []string
	if text != "" {
		want = []string{text}
	}
	if diff := cmp.Diff(want, spf); diff != "" {
		t.Errorf("SPF records: %s", diff)
	}
}

func parsed(t *testing.T, presentation string) txt.Record {
	t.Helper()
	r, err := txt.Parse(presentation)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// presentations gives what is published of records.
func (s site) presentations(records []txt.Record) []string {
	var out []txt.Record
	for _, r := range records {
		out = append(out, s.form(r))
	}
	return presentations(out)
}

// presentations gives records sorted.
func presentations(records []txt.Record) []string {
	out := []string{}
	for _, r := range records {
		out = append(out, r.String())
	}
	slices.Sort(out)
	return out
}

// place gives what stands at a name in the tests of disturbances.
func place(at string) []txt.Record {
	if at == apex {
		return []txt.Record{verification(), rec(oldSPF)}
	}
	return []txt.Record{rec(oldSPF)}
}

// anotherWriter has somebody else add a record in the moment before the first
// write. It is noticed, or both changes stand, or else it is lost, which only
// providers may do that cannot tell.
func anotherWriter(t *testing.T, open opener, at string) string {
	s := open(t, at, place(at))
	foreign := rec("somebody-else=1")
	s.before(1, foreign)
	rest := s.rest()
	_, err := try(t, s, at, newSPF, maxTTL, func(o txt.RRset) txt.RRset { return o })
	if diff := cmp.Diff(rest, s.rest()); diff != "" {
		t.Errorf("the rest of the zone: %s", diff)
	}
	if s.writes() == 0 {
		return refusedUntouched(t, s, at, err)
	}
	kept := slices.Contains(s.wire(), foreign.String())
	switch {
	case errors.Is(err, ErrConflict) && kept:
		wantPublished(t, s, append(place(at), foreign), oldSPF)
		return "noticed"
	case kept && err == nil:
		wantPublished(t, s, append(place(at), foreign), newSPF)
		return "both stand"
	case kept:
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("not an *Error: %v", err)
		}
		t.Log(err)
		wantPublished(t, s, append(place(at), foreign), spfOf(t, s))
		return "reported"
	}
	way := s.publisher.strategy.way(txt.RRset{Records: place(at)})
	if way != ReadAndSwap && way != SetRRset && !s.publisher.strategy.Rewrites {
		t.Errorf("somebody else's record was lost (%v)", err)
	}
	return "lost"
}

// spfOf gives the only SPF record that is published.
func spfOf(t *testing.T, s site) string {
	t.Helper()
	var spf []string
	for _, p := range s.wire() {
		if r := parsed(t, p); r.IsSPF() {
			spf = append(spf, r.Text())
		}
	}
	if len(spf) != 1 {
		t.Errorf("%d SPF records are published: %v", len(spf), spf)
		return ""
	}
	return spf[0]
}

func refusedUntouched(t *testing.T, s site, at string, err error) string {
	t.Helper()
	if !errors.Is(err, ErrSiblings) && !errors.Is(err, ErrUnsafe) {
		t.Errorf("nothing was written, and the error is %v", err)
	}
	wantPublished(t, s, place(at), oldSPF)
	return "refused"
}

// halfWay has each write fail in turn, done or not. After each, one SPF record
// stands, no sibling is lost, and the error tells the truth.
func halfWay(t *testing.T, open opener, at string) string {
	tried := 0
	for n := 1; ; n++ {
		reached := false
		for _, f := range []fault{refused, lost} {
			s := open(t, at, place(at))
			s.fault(n, f)
			rest := s.rest()
			_, err := try(t, s, at, newSPF, maxTTL, func(o txt.RRset) txt.RRset { return o })
			if s.writes() == 0 {
				return refusedUntouched(t, s, at, err)
			}
			if s.writes() < n {
				continue
			}
			reached = true
			tried++
			if diff := cmp.Diff(rest, s.rest()); diff != "" {
				t.Errorf("write %d: the rest of the zone: %s", n, diff)
			}
			var e *Error
			switch {
			case err == nil:
				wantPublished(t, s, place(at), newSPF)
			case !errors.As(err, &e):
				t.Errorf("write %d: not an *Error: %v", n, err)
			case e.State == Unchanged:
				wantPublished(t, s, place(at), oldSPF)
			case e.State == Unknown:
				wantPublished(t, s, place(at), spfOf(t, s))
			}
			t.Logf("write %d, fault %d: %v", n, f, err)
		}
		if !reached {
			break
		}
	}
	if tried == 0 {
		t.Error("no write failed")
	}
	return "ok"
}

// compareTable prints the table, and compares its rows with those in testdata.
func compareTable(t *testing.T, order []string, table map[string]map[string]string) {
	path := filepath.Join("testdata", "conformance.txt")
	known := readTable(t, path)
	for _, name := range order {
		if len(table[name]) > 0 {
			known[name] = table[name]
		}
	}
	text := renderTable(known)
	t.Logf("\n%s", text)
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		t.Errorf("%s (go test -run Conformance -update writes it): %s", path, diff)
	}
}

// columns are the cases, in their order.
func columns() (names []string) {
	for _, c := range conformanceCases() {
		names = append(names, c.name)
	}
	for _, c := range listCases() {
		names = append(names, c.name)
	}
	return append(names, "another writer, alone", "another writer, beside", "failures half-way, alone", "failures half-way, beside")
}

// renderTable has a block for each provider, of the cases by their outcome.
func renderTable(table map[string]map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(table)) {
		fmt.Fprintf(&b, "%s\n", name)
		for _, c := range columns() {
			fmt.Fprintf(&b, "  %-30s %s\n", c, table[name][c])
		}
	}
	return b.String()
}

func readTable(t *testing.T, path string) map[string]map[string]string {
	table := map[string]map[string]string{}
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return table
	}
	if err != nil {
		t.Fatal(err)
	}
	row := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		if !strings.HasPrefix(line, " ") {
			row, table[line] = line, map[string]string{}
			continue
		}
		table[row][strings.TrimSpace(line[:32])] = strings.TrimSpace(line[32:])
	}
	return table
}
