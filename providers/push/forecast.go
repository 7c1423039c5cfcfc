package push

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/providers/journal"
	"github.com/spfzone/spfzone/providers/txt"
)

// Forecast is a stage with the time from which it may be run, and why not
// before.
type Forecast struct {
	Stage providers.Stage
	At    time.Time
	Why   string
}

// mostStages bounds a forecast.
const mostStages = 64

// Forecast gives all stages from a step on, if each is run as soon as it may
// be, and nothing else happens.
func (p *Push) Forecast(ctx context.Context, step *Step) ([]Forecast, error) {
	var out []Forecast
	s, now := step.state.copy(), p.Now()
	stage, why := step.Stage, ""
	for range mostStages {
		switch stage.Kind {
		case providers.Done:
			return out, nil
		case providers.Wait:
			now, why = stage.After, stage.Why
		default:
			out = append(out, Forecast{stage, now, why})
			why = ""
			for _, c := range stage.Changes {
				if err := p.try(ctx, s, c); err != nil {
					return nil, err
				}
				s.suppose(p, c, now)
			}
		}
		var err error
		if stage, err = p.next(ctx, s, now); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%s: the stages do not come to an end", trimDot(p.Domain))
}

// try gives the error of a change that the provider would refuse.
func (p *Push) try(ctx context.Context, s *state, c providers.Change) error {
	if c.List != nil {
		return nil
	}
	z, err := p.zone(ctx, s, c.Name)
	if err != nil {
		return err
	}
	old := s.sets[c.Name]
	if old.Equal(s.wild[c.Name]) {
		old = txt.RRset{} // nothing stands there itself
	}
	return p.Publisher.Try(ctx, z.Name, c.Name, old, p.Publisher.Attainable(old, old.With(c.New, ttlOf(c.TTL))))
}

func (s *state) copy() *state {
	c := *s
	c.published, c.sets, c.zones = maps.Clone(s.published), maps.Clone(s.sets), maps.Clone(s.zones)
	return &c
}

// suppose makes a change.
func (s *state) suppose(p *Push, c providers.Change, now time.Time) {
	if c.List != nil {
		s.supposeList(c, now)
		return
	}
	s.supposeAsked(c, now)
	is := s.published[c.Name]
	former := slices.Clone(is.Former)
	switch absence := s.absence(p, c.Name); {
	case len(is.Now) > 0:
		former = append(former, providers.Former{Version: is.Now, Until: now.Add(is.TTL + journal.Grain)})
	case absence > 0:
		former = append(former, providers.Former{Until: now.Add(seconds(absence) + journal.Grain)})
	}
	set := s.sets[c.Name].With(c.New, ttlOf(c.TTL))
	s.put(c.Name, set)
	is = s.published[c.Name]
	is.Former = former
	s.published[c.Name] = is
}

// supposeList changes a list.
func (s *state) supposeList(c providers.Change, now time.Time) {
	is := s.published[c.Name].List
	asked := is.Asked.After(now) || s.listsAskedFor()[c.Name]
	until := now.Add(s.hold(c.Name))
	s.putList(c.Name, c)
	if asked {
		l := s.published[c.Name].List
		l.Former = append(slices.Clone(l.Former), providers.FormerList{Names: is.Names, Until: until})
	}
}

// supposeAsked notes until when receivers may ask for the lists of a record that
// is replaced.
func (s *state) supposeAsked(c providers.Change, now time.Time) {
	for _, name := range s.published[c.Name].Now.Lists() {
		is, ok := s.published[name]
		if !ok || is.List == nil {
			continue
		}
		l := *is.List
		if until := now.Add(s.published[c.Name].TTL + journal.Grain + s.hold(name)); until.After(l.Asked) {
			l.Asked = until
		}
		is.List = &l
		s.published[name] = is
	}
}

// Set gives the RRset of a name as it was read.
func (st *Step) Set(name string) txt.RRset { return st.state.sets[name] }

// Zone gives the zone of a name, or "" where it was not looked for.
func (st *Step) Zone(name string) string {
	if z := st.state.zones[name]; z != nil {
		return z.Name
	}
	return ""
}
