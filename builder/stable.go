package builder

import "slices"

// stableParts puts pieces where the published parts have them, and new ones
// where there is room, into few parts. It is nil where none of them is
// published.
func (l *layout) stableParts(g group, pieces []piece, taken map[string]bool) []*part {
	homes := l.homes(g, pieces, taken)
	order := orderOf(pieces)
	var parts []*part
	at := map[*priorPart]*part{}
	var left []piece
	// What has not changed comes first, so that nothing else takes its room.
	for _, same := range [...]bool{true, false} {
		for i, p := range pieces {
			home := homes[i]
			if (home != nil && p.held(home.terms) == len(p.terms)) != same {
				continue
			}
			if home == nil {
				left = append(left, p)
				continue
			}
			if at[home] == nil {
				at[home] = &part{name: home.name}
				parts = append(parts, at[home])
			}
			if joined := merged(at[home].pieces, []piece{p}, order); l.partHolds(home.name, joined) {
				at[home].pieces = joined
			} else {
				left = append(left, p)
			}
		}
	}
	parts = slices.DeleteFunc(parts, func(p *part) bool { return len(p.pieces) == 0 })
	if len(parts) == 0 {
		return nil
	}
	l.asIncluded(parts)
	parts, ok := l.addPieces(parts, left, order)
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

// homes gives for each piece the published part of its group that holds it or
// most of it; or else one that changes anyway, as it holds some of its addresses
// in another term. It is nil where there is none.
func (l *layout) homes(g group, pieces []piece, taken map[string]bool) []*priorPart {
	homes := make([]*priorPart, len(pieces))
	for i, p := range pieces {
		most := 0
		for k := range l.prior.parts {
			prior := &l.prior.parts[k]
			if l.belongs[prior.name] != g || taken[prior.name] {
				continue
			}
			if n := p.held(prior.terms); n > most || homes[i] == nil && p.overlaps(prior.prefixes) {
				homes[i], most = prior, n
			}
		}
	}
	return homes
}

// addPieces adds pieces to parts that have room, all of them to one part if one
// has enough, and else to new parts. Parts that are not as published come
// first.
func (l *layout) addPieces(parts []*part, left []piece, order map[string]int) ([]*part, bool) {
	if len(left) == 0 {
		return parts, true
	}
	var byChange []*part
	for _, same := range [...]bool{false, true} {
		for _, p := range parts {
			if l.asPublishedPart(p) == same {
				byChange = append(byChange, p)
			}
		}
	}
	for _, p := range byChange {
		if joined := merged(p.pieces, left, order); l.partHolds(p.name, joined) {
			p.pieces = joined
			return parts, true
		}
	}
	var homeless []piece
	for _, one := range left {
		found := false
		for _, p := range byChange {
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

// asPublishedPart reports whether a part has the terms that are published under
// its name.
func (l *layout) asPublishedPart(p *part) bool {
	terms := 0
	for _, one := range p.pieces {
		terms += len(one.terms)
	}
	return slices.ContainsFunc(l.prior.parts, func(prior priorPart) bool {
		return prior.name == p.name && len(prior.terms) == terms && inCommon(p.pieces, prior.terms) == terms
	})
}
