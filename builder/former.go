package builder

import (
	"context"
	"errors"
	"fmt"
	"maps"
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

// account tells what became of the nodes of a list, in their order.
type account struct {
	*former
	stays map[string]int // how many nodes are taken to be kept, by text
	kept  int            // all of them
}

// ways gives the ways to treat a node that leave what is published; none where
// nothing of it is, as with a sender that is listed anew. What stands there is
// taken to be kept. Else addresses stand in its place, or terms of its record.
func (a *account) ways(n *node) []*choice {
	if text := n.mechanism.String(); a.mechanisms[text] && !a.standsBeside(n) {
		a.stays[text]++
		a.kept++
		return []*choice{n.keep()}
	}
	var all []*choice
	before := a.kept
	if n.open != nil && a.holds(n.open.set) {
		all = n.opened(a.combine(n.open.nodes))
	}
	if n.flat != nil && a.kept == before && a.holds(n.flat.set) && a.hasAll(n.flat.mechanisms) {
		all = append(all, n.flatten())
	}
	return prune(all, unlimited, (*choice).priceOf)
}

// standsBeside reports whether a node was flattened though its term is
// published: a node before it with the same term, such as one that two services
// include, is taken to be kept, and all the addresses are published besides.
func (a *account) standsBeside(n *node) bool {
	return a.stays[n.mechanism.String()] > 0 && n.flat != nil && len(n.flat.set.Ranges()) > 0 &&
		holds(a.set, n.flat.set) && a.hasAll(n.flat.mechanisms)
}

// combine gives the ways to treat nodes together that leave what is published.
func (a *account) combine(nodes []*node) []*way {
	ways := []*way{{}}
	for _, n := range nodes {
		ways = extend(ways, a.ways(n), unlimited)
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
	if o.repack || ways == nil || best != nil && slices.ContainsFunc(ways, func(w *way) bool { return o.sameAs(best, w) }) {
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
	return o.sameAs(other, o.asListed()) ||
		standing.draft.parts.Count > other.draft.parts.Count+1 ||
		standing.cost > other.cost+o.d.Limits.Response
}

// sameAs reports whether an attempt puts the same into every record as a way.
// Which slot leaves a term that several have does not show there.
func (o *outlay) sameAs(a *attempt, w *way) bool {
	those := w.list()
	return maps.Equal(o.left(a.chosen), o.left(those)) && maps.EqualFunc(o.placed(a.chosen), o.placed(those), (*netipx.IPSet).Equal)
}

// leftTerm is a term that is left to ask the DNS.
type leftTerm struct {
	in   *former // of the record and the qualifier
	text string
}

// left gives the terms that choices for all slots leave.
func (o *outlay) left(chosen []*choice) map[leftTerm]bool {
	out := map[leftTerm]bool{}
	for i, s := range o.slots() {
		for _, m := range chosen[i].leaves() {
			out[leftTerm{s.former, m.String()}] = true
		}
	}
	return out
}

// placed gives the addresses that choices for all slots put into each record.
func (o *outlay) placed(chosen []*choice) map[*former]*netipx.IPSet {
	sets := map[*former][]*netipx.IPSet{}
	for i, s := range o.slots() {
		if outline := chosen[i].outline(); outline != nil {
			sets[s.former] = append(sets[s.former], outline.set)
		}
	}
	out := map[*former]*netipx.IPSet{}
	for f, all := range sets {
		out[f] = union(all...)
	}
	return out
}

// publishedWays gives the ways to treat all slots that leave what is published,
// and what is listed anew in any way, the cheapest first; nil where nothing
// tells what is published.
func (o *outlay) publishedWays(limit counts) []*way {
	ways, known := []*way{{}}, false
	accounts := map[*former]*account{}
	for _, s := range o.slots() {
		if accounts[s.former] == nil {
			accounts[s.former] = &account{former: s.former, stays: map[string]int{}}
		}
		more := s.asPublished(accounts[s.former])
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
func (s *slot) asPublished(a *account) []*choice {
	if s.flatten() != FlattenAuto || s.repeated {
		return nil
	}
	var out []*choice
	for _, c := range a.ways(s.node) {
		if len(c.leaves()) > 0 || len(c.outline().set.Prefixes()) > 0 {
			out = append(out, c)
		}
	}
	return out
}
