package main

import (
	"context"
	"errors"
	"io/fs"

	"github.com/spf13/pflag"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/spf"
)

// lockOptions say what a lock file has to say to what is published.
type lockOptions struct {
	locked    bool
	shrink    percentage
	unguarded bool // nothing is held against the lock
}

func (o *lockOptions) lockFlags(a *app, f *pflag.FlagSet) {
	a.lockFlag(f)
	f.BoolVar(&o.locked, "locked", false, "plan with the answers in the lock file, whatever the DNS says now")
	o.shrink = builder.DefaultShrink
	f.Var(&o.shrink, "shrink", "refuse a domain if more than this share of a service in the lock file is lost")
}

// guardedPlan plans domains, all where only is nil, out of the lock file alone if
// that is wanted. Else the DNS is asked and held against the lock file, if there
// is one: the domains are refused that need a source which update would stop at.
// known is r, which asks the lock where the lookups of a source fail whose
// answers there count.
func (a *app) guardedPlan(ctx context.Context, c *builder.Config, r spf.Resolver, only []string, o lockOptions) (plan *builder.Plan, known spf.Resolver, err error) {
	if o.unguarded {
		plan, err = a.plan(ctx, c, r, only)
		return plan, r, err
	}
	lock, err := a.readLock(a.lock)
	switch {
	case errors.Is(err, fs.ErrNotExist) && a.lock == builder.DefaultLock && !o.locked:
		plan, err = a.plan(ctx, c, r, only)
		return plan, r, err
	case err != nil:
		return nil, nil, err
	case o.locked:
		plan, err = a.plan(ctx, c, lock, only)
		return plan, lock.Behind(r), err
	}
	guarded, err := a.guard(ctx, c, builder.UpdateOptions{Resolver: r, Old: lock, Shrink: int(o.shrink), Now: a.now}, only)
	if err != nil {
		return nil, nil, err
	}
	known = r
	for _, s := range guarded.Sources {
		if s.Kept {
			a.note("%s: the former answers are kept: %s", placedSource(s), s.Alarm.Msg)
			known = lock.Behind(r)
		}
	}
	if plan, err = a.plan(ctx, c, guarded, only); err != nil {
		return nil, nil, err
	}
	for i, d := range plan.Domains {
		if refusal := guarded.Refusal(d.Domain); refusal != nil {
			plan.Domains[i] = &builder.DomainPlan{Domain: d.Domain, Notes: d.Notes, Err: refusal}
		}
	}
	return plan, known, nil
}

func (a *app) guard(ctx context.Context, c *builder.Config, o builder.UpdateOptions, only []string) (*builder.Guarded, error) {
	guarded, err := builder.Guard(ctx, c, o, only)
	if err != nil {
		return nil, refreshError(err)
	}
	return guarded, ctx.Err()
}
