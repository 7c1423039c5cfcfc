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
	p.LowerBound = apart + l.fewest(apart, capacity)
	return p
}

// fewest gives the fewest parts beside which the root has room for what they
// do not hold, if pieces could be cut anywhere. No two segments can share a
// part: the order of their terms matters, or the qualifier that stands before
// the include of a part.
func (l *layout) fewest(apart, capacity int) int {
	if capacity <= 0 {
		return 0
	}
	empty := &spf.Record{Redirect: l.redirect, Exp: l.exp}
	room := l.d.Limits.capacity(l.name, l.siblings) - len(l.close(empty).String())
	include := octets("include:" + trimDot(partName(l.d.Split.Names, 1, l.name)))
	used := apart * include
	var spared []int // what the root takes more for each part that could be spared
	for _, s := range l.segments {
		qualifier := len(s.qualifier.String())
		size, largest := s.listed()
		for size > 0 {
			held := size - (lowerBound(size, capacity)-1)*capacity
			size -= held
			used += include + qualifier
			spared = append(spared, held+qualifier*lowerBound(held, largest)-include-qualifier)
		}
	}
	// The root spares the most parts if it takes what the emptiest ones hold.
	slices.Sort(spared)
	most := 0
	for i, more := range spared {
		if used += more; used <= room {
			most = i + 1
		}
	}
	return len(spared) - most
}

// listed gives what all pieces of a segment take that get no parts of their own,
// and the largest of them.
func (s *segment) listed() (size, largest int) {
	for _, pieces := range [][]piece{s.before, s.addresses, s.moved, s.after} {
		size += total(pieces)
		for _, p := range pieces {
			largest = max(largest, p.size())
		}
	}
	return size, largest
}
