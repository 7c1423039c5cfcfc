package journal

import (
	"time"

	"github.com/spfzone/spfzone/providers/addresslist"
)

// ListChange is the change of an address list, as the names that were to be added
// and deleted, and those that were to be added on the way and deleted again.
type ListChange struct {
	Added   addresslist.List `json:"added,omitempty"`
	Deleted addresslist.List `json:"deleted,omitempty"`
	Passing addresslist.List `json:"passing,omitempty"`
	TTL     uint32           `json:"ttl"`               // of its records, the longest
	Absence uint32           `json:"absence,omitempty"` // for how many seconds caches may hold that a name is none of the list
	// First says that there were no names before.
	First bool `json:"first,omitempty"`
}

// Before gives the list before a change, of the list after it, or of what the
// change has left: names that were not added yet, or not deleted, make no
// difference.
func (c *ListChange) Before(after addresslist.List) addresslist.List {
	return after.Minus(c.Added).Minus(c.Passing).Plus(c.Deleted)
}

// After is the inverse.
func (c *ListChange) After(before addresslist.List) addresslist.List {
	return before.Minus(c.Deleted).Plus(c.Added)
}

// Hold is for how long caches may hold an answer about a name of the list.
func (c *ListChange) Hold() time.Duration { return seconds(max(c.TTL, c.Absence)) + Grain }

// HeldList is a list whose answers receivers may still hold.
type HeldList struct {
	Names addresslist.List
	Until time.Time
}

// HeldLists gives the lists that were replaced, of the list that the change left,
// and until when caches may hold their answers. While names are added and deleted
// every answer is that of the list before or after.
func (e *Entry) HeldLists(left addresslist.List, now time.Time) []HeldList {
	end := e.Ended
	if e.Outcome == Intended {
		end = now
	}
	before := HeldList{e.List.Before(left), end.Add(e.List.Hold())}
	switch e.Outcome {
	case Published, Noticed:
		return []HeldList{before}
	case Superseded, Intended:
		return []HeldList{before, {e.List.After(before.Names), before.Until}}
	}
	return nil
}

// SettleList gives the outcome of an open change whose list now has names.
func (e *Entry) SettleList(now addresslist.List) Outcome {
	gone := e.List.Deleted.Plus(e.List.Passing)
	if len(e.List.Added.Minus(now)) == 0 && len(gone.Minus(now)) == len(gone) {
		return Published
	}
	return Superseded
}
