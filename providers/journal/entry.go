package journal

import (
	"time"

	"github.com/spfzone/spfzone/providers/txt"
)

// Entry is one write to the DNS: the TXT RRset of a name, all of it, before and
// after; or the change of an address list. It holds no secret, as what it tells is
// public.
type Entry struct {
	ID       string      `json:"-"` // also the name of its file
	Time     time.Time   `json:"time"`
	Domain   string      `json:"domain"` // canonical; whose record was changed, or a part of it
	Zone     string      `json:"zone"`
	Name     string      `json:"name"`
	Provider string      `json:"provider"`
	Stage    string      `json:"stage"`
	Before   txt.RRset   `json:"before"`
	After    txt.RRset   `json:"after"`
	List     *ListChange `json:"list,omitempty"` // of the address list at the name
	Part     bool        `json:"part,omitempty"` // the record is a part of another
	// Absence is for how many seconds caches may hold that the name had no
	// record before; 0 where nobody can have asked for it.
	Absence uint32    `json:"absence,omitempty"`
	Outcome Outcome   `json:"outcome"`
	Ended   time.Time `json:"ended,omitzero"` // when the outcome was known; for Published, when every authoritative server was seen to have it
	Error   string    `json:"error,omitempty"`
}

// Outcome is what became of a write.
type Outcome string

const (
	// Intended is the outcome of a write that is under way, or that nobody
	// knows the end of.
	Intended Outcome = "intended"
	// Published says that every authoritative server has After.
	Published Outcome = "published"
	// Unchanged says that After was never there.
	Unchanged Outcome = "unchanged"
	// Restored says that Before is there again.
	Restored Outcome = "restored"
	// Superseded says that others wrote something else.
	Superseded Outcome = "superseded"
	// Noticed is a write of somebody else, of which the time is not known: it
	// was seen at the time of the entry.
	Noticed Outcome = "noticed"
	// Unreferenced is no write: the record of a part, at whose time no record
	// that is known of refers to it.
	Unreferenced Outcome = "unreferenced"
)

// Held is an RRset that receivers may still hold. One without records stands
// for the answer that there is none.
type Held struct {
	Set   txt.RRset
	Until time.Time
}

// Held gives the RRsets that were replaced, and until when caches may hold
// them. What has no known end may have been there until now.
func (e *Entry) Held(now time.Time) []Held {
	if e.List != nil {
		return nil
	}
	end := e.Ended
	before := Held{e.Before, end.Add(seconds(e.Before.TTL) + Grain)}
	if len(e.Before.Records) == 0 {
		before.Until = end.Add(seconds(e.Absence) + Grain)
	}
	after := Held{e.After, end.Add(seconds(e.After.TTL) + Grain)}
	switch e.Outcome {
	case Published, Noticed:
		return known(e, before)
	case Restored:
		return []Held{after}
	case Superseded:
		return append(known(e, before), after)
	case Intended:
		open := *e
		open.Ended, open.Outcome = now, Superseded
		return open.Held(now)
	}
	return nil
}

// Grain is added to every TTL: caches count in whole seconds, and so hold an
// answer for up to one more. Unbound has been seen to.
const Grain = time.Second

// known leaves out an absence that nobody asked about.
func known(e *Entry, h Held) []Held {
	if len(h.Set.Records) == 0 && e.Absence == 0 {
		return nil
	}
	return []Held{h}
}

// Left gives the RRset that the write left at its name, as far as is known.
func (e *Entry) Left() (set txt.RRset, ok bool) {
	switch e.Outcome {
	case Published, Noticed:
		return e.After, true
	case Unchanged, Restored:
		return e.Before, true
	}
	return txt.RRset{}, false
}

// Settle gives the outcome of an open write whose name now has a set.
func (e *Entry) Settle(now txt.RRset) Outcome {
	switch {
	case sameSPF(now, e.After):
		return Published
	case sameSPF(now, e.Before):
		return Restored // it may have been there for a while
	}
	return Superseded
}

// sameSPF compares what receivers of mail look at.
func sameSPF(a, b txt.RRset) bool {
	x, y := txt.RRset{TTL: a.TTL, Records: a.SPF()}, txt.RRset{TTL: b.TTL, Records: b.SPF()}
	return x.Equal(y)
}

func seconds(n uint32) time.Duration { return time.Duration(n) * time.Second }
