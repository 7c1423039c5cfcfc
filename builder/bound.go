package builder

import (
	"slices"

	"github.com/spfzone/spfzone/spf"
)

// count gives the parts, and the fewest that could hold what is listed.
func (l *layout) count() Parts {
	p := Parts{}
	capacity := l.partCapacity(partName(l.d.Split.Names, 1, l.name))
	apart := 0
	for _, s := range l.segments {
		p.Count += len(s.parts)
		for _, pieces := range s.apart {
			apart += lowerBound(total(pieces), capacity)
		}
	}
	fewest, spare := l.fewest(apart, capacity)
	p.LowerBound, p.Spare = apart+fewest, spare
	return p
}

// fewest gives the fewest parts beside which the root has room for what they
// do not hold, if pieces could be cut anywhere; and the octets that would be
// left then. No two segments can share a part: the order of their terms
// matters, or the qualifier that stands before the include of a part.
func (l *layout) fewest(apart, capacity int) (parts, spare int) {
	if capacity <= 0 {
		return 0, 0
	}
	empty := &spf.Record{Redirect: l.redirect, Exp: l.exp}
	room := l.d.Limits.capacity(l.name, l.siblings) - len(l.close(empty).String())
	include := octets("include:" + trimDot(partName(l.d.Split.Names, 1, l.name)))
	used := apart * include
	var spared []int // what the root takes more for each part that could be spared
	for _, s := range l.segments {
		qualifier := len(s.qualifier.String())
		pieces := s.listed()
		fixed := 0
		pieces = slices.DeleteFunc(pieces, func(p piece) bool {
			if p.bound() {
				fixed += p.size() + qualifier
			}
			return p.bound()
		})
		used += fixed
		size := total(pieces)
		all := max(s.whole.octets()+qualifier*s.whole.terms()-fixed, size) // in the root
		for left, taken := size, 0; left > 0; {
			held := left - (lowerBound(left, capacity)-1)*capacity
			left -= held
			used += include + qualifier
			takes := held + qualifier*fewestToHold(pieces, held)
			if left == 0 {
				takes = max(takes, all-taken)
			}
			taken += takes
			spared = append(spared, takes-include-qualifier)
		}
	}
	// The root spares the most parts if it takes what the emptiest ones hold.
	slices.Sort(spared)
	most := 0
	spare = room - used
	for i, more := range spared {
		if used += more; used <= room {
			most, spare = i+1, room-used
		}
	}
	return len(spared) - most, spare
}

// listed gives all pieces of a segment that get no parts of their own.
func (s *segment) listed() []piece {
	return slices.Concat(s.before, s.addresses, s.moved, s.after)
}

// octets gives what the pieces take, without qualifiers.
func (r inRoot) octets() int { return total(r.before) + total(r.addresses) + total(r.after) }

// terms counts the pieces.
func (r inRoot) terms() int { return len(r.before) + len(r.addresses) + len(r.after) }

// fewestToHold gives the fewest pieces that take a number of octets.
func fewestToHold(pieces []piece, octets int) int {
	sizes := make([]int, len(pieces))
	for i, p := range pieces {
		sizes[i] = p.size()
	}
	slices.SortFunc(sizes, func(a, b int) int { return b - a })
	n := 0
	for ; octets > 0; n++ {
		octets -= sizes[n]
	}
	return n
}
