package push

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/providers/txt"
	"github.com/spfzone/spfzone/spf"
)

// state is what is published, and what receivers may hold.
type state struct {
	published providers.Published
	sets      map[string]txt.RRset
	zones     map[string]*Zone
	names     map[string][]string                // those that parts may have, by the record's name
	spare     func(of string, number int) string // names beyond those
	since     map[string]time.Time               // when parts were first seen that nothing is known to refer to
	held      map[string]string                  // why a part is not deleted
	wild      map[string]txt.RRset               // what a wildcard has for a name, if that does not exist itself
	notes     []string
	now, then map[string]*spf.Policy // what the records that are no parts say, and what they are to, by name
}

// spareNames is how many names in a row have to be free before the search for
// parts ends.
const spareNames = 5

// read asks the authoritative servers for everything that belongs to the
// domain, and the journal for what was there before.
func (p *Push) read(ctx context.Context) (*state, error) {
	s := &state{
		published: providers.Published{}, sets: map[string]txt.RRset{}, zones: map[string]*Zone{},
		names: map[string][]string{}, spare: p.PartName, since: map[string]time.Time{}, held: map[string]string{},
		wild: map[string]txt.RRset{},
		now:  map[string]*spf.Policy{}, then: map[string]*spf.Policy{},
	}
	parts := map[string]int{}
	for _, w := range p.Wanted {
		if w.List != nil {
			continue
		}
		parts[w.Of]++
		if err := p.look(ctx, s, w.Name); err != nil {
			return nil, err
		}
	}
	for _, w := range p.Wanted {
		if w.Of != "" {
			continue
		}
		if err := p.search(ctx, s, w.Name, parts[w.Name]); err != nil {
			return nil, err
		}
	}
	if err := p.former(ctx, s); err != nil {
		return nil, err
	}
	if err := p.recall(s); err != nil {
		return nil, err
	}
	return s, p.unreferenced(ctx, s)
}

// readAll reads the address lists too.
func (p *Push) readAll(ctx context.Context) (*state, error) {
	s, err := p.read(ctx)
	if err != nil {
		return nil, err
	}
	return s, p.readLists(ctx, s)
}

// Stale gives the names of parts that stand there, and that no published record
// refers to; waiting are those to which a record referred that receivers may hold.
// Parts that are wanted are none.
func (p *Push) Stale(ctx context.Context) (stale, waiting []string, err error) {
	s, err := p.read(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, name := range sortedNames(s.published) {
		is := s.published[name]
		if is.List != nil || len(is.Now) == 0 || s.included(name) || p.wants(s, name) {
			continue
		}
		if why, err := p.inUse(ctx, name); err != nil {
			return nil, nil, err
		} else if why != "" {
			continue
		}
		if s.refersTo(name) {
			waiting = append(waiting, name)
		} else {
			stale = append(stale, name)
		}
	}
	return stale, waiting, nil
}

// wants reports whether what a name has is to be published: there, or at a name
// that has it not yet.
func (p *Push) wants(s *state, name string) bool {
	return slices.ContainsFunc(p.Wanted, func(w providers.Wanted) bool {
		text := providers.Version{w.Text}
		return w.Name == name || w.Of != "" && slices.Equal(s.published[name].Now, text) && !slices.Equal(s.published[w.Name].Now, text)
	})
}

// included reports whether a record that is published refers to a name.
func (s *state) included(name string) bool {
	for _, is := range s.published {
		if is.Now.RefersTo(name) {
			return true
		}
	}
	return false
}

// look reads one name.
func (p *Push) look(ctx context.Context, s *state, name string) error {
	a, err := p.ask(ctx, s, name)
	switch {
	case err != nil:
		return err
	case a.Alias:
		return fmt.Errorf("%w: %s is an alias (CNAME), beside which no TXT record can stand (RFC 1034, Section 3.6.2)", txt.ErrUnsafe, trimDot(name))
	}
	s.put(name, a.Set)
	return nil
}

func (s *state) put(name string, set txt.RRset) {
	s.sets[name] = set
	is := providers.PublishedName{Now: version(set)}
	if len(is.Now) > 0 {
		is.TTL = seconds(set.TTL)
	}
	s.published[name] = is
}

// ask gives what the servers of a name's zone agree on.
func (p *Push) ask(ctx context.Context, s *state, name string) (Answer, error) {
	z, err := p.zone(ctx, s, name)
	if err != nil {
		return Answer{}, err
	}
	return p.agreed(ctx, z, name)
}

// zone finds the zone of a name, once.
func (p *Push) zone(ctx context.Context, s *state, name string) (*Zone, error) {
	z := p.zones[name]
	if z == nil {
		var err error
		if z, err = p.ZoneOf(ctx, name); err != nil {
			return nil, err
		}
		if p.zones == nil {
			p.zones = map[string]*Zone{}
		}
		p.zones[name] = z
	}
	s.zones[name] = z
	return z, nil
}

func version(set txt.RRset) (v providers.Version) {
	for _, r := range set.SPF() {
		v = append(v, r.Text())
	}
	slices.Sort(v)
	return v
}

// records gives what is published, as far as it is known.
func (s *state) records() records {
	r := records{texts: map[string][]spf.TXT{}}
	for name, is := range s.published {
		if is.List != nil {
			if !is.List.Partial {
				r.lists = append(r.lists, is.List.Names.Tree(name))
			}
			continue
		}
		r.texts[name] = nil
		for _, text := range is.Now {
			r.texts[name] = append(r.texts[name], spf.TXT{text})
		}
	}
	return r
}

func sortedNames[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }
