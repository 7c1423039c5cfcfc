package journal_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/providers/journal"
	"github.com/spfzone/spfzone/providers/txt"
)

var (
	noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	old  = txt.RRset{TTL: 60, Records: []txt.Record{{Strings: []string{"v=spf1 -all"}}, {Strings: []string{"a\xff\"", ""}}}}
	next = txt.RRset{TTL: 300, Records: []txt.Record{{Strings: []string{"v=spf1 ", "mx -all"}}, {Strings: []string{"a\xff\"", ""}}}}
)

func write(path string, data []byte) error { return os.WriteFile(path, data, 0o644) }

func entry() *journal.Entry {
	return &journal.Entry{Domain: "x.test.", Zone: "test.", Name: "part1.x.test.", Provider: "p", Stage: "switch", Before: old, After: next, Absence: 7}
}

func TestJournal(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	j, err := journal.Open(dir, write)
	if err != nil {
		t.Fatal(err)
	}
	first, second := entry(), entry()
	second.Domain = "y.test."
	for _, e := range []*journal.Entry{first, second} {
		if err := j.Begin(e, noon); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.End(first, journal.Restored, noon.Add(time.Minute), errors.New("why")); err != nil {
		t.Fatal(err)
	}
	again, err := journal.Open(dir, write)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]*journal.Entry{first, second}, again.Entries("")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]*journal.Entry{second}, again.Entries("y.test.")); diff != "" {
		t.Error(diff)
	}
	third := entry()
	if err := again.Note(third, journal.Noticed, noon); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]*journal.Entry{"3": third, "000003": third, first.ID: first} {
		if got, err := again.Entry(id); err != nil || got.ID != want.ID {
			t.Errorf("entry %s: %v, %v", id, got, err)
		}
	}
	const none = `the journal has no entry "9"`
	if _, err := again.Entry("9"); err == nil || err.Error() != none {
		t.Errorf("error %v, want %s", err, none)
	}
}

// What a file says is a promise to later versions.
func TestForm(t *testing.T) {
	dir := t.TempDir()
	j, _ := journal.Open(dir, write)
	e := entry()
	if err := j.Begin(e, noon); err != nil {
		t.Fatal(err)
	}
	if err := j.End(e, journal.Published, noon.Add(time.Second), nil); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, e.ID+".json"))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{
  "version": 1,
  "time": "2026-11-24T12:00:00Z",
  "domain": "x.test.",
  "zone": "test.",
  "name": "part1.x.test.",
  "provider": "p",
  "stage": "switch",
  "before": {
    "ttl": 60,
    "records": [
      "\"v=spf1 -all\"",
      "\"a\\255\\\"\" \"\""
    ]
  },
  "after": {
    "ttl": 300,
    "records": [
      "\"v=spf1 \" \"mx -all\"",
      "\"a\\255\\\"\" \"\""
    ]
  },
  "absence": 7,
  "outcome": "published",
  "ended": "2026-11-24T12:00:01Z"
}
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestFullDisk(t *testing.T) {
	full := errors.New("no space left on device")
	j, err := journal.Open(t.TempDir(), func(string, []byte) error { return full })
	if err != nil {
		t.Fatal(err)
	}
	const want = "the journal cannot be written: no space left on device"
	if err := j.Begin(entry(), noon); !errors.Is(err, full) || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if n := len(j.Entries("")); n > 0 {
		t.Errorf("%d entries", n)
	}
}

func TestBadFiles(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"another version", `{"version": 2}`, " has the version 2, where this program knows 1"},
		{"an unknown field", `{"version": 1, "extra": 1}`, ` is no entry of a journal: json: unknown field "extra"`},
		{"half a file", `{"version": 1`, " is no entry of a journal: unexpected EOF"},
		{"a record that cannot be", `{"version": 1, "before": {"ttl": 1, "records": ["x"]}}`, " is no entry of a journal: no quote before a string, at octet 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "000001-abc.json")
			if err := write(path, []byte(tt.text)); err != nil {
				t.Fatal(err)
			}
			if _, err := journal.Open(filepath.Dir(path), write); err == nil || err.Error() != path+tt.want {
				t.Errorf("error %v, want %s%s", err, path, tt.want)
			}
		})
	}
}

func TestHeld(t *testing.T) {
	const minute = time.Minute
	ended := noon.Add(minute)
	tests := []struct {
		name    string
		outcome journal.Outcome
		created bool // nothing was there before
		want    []journal.Held
		left    *txt.RRset
	}{
		{"published", journal.Published, false, []journal.Held{{Set: old, Until: ended.Add(minute + time.Second)}}, &next},
		{"created", journal.Published, true, []journal.Held{{Until: ended.Add(8 * time.Second)}}, &next},
		{"by others", journal.Noticed, false, []journal.Held{{Set: old, Until: ended.Add(minute + time.Second)}}, &next},
		{"restored", journal.Restored, false, []journal.Held{{Set: next, Until: ended.Add(5*minute + time.Second)}}, &old},
		{"superseded", journal.Superseded, false, []journal.Held{{Set: old, Until: ended.Add(minute + time.Second)}, {Set: next, Until: ended.Add(5*minute + time.Second)}}, nil},
		{"under way", journal.Intended, false, []journal.Held{{Set: old, Until: noon.Add(11*minute + time.Second)}, {Set: next, Until: noon.Add(15*minute + time.Second)}}, nil},
		{"unchanged", journal.Unchanged, false, nil, &old},
		{"unreferenced", journal.Unreferenced, false, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := entry()
			e.Outcome, e.Ended = tt.outcome, ended
			if tt.created {
				e.Before = txt.RRset{}
			}
			if diff := cmp.Diff(tt.want, e.Held(noon.Add(10*minute))); diff != "" {
				t.Error(diff)
			}
			left, known := e.Left()
			if known != (tt.left != nil) || known && !left.Equal(*tt.left) {
				t.Errorf("left %v, %v", left, known)
			}
		})
	}
}

func TestSettle(t *testing.T) {
	sibling := txt.Record{Strings: []string{"added by others"}}
	with := func(s txt.RRset) txt.RRset {
		return txt.RRset{TTL: s.TTL, Records: append(slices.Clone(s.Records), sibling)}
	}
	tests := []struct {
		name string
		now  txt.RRset
		want journal.Outcome
	}{
		{"the new", next, journal.Published},
		{"the new beside more", with(next), journal.Published},
		{"the old", with(old), journal.Restored},
		{"nothing", txt.RRset{}, journal.Superseded},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := entry().Settle(tt.now); got != tt.want {
				t.Errorf("got %s", got)
			}
		})
	}
}
