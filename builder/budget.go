package builder

import (
	"cmp"
	"context"
	"errors"

	"github.com/spfzone/spfzone/spf"
)

// decide chooses what stands in the place of each include, and gives the
// records. Everything is kept that is not to be flattened, if that is within
// the limits; else the choices that keep to them are tried in the order of
// their cost.
func (o *outlay) decide(ctx context.Context) (*draft, error) {
	o.keepAsListed()
	asListed, err := o.fitting(ctx)
	if err == nil && asListed.counts.within(o.d.Limits) {
		return asListed, nil
	}
	if err != nil && !isTooLarge(err) {
		return nil, err
	}
	limit := o.room()
	for _, c := range o.combinations(limit) {
		o.choose(c.list())
		d, tryErr := o.fitting(ctx)
		switch {
		case isTooLarge(tryErr):
			err = cmp.Or(err, tryErr)
		case tryErr != nil:
			return nil, tryErr
		case d.counts.within(o.d.Limits):
			return d, nil
		}
	}
	o.keepAsListed()
	if err != nil {
		return asListed, o.withAdvice(ctx, err)
	}
	return asListed, o.withAdvice(ctx, o.overBudget(asListed))
}

// keepAsListed leaves every slot as the configuration has it.
func (o *outlay) keepAsListed() {
	for _, s := range o.slots() {
		s.chosen = s.ways(unlimited)[0]
	}
}

func isTooLarge(err error) bool {
	var r *Refusal
	return errors.As(err, &r) && r.Kind == TooLarge
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
	limit := counts{lookups: o.d.Limits.Lookups - o.d.Limits.Reserve - fixed.lookups}
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
	switch s.flatten() {
	case FlattenNever:
		return []*choice{s.node.keep()}
	case FlattenAlways:
		if s.node.flat != nil {
			return []*choice{s.node.flatten()}
		}
		return []*choice{s.node.keep()}
	}
	return s.node.ways(limit)
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
