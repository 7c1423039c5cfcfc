package builder

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/spfzone/spfzone/spf"
)

// piece is what stays together wherever it is published: one term, or a
// cluster of terms of which the first match counts.
type piece struct {
	terms []term
	text  string // of the terms, as in a part
}

// term is a mechanism to publish, without its qualifier.
type term struct {
	mechanism spf.Mechanism
	excluded  bool // what it matches, the terms behind it do not
	sources   []*Entry
}

func newPiece(terms ...term) piece {
	texts := make([]string, len(terms))
	for i, t := range terms {
		texts[i] = t.text()
	}
	return piece{terms, strings.Join(texts, " ")}
}

// text tells a term from all others in a part, whatever its exclusions are
// qualified by.
func (t term) text() string {
	if t.excluded {
		return "-" + t.mechanism.String()
	}
	return t.mechanism.String()
}

// size is what the piece takes in a part. Qualifiers of matches stand in the
// root only, before the include of the part.
func (p piece) size() int { return octets(p.text) }

// excludes reports whether the piece has an exclusion. One that has none is a
// single term.
func (p piece) excludes() bool { return len(p.terms) > 1 }

// bound reports whether the piece means something else in another record.
func (p piece) bound() bool {
	return slices.ContainsFunc(p.terms, func(t term) bool { return bound(t.mechanism) })
}

// sources gives what the terms come from, each entry once for each term.
func (p piece) sources() []*Entry {
	var out []*Entry
	for _, t := range p.terms {
		out = append(out, t.sources...)
	}
	return out
}

// held counts the terms that are among those of a published part, by text.
func (p piece) held(terms map[string]bool) int {
	n := 0
	for _, t := range p.terms {
		if terms[t.text()] {
			n++
		}
	}
	return n
}

// overlaps reports whether a term that matches has addresses in common with
// prefixes.
func (p piece) overlaps(prefixes []netip.Prefix) bool {
	return slices.ContainsFunc(p.terms, func(t term) bool {
		own, ok := literal(t.mechanism)
		return ok && !t.excluded && slices.ContainsFunc(prefixes, own.Overlaps)
	})
}

// publishedIn reports whether all terms are among the directives of a root.
func (p piece) publishedIn(root map[string]bool, match, exclusion spf.Qualifier) bool {
	directives, _ := qualified([]piece{p}, match, exclusion)
	return !slices.ContainsFunc(directives, func(d spf.Directive) bool { return !root[d.String()] })
}

// excludingLast gives pieces in the order in which they may stand in a record:
// an exclusion decides at once, and must not do so for what another piece
// matches. Clusters have no address in common with one another.
func excludingLast(pieces []piece) []piece {
	if !slices.ContainsFunc(pieces, piece.excludes) {
		return pieces
	}
	out := make([]piece, 0, len(pieces))
	for _, last := range [...]bool{false, true} {
		for _, p := range pieces {
			if p.excludes() == last {
				out = append(out, p)
			}
		}
	}
	return out
}

// qualified gives the directives of pieces, and what each comes from.
func qualified(pieces []piece, match, exclusion spf.Qualifier) (directives []spf.Directive, published []Published) {
	for _, p := range excludingLast(pieces) {
		for _, t := range p.terms {
			d := spf.Directive{Qualifier: match, Mechanism: t.mechanism}
			if t.excluded {
				d.Qualifier = exclusion
			}
			directives = append(directives, d)
			published = append(published, Published{d.String(), t.sources})
		}
	}
	return directives, published
}
