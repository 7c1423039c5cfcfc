package builder

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"go4.org/netipx"

	"github.com/spfzone/spfzone/spf"
)

// run is a stretch of senders with one qualifier. All of them lead to the same
// result where they match, so that within a run neither their order nor
// whether they stand in one record or in several makes a difference; between
// runs the order does.
type run struct {
	qualifier spf.Qualifier
	items     []item
}

// item is a sender, or what stands in its place: addresses or a mechanism.
type item struct {
	source    *Entry        // nil for the include of a region
	set       *netipx.IPSet // nil for a mechanism
	mechanism spf.Mechanism // nil for addresses
	listed    bool          // its addresses are published as a list of names
	sources   []*Entry      // in place of source, of a list
	apart     bool          // gets parts of its own where the split is by network
	barrier   bool          // no other item may change places with it
	lookups   int           // that a mechanism costs
}

// addItem puts an item at the end of runs. A barrier is a run of its own.
func addItem(runs []run, q spf.Qualifier, it item) []run {
	if n := len(runs); n == 0 || runs[n-1].qualifier != q || it.barrier || runs[n-1].items[0].barrier {
		runs = append(runs, run{qualifier: q})
	}
	last := &runs[len(runs)-1]
	last.items = append(last.items, it)
	return runs
}

// joined gives runs that come to the same, with addresses in as few of them as
// can be: they stand in an earlier run with their qualifier, where none of the
// runs between says anything about them.
func joined(runs []run) []run {
	var out []run
	for _, r := range runs {
		for _, it := range r.items {
			if earlier := it.earlier(out, r.qualifier); earlier != nil {
				earlier.items = append(earlier.items, it)
			} else {
				out = addItem(out, r.qualifier, it)
			}
		}
	}
	for i := range out {
		out[i].byWeight()
	}
	return out
}

// earlier gives the last run with a qualifier that addresses may be moved to
// from behind all runs, or nil.
func (it item) earlier(runs []run, q spf.Qualifier) *run {
	for i := len(runs) - 1; i >= 0 && it.set != nil; i-- {
		r := &runs[i]
		if r.qualifier == q && !r.items[0].barrier {
			return r
		}
		if slices.ContainsFunc(r.items, func(own item) bool { return own.set == nil || own.set.Overlaps(it.set) }) {
			break
		}
	}
	return nil
}

// bound reports whether a mechanism means something else in another record.
func bound(m spf.Mechanism) bool {
	d := spf.Directive{Mechanism: m}
	spec := d.Domain()
	switch m.(type) {
	case spf.A, spf.MX, spf.PTR:
		if spec.IsZero() {
			return true
		}
	}
	return spec.Macro().Uses("dp")
}

// slot is a sender that asks the DNS: its node, and what was chosen to stand in
// its place.
type slot struct {
	sender   Sender
	in       string // canonical name of the region in whose record it stands; empty for the domain's own
	node     *node
	former   *former // what is published with the sender's qualifier
	chosen   *choice
	repeated bool // the same term stands before it, so that it cannot match
}

// where says in whose record a slot stands, where that is not the domain's.
func (s *slot) where() string {
	if s.in == "" {
		return ""
	}
	return " in " + trimDot(s.in)
}

// runs gives the senders of one record as runs. slots holds those that ask the
// DNS, by their place.
func (b *build) runs(ctx context.Context, senders []Sender, d *Domain, slots map[int]*slot) ([]run, error) {
	var runs []run
	for i, s := range senders {
		items, err := b.items(ctx, s, d, slots[i])
		if err != nil {
			return nil, err
		}
		for _, it := range items {
			it.source = s.Entry()
			runs = addItem(runs, s.Qualifier, it)
		}
	}
	for i := range runs {
		runs[i].byWeight()
	}
	return runs, nil
}

func (b *build) items(ctx context.Context, s Sender, d *Domain, at *slot) ([]item, error) {
	if at != nil {
		if at.repeated {
			return nil, nil
		}
		if o := at.chosen.outline(); o != nil {
			return o.items(), nil
		}
		return []item{{mechanism: at.node.mechanism, barrier: at.node.barrier, lookups: at.node.kept.lookups}}, nil
	}
	switch source := s.Source.(type) {
	case *Network:
		listed := d.Strategy == StrategyExists
		if source.Strategy != nil {
			listed = *source.Strategy == StrategyExists
		}
		return []item{{set: b.sets.get(source, func() *netipx.IPSet { return setOf(source.Prefixes) }), listed: listed, apart: !listed}}, nil
	case *Gateway:
		set, err := b.pinned(ctx, source.HostIn(d.Zone))
		return []item{{set: set}}, err
	case *Term:
		prefix, ok := literal(source.Mechanism)
		if !ok {
			break
		}
		return []item{{set: setOf([]netip.Prefix{prefix})}}, nil
	}
	return nil, fmt.Errorf("%v: a sender that is neither addresses nor a term that asks the DNS", s.Place)
}

// literal gives the prefix of ip4 and ip6.
func literal(m spf.Mechanism) (p netip.Prefix, ok bool) {
	switch m := m.(type) {
	case spf.IP4:
		return m.Prefix.Masked(), true
	case spf.IP6:
		return m.Prefix.Masked(), true
	}
	return p, false
}

// asking gives the mechanism of a sender that asks the DNS, or nil: its
// addresses are listed, or pinned.
func (s Sender) asking(zone string) (spf.Mechanism, error) {
	switch source := s.Source.(type) {
	case *Network:
		return nil, nil
	case *Gateway:
		if source.Pin {
			return nil, nil
		}
	case *Term:
		if _, ok := literal(source.Mechanism); ok {
			return nil, nil
		}
	}
	mechanisms, err := s.mechanisms(zone)
	if err != nil {
		return nil, err
	}
	return mechanisms[0], nil
}
