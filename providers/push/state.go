package push

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/providers/journal"
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

// recall takes from the journal what receivers may hold, and writes down what
// is found out about it.
func (p *Push) recall(s *state) error {
	now := p.Now()
	last := map[string]*journal.Entry{}
	for _, e := range p.Journal.Entries(p.Domain) {
		if _, looked := s.published[e.Name]; !looked || e.Outcome == journal.Unreferenced || e.List != nil {
			continue
		}
		if e.Outcome == journal.Intended && !p.ReadOnly {
			if err := p.Journal.End(e, e.Settle(s.sets[e.Name]), now, nil); err != nil {
				return err
			}
		}
		s.remember(e, now)
		last[e.Name] = e
	}
	for name, e := range last {
		left, known := e.Left()
		if e.Provider != "" && known && e.Outcome != journal.Published && slices.Equal(version(s.sets[name]), version(e.After)) && !slices.Equal(version(e.After), version(e.Before)) {
			// It was written, and is served only now.
			if p.ReadOnly {
				continue
			}
			if err := p.Journal.End(e, journal.Published, now, nil); err != nil {
				return err
			}
			s.remember(e, now)
			continue
		}
		if !known || slices.Equal(version(left), s.published[name].Now) && left.TTL == s.sets[name].TTL {
			continue
		}
		other := &journal.Entry{Domain: p.Domain, Zone: s.zones[name].Name, Name: name, Stage: "by others", Before: left, After: s.sets[name]}
		if len(left.SPF()) == 0 {
			other.Absence = s.absence(p, name)
		}
		if p.ReadOnly {
			other.Outcome, other.Ended = journal.Noticed, now
		} else if err := p.Journal.Note(other, journal.Noticed, now); err != nil {
			return err
		}
		s.remember(other, now)
		s.notes = append(s.notes, fmt.Sprintf("%s was changed by others: it had %s, and has %s", trimDot(name), describe(left), describe(s.sets[name])))
	}
	return nil
}

// remember adds what an entry says that receivers may hold.
func (s *state) remember(e *journal.Entry, now time.Time) {
	is := s.published[e.Name]
	for _, h := range e.Held(now) {
		if h.Until.After(now) {
			is.Former = append(is.Former, providers.Former{Version: version(h.Set), Until: h.Until})
		}
	}
	s.published[e.Name] = is
}

// absence gives for how many seconds receivers may hold that a name has no
// record: none where nobody can have asked for it, as nothing refers to it.
func (s *state) absence(p *Push, name string) uint32 {
	asked := slices.ContainsFunc(p.Wanted, func(w providers.Wanted) bool { return w.Of == "" && w.Name == name }) || s.refersTo(name)
	if !asked {
		return 0
	}
	return ttlOf(s.zones[name].Negative + time.Second - 1)
}

// refersTo reports whether a record that receivers may hold refers to a name.
func (s *state) refersTo(name string) bool {
	for _, is := range s.published {
		if is.Now.RefersTo(name) || slices.ContainsFunc(is.Former, func(f providers.Former) bool { return f.Version.RefersTo(name) }) {
			return true
		}
	}
	return false
}

// unreferenced finds the parts of which nothing is known: no record that was
// ever seen refers to them. A receiver may hold one that does.
func (p *Push) unreferenced(ctx context.Context, s *state) error {
	entries := p.Journal.Entries(p.Domain)
	for _, name := range sortedNames(s.published) {
		if len(s.published[name].Now) == 0 || s.refersTo(name) || slices.ContainsFunc(p.Wanted, func(w providers.Wanted) bool { return w.Name == name && w.Of == "" }) {
			continue
		}
		since, known := time.Time{}, false
		for _, e := range entries {
			switch {
			case e.Outcome == journal.Unreferenced && e.Name == name:
				since, known = e.Time, true
			case e.Outcome == journal.Unreferenced, e.List != nil:
			case e.Name == name && e.Provider != "", version(e.Before).RefersTo(name), version(e.After).RefersTo(name):
				since, known = time.Unix(0, 0), true
			}
			if known {
				break
			}
		}
		if !known {
			since = p.Now()
			e := &journal.Entry{Domain: p.Domain, Zone: s.zones[name].Name, Name: name, Stage: "unreferenced", Before: s.sets[name], After: s.sets[name]}
			if !p.ReadOnly {
				if err := p.Journal.Note(e, journal.Unreferenced, since); err != nil {
					return err
				}
			}
		}
		s.since[name] = since
		why, err := p.inUse(ctx, name)
		if err != nil {
			return err
		}
		if why != "" {
			s.held[name] = why
			s.notes = append(s.notes, fmt.Sprintf("%s stays, though no record refers to it: %s", trimDot(name), why))
		}
	}
	return nil
}

// inUse says what a name is besides the name of a part.
func (p *Push) inUse(ctx context.Context, name string) (string, error) {
	r := p.Rollout.Resolver
	mx, err := r.LookupMX(ctx, name)
	if err != nil {
		return "", err
	}
	if len(mx.Records) > 0 {
		return "it has MX records, so mail may come from it", nil
	}
	for _, f := range [...]spf.Family{spf.V4, spf.V6} {
		ip, err := r.LookupIP(ctx, name, f)
		if err != nil {
			return "", err
		}
		if len(ip.Records) > 0 {
			return "it is a host", nil
		}
	}
	return "", nil
}

// holdParts takes from a removal the parts that have to stay for now, or for good.
func (s *state) holdParts(stage providers.Stage, now time.Time) providers.Stage {
	var longest time.Duration
	for _, is := range s.published {
		longest = max(longest, is.TTL)
	}
	var may []providers.Change
	var first time.Time
	var waits string
	for _, c := range stage.Changes {
		if s.held[c.Name] != "" {
			continue
		}
		until := now
		if since, ok := s.since[c.Name]; ok {
			until = since.Add(longest + journal.Grain)
		}
		if until.After(now) {
			if first.IsZero() || until.Before(first) {
				first, waits = until, c.Name
			}
			continue
		}
		may = append(may, c)
	}
	switch {
	case len(may) > 0:
		stage.Changes = may
		return stage
	case !first.IsZero():
		return providers.Stage{Kind: providers.Wait, After: first, Why: fmt.Sprintf("receivers may hold a record that includes %s, of which nothing is known", trimDot(waits))}
	}
	return providers.Stage{Kind: providers.Done}
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
