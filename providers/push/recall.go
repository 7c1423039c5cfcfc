package push

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/providers/journal"
	"github.com/spfzone/spfzone/spf"
)

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
