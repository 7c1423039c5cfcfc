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
// their cost. What is published stands before the best of them, as far as it
// may.
func (o *outlay) decide(ctx context.Context) (*draft, error) {
	asListed, err := o.attempt(ctx, o.asListed())
	if err != nil && !isTooLarge(err) {
		return nil, err
	}
	best := asListed
	if !o.fits(asListed, 0) {
		var tooLarge error
		best, tooLarge = o.first(ctx, o.combinations(o.room()), 0)
		if tooLarge != nil && !isTooLarge(tooLarge) {
			return nil, tooLarge
		}
		err = cmp.Or(err, tooLarge)
	}
	standing, failure := o.standing(ctx, best)
	switch {
	case failure != nil:
		return nil, failure
	case standing != nil:
		draft := o.take(standing)
		o.noteStanding(best)
		return draft, nil
	case best != nil:
		return o.take(best), nil
	}
	o.keepAsListed()
	if err != nil {
		return asListed.records(), o.withAdvice(ctx, err)
	}
	return asListed.records(), o.withAdvice(ctx, o.overBudget(asListed.draft))
}

// attempt is a choice for each slot, and the records that they make.
type attempt struct {
	draft  *draft
	chosen []*choice
	cost   int
}

// attempt lays out the records for a way to treat the slots.
func (o *outlay) attempt(ctx context.Context, w *way) (*attempt, error) {
	a := &attempt{chosen: w.list(), cost: w.cost}
	o.choose(a.chosen)
	var err error
	if a.draft, err = o.fitting(ctx); err != nil {
		return nil, err
	}
	return a, nil
}

// first gives the first way whose records keep to the limits, with some
// lookups to spare. Where none does, it is nil, and the error is that of the
// first that is too large, if any is.
func (o *outlay) first(ctx context.Context, ways []*way, spare int) (*attempt, error) {
	var tooLarge error
	for _, w := range ways {
		a, err := o.attempt(ctx, w)
		switch {
		case isTooLarge(err):
			tooLarge = cmp.Or(tooLarge, err)
		case err != nil:
			return nil, err
		case o.fits(a, spare):
			return a, nil
		}
	}
	return nil, tooLarge
}

// fits reports whether an attempt keeps to the limits with some lookups to
// spare. None does not.
func (o *outlay) fits(a *attempt, spare int) bool {
	return a != nil && a.draft.counts.plus(counts{lookups: spare}).within(o.d.Limits)
}

// take makes the choices of an attempt, and gives its records.
func (o *outlay) take(a *attempt) *draft {
	o.choose(a.chosen)
	return a.draft
}

// records gives those of an attempt that was made.
func (a *attempt) records() *draft {
	if a == nil {
		return nil
	}
	return a.draft
}

// asListed gives the way to leave every slot as the configuration has it.
func (o *outlay) asListed() *way {
	w := &way{}
	for _, s := range o.slots() {
		c := s.ways(unlimited)[0]
		w = &way{w.price.plus(c.price), c, w}
	}
	return w
}

// keepAsListed leaves every slot as the configuration has it.
func (o *outlay) keepAsListed() { o.choose(o.asListed().list()) }

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
