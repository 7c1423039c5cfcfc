package builder

import (
	"context"
	"fmt"

	"github.com/spfzone/spfzone/spf"
)

// outlay is a domain in the making: its own list and those of its regions.
type outlay struct {
	b     *build
	d     *Domain
	lists []*list // the domain's own first

	redirect counts // what redirect= needs
	repack   bool   // choose includes and lay parts out afresh, whatever is published
	kept     bool   // a record was laid out for which parts are published

	instead    *attempt // the best choice, where what is published stands; else nil
	choiceNote string   // that what is published stands, or why it does not; empty where it is the best, or cannot be told
}

// list is the senders of one record.
type list struct {
	name    string
	about   string
	senders []Sender
	slots   map[int]*slot // by place in senders
	prior   *prior
}

// draft is one try at the records of a domain.
type draft struct {
	records []Record
	lists   []AddressList
	parts   Parts
	counts  counts // as they add up
	notes   []string
}

// newOutlay looks at every sender that asks the DNS. planned holds what is
// planned for the domains that d leads to.
func (b *build) newOutlay(ctx context.Context, d *Domain, planned contents) (*outlay, error) {
	o := &outlay{b: b, d: d, repack: b.repack}
	if !d.Redirect.IsZero() {
		policy, err := over(planned.over(b.resolver)).policyOf(ctx, d.Name, &spf.Record{Redirect: d.Redirect})
		if err != nil {
			return nil, err
		}
		o.redirect = countsOf(policy)
	}
	o.lists = append(o.lists, &list{name: d.Name, about: "the SPF record of " + trimDot(d.Name), senders: d.Senders})
	for _, r := range d.Regions {
		if r.Domain == nil {
			about := fmt.Sprintf("the SPF record of %s, and a part of that of %s", trimDot(r.Name), trimDot(d.Name))
			o.lists = append(o.lists, &list{name: r.Name, about: about, senders: r.Senders})
		}
	}
	for _, l := range o.lists {
		var err error
		if l.prior, err = b.priorOf(ctx, l.name, d); err != nil {
			return nil, err
		}
		l.slots = map[int]*slot{}
		seen := map[string]bool{}
		for i, s := range l.senders {
			m, err := s.asking(d.Zone)
			if err != nil {
				return nil, err
			}
			if m == nil {
				continue
			}
			n, err := b.listNode(ctx, m, l.name, d.Name)
			if err != nil {
				return nil, err
			}
			l.slots[i] = &slot{sender: s, node: n, former: l.prior.former(s.Qualifier)}
			if l.name != d.Name {
				l.slots[i].in = l.name
			}
			if seen[m.String()] && n.static {
				l.slots[i].node, l.slots[i].repeated = &node{mechanism: m}, true
			}
			seen[m.String()] = true
		}
	}
	return o, nil
}

// slots gives all of them, in the order of the configuration.
func (o *outlay) slots() []*slot {
	var out []*slot
	for _, l := range o.lists {
		for i := range l.senders {
			if s := l.slots[i]; s != nil {
				out = append(out, s)
			}
		}
	}
	return out
}

// fitting gives the draft. Parts that are published stay as they are only if
// that is within the limits.
func (o *outlay) fitting(ctx context.Context) (*draft, error) {
	d, err := o.draft(ctx)
	if o.repack || !o.kept || err != nil && !isTooLarge(err) || err == nil && (d.counts.within(o.d.Limits) || d.parts.Count == d.parts.LowerBound) {
		return d, err
	}
	o.repack = true
	defer func() { o.repack = false }()
	return o.draft(ctx)
}

// draft lays out every record, for what was chosen in each slot.
func (o *outlay) draft(ctx context.Context) (*draft, error) {
	out := &draft{}
	var regions []Record
	for i, l := range o.lists {
		layout, err := o.layout(ctx, l)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			out.records = layout.records()
		} else {
			regions = append(regions, layout.records()...)
		}
		for range layout.lists {
			out.counts = out.counts.plus(listCounts)
		}
		out.lists = append(out.lists, layout.lists...)
		out.notes = append(out.notes, layout.publishedNotes()...)
		parts := layout.count()
		out.parts.Count += parts.Count
		out.parts.LowerBound += parts.LowerBound
		out.parts.Spare += parts.Spare
	}
	out.records = append(out.records, regions...)
	for _, s := range o.slots() {
		out.counts = out.counts.plus(s.chosen.counts)
	}
	out.counts = out.counts.plus(counts{lookups: out.parts.Count}).plus(o.fixed())
	return out, nil
}

// fixed counts what no choice changes: redirect=, the includes of the regions,
// and what those regions need that are domains of their own.
func (o *outlay) fixed() counts {
	c := o.redirect.plus(counts{lookups: len(o.d.Regions)})
	for _, r := range o.d.Regions {
		if r.Domain != nil {
			c = c.plus(o.b.planned.known(r.Domain.Name).counts)
		}
	}
	return c
}

func (o *outlay) layout(ctx context.Context, l *list) (*layout, error) {
	out := o.b.newLayout(o.d, l)
	out.repack = o.repack
	o.kept = o.kept || len(out.prior.parts) > 0
	runs, err := o.b.runs(ctx, l.senders, o.d, l.slots)
	if err != nil {
		return nil, err
	}
	if l == o.lists[0] {
		out.redirect = o.d.Redirect
		for _, r := range o.d.Regions {
			include, err := includeOf(r.Name)
			if err != nil {
				return nil, err
			}
			runs = addItem(runs, spf.QPass, item{mechanism: include, barrier: o.delicate(r)})
		}
	}
	if runs, out.lists, err = withLists(runs, l.name, o.d.TTL); err != nil {
		return nil, err
	}
	return out, out.place(ctx, runs)
}

// delicate reports whether a term of a region may not change places with
// others.
func (o *outlay) delicate(r *Region) bool {
	if r.Domain != nil {
		return true
	}
	for _, l := range o.lists {
		if l.name != r.Name {
			continue
		}
		for _, s := range l.slots {
			if s.node.barrier {
				return true
			}
		}
	}
	return false
}
