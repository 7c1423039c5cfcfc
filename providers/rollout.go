package providers

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/spfzone/spfzone/providers/addresslist"
	"github.com/spfzone/spfzone/spf"
)

// Rollout plans how the records of a domain take the place of the published
// ones, in stages, so that no receiver refuses mail that both the old and the
// new records pass, whatever it has cached.
//
// Receivers hold each name as it was at some moment until its TTL is over, any
// mix of them. So a stage is safe if, for every mix of the versions that may
// be held, each address that the records pass before and after it passes, and
// none gets permerror that does not get it before or after.
//
// New parts are created first, under names that nothing refers to yet; then
// the records that refer to them change, all at once if every mix is safe, and
// else one after the other with the TTL between; parts that nothing refers to
// any more go when every record is gone from caches that referred to them.
// Parts whose change would not be safe in place get fresh names.
//
// An address list is a part of the record that asks for it. A receiver asks it
// one question for each address, and holds the answer; so the lists that there
// were are versions of its name as any other's. While its names are added and
// deleted, in the order of [addresslist.Steps], every answer is that of the list
// before or of the one after. A list whose TTL changes, or whose names cannot all
// be read, gets a fresh name.
//
// A Rollout has no state: [Rollout.Next] is a function of what is published,
// what is wanted and the time. A push that was stopped anywhere is taken up by
// asking again.
type Rollout struct {
	Resolver spf.Resolver                 // for the names that the domain does not publish itself
	Limits   spf.Limits                   // of receivers
	Fits     func(name, text string) bool // whether a record keeps to the size limits; nil if any does
}

// Version is the SPF records of one name at one time: none where it has none,
// and more than one where it is broken.
type Version []string

// PublishedName is what one name publishes, and did.
type PublishedName struct {
	Now    Version
	TTL    time.Duration
	Former []Former // versions that receivers may still hold
	List   *PublishedList
}

// PublishedList is the address list at a name that may be a list's.
type PublishedList struct {
	Names  addresslist.List
	TTL    time.Duration
	Former []FormerList
	// Asked is until when receivers may hold an answer about a name of the list,
	// though no published record asks for it.
	Asked   time.Time
	Partial bool // other names may stand there than are known
	Foreign bool // it is not ours to delete
}

// FormerList is a list that was changed. Receivers may hold its answers until a
// time.
type FormerList struct {
	Names addresslist.List
	Until time.Time
}

// only gives the version that is one record, or none if text is empty.
func only(text string) Version {
	if text == "" {
		return nil
	}
	return Version{text}
}

// Former is a version that was replaced. Receivers may hold it until its TTL
// is over, or that of a negative answer (RFC 2308) where it is none.
type Former struct {
	Version Version
	Until   time.Time
}

// Published is the SPF records of a domain as they are: the domain's own, those
// of its regions, and everything at a name that may be a part's. A name that
// is not in it publishes nothing, and is no list's.
type Published map[string]PublishedName

// Wanted is one of the records that are to be published.
type Wanted struct {
	Name string // canonical
	Text string // empty for a name that is to have no record
	TTL  time.Duration
	Of   string           // canonical name of the record whose part it is; empty for a record that stands for itself
	List addresslist.List // of an address list, which has no text; nil for a record
}

// Names gives the names that parts and address lists of a record may have, by
// number from 1. Lists are given those that are [Published] with a list, as
// the others were not looked at.
type Names struct {
	Part func(of string, number int) string
	List func(of string, number int) string
}

// StageKind says what a stage does.
type StageKind uint8

// The stages of a rollout, in their order.
const (
	Create StageKind = iota // records at names that have none and that nothing refers to, and lists that nothing asks for
	Switch                  // records in the place of others
	Remove                  // parts and lists that nothing refers to
	Wait                    // nothing may be written before After
	Done                    // what is published is what is wanted
)

// String gives a word for the kind.
func (k StageKind) String() string {
	return [...]string{"create", "switch", "remove", "wait", "done"}[k]
}

// Stage is what may be written now. Its changes are made in their order, and
// all of them must be seen at every authoritative server before the next stage.
type Stage struct {
	Kind    StageKind
	Changes []Change
	After   time.Time // of Wait
	Why     string    // of Wait
}

// Change is a record to write, or to delete where New is empty; or a list.
type Change struct {
	Name string
	Old  Version
	New  string
	TTL  time.Duration
	List *ListChange
}

// Verb gives "create", "change" or "delete".
func (c Change) Verb() string {
	none, was := c.New == "", len(c.Old) > 0
	if c.List != nil {
		none, was = len(c.List.To) == 0, len(c.List.From) > 0
	}
	switch {
	case none:
		return "delete"
	case was:
		return "change"
	}
	return "create"
}

// ListChange is the names of an address list as they are and as they are to be.
type ListChange struct{ From, To addresslist.List }

// Next gives the next stage. The first record that is wanted is the domain's own.
// The error is an [*UnsafeError] where no order of changes is safe, or that of
// ctx.
func (r *Rollout) Next(ctx context.Context, now time.Time, published Published, wanted []Wanted, names Names) (Stage, error) {
	p := &planner{Rollout: r, ctx: ctx, now: now, published: published, wanted: wanted, names: names, trees: map[treeOf]*spf.AddressTree{}}
	var unsafe *UnsafeError
	for _, w := range p.ways() {
		t, err := p.target(w.fresh)
		if err != nil {
			return Stage{}, err
		}
		stage, err := w.plan(t)
		if !errors.As(err, &unsafe) {
			return stage, err
		}
		if p.why == nil || unsafe.tells() || !p.why.tells() {
			p.why = unsafe
		}
	}
	return Stage{}, p.why
}

// fresh says what gets a name that nothing else was published at, where it is
// not published as it is wanted.
type fresh struct{ parts, lists bool }

// way is one way to publish what is wanted.
type way struct {
	fresh fresh
	plan  func(*target) (Stage, error)
}

// ways gives all, the one that writes least first.
func (p *planner) ways() []way {
	all := []way{{fresh{}, p.advance}, {fresh{parts: true}, p.advance}}
	if slices.ContainsFunc(p.wanted, func(w Wanted) bool { return w.List != nil }) {
		all = append(all, way{fresh{parts: true}, p.detour}, way{fresh{parts: true, lists: true}, p.advance})
	}
	return append(all, way{fresh{parts: true, lists: true}, p.detour})
}

// UnsafeError says that no order of changes keeps all mail going that the
// records pass both before and after.
type UnsafeError struct {
	Domain string
	Lost   []netip.Prefix // addresses that some receiver would refuse in between
	Broken []netip.Prefix // addresses that would get permerror in between
	Why    string         // it could not be told for any addresses, and what to do
}

// tells reports whether it names addresses.
func (e *UnsafeError) tells() bool { return len(e.Lost)+len(e.Broken) > 0 }

func (e *UnsafeError) Error() string {
	start := fmt.Sprintf("%s: no order of changes is safe: ", strings.TrimSuffix(e.Domain, "."))
	if !e.tells() {
		return start + e.Why
	}
	what, prefixes := "refused", e.Lost
	if len(prefixes) == 0 {
		what, prefixes = "given permerror", e.Broken
	}
	const most = 8
	more := ""
	if n := len(prefixes); n > most {
		prefixes, more = prefixes[:most], fmt.Sprintf(" and %d more", n-most)
	}
	return fmt.Sprintf("%swith what receivers may have cached, mail from %v%s would be %s in between; publish the change in two steps that have these addresses in common", start, prefixes, more, what)
}
