package journal_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/providers/addresslist"
	"github.com/spfzone/spfzone/providers/journal"
)

func TestListChange(t *testing.T) {
	before := addresslist.New("a", "b", "c")
	after := addresslist.New("b", "c", "d", "e")
	change := &journal.ListChange{Added: after.Minus(before), Deleted: before.Minus(after), Passing: addresslist.New("p"), TTL: 60, Absence: 300}
	for name, left := range map[string]addresslist.List{
		"all done": after, "nothing done": before, "half-way": addresslist.New("a", "b", "c", "d", "p"),
	} {
		if got := change.Before(left); !got.Equal(before) {
			t.Errorf("%s: %q before", name, got)
		}
	}
	if got := change.After(before); !got.Equal(after) {
		t.Errorf("%q after", got)
	}
	held := func(ended time.Time) []journal.HeldList {
		return []journal.HeldList{{before, ended.Add(301 * time.Second)}, {after, ended.Add(301 * time.Second)}}
	}
	tests := []struct {
		outcome journal.Outcome
		left    addresslist.List
		settled journal.Outcome
		held    []journal.HeldList
	}{
		{journal.Published, after, journal.Published, held(noon)[:1]},
		{journal.Noticed, after, journal.Published, held(noon)[:1]},
		{journal.Superseded, addresslist.New("a", "b", "c", "d", "p"), journal.Superseded, held(noon)},
		{journal.Intended, addresslist.New("a", "b", "c", "d"), journal.Superseded, held(noon.Add(time.Hour))},
		{journal.Intended, after.Plus(addresslist.New("p")), journal.Superseded, held(noon.Add(time.Hour))},
		{journal.Unchanged, before, journal.Superseded, nil},
	}
	for _, tt := range tests {
		e := &journal.Entry{Outcome: tt.outcome, Ended: noon, List: change}
		if diff := cmp.Diff(tt.held, e.HeldLists(tt.left, noon.Add(time.Hour))); diff != "" {
			t.Errorf("%s: %s", tt.outcome, diff)
		}
		if got := e.SettleList(tt.left); got != tt.settled {
			t.Errorf("%s of %q: %s", tt.outcome, tt.left, got)
		}
		if h := e.Held(noon); h != nil {
			t.Errorf("%s: it holds RRsets: %v", tt.outcome, h)
		}
	}
}
