package builder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spfzone/spfzone/spf"
)

// decide chooses what stands in the place of each include, and gives the
// records. Everything is kept that is not to be flattened, if that is within
// the limits; else the choices that keep to them are tried in the order of
// their cost.
func (o *outlay) decide(ctx context.Context) (*draft, error) {
	for _, s := range o.slots() {
		s.chosen = s.ways(unlimited)[0]
	}
	asListed, err := o.draft(ctx)
	if err == nil && asListed.counts.within(o.d.Limits) {
		return asListed, nil
	}
	var refusal *Refusal
	if err != nil && !(errors.As(err, &refusal) && refusal.Kind == TooLarge) {
		return nil, err
	}
	limit := o.room()
	for _, c := range o.combinations(limit) {
		o.choose(c.list())
		d, tryErr := o.draft(ctx)
		switch {
		case tryErr != nil:
			if !errors.As(tryErr, &refusal) || refusal.Kind != TooLarge {
				return nil, tryErr
			}
			err = cmp.Or(err, tryErr)
		case d.counts.within(o.d.Limits):
			return d, nil
		}
	}
	if err != nil {
		return nil, err
	}
	return nil, o.overBudget(asListed)
}

func (o *outlay) choose(choices []*choice) {
	for i, s := range o.slots() {
		s.chosen = choices[i]
	}
}

// unlimited is more than any list needs.
var unlimited = counts{lookups: 1 << 20, voids: [2]int{1 << 20, 1 << 20}}

// room gives the counters that the slots may use up together.
func (o *outlay) room() counts {
	fixed := o.fixed()
	limit := counts{lookups: o.d.Limits.Lookups - fixed.lookups}
	for f := range limit.voids {
		limit.voids[f] = o.d.Limits.Voids - fixed.voids[f]
	}
	return limit
}

// combinations gives the ways to treat all slots, the cheapest first.
func (o *outlay) combinations(limit counts) []*way {
	ways := []*way{{}}
	for _, s := range o.slots() {
		ways = extend(ways, s.ways(limit), limit)
	}
	return ways
}

// ways gives the ways that the configuration leaves to treat a slot. Without a
// need to flatten, the first is the one to take.
func (s *slot) ways(limit counts) []*choice {
	all := s.node.ways(limit)
	switch s.flatten() {
	case FlattenNever:
		return []*choice{s.node.keep()}
	case FlattenAlways:
		for _, c := range all {
			if c.mode == flat {
				return []*choice{c}
			}
		}
		return []*choice{s.node.keep()}
	}
	return all
}

// flatten gives the operator's word on a slot. Only what is an include may be
// flattened without a word.
func (s *slot) flatten() Flatten {
	if service, ok := s.sender.Source.(*Service); ok {
		return service.Flatten
	}
	if _, ok := s.node.mechanism.(spf.Include); ok {
		return FlattenAuto
	}
	return FlattenNever
}

// overBudget says what the list needs, and what would help.
func (o *outlay) overBudget(asListed *draft) error {
	var b strings.Builder
	c := asListed.counts
	fmt.Fprintf(&b, "the record needs %d lookups of %d, and %d void ones of %d (RFC 7208, Section 4.6.4)",
		c.lookups, o.d.Limits.Lookups, max(c.voids[spf.V4], c.voids[spf.V6]), o.d.Limits.Voids)
	if asListed.parts.Count > 0 {
		fmt.Fprintf(&b, "; %d of them are for its parts", asListed.parts.Count)
	}
	for _, s := range o.slots() {
		if s.flatten() == FlattenAlways && s.node.flat != nil {
			continue
		}
		fmt.Fprintf(&b, "\n%d for %v, %s", s.node.kept.lookups, s.node.mechanism, s.why())
	}
	return &Refusal{Kind: OverBudget, Domain: o.d.Name, Msg: b.String()}
}

// why says why a slot is kept.
func (s *slot) why() string {
	_, isService := s.sender.Source.(*Service)
	_, isGateway := s.sender.Source.(*Gateway)
	switch {
	case isGateway:
		return "which pin: true would save"
	case isService && s.flatten() == FlattenNever:
		return "kept by flatten: never"
	case s.node.flat == nil && s.node.flatWhy != nil:
		return s.node.flatWhy.Error()
	case s.node.flat == nil || s.flatten() == FlattenNever:
		return "which stays as it is"
	}
	return "which may be flattened"
}
