package builder

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go4.org/netipx"

	"github.com/spfzone/spfzone/spf"
)

// former is what a record publishes with one qualifier. It tells what became
// of an include when that was built.
type former struct {
	mechanisms map[string]bool // by text, without qualifier
	set        *netipx.IPSet   // of ip4 and ip6
}

// former gives what is published with a qualifier, in the root and in its
// parts.
func (p *prior) former(q spf.Qualifier) *former {
	if f := p.formers[q]; f != nil {
		return f
	}
	f := &former{mechanisms: map[string]bool{}}
	var set netipx.IPSetBuilder
	for _, d := range p.root {
		if d.Qualifier == q {
			f.mechanisms[d.Mechanism.String()] = true
		}
	}
	for _, prefix := range p.prefixes[q] {
		set.AddPrefix(prefix)
	}
	for _, part := range p.parts {
		if part.qualifier != q {
			continue
		}
		for text := range part.terms {
			f.mechanisms[text] = true // an exclusion, which begins with "-", is no mechanism's text
		}
		for _, prefix := range part.prefixes {
			set.AddPrefix(prefix)
		}
	}
	f.set = mustSet(&set)
	p.formers[q] = f
	return f
}

// ways gives the ways to treat a node that leave what is published; none where
// nothing of it is, as with a sender that is listed anew. What stands there is
// taken to be kept. Else addresses stand in its place, or terms of its record.
func (f *former) ways(n *node) []*choice {
	if f.mechanisms[n.mechanism.String()] {
		return []*choice{n.keep()}
	}
	var all []*choice
	if n.open != nil && f.holds(n.open.set) {
		all = n.opened(f.combine(n.open.nodes))
	}
	if n.flat != nil && f.holds(n.flat.set) && f.hasAll(n.flat.mechanisms) {
		all = append(all, n.flatten())
	}
	return prune(all, unlimited, (*choice).priceOf)
}

// combine gives the ways to treat nodes together that leave what is published.
func (f *former) combine(nodes []*node) []*way {
	ways := []*way{{}}
	for _, n := range nodes {
		ways = extend(ways, f.ways(n), unlimited)
	}
	return ways
}

// holds reports whether at least half of the prefixes of a set are published:
// some may have come or gone since.
func (f *former) holds(set *netipx.IPSet) bool {
	if set == nil {
		return true
	}
	prefixes, held := set.Prefixes(), 0
	for _, p := range prefixes {
		if f.set.ContainsPrefix(p) {
			held++
		}
	}
	return 2*held >= len(prefixes)
}

func (f *former) hasAll(mechanisms []spf.Mechanism) bool {
	for _, m := range mechanisms {
		if !f.mechanisms[m.String()] {
			return false
		}
	}
	return true
}

// standing gives the choice that is published, where it stands in place of the
// best one: as long as it fits, so that a small change of the configuration
// changes few records. It stands no longer once a cheaper choice would fit with
// a lookup to spare, so that one part more would not undo it at once, and what
// is published is worse by more than a bounded measure. It is nil where it does
// not stand, is the best, or cannot be told.
func (o *outlay) standing(ctx context.Context, best *attempt) (*attempt, error) {
	ways := o.publishedWays(o.room())
	if o.repack || ways == nil || best != nil && slices.ContainsFunc(ways, best.sameAs) {
		return nil, nil
	}
	standing, err := o.first(ctx, ways, 0)
	switch {
	case err != nil && !isTooLarge(err):
		return nil, err
	case best == nil:
		return standing, nil
	case standing == nil:
		return nil, o.noteUnfit(ctx)
	}
	cheaper := slices.DeleteFunc(o.combinations(o.room()), func(w *way) bool { return w.cost >= standing.cost })
	other, err := o.first(ctx, cheaper, 1)
	if err != nil && !isTooLarge(err) {
		return nil, err
	}
	if other != nil && o.displaces(other, standing) {
		o.noteGivenUp("costs %d, where %d will do with a lookup to spare", standing.cost, other.cost)
		return nil, nil
	}
	return standing, nil
}

// noteUnfit says why what is published does not fit any more.
func (o *outlay) noteUnfit(ctx context.Context) error {
	a, err := o.attempt(ctx, o.publishedWays(unlimited)[0])
	var r *Refusal
	switch {
	case errors.As(err, &r) && r.Kind == TooLarge:
		o.noteGivenUp("does not fit: %s", r.Msg)
	case err != nil:
		return err
	case a.draft.counts.lookups > o.d.Limits.Lookups-o.d.Limits.Reserve:
		o.noteGivenUp("needs %d lookups of %d", a.draft.counts.lookups, o.d.Limits.Lookups-o.d.Limits.Reserve)
	default:
		voids := a.draft.counts.voids
		o.noteGivenUp("needs %d void lookups of %d", max(voids[spf.V4], voids[spf.V6]), o.d.Limits.Voids)
	}
	return nil
}

func (o *outlay) noteGivenUp(why string, args ...any) {
	o.choiceNote = "the choice of includes is not the published one, which " + fmt.Sprintf(why, args...)
}

// displaces reports whether a cheaper attempt is worth giving up what is
// published: nothing needs to be flattened any more, or it saves more than one
// part, or more than the octets of one response.
func (o *outlay) displaces(other, standing *attempt) bool {
	return other.sameAs(o.asListed()) ||
		standing.draft.parts.Count > other.draft.parts.Count+1 ||
		standing.cost > other.cost+o.d.Limits.Response
}

// sameAs reports whether an attempt leaves the same terms as a way in every
// slot.
func (a *attempt) sameAs(w *way) bool {
	for i, c := range w.list() {
		if !c.sameAs(a.chosen[i]) {
			return false
		}
	}
	return true
}

// publishedWays gives the ways to treat all slots that leave what is published,
// and what is listed anew in any way, the cheapest first; nil where nothing
// tells what is published.
func (o *outlay) publishedWays(limit counts) []*way {
	ways, known := []*way{{}}, false
	for _, s := range o.slots() {
		more := s.asPublished()
		if known = known || more != nil; more == nil {
			more = s.ways(limit)
		}
		ways = extend(ways, more, limit)
	}
	if !known {
		return nil
	}
	return append([]*way{}, ways...) // not nil, if none keeps to the limit
}

// asPublished gives the ways to treat a slot that leave what is published; none
// where nothing tells, or where the operator has a word in it.
func (s *slot) asPublished() []*choice {
	if s.flatten() != FlattenAuto || s.repeated {
		return nil
	}
	var out []*choice
	for _, c := range s.former.ways(s.node) {
		if len(c.leaves()) > 0 || len(c.outline().set.Prefixes()) > 0 {
			out = append(out, c)
		}
	}
	return out
}
