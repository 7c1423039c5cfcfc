package builder

import (
	"context"
	"slices"

	"github.com/spfzone/spfzone/spf"
)

// fill puts back into the root what it has room for, where that saves a part,
// or where the published root holds it already.
func (l *layout) fill(ctx context.Context) error {
	for _, s := range l.segments {
		if len(s.moved) == 0 || len(s.parts) == 0 {
			continue
		}
		try := l.asPublished(s)
		if len(try) == 0 && !l.published(s.qualifier) {
			try = l.sparing(s)
		}
		if len(try) == 0 {
			continue
		}
		before := len(s.parts)
		s.filled = try
		if err := l.split(ctx); err != nil {
			return err
		}
		if l.rootHolds() && (len(s.parts) < before || l.published(s.qualifier)) {
			continue
		}
		s.filled = nil
		if err := l.split(ctx); err != nil {
			return err
		}
	}
	return nil
}

// published reports whether parts for a qualifier are published, and are to be
// kept to.
func (l *layout) published(q spf.Qualifier) bool {
	if l.b.repack {
		return false
	}
	for _, p := range l.prior.parts {
		if p.qualifier == q {
			return true
		}
	}
	return false
}

// asPublished gives the pieces that the published root holds beside the parts
// of the segment, which hold others.
func (l *layout) asPublished(s *segment) []piece {
	if !l.published(s.qualifier) {
		return nil
	}
	var out []piece
	for _, p := range s.moved {
		if s.mayReturn(p) && p.publishedIn(l.prior.inline, s.qualifier, l.d.closing()) && !l.inParts(s, p) {
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

// sparing gives pieces that fill the root, if what is left fits one part
// fewer.
func (l *layout) sparing(s *segment) []piece {
	last := s.parts[len(s.parts)-1]
	room := l.rootRoom() + last.include().size()
	if room <= 0 {
		return nil
	}
	sizes := make([]int, len(s.moved))
	var able []int
	for i, p := range s.moved {
		if sizes[i] = p.size(); s.mayReturn(p) {
			able = append(able, i)
		}
	}
	sum := 0
	var out []piece
	for _, i := range nearest(sizes, able, room) {
		out = append(out, s.moved[i])
		sum += sizes[i]
	}
	if total(s.moved)-sum > (len(s.parts)-1)*l.partCapacity(l.longName(s.moved)) {
		return nil
	}
	return merged(out, nil, orderOf(s.moved))
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
