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
	var fresh []*segment
	for _, s := range split {
		if !l.published(s) {
			fresh = append(fresh, s)
		} else if err := l.fillAsPublished(ctx, s); err != nil {
			return err
		}
	}
	for again := true; again; {
		again = false
		for _, s := range fresh {
			spared, err := l.spareOne(ctx, s, len(split) == 1)
			if err != nil {
				return err
			}
			again = again || spared
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

// spareOne fills the root so that a segment has a part less. It takes no more
// than it needs to where other segments could do with the rest.
func (l *layout) spareOne(ctx context.Context, s *segment, alone bool) (spared bool, err error) {
	parts := s.partsOfMoved() - 1
	if parts < 0 {
		return false, nil
	}
	before := *s
	if parts == 0 {
		s.restore()
		if err := l.split(ctx); err != nil || l.rootHolds() {
			return err == nil, err
		}
		*s = before
	}
	room := l.rootRoom() + l.sizeInRoot(s, s.parts[len(s.parts)-1].include())
	for _, p := range s.filled {
		room += l.sizeInRoot(s, p)
	}
	filled, err := l.spare(ctx, s, room, parts, alone)
	if err != nil || filled != nil {
		return err == nil, err
	}
	return false, l.refill(ctx, s, before.filled)
}

// spare gives pieces that the root has room for, and that leave a number of
// parts; nil where there are none. As terms are not cut, the strings of a record
// may end early, each of which takes an octet more: then there is a little less
// room than the best case has. Where others want the room too, it begins with
// what would do if every part were full to the last octet.
func (l *layout) spare(ctx context.Context, s *segment, room, parts int, alone bool) ([]piece, error) {
	rooms := []int{room}
	if least := max(total(s.moved)-parts*l.partCapacity(l.longName(s.moved)), 1); !alone && least < room {
		rooms = []int{least}
		for more := 1; least+more < room; more *= 2 {
			rooms = append(rooms, least+more)
		}
		rooms = append(rooms, room)
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
				if s.partsOfMoved() <= parts {
					return filled, nil
				}
				break
			}
			room--
		}
	}
	return nil, nil
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
