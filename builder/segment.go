package builder

import (
	"go4.org/netipx"

	"github.com/spfzone/spfzone/spf"
)

// piece is one term to publish, without its qualifier.
type piece struct {
	mechanism spf.Mechanism
	text      string
	sources   []*Entry
}

func newPiece(m spf.Mechanism, sources ...*Entry) piece {
	return piece{mechanism: m, text: m.String(), sources: sources}
}

// size is what the piece takes in a record; qualifiers stand in the root only,
// before the include of the part.
func (p piece) size() int { return octets(p.text) }

// segment is a run as it is to be published: mechanisms, then addresses, then
// the mechanisms that were listed behind the first addresses.
type segment struct {
	qualifier spf.Qualifier
	before    []piece
	addresses []piece
	apart     [][]piece // those that get parts of their own
	after     []piece

	moved  []piece // out of the root, into parts
	filled []piece // of moved, those that the root has room for after all
	parts  []*part // that hold apart, and moved without filled
}

// part is a record that the root includes.
type part struct {
	name   string // canonical; empty until it has one
	pieces []piece
}

// newSegment makes a segment of a run. Addresses are covered by the fewest
// prefixes, in ascending order, IPv4 first.
func newSegment(r run, byNetwork bool) *segment {
	s := &segment{qualifier: r.qualifier}
	var together []item
	seen := map[string]bool{}
	haveAddresses := false
	for _, it := range r.items {
		switch {
		case it.set != nil:
			haveAddresses = true
			if byNetwork && it.apart {
				s.apart = append(s.apart, cover([]item{it}))
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
	s.addresses = cover(together)
	return s
}

func (it item) piece() piece {
	if it.source == nil {
		return newPiece(it.mechanism)
	}
	return newPiece(it.mechanism, it.source)
}

// cover gives the fewest prefixes that hold the addresses of items, each with
// the items that it comes from.
func cover(items []item) []piece {
	sets := make([]*netipx.IPSet, len(items))
	for i, it := range items {
		sets[i] = it.set
	}
	var pieces []piece
	for _, p := range union(sets...).Prefixes() {
		at := newPiece(networkOf(p))
		for i, it := range items {
			if it.source != nil && sets[i].OverlapsPrefix(p) {
				at.sources = append(at.sources, it.source)
			}
		}
		pieces = append(pieces, at)
	}
	return pieces
}

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
	return newPiece(include)
}

// move takes out of the root what is largest and may leave it: the addresses,
// or else the mechanisms that mean the same elsewhere. It reports whether there
// was any.
func (s *segment) move() bool {
	if len(s.addresses) > 0 {
		s.moved = append(s.moved, s.addresses...)
		s.addresses = nil
		return true
	}
	any := false
	for _, list := range []*[]piece{&s.before, &s.after} {
		var stay []piece
		for _, p := range *list {
			if bound(p.mechanism) {
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

// movable gives the octets that move would take out of the root.
func (s *segment) movable() int {
	n := total(s.addresses)
	if n > 0 {
		return n
	}
	for _, list := range [][]piece{s.before, s.after} {
		for _, p := range list {
			if !bound(p.mechanism) {
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

// record makes a record of pieces with a qualifier before each of them.
func (s *segment) directives(pieces []piece) []spf.Directive {
	out := make([]spf.Directive, len(pieces))
	for i, p := range pieces {
		out[i] = spf.Directive{Qualifier: s.qualifier, Mechanism: p.mechanism}
	}
	return out
}
