package providers

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

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
// is not in it publishes nothing.
type Published map[string]PublishedName

// Wanted is one of the records that are to be published.
type Wanted struct {
	Name string // canonical
	Text string // empty for a name that is to have no record
	TTL  time.Duration
	Of   string // canonical name of the record whose part it is; empty for a record that stands for itself
}

// StageKind says what a stage does.
type StageKind uint8

// The stages of a rollout, in their order.
const (
	Create StageKind = iota // records at names that have none and that nothing refers to
	Switch                  // records in the place of others
	Remove                  // parts that nothing refers to
	Wait                    // nothing may be written before After
	Done                    // what is published is what is wanted
)

// String gives a word for the kind.
func (k StageKind) String() string {
	return [...]string{"create", "switch", "remove", "wait", "done"}[k]
}

// Stage is what may be written now. Its changes may be made in any order, and
// all of them must be seen at every authoritative server before the next stage.
type Stage struct {
	Kind    StageKind
	Changes []Change
	After   time.Time // of Wait
	Why     string    // of Wait
}

// Change is a record to write, or to delete where New is empty.
type Change struct {
	Name string
	Old  Version
	New  string
	TTL  time.Duration
}

// Next gives the next stage. names gives the names for parts of a record, by
// number from 1. The error is an [*UnsafeError] where no order of changes is
// safe, or that of ctx.
func (r *Rollout) Next(ctx context.Context, now time.Time, published Published, wanted []Wanted, names func(of string, number int) string) (Stage, error) {
	p := &planner{Rollout: r, ctx: ctx, now: now, published: published, wanted: wanted, names: names}
	var unsafe *UnsafeError
	for _, fresh := range []bool{false, true} {
		t, err := p.target(fresh)
		if err != nil {
			return Stage{}, err
		}
		stage, err := p.advance(t)
		if !errors.As(err, &unsafe) {
			return stage, err
		}
	}
	return p.detour(unsafe)
}

// UnsafeError says that no order of changes keeps all mail going that the
// records pass both before and after.
type UnsafeError struct {
	Domain string
	Lost   []netip.Prefix // addresses that some receiver would refuse in between
	Broken []netip.Prefix // addresses that would get permerror in between
}

func (e *UnsafeError) Error() string {
	what, prefixes := "refused", e.Lost
	if len(prefixes) == 0 {
		what, prefixes = "given permerror", e.Broken
	}
	const most = 8
	more := ""
	if n := len(prefixes); n > most {
		prefixes, more = prefixes[:most], fmt.Sprintf(" and %d more", n-most)
	}
	return fmt.Sprintf("%s: no order of changes is safe: with what receivers may have cached, mail from %v%s would be %s in between; publish the change in two steps that have these addresses in common",
		strings.TrimSuffix(e.Domain, "."), prefixes, more, what)
}
