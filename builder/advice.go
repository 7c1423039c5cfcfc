package builder

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spfzone/spfzone/spf"
)

// wideResponse is the response size that resolvers ask for by EDNS.
const wideResponse = 1232

// relaxations are changes to a domain's settings, each as the configuration
// writes it, the slightest first.
var relaxations = []struct {
	text  string
	apply func(*Domain) (ok bool)
}{
	{"", func(*Domain) bool { return true }},
	{fmt.Sprintf("limits.response: %d", wideResponse), func(d *Domain) bool {
		wider := d.Limits.Response < wideResponse
		d.Limits.Response = wideResponse
		return wider
	}},
	{"limits.record: 0", func(d *Domain) bool {
		wider := d.Limits.Record > 0
		d.Limits.Record = 0
		return wider
	}},
	{"strategy: exists", func(d *Domain) bool {
		other := d.Strategy != StrategyExists
		d.Strategy = StrategyExists
		return other
	}},
}

// withAdvice adds to a refusal the changes of the configuration, as few as can
// be, that would make the domain fit.
func (o *outlay) withAdvice(ctx context.Context, refusal error) error {
	var r *Refusal
	if !errors.As(refusal, &r) {
		return refusal
	}
	as := o.d
	defer func() { o.d = as; o.keepAsListed() }()
	for _, relaxation := range relaxations {
		relaxed := *as
		if !relaxation.apply(&relaxed) {
			continue
		}
		o.d = &relaxed
		changes, ok, err := o.changes(ctx)
		if err != nil {
			return err
		}
		if relaxation.text != "" {
			changes = append([]string{relaxation.text}, changes...)
		}
		if ok {
			return &Refusal{Kind: r.Kind, Domain: r.Domain, Msg: r.Msg + "\nit would fit with " + strings.Join(changes, ", and ")}
		}
	}
	return &Refusal{Kind: r.Kind, Domain: r.Domain, Msg: r.Msg + "\nno single change to flatten:, pin:, limits: or strategy: makes it fit: it takes fewer senders, or domains of their own for some of them"}
}

// change is the price of a change to the configuration: more than all else
// that could be saved by it.
const change = 1 << 30

// changes finds the ways that fit if every slot might be flattened, and gives
// the changes that the one with the fewest of them needs.
func (o *outlay) changes(ctx context.Context) (changes []string, ok bool, err error) {
	limit := o.room()
	ways := []*way{{}}
	for _, s := range o.slots() {
		ways = extend(ways, s.allWays(limit), limit)
	}
	for _, w := range ways {
		o.choose(w.list())
		d, err := o.fitting(ctx)
		if isTooLarge(err) {
			continue
		}
		if err != nil {
			return nil, false, err
		}
		if d.counts.within(o.d.Limits) {
			return o.changed(), true, nil
		}
	}
	return nil, false, nil
}

// allWays gives the ways to treat a slot whatever the configuration says, those
// that it forbids at the price of a change.
func (s *slot) allWays(limit counts) []*choice {
	var all []*choice
	allowed := map[mode]bool{}
	for _, c := range s.ways(limit) {
		allowed[c.mode] = true
		all = append(all, c)
	}
	for _, c := range s.node.ways(limit) {
		if !allowed[c.mode] {
			dearer := *c
			dearer.cost += change
			all = append(all, &dearer)
		}
	}
	return all
}

// changed says in the words of the configuration what the choices need that it
// forbids.
func (o *outlay) changed() []string {
	var out []string
	for _, s := range o.slots() {
		if s.chosen.cost < change {
			continue
		}
		name := s.sender.Entry().Name
		switch s.sender.Source.(type) {
		case *Gateway, *Term:
			if s.node.nobody {
				out = append(out, fmt.Sprintf("no %v%s, which matches nobody", s.node.mechanism, s.where()))
				continue
			}
		}
		switch s.sender.Source.(type) {
		case *Gateway:
			out = append(out, fmt.Sprintf("pin: true for the gateway %s", name))
		case *Service:
			out = append(out, fmt.Sprintf("flatten: auto for the service %s", name))
		default:
			var prefixes []string
			for _, p := range s.chosen.outline().set.Prefixes() {
				prefixes = append(prefixes, networkOf(p).String())
			}
			out = append(out, fmt.Sprintf("%s in place of %v%s", strings.Join(prefixes, " "), s.node.mechanism, s.where()))
		}
	}
	return out
}

// overBudget says what the list needs, which senders need it, and what would
// help.
func (o *outlay) overBudget(asListed *draft) error {
	var b strings.Builder
	c := asListed.counts
	fmt.Fprintf(&b, "the record needs %d lookups of %d, and %d void ones of %d (RFC 7208, Section 4.6.4)",
		c.lookups, o.d.Limits.Lookups-o.d.Limits.Reserve, max(c.voids[spf.V4], c.voids[spf.V6]), o.d.Limits.Voids)
	if asListed.parts.Count > 0 {
		fmt.Fprintf(&b, "; %d of the lookups are for its parts", asListed.parts.Count)
	}
	if n := o.d.Limits.Reserve; n > 0 {
		fmt.Fprintf(&b, "; %d more are kept in reserve", n)
	}
	if lookups, voids := o.least(); lookups < c.lookups {
		fmt.Fprintf(&b, "; flattening, as far as it may go, leaves %d and %d, and the parts that its addresses need", lookups, voids)
	}
	for _, s := range o.slots() {
		if n := s.chosen.counts; n.lookups > 0 {
			fmt.Fprintf(&b, "\n%v for %v%s%s", n, s.node.mechanism, s.where(), s.obstacle())
		}
	}
	for _, r := range o.d.Regions {
		n := counts{lookups: 1}
		if r.Domain != nil {
			n = n.plus(o.b.planned.known(r.Domain.Name).counts)
		}
		fmt.Fprintf(&b, "\n%v for the region %s", n, trimDot(r.Name))
	}
	if !o.d.Redirect.IsZero() {
		fmt.Fprintf(&b, "\n%v for redirect=%v", o.redirect, o.d.Redirect)
	}
	return &Refusal{Kind: OverBudget, Domain: o.d.Name, Msg: b.String()}
}

// least gives the fewest lookups, and the fewest void ones, that are left when
// all is flattened that may be.
func (o *outlay) least() (lookups, voids int) {
	lookups, voids = unlimited.lookups, unlimited.lookups
	fixed := o.fixed()
	for _, w := range o.combinations(unlimited) {
		c := w.counts.plus(fixed)
		lookups, voids = min(lookups, c.lookups), min(voids, max(c.voids[spf.V4], c.voids[spf.V6]))
	}
	return lookups, voids
}

// obstacle says why a slot was not flattened.
func (s *slot) obstacle() string {
	_, isService := s.sender.Source.(*Service)
	switch {
	case isService && s.flatten() == FlattenNever:
		return ", kept by flatten: never"
	case s.node.flatWhy != nil:
		return ": " + s.node.flatWhy.Error()
	}
	return ""
}
