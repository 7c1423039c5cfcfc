package builder

import (
	"context"
	"fmt"
	"strings"
)

// spare says which names are free for parts of an owner's record, so that a
// network may be added or removed and the lock still answers: of the names by
// the pattern, those that have no answer of their own in the lock do not exist.
// What the DNS has for a name that does not exist is nothing or what a wildcard
// puts there; the lock then has the answers for [absentName].
//
// [Update] asks for names, up to last, until it has found as many free ones as a
// record can have parts: each part costs a lookup, of which RFC 7208, Section
// 4.6.4, allows [mostParts]. Parts get the first free names. So no record that a
// build lets through has a part with a number above last, and a question for such
// a name, which a build may ask on its way to refusing a record, counts as one
// for a name that does not exist: the answer is not known, and nothing hangs on
// it.
//
// An owner whose list is empty has no spare, and none is there for an owner most
// of whose names are in use.
type spare struct {
	pattern string
	last    int
}

// mostParts is the most parts that a record can have.
const mostParts = 10

// spareSearch bounds the search for free names: so many that are in use are
// passed over.
const spareSearch = 20

// absentName gives the name that stands for all that do not exist.
func absentName(pattern, owner string) string { return partName(pattern, maxNumber+1, owner) }

// spareOf reports whether a name without answer of its own is known not to exist,
// and gives the name whose answers it then has.
func (l *Lock) spareOf(name string) (absent string, ok bool) {
	for owner := name; owner != ""; {
		_, owner, _ = strings.Cut(owner, ".")
		if s, ok := l.spares[owner]; ok && isPartName(name, s.pattern, owner) {
			return absentName(s.pattern, owner), true
		}
	}
	return "", false
}

// nothing gives the answer for a name that does not exist.
func (l *Lock) nothing(absent, typ string) *lockedAnswer {
	if a := l.answers[question{absent, typ}]; a != nil {
		return a
	}
	return &lockedAnswer{nxdomain: true}
}

// fold leaves out what the lock answers without it: that the names for parts do
// not exist.
func (l *Lock) fold() {
	for q, a := range l.answers {
		absent, ok := l.spareOf(q.name)
		if !ok || len(a.of) > 0 || q.name == absent && (!a.nxdomain || a.alias != "") {
			continue
		}
		if l.nothing(absent, q.typ).same(a) {
			delete(l.answers, q)
		}
	}
}

// owners gives the names that have records of their own, with the domains whose
// settings they have.
func (c *Config) owners() map[string]*Domain {
	owners := map[string]*Domain{}
	for _, d := range c.Domains {
		if len(d.Senders) > 0 {
			owners[d.Name] = d
		}
		for _, r := range d.Regions {
			if r.Domain == nil && len(r.Senders) > 0 {
				owners[r.Name] = d
			}
		}
	}
	return owners
}

// spare finds names that are free for parts of an owner's record, and has
// everything asked that a build may want to know of the names before the last of
// them.
func (b *build) spare(ctx context.Context, owner, pattern string) (s spare, found bool, err error) {
	prior, err := b.readPrior(ctx, owner, pattern)
	if err != nil {
		return s, false, err
	}
	s.pattern = pattern
	n := &namer{b: b, pattern: pattern, owner: owner, own: prior.own()}
	for free := 0; free < mostParts; {
		if s.last++; s.last > mostParts+spareSearch {
			return s, false, nil
		}
		name := partName(pattern, s.last, owner)
		txt, err := b.resolver.LookupTXT(ctx, name)
		if err != nil {
			return s, false, fmt.Errorf("the lookup of %s TXT failed: %w", trimDot(name), err)
		}
		isFree := txt.NXDomain && txt.Alias == ""
		if !isFree {
			if isFree, err = n.free(ctx, name, ""); err != nil {
				return s, false, err
			}
		}
		if isFree && !b.used.has(name) {
			free++
		}
	}
	return s, true, nil
}
