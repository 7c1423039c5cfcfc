package push

import (
	"context"
	"strings"

	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/providers/journal"
	"github.com/spfzone/spfzone/providers/txt"
)

// former looks at the parts that the journal has under names that parts are not
// given any more, as the pattern of the names has changed. What a record refers to
// that is none of these, such as that of a region that is no more, stays.
func (p *Push) former(ctx context.Context, s *state) error {
	parts := p.partsWritten()
	found := map[string]txt.RRset{}
	others := map[string]providers.Version{} // by name
	asked := map[string]bool{}
	for _, e := range p.Journal.Entries("") {
		if e.Domain != p.Domain {
			others[e.Name] = version(e.After) // as far as the journal goes
			continue
		}
		if _, looked := s.published[e.Name]; looked || e.List != nil || asked[e.Name] {
			continue
		}
		asked[e.Name] = true
		a, err := p.askOf(ctx, s, e.Name)
		switch {
		case err != nil:
			return err
		case parts[e.Name] && !p.Reserved(e.Name):
			found[e.Name] = a.Set
		default:
			others[e.Name] = version(a.Set)
		}
	}
	for name, set := range found {
		used := len(set.SPF()) == 0
		for _, v := range others {
			used = used || v.RefersTo(name)
		}
		if !used {
			s.put(name, set)
		}
	}
	return nil
}

// partsWritten gives the names at which the journal has parts.
func (p *Push) partsWritten() map[string]bool {
	parts := map[string]bool{}
	for _, e := range p.Journal.Entries(p.Domain) {
		if e.Part && e.Outcome != journal.Unreferenced {
			parts[e.Name] = true
		}
	}
	return parts
}

// askOf gives what stands at a name itself: nothing where a wildcard answers, or
// an alias leads elsewhere.
func (p *Push) askOf(ctx context.Context, s *state, name string) (Answer, error) {
	a, err := p.ask(ctx, s, name)
	if err != nil || a.NXDomain || a.Alias {
		return Answer{NXDomain: true}, err
	}
	_, parent, _ := strings.Cut(name, ".")
	probe, err := p.ask(ctx, s, p.PartName(parent, neverGiven))
	if err != nil || probe.sameAs(a) {
		return Answer{NXDomain: true}, err
	}
	return a, nil
}
