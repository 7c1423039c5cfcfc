package builder

import (
	"context"
	"fmt"
	"slices"
)

// split puts what does not stand in the root into parts, and names them. What
// the published parts hold already stays where it is, as far as that costs no
// more than one part above the fewest.
func (l *layout) split(ctx context.Context) error {
	taken := map[string]bool{}
	for _, s := range l.segments {
		s.parts = nil
		for i, pieces := range s.apart {
			if err := l.addParts(group{s, i}, pieces, taken); err != nil {
				return err
			}
		}
		if err := l.addParts(group{s, theRest}, without(s.moved, s.filled), taken); err != nil {
			return err
		}
	}
	for _, s := range l.segments {
		for _, p := range s.parts {
			if p.name != "" {
				continue
			}
			var err error
			if p.name, err = l.names.name(ctx, taken, l.partRecord(p.pieces).String()); err != nil {
				return err
			}
			taken[p.name] = true
		}
		s.byWeight()
	}
	return nil
}

// without gives the pieces that are not among others.
func without(pieces, others []piece) []piece {
	gone := map[string]bool{}
	for _, p := range others {
		gone[p.text] = true
	}
	var out []piece
	for _, p := range pieces {
		if !gone[p.text] {
			out = append(out, p)
		}
	}
	return out
}

// addParts gives a segment the parts for a group of its pieces.
func (l *layout) addParts(g group, pieces []piece, taken map[string]bool) error {
	if len(pieces) == 0 {
		return nil
	}
	fresh, err := l.freshParts(pieces)
	if err != nil {
		return err
	}
	parts := l.stableParts(g, pieces, taken)
	if parts == nil || l.repack || len(parts) > len(fresh)+1 {
		parts = fresh
		l.nameAsBefore(g, parts, taken)
	}
	for _, p := range parts {
		if p.name != "" {
			taken[p.name] = true
		}
	}
	g.segment.parts = append(g.segment.parts, parts...)
	return nil
}

// longName is a name for a part of which no later one will be longer, as long
// as there are not more than ten times as many as the pieces need at least.
func (l *layout) longName(pieces []piece) string {
	capacity := max(l.partCapacity(partName(l.d.Split.Names, 1, l.name)), 1)
	return partName(l.d.Split.Names, lowerBound(total(pieces), capacity)+len(l.prior.parts), l.name)
}

// freshParts packs pieces into as few parts as can be, looking at nothing that
// is published.
func (l *layout) freshParts(pieces []piece) ([]*part, error) {
	name := l.longName(pieces)
	sizes := make([]int, len(pieces))
	for i, p := range pieces {
		if sizes[i] = p.size(); !l.partHolds(name, pieces[i:i+1]) {
			return nil, l.pieceTooLarge(name, p)
		}
	}
	largest := 0
	for _, s := range sizes {
		largest = max(largest, s)
	}
	// Terms are not cut, so that the strings of a record may end early: then the
	// best capacity is a little too much.
	for capacity := l.partCapacity(name); ; capacity-- {
		parts := partsOf(pieces, pack(sizes, max(capacity, largest)))
		if l.allHold(name, parts) {
			return parts, nil
		}
	}
}

func partsOf(pieces []piece, bins []bin) []*part {
	parts := make([]*part, len(bins))
	for i, b := range bins {
		parts[i] = &part{}
		for _, k := range b.pieces {
			parts[i].pieces = append(parts[i].pieces, pieces[k])
		}
	}
	return parts
}

func (l *layout) allHold(name string, parts []*part) bool {
	for _, p := range parts {
		if !l.partHolds(name, p.pieces) {
			return false
		}
	}
	return true
}

// merged puts pieces together in order.
func merged(a, b []piece, order map[string]int) []piece {
	out := append(a[:len(a):len(a)], b...)
	slices.SortFunc(out, func(x, y piece) int { return order[x.text] - order[y.text] })
	return out
}

// nameAsBefore gives each part the name of the published one that shares most
// with it, where one shares anything.
func (l *layout) nameAsBefore(g group, parts []*part, taken map[string]bool) {
	for _, p := range parts {
		best, most := "", 0
		for _, prior := range l.prior.parts {
			if n := inCommon(p.pieces, prior.terms); l.belongs[prior.name] == g && !taken[prior.name] && n > most && l.partHolds(prior.name, p.pieces) {
				best, most = prior.name, n
			}
		}
		if p.name = best; best != "" {
			taken[best] = true
		}
	}
}

func inCommon(pieces []piece, terms map[string]bool) int {
	n := 0
	for _, p := range pieces {
		n += p.held(terms)
	}
	return n
}

func (l *layout) pieceTooLarge(name string, p piece) error {
	size := responseSize(name, l.partRecord([]piece{p}).String(), nil)
	return &Refusal{Kind: TooLarge, Domain: l.d.Name, Msg: fmt.Sprintf("%s alone makes a record whose response has %d octets, and limits.response allows %d", p.text, size, l.d.Limits.Response)}
}
