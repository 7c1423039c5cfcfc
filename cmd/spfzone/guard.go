package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"

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
		known = lock.Behind(r)
		plan, err = a.plan(ctx, c, &lockedResolver{lock, r, c.NewNames()}, only)
		if err == nil {
			err = a.refuseBroken(ctx, plan, known, lock)
		}
		return plan, known, err
	}
	guarded, err := a.guard(ctx, c, builder.UpdateOptions{Resolver: r, Old: lock, Shrink: int(o.shrink), Now: a.now}, only)
	if err != nil {
		return nil, nil, err
	}
	known = r
	kept := false
	for _, s := range guarded.Sources {
		if s.Kept {
			a.note("%s: the former answers are kept: %s", placedSource(s), s.Alarm.Msg)
			known, kept = lock.Behind(r), true
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
	if kept {
		err = a.refuseBroken(ctx, plan, known, lock)
	}
	return plan, known, err
}

// refuseBroken refuses the domains that were built with answers of a lock file, and
// whose records receivers would give permerror for with those of the DNS.
func (a *app) refuseBroken(ctx context.Context, plan *builder.Plan, dns spf.Resolver, lock *builder.Lock) error {
	planned := plan.Overlay(dns)
	for i, d := range plan.Domains {
		for _, r := range d.Records {
			if r.Of != "" {
				continue
			}
			c := &spf.Checker{Resolver: planned, Limits: d.Domain.Limits.Evaluation()}
			p, err := c.Policy(ctx, r.Name)
			if err != nil {
				return err
			}
			if broken := brokenText(p); broken != "" {
				msg := fmt.Sprintf("built as %s has it, and as the DNS is now %s\n%s", a.lock, broken, lock.WayOut())
				plan.Domains[i] = &builder.DomainPlan{Domain: d.Domain, Notes: d.Notes, Err: &builder.Refusal{Kind: builder.SourceAlarm, Domain: d.Domain.Name, Msg: msg}}
				break
			}
		}
	}
	return nil
}

// lockedResolver answers out of a lock file. Names that the configuration may give to
// records of its own are asked of the DNS where that has no answer for them, as they
// may have changed since.
type lockedResolver struct {
	*builder.Lock
	dns   spf.Resolver
	isNew func(name string) (above string, ok bool)
}

// locked asks a lock file, and the DNS for a new name that it has no answer for.
func locked[T any](l *lockedResolver, name string, lookup func(spf.Resolver) (spf.Answer[T], error)) (spf.Answer[T], error) {
	a, err := lookup(l.Lock)
	var absent *builder.NotLocked
	if _, is := l.isNew(name); is && errors.As(err, &absent) {
		return lookup(l.dns)
	}
	return a, err
}

// LookupTXT implements [spf.Resolver].
func (l *lockedResolver) LookupTXT(ctx context.Context, name string) (spf.Answer[spf.TXT], error) {
	return locked(l, name, func(r spf.Resolver) (spf.Answer[spf.TXT], error) { return r.LookupTXT(ctx, name) })
}

// LookupIP implements [spf.Resolver].
func (l *lockedResolver) LookupIP(ctx context.Context, name string, f spf.Family) (spf.Answer[netip.Addr], error) {
	return locked(l, name, func(r spf.Resolver) (spf.Answer[netip.Addr], error) { return r.LookupIP(ctx, name, f) })
}

// LookupMX implements [spf.Resolver].
func (l *lockedResolver) LookupMX(ctx context.Context, name string) (spf.Answer[spf.MailExchange], error) {
	return locked(l, name, func(r spf.Resolver) (spf.Answer[spf.MailExchange], error) { return r.LookupMX(ctx, name) })
}

// lockBehind gives the lock file that a resolver answers out of, or nil.
func lockBehind(r spf.Resolver) *builder.Lock {
	switch r := r.(type) {
	case *builder.Lock:
		return r
	case *lockedResolver:
		return r.Lock
	}
	return nil
}

func (a *app) guard(ctx context.Context, c *builder.Config, o builder.UpdateOptions, only []string) (*builder.Guarded, error) {
	guarded, err := builder.Guard(ctx, c, o, only)
	if err != nil {
		return nil, refreshError(err)
	}
	return guarded, ctx.Err()
}
