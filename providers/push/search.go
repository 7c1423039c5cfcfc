package push

import (
	"context"
	"fmt"
	"strings"

	"github.com/spfzone/spfzone/providers/txt"
)

// neverGiven is the number of a part that there never is: what the servers have at
// its name a wildcard has for every name beside it (RFC 4592).
const neverGiven = 1 << 30

// search looks at the names that parts of a record may have, until enough are
// free. What a wildcard makes of every name (RFC 4592) counts as nothing, save
// where a published record refers to it.
func (p *Push) search(ctx context.Context, s *state, of string, wanted int) error {
	probe, err := p.ask(ctx, s, p.PartName(of, neverGiven))
	if err != nil {
		return err
	}
	s.wild[of] = probe.Set
	if len(probe.Set.SPF()) > 0 && (wanted > 0 || !p.ownWildcard(of)) {
		s.notes = append(s.notes, fmt.Sprintf("a wildcard has %s for every name beside %s that does not exist: it is left as it is", describe(probe.Set), trimDot(p.PartName(of, 1))))
	}
	known, last := p.known(of)
	for number, free, row := 1, 0, 0; free < 2*wanted+spareNames || row < spareNames || number <= last; number++ {
		name := p.PartName(of, number)
		if p.Reserved(name) {
			continue
		}
		a, err := p.ask(ctx, s, name)
		if err != nil {
			return err
		}
		s.wild[name] = probe.Set
		absent := a.NXDomain || probe.sameAs(a) && !(len(a.Set.SPF()) > 0 && s.refersTo(name))
		ours := !a.Alias && len(a.Set.SPF()) > 0 && (len(a.Set.Siblings()) == 0 || known[name] || probe.sameAs(a))
		switch {
		case absent:
			s.put(name, txt.RRset{})
			free, row = free+1, row+1
		case ours:
			s.put(name, a.Set)
			row = 0
		case len(a.Set.Records) == 0 && !a.Alias && known[name]: // emptied by us beside records of another type
			s.put(name, txt.RRset{})
			row = 0
		default:
			row = 0
			continue
		}
		s.names[of] = append(s.names[of], name)
	}
	return nil
}

// ownWildcard reports whether a wildcard above the parts of a record is one that
// the configuration has a record for.
func (p *Push) ownWildcard(of string) bool {
	for _, above, ok := strings.Cut(p.PartName(of, 1), "."); ok && above != ""; _, above, ok = strings.Cut(above, ".") {
		if p.Reserved("*." + above) {
			return true
		}
	}
	return false
}

// mostParts bounds the numbers that are looked for in the journal.
const mostParts = 4096

// known gives the names that the journal has, and the highest number of those
// that parts of a record may have.
func (p *Push) known(of string) (names map[string]bool, last int) {
	names = map[string]bool{}
	for _, e := range p.Journal.Entries(p.Domain) {
		if e.List == nil {
			names[e.Name] = true
		}
	}
	for number := 1; number <= mostParts && len(names) > 0; number++ {
		if names[p.PartName(of, number)] {
			last = number
		}
	}
	return names, last
}

// sameAs reports whether a name has what every name has, whether it exists or
// not.
func (a Answer) sameAs(o Answer) bool {
	return !a.NXDomain && !o.NXDomain && a.Alias == o.Alias && a.Set.Equal(o.Set)
}

// partName gives the names that may be given to parts, by number.
func (s *state) partName(of string, number int) string {
	if n := s.names[of]; number <= len(n) {
		return n[number-1]
	}
	return s.spare(of, 1<<20+number) // never in use: there are twice as many as are wanted
}
