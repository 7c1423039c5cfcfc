package builder

import (
	"context"
	"slices"

	"github.com/spfzone/spfzone/spf"
)

// fill puts back into the root what it has room for, where that saves a part,
// or where the published root holds it already. What needs the least room to
// save one comes first.
func (l *layout) fill(ctx context.Context) error {
	var split []*segment
	for _, s := range l.segments {
		if len(s.moved) > 0 && len(s.parts) > 0 {
			split = append(split, s)
		}
	}
	slices.SortStableFunc(split, func(a, b *segment) int { return l.lastPart(a) - l.lastPart(b) })
	for _, s := range split {
		var err error
		if l.published(s) {
			err = l.fillAsPublished(ctx, s)
		} else {
			err = l.fillToSpare(ctx, s, len(split) == 1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lastPart gives the octets that the last part of a segment holds, if all the
// others are full.
func (l *layout) lastPart(s *segment) int {
	capacity := l.partCapacity(l.longName(s.moved))
	return total(s.moved) - (lowerBound(total(s.moved), capacity)-1)*capacity
}

// fillToSpare fills the root where that saves parts. It takes no more than it
// needs to where other segments could do with the rest.
func (l *layout) fillToSpare(ctx context.Context, s *segment, alone bool) error {
	before := len(s.parts)
	include := l.sizeInRoot(s, s.parts[before-1].include())
	room := l.rootRoom()
	var best []piece
	for spared := 1; spared <= before; spared++ {
		room += include
		filled, err := l.spare(ctx, s, room, before-spared, alone)
		if err != nil {
			return err
		}
		if filled == nil {
			break
		}
		best = filled
	}
	if best == nil && s.filled == nil {
		return nil
	}
	return l.refill(ctx, s, best)
}

// spare gives pieces that the root has room for, and that leave a number of
// parts; nil where there are none. As terms are not cut, the strings of a record
// may end early, each of which takes an octet more: then there is a little less
// room than the best case has.
func (l *layout) spare(ctx context.Context, s *segment, room, parts int, alone bool) ([]piece, error) {
	rooms := []int{room}
	if least := l.toSpare(s, parts); !alone && least < room {
		rooms = []int{least, room}
	}
	for _, room := range rooms {
		for range l.d.Limits.Response/spf.MaxString + 1 {
			filled := l.sparing(s, room, parts)
			if len(filled) == 0 {
				break
			}
			if err := l.refill(ctx, s, filled); err != nil {
				return nil, err
			}
			if l.rootHolds() {
				if len(s.parts) <= parts {
					return filled, nil
				}
				break
			}
			room--
		}
	}
	return nil, nil
}

// toSpare gives about the room that it takes to leave a number of parts.
func (l *layout) toSpare(s *segment, parts int) int {
	room, largest := -parts*l.partCapacity(l.longName(s.moved)), 0
	for _, p := range s.moved {
		size := l.sizeInRoot(s, p)
		room += size
		largest = max(largest, size)
	}
	return room + largest
}

// refill lays out the parts anew, beside some pieces in the root.
func (l *layout) refill(ctx context.Context, s *segment, filled []piece) error {
	s.filled = filled
	return l.split(ctx)
}

// sparing gives pieces that fill the room of the root, if a number of parts
// could hold what is left.
func (l *layout) sparing(s *segment, room, parts int) []piece {
	if room <= 0 {
		return nil
	}
	sizes := make([]int, len(s.moved))
	var able []int
	for i, p := range s.moved {
		if sizes[i] = l.sizeInRoot(s, p); s.mayReturn(p) {
			able = append(able, i)
		}
	}
	sum := 0
	var out []piece
	for _, i := range nearest(sizes, able, room) {
		out = append(out, s.moved[i])
		sum += s.moved[i].size()
	}
	if total(s.moved)-sum > parts*l.partCapacity(l.longName(s.moved)) {
		return nil
	}
	return merged(out, nil, orderOf(s.moved))
}

// sizeInRoot gives what a piece of a segment takes in the root, where each term
// has its qualifier.
func (l *layout) sizeInRoot(s *segment, p piece) int {
	n := 0
	directives, _ := qualified([]piece{p}, s.qualifier, l.d.closing())
	for _, d := range directives {
		n += octets(d.String())
	}
	return n
}

// rootRoom gives the octets that the root may still take.
func (l *layout) rootRoom() int {
	return l.d.Limits.capacity(l.name, l.siblings) - len(l.root().String())
}

func orderOf(pieces []piece) map[string]int {
	order := map[string]int{}
	for i, p := range pieces {
		order[p.text] = i
	}
	return order
}
