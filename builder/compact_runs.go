package builder

import (
	"go4.org/netipx"

	"github.com/spfzone/spfzone/spf"
)

// encoder turns the addresses of a run into pieces.
//
// In a part an exclusion is right for any address that is not in the set, as
// the fail of a child is no match. In the root it decides at once, for the
// result at the end of the record. So there it stands behind all other terms of
// its run; and it is for none of the addresses of the runs behind, nor for any
// address at all where a term that asks the DNS stands behind, as what that one
// matches may change without the records being built anew.
type encoder struct {
	*layout
	decided *netipx.IPSet // by the runs before: what this one says of them does not matter
	later   *netipx.IPSet // listed in the runs behind
	open    bool          // the result at the end of the record may not be given before: runs behind ask the DNS, or there is a redirect=
	match   spf.Qualifier
}

// encoder gives the one for a run.
func (l *layout) encoder(runs []run, i int) *encoder {
	e := &encoder{layout: l, match: runs[i].qualifier, open: !l.redirect.IsZero()}
	if l.encoding == EncodingPlain {
		return e
	}
	var decided, later []*netipx.IPSet
	for k, r := range runs {
		for _, it := range r.items {
			switch {
			case it.set == nil:
				e.open = e.open || k > i
			case k < i:
				decided = append(decided, it.set)
			case k > i:
				later = append(later, it.set)
			}
		}
	}
	e.decided, e.later = union(decided...), union(later...)
	return e
}

// anywhere reports whether a piece for a part may stand in the root too.
func (e *encoder) anywhere() bool {
	return e.encoding == EncodingPlain || !e.open && len(e.later.Ranges()) == 0
}

// inPart gives the pieces that hold items in parts.
func (e *encoder) inPart(items []item) []piece {
	if e.encoding == EncodingPlain || len(items) == 0 {
		return cover(items)
	}
	c := classes{open: e.decided, match: e.wanted(items), rest: mayExclude}
	name := e.longName(cover(items))
	nowhere := originsOf(nil)
	holds := func(c cluster) bool { return e.partHolds(name, []piece{pieceOf(c, nowhere)}) }
	return piecesOf(compact(c, spf.QPass, holds), items)
}

// inRoot gives the pieces that hold items in the root.
func (e *encoder) inRoot(items []item) []piece {
	if e.encoding == EncodingPlain || len(items) == 0 {
		return cover(items)
	}
	c := classes{open: e.decided, match: e.wanted(items), leave: e.later, rest: mayExclude}
	switch {
	case e.open:
		c.rest = mustLeave
	case e.match == e.d.closing():
		c.rest = doNotCare
	}
	return piecesOf(compact(c, e.match, nil), items)
}

// wanted gives the addresses that terms must match: not those that come to the
// same result at the end of the record.
func (e *encoder) wanted(items []item) *netipx.IPSet {
	sets := make([]*netipx.IPSet, len(items))
	for i, it := range items {
		sets[i] = it.set
	}
	set := union(sets...)
	if e.open || e.match != e.d.closing() {
		return set
	}
	var b netipx.IPSetBuilder
	b.AddSet(set)
	b.Intersect(e.later)
	return mustSet(&b)
}

func piecesOf(clusters []cluster, items []item) []piece {
	pieces := make([]piece, len(clusters))
	from := originsOf(items)
	for i, c := range clusters {
		pieces[i] = pieceOf(c, from)
	}
	return pieces
}

// pieceOf gives a cluster as a piece. Its matches come from the items that they
// overlap, and its exclusions from where the block does that they are cut out
// of.
func pieceOf(c cluster, origins *origins) piece {
	terms := make([]term, len(c))
	for i, b := range c {
		from := b.prefix
		if b.excluded {
			from = c[len(c)-1].prefix
		}
		terms[i] = term{mechanism: networkOf(b.prefix), excluded: b.excluded, sources: origins.of(from)}
	}
	return newPiece(terms...)
}
