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
	if parts == nil || l.b.repack || len(parts) > len(fresh)+1 {
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

// stableParts puts pieces where the published parts have them, and new ones
// where there is room, into few parts. It is nil where none of them is
// published.
func (l *layout) stableParts(g group, pieces []piece, taken map[string]bool) []*part {
	home := l.homes(g, pieces, taken)
	var parts []*part
	at := map[string]*part{}
	var left []piece
	for i, p := range pieces {
		if home[i] == "" {
			left = append(left, p)
			continue
		}
		if at[home[i]] == nil {
			at[home[i]] = &part{name: home[i]}
			parts = append(parts, at[home[i]])
		}
		if target := at[home[i]]; l.partHolds(target.name, append(target.pieces[:len(target.pieces):len(target.pieces)], p)) {
			target.pieces = append(target.pieces, p)
		} else {
			left = append(left, p)
		}
	}
	if len(parts) == 0 {
		return nil
	}
	l.asIncluded(parts)
	parts, ok := l.addPieces(parts, left, pieces)
	if !ok {
		return nil
	}
	return parts
}

// asIncluded puts published parts in the order in which the published root
// includes them.
func (l *layout) asIncluded(parts []*part) {
	place := map[string]int{}
	for i, p := range l.prior.parts {
		place[p.name] = i
	}
	slices.SortFunc(parts, func(a, b *part) int { return place[a.name] - place[b.name] })
}

// homes gives for each piece the published part that holds it or most of it,
// or "".
func (l *layout) homes(g group, pieces []piece, taken map[string]bool) []string {
	home := make([]string, len(pieces))
	for i, p := range pieces {
		most := 0
		for _, prior := range l.prior.parts {
			if n := p.held(prior.terms); n > most && l.belongs[prior.name] == g && !taken[prior.name] {
				home[i], most = prior.name, n
			}
		}
	}
	return home
}

// addPieces adds pieces to parts that have room, all of them to one part if one
// has enough, and else to new parts. Each part keeps the order of all pieces.
func (l *layout) addPieces(parts []*part, left, all []piece) ([]*part, bool) {
	order := orderOf(all)
	for _, p := range parts {
		if joined := merged(p.pieces, left, order); l.partHolds(p.name, joined) {
			p.pieces = joined
			return parts, true
		}
	}
	var homeless []piece
	for _, one := range left {
		found := false
		for _, p := range parts {
			if joined := merged(p.pieces, []piece{one}, order); l.partHolds(p.name, joined) {
				p.pieces, found = joined, true
				break
			}
		}
		if !found {
			homeless = append(homeless, one)
		}
	}
	if len(homeless) == 0 {
		return parts, true
	}
	fresh, err := l.freshParts(homeless)
	return append(parts, fresh...), err == nil
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
