package builder

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/spfzone/spfzone/spf"
)

// failure is a sender that cannot be evaluated, and why.
type failure struct {
	sender Sender
	err    error
}

// failures looks at each sender of a domain alone. planned holds what is planned
// for the domains that d leads to.
func (b *build) failures(ctx context.Context, d *Domain, planned contents) (found []failure) {
	look := func(senders []Sender, at string) {
		for _, s := range senders {
			if err := b.fails(ctx, s, at, d.Zone, planned); err != nil && ctx.Err() == nil {
				found = append(found, failure{s, err})
			}
		}
	}
	look(d.Senders, d.Name)
	for _, r := range d.Regions {
		look(r.Senders, r.Name)
	}
	return found
}

// fails gives why a sender cannot be evaluated, or nil.
func (b *build) fails(ctx context.Context, s Sender, at, zone string, planned contents) error {
	if g, ok := s.Source.(*Gateway); ok && g.Pin {
		_, err := b.pinned(ctx, g.HostIn(zone))
		return err
	}
	if s.addresses() != nil {
		return nil
	}
	r := &spf.Record{}
	if err := addSenders(r, []Sender{s}, zone); err != nil {
		return err
	}
	alone := contents{records: maps.Clone(planned.records), trees: planned.trees}
	alone.records[at] = closed(r)
	policy, err := b.under(alone, listLimits).Policy(ctx, at)
	if err != nil {
		return err
	}
	return whole(policy)
}

// blame says whose the senders are that a refusal comes from.
func (r *Refusal) blame(failed []failure) {
	for _, f := range failed {
		e := f.sender.Entry()
		r.Sources = append(r.Sources, e)
		line := fmt.Sprintf("%s (%s) fails", e.Name, e.Whose())
		if len(failed) > 1 {
			line += ": " + refusalOf(f.err, r.Domain).Msg
		}
		r.Msg += "\n" + line
	}
}

// triedList gives the list of a domain of which no records could be made, a term
// for each sender, as records to be looked at. Senders that fail stand at the
// end, so that what the others say shows.
func (d *Domain) triedList(failed []failure) *Tried {
	last := func(senders []Sender) []Sender {
		out := slices.Clone(senders)
		slices.SortStableFunc(out, func(a, b Sender) int { return rank(a, failed) - rank(b, failed) })
		return out
	}
	shown := *d
	shown.Senders, shown.Regions = last(d.Senders), nil
	for _, r := range d.Regions {
		region := *r
		region.Senders = last(r.Senders)
		shown.Regions = append(shown.Regions, &region)
	}
	records := map[string]*spf.Record{}
	if err := shown.addListed(records); err != nil {
		return nil
	}
	out := &Tried{Listed: true}
	add := func(name string, senders []Sender) {
		r := Record{Name: name, Record: records[name], About: "the list of " + trimDot(name)}
		for _, s := range senders {
			mechanisms, _ := s.mechanisms(d.Zone) // which addListed had
			for _, m := range mechanisms {
				r.Terms = append(r.Terms, Published{spf.Directive{Qualifier: s.Qualifier, Mechanism: m}.String(), []*Entry{s.Entry()}})
			}
		}
		for _, directive := range r.Record.Directives[len(r.Terms):] {
			r.Terms = append(r.Terms, Published{Text: directive.String()})
		}
		out.Records = append(out.Records, (&layout{d: d}).finish(r, nil))
	}
	add(d.Name, shown.Senders)
	for _, r := range shown.Regions {
		if r.Domain == nil {
			add(r.Name, r.Senders)
		}
	}
	return out
}

// rank is 1 for a sender that fails.
func rank(s Sender, failed []failure) int {
	if slices.ContainsFunc(failed, func(f failure) bool { return f.sender.Place == s.Place }) {
		return 1
	}
	return 0
}
