package builder

import (
	"go4.org/netipx"

	"github.com/spfzone/spfzone/spf"
)

// segment is a run as it is to be published: mechanisms, then addresses, then
// the mechanisms that were listed behind the first addresses.
type segment struct {
	qualifier spf.Qualifier
	before    []piece
	addresses []piece
	apart     [][]piece // those that get parts of their own
	after     []piece

	away     func() []piece // gives what takes the place of addresses in parts
	anywhere bool           // away may stand in the root too

	whole  inRoot  // as it stands in the root where nothing is moved
	moved  []piece // out of the root, into parts
	filled []piece // of moved, those that the root has room for after all
	parts  []*part // that hold apart, and moved without filled
}

// inRoot is the pieces of a segment in the root.
type inRoot struct{ before, addresses, after []piece }

// part is a record that the root includes.
type part struct {
	name   string // canonical; empty until it has one
	pieces []piece
}

// newSegment makes a segment of a run. Terms for addresses are in ascending
// order, IPv4 first.
func newSegment(r run, byNetwork bool, e *encoder) *segment {
	s := &segment{qualifier: r.qualifier, anywhere: e.anywhere()}
	var together []item
	seen := map[string]bool{}
	haveAddresses := false
	for _, it := range r.items {
		switch {
		case it.set != nil:
			haveAddresses = true
			if byNetwork && it.apart {
				s.apart = append(s.apart, e.inPart([]item{it}))
			} else {
				together = append(together, it)
			}
		case seen[it.mechanism.String()]: // listed twice, with nothing that could tell them apart
		case haveAddresses:
			s.after = append(s.after, it.piece())
		default:
			s.before = append(s.before, it.piece())
		}
		if it.mechanism != nil {
			seen[it.mechanism.String()] = true
		}
	}
	s.addresses = e.inRoot(together)
	s.whole = inRoot{s.before, s.addresses, s.after}
	s.away = func() []piece { return e.inPart(together) }
	return s
}

func (it item) piece() piece {
	t := term{mechanism: it.mechanism}
	if it.source != nil {
		t.sources = []*Entry{it.source}
	}
	if it.sources != nil {
		t.sources = it.sources
	}
	return newPiece(t)
}

// cover gives the fewest prefixes that hold the addresses of items, each with
// the items that it comes from.
func cover(items []item) []piece {
	sets := make([]*netipx.IPSet, len(items))
	for i, it := range items {
		sets[i] = it.set
	}
	from := originsOf(items)
	var pieces []piece
	for _, p := range union(sets...).Prefixes() {
		pieces = append(pieces, newPiece(term{mechanism: networkOf(p), sources: from.of(p)}))
	}
	return pieces
}

// mayReturn reports whether a piece that was moved may stand in the root after
// all.
func (s *segment) mayReturn(p piece) bool { return s.anywhere || !p.excludes() }

// inline gives the pieces that stand in the root.
func (s *segment) inline() []piece {
	var out []piece
	out = append(out, s.before...)
	out = append(out, s.addresses...)
	out = append(out, s.filled...)
	for _, p := range s.parts {
		out = append(out, p.include())
	}
	return append(out, s.after...)
}

// include gives the piece that includes a part. Its name is one that a
// domain-spec can hold, as the pattern was checked.
func (p *part) include() piece {
	include, err := includeOf(p.name)
	if err != nil {
		panic(err)
	}
	return newPiece(term{mechanism: include})
}

// move takes out of the root what is largest and may leave it: the addresses,
// or else the mechanisms that mean the same elsewhere. It reports whether there
// was any.
func (s *segment) move() bool {
	if len(s.addresses) > 0 {
		s.moved = append(s.moved, s.away()...)
		s.addresses = nil
		return true
	}
	any := false
	for _, list := range []*[]piece{&s.before, &s.after} {
		var stay []piece
		for _, p := range *list {
			if p.bound() {
				stay = append(stay, p)
				continue
			}
			s.moved = append(s.moved, p)
			any = true
		}
		*list = stay
	}
	return any
}

// restore puts all that was moved back to where it stood in the root.
func (s *segment) restore() {
	s.before, s.addresses, s.after = s.whole.before, s.whole.addresses, s.whole.after
	s.moved, s.filled = nil, nil
}

// partsOfMoved counts the parts that hold pieces which were moved.
func (s *segment) partsOfMoved() int {
	moved, n := orderOf(s.moved), 0
	for _, p := range s.parts {
		if _, ok := moved[p.pieces[0].text]; ok {
			n++
		}
	}
	return n
}

// movable gives the octets that move would take out of the root.
func (s *segment) movable() int {
	n := total(s.addresses)
	if n > 0 {
		return n
	}
	for _, list := range [][]piece{s.before, s.after} {
		for _, p := range list {
			if !p.bound() {
				n += p.size()
			}
		}
	}
	return n
}

func total(pieces []piece) int {
	n := 0
	for _, p := range pieces {
		n += p.size()
	}
	return n
}
