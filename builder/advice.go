package builder

import (
	"context"
	"fmt"
	"strings"

	"github.com/spfzone/spfzone/spf"
)

// wideResponse is the response size that resolvers ask for by EDNS.
const wideResponse = 1232

// advice says which changes of the configuration, as few as can be, would make
// the domain fit; it is empty where none would.
func (o *outlay) advice(ctx context.Context) (string, error) {
	as := o.d
	defer func() { o.d = as }()
	for _, response := range [...]int{as.Limits.Response, wideResponse} {
		if response < as.Limits.Response {
			continue
		}
		relaxed := *as
		relaxed.Limits.Response = response
		o.d = &relaxed
		changes, ok, err := o.changes(ctx)
		if err != nil {
			return "", err
		}
		if response > as.Limits.Response {
			changes = append([]string{fmt.Sprintf("limits.response: %d", response)}, changes...)
		}
		if ok {
			return "it would fit with " + strings.Join(changes, ", and "), nil
		}
	}
	return "", nil
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
		d, err := o.draft(ctx)
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
		case *Gateway:
			out = append(out, fmt.Sprintf("pin: true for the gateway %s", name))
		case *Service:
			out = append(out, fmt.Sprintf("flatten: auto for the service %s", name))
		default:
			set := s.chosen.outline().set
			var prefixes []string
			for _, p := range set.Prefixes() {
				prefixes = append(prefixes, networkOf(p).String())
			}
			out = append(out, fmt.Sprintf("%s in place of %v", strings.Join(prefixes, " "), s.node.mechanism))
		}
	}
	return out
}

// overBudget says what the list needs, which senders need it, and what would
// help.
func (o *outlay) overBudget(ctx context.Context, asListed *draft) error {
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
	for _, s := range o.slots() {
		if n := s.chosen.counts; n.lookups > 0 {
			fmt.Fprintf(&b, "\n%v for %v%s", n, s.node.mechanism, s.obstacle())
		}
	}
	for _, r := range o.d.Regions {
		n := counts{lookups: 1}
		if r.Domain != nil {
			n = n.plus(o.b.planned.get(r.Domain.Name).counts)
		}
		fmt.Fprintf(&b, "\n%v for the region %s", n, trimDot(r.Name))
	}
	if !o.d.Redirect.IsZero() {
		fmt.Fprintf(&b, "\n%v for redirect=%v", o.redirect, o.d.Redirect)
	}
	advice, err := o.advice(ctx)
	if err != nil {
		return err
	}
	if advice == "" {
		advice = "no change to flatten:, pin: or limits.response makes it fit: it takes fewer senders, or domains of their own for some of them"
	}
	b.WriteString("\n" + advice)
	return &Refusal{Kind: OverBudget, Domain: o.d.Name, Msg: b.String()}
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
