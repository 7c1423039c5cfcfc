package builder

import "slices"

// group is the pieces that may share parts: those of one network of a segment
// where each network has its own, by its place in segment.apart, or else the
// rest of the segment.
type group struct {
	segment *segment
	apart   int
}

// theRest stands for the pieces of a segment that have no parts of their own.
const theRest = -1

// pieces gives those of a group, wherever they stand as yet.
func (g group) pieces() []piece {
	s := g.segment
	if g.apart != theRest {
		return slices.Clone(s.apart[g.apart])
	}
	var out []piece
	for _, list := range [][]piece{s.addresses, s.before, s.after, s.moved} {
		out = append(out, list...)
	}
	return out
}

// assign gives each published part to the group that it holds most of, counting
// nothing that a larger part holds for the same group: a term may stand in
// several groups. Of several it is the smallest.
func (l *layout) assign() {
	l.belongs = map[string]group{}
	left := map[group][]piece{}
	var groups []group
	for _, s := range l.segments {
		for i := range s.apart {
			groups = append(groups, group{s, i})
		}
		groups = append(groups, group{s, theRest})
	}
	for _, g := range groups {
		left[g] = g.pieces()
	}
	parts := slices.Clone(l.prior.parts)
	slices.SortStableFunc(parts, func(a, b priorPart) int { return len(b.terms) - len(a.terms) })
	for _, part := range parts {
		most, size := 0, 0
		for _, g := range groups {
			n, of := inCommon(left[g], part.terms), len(g.pieces())
			if g.segment.qualifier == part.qualifier && (n > most || n == most && n > 0 && of < size) {
				l.belongs[part.name], most, size = g, n, of
			}
		}
		if g, ok := l.belongs[part.name]; ok {
			left[g] = slices.DeleteFunc(left[g], func(p piece) bool { return p.held(part.terms) > 0 })
		}
	}
}
