package builder

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
)

// What is looked at for notes, which nobody reads by the thousand.
const (
	maxNotes    = 100
	maxOverlaps = 1000      // pairs of networks
	maxNested   = 1_000_000 // pairs of prefixes
)

// prefixAt is a prefix of a network, and where it is listed.
type prefixAt struct {
	prefix  netip.Prefix
	network *Network
	at      position
}

// overlap is a prefix that lies in another one.
type overlap struct{ inner, outer prefixAt }

// noteAt is a note that can be ordered.
type noteAt struct {
	at   position
	text string
}

// notes looks for what is listed twice. It is no error, as the record that is
// made of it is the same without.
func (l *loader) notes() {
	var notes []noteAt
	pairs := make(map[*Network]map[*Network]overlap) // networks that overlap, each way
	left := maxOverlaps
	for _, o := range l.overlaps() {
		a, b := o.inner.network, o.outer.network
		switch {
		case a == b:
			notes = append(notes, noteAt{o.inner.at, o.text("")})
		case left > 0 && pairs[a][b].inner.network == nil:
			link(pairs, a, b, o)
			link(pairs, b, a, o)
			left--
		}
	}
	for _, d := range l.config.Domains {
		notes = l.noteSenders(notes, d.Senders, d.Name, pairs)
		for _, r := range d.Regions {
			notes = l.noteSenders(notes, r.Senders, r.Name, pairs)
		}
	}
	slices.SortStableFunc(notes, func(a, b noteAt) int { return a.at.compare(b.at) })
	for i, n := range notes {
		if i == maxNotes {
			l.config.Notes = append(l.config.Notes, Note{n.at.place(), fmt.Sprintf("and %d more such notes", len(notes)-i)})
			break
		}
		l.config.Notes = append(l.config.Notes, Note{n.at.place(), n.text})
	}
}

func link(pairs map[*Network]map[*Network]overlap, a, b *Network, o overlap) {
	if pairs[a] == nil {
		pairs[a] = make(map[*Network]overlap)
	}
	pairs[a][b] = o
}

// text says what overlaps, and the domain for which that matters.
func (o overlap) text(domain string) string {
	where := "of the same network"
	if domain != "" {
		where = fmt.Sprintf("of %q", o.outer.network.Name)
		domain = fmt.Sprintf("; %s has both networks", trimDot(domain))
	}
	how := "lies in"
	if o.inner.prefix == o.outer.prefix {
		how = "is listed already as"
	}
	return fmt.Sprintf("%s of %q %s %s %s at %s%s", printPrefix(o.inner.prefix), o.inner.network.Name, how,
		printPrefix(o.outer.prefix), where, o.outer.at.place(), domain)
}

// overlaps gives prefixes that lie in others, of which the nearest comes
// first. It stops looking when there are too many.
func (l *loader) overlaps() []overlap {
	list := slices.Clone(l.prefixes)
	slices.SortFunc(list, func(a, b prefixAt) int {
		return cmp.Or(a.prefix.Addr().Compare(b.prefix.Addr()), cmp.Compare(a.prefix.Bits(), b.prefix.Bits()), a.at.compare(b.at))
	})
	var found []overlap
	var open []prefixAt // each holds the next
	for _, p := range list {
		for len(open) > 0 && !open[len(open)-1].prefix.Overlaps(p.prefix) {
			open = open[:len(open)-1]
		}
		same, again := false, false // the network holds it already, in another prefix or this one
		for _, outer := range slices.Backward(open) {
			if outer.network == p.network && same {
				continue
			}
			if outer.network == p.network {
				same, again = true, outer.prefix == p.prefix
			}
			if found = append(found, overlap{p, outer}); len(found) == maxNested {
				return found
			}
		}
		if !again {
			open = append(open, p)
		}
	}
	return found
}

// noteSenders notes what one list of senders has twice. A pair of networks
// that is noted once is taken out of pairs.
func (l *loader) noteSenders(notes []noteAt, senders []Sender, domain string, pairs map[*Network]map[*Network]overlap) []noteAt {
	if len(senders) < 2 {
		return notes
	}
	seen := make(map[any]Sender, len(senders))
	for _, s := range senders {
		key := s.key()
		if first, ok := seen[key]; ok {
			notes = append(notes, noteAt{l.position(s.Place), fmt.Sprintf("%q counts for nothing: it stands already at %s", s.Source.entry().Name, first.Place)})
			continue
		}
		seen[key] = s
		n, ok := s.Source.(*Network)
		if !ok || len(pairs[n]) == 0 {
			continue
		}
		for _, o := range together(s, seen, pairs[n]) {
			notes = append(notes, noteAt{o.inner.at, o.text(domain)})
			delete(pairs[o.inner.network], o.outer.network)
			delete(pairs[o.outer.network], o.inner.network)
		}
	}
	return notes
}

// together gives the overlaps of a sender's network with those that were seen and have
// the same qualifier: another one is meant to except what it holds.
func together(s Sender, seen map[any]Sender, with map[*Network]overlap) []overlap {
	var found []overlap
	add := func(other *Network) {
		o, ok := with[other]
		if first, listed := seen[other]; ok && listed && first.Qualifier == s.Qualifier {
			found = append(found, o)
		}
	}
	if len(with) < len(seen) {
		for other := range with {
			add(other)
		}
		return found
	}
	for other := range seen {
		if other, ok := other.(*Network); ok {
			add(other)
		}
	}
	return found
}

// key is equal for senders that match the same.
func (s Sender) key() any {
	if t, ok := s.Source.(*Term); ok {
		return t.Mechanism.String()
	}
	return s.Source
}

// position is a place that can be ordered.
func (l *loader) position(p Place) position { return position{l.files[p.File], p.Line, p.Column} }
