package builder

import (
	"context"
	"slices"
)

// fillAsPublished leaves in the root what is published there, and takes into it
// what would need a new part. What it has no room for any more leaves it.
func (l *layout) fillAsPublished(ctx context.Context, s *segment) error {
	for filled := l.asPublished(s); ; filled = withoutFor(filled, max(-l.rootRoom(), 1)) {
		if len(filled) > 0 || len(s.filled) > 0 {
			if err := l.refill(ctx, s, filled); err != nil {
				return err
			}
		}
		spared, err := l.takeNew(ctx, s, filled)
		if err != nil || spared || len(filled) == 0 || l.rootHolds() {
			return err
		}
	}
}

// takeNew takes into the root, beside what is filled already, what would need a
// new part, if it has room for all of that. Else it leaves everything as it is.
func (l *layout) takeNew(ctx context.Context, s *segment, filled []piece) (spared bool, err error) {
	added := l.inNewParts(s)
	if len(added) == 0 || slices.ContainsFunc(added, func(p piece) bool { return !s.mayReturn(p) }) {
		return false, nil
	}
	before := len(s.parts)
	if err := l.refill(ctx, s, merged(filled, added, orderOf(s.moved))); err != nil || l.rootHolds() && len(s.parts) < before {
		return err == nil, err
	}
	return false, l.refill(ctx, s, filled)
}

// withoutFor leaves out of pieces as few as free some octets: the smallest that
// is large enough, or else the largest.
func withoutFor(pieces []piece, octets int) []piece {
	best := 0
	for i, p := range pieces {
		size, least := p.size(), pieces[best].size()
		if size >= octets && (least < octets || size < least) || least < octets && size > least {
			best = i
		}
	}
	return slices.Delete(slices.Clone(pieces), best, best+1)
}

// inNewParts gives the moved pieces of a segment that are in parts which are
// not published.
func (l *layout) inNewParts(s *segment) []piece {
	var out []piece
	own, moved := l.prior.own(), orderOf(s.moved)
	for _, part := range s.parts {
		for _, p := range part.pieces {
			if _, ok := moved[p.text]; ok && !own[part.name] {
				out = append(out, p)
			}
		}
	}
	return out
}

// published reports whether parts for what was moved out of a segment are
// published, and are to be kept to.
func (l *layout) published(s *segment) bool {
	return !l.repack && slices.ContainsFunc(l.prior.parts, func(p priorPart) bool { return l.belongs[p.name] == group{s, theRest} })
}

// asPublished gives the pieces that the published root holds beside the parts
// of the segment, which hold others, or of which it alone holds addresses in
// another term.
func (l *layout) asPublished(s *segment) []piece {
	var out []piece
	for _, p := range s.moved {
		inRoot := p.publishedIn(l.prior.inline, s.qualifier, l.d.closing()) || p.overlaps(l.prior.prefixes[s.qualifier]) && !l.overlapsParts(s, p)
		if s.mayReturn(p) && inRoot && !l.inParts(s, p) {
			out = append(out, p)
		}
	}
	return out
}

// inParts reports whether a piece stands in a published part of a segment.
func (l *layout) inParts(s *segment, p piece) bool {
	for _, prior := range l.prior.parts {
		if p.held(prior.terms) > 0 && slices.ContainsFunc(s.parts, func(o *part) bool { return o.name == prior.name }) {
			return true
		}
	}
	return false
}

// overlapsParts reports whether a published part of a segment has addresses in
// common with a piece.
func (l *layout) overlapsParts(s *segment, p piece) bool {
	return slices.ContainsFunc(l.prior.parts, func(prior priorPart) bool {
		return l.belongs[prior.name].segment == s && p.overlaps(prior.prefixes)
	})
}
