package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/spf"
)

// rfcLimits are those that receivers hold every domain to (RFC 7208, Section
// 4.6.4), and the octets of a response that reaches every receiver (Section
// 3.4).
var rfcLimits = builder.Limits{Lookups: 10, Voids: 2, Response: 512}

// world is a DNS to ask, and the plan that is laid over it if there is one.
type world struct {
	resolver spf.Resolver
	plan     *builder.Plan
}

// world gives the resolver that --resolver names and, where planned is set,
// the records of the configuration's own build over it.
func (a *app) world(ctx context.Context, planned bool, domain string) (spf.Resolver, error) {
	if !planned {
		return a.dns()
	}
	w, err := a.planned(ctx, domain)
	return w.resolver, err
}

// planned builds the configuration and lays its records over the DNS. Of the
// domain, if the configuration lists it and the build refuses it, what was
// tried is laid there.
func (a *app) planned(ctx context.Context, domain string) (world, error) {
	base, err := a.dns()
	if err != nil {
		return world{}, err
	}
	return a.plannedOver(ctx, base, "what is published", domain)
}

// plannedOver is planned over another DNS, with words for what that has.
func (a *app) plannedOver(ctx context.Context, base spf.Resolver, has, domain string) (world, error) {
	c, err := a.load()
	if err != nil {
		return world{}, err
	}
	plan, err := a.plan(ctx, c, base, nil)
	if err != nil {
		return world{}, err
	}
	if err := a.judgePlanned(c, plan, has, domain); err != nil {
		return world{}, err
	}
	return world{plan.Overlay(base), plan}, nil
}

// judgePlanned puts what was tried for the domain that was asked for in its
// place in the plan if its build was refused, and notes what else is not as
// planned. What nothing was tried for is refused.
func (a *app) judgePlanned(c *builder.Config, plan *builder.Plan, has, domain string) error {
	name, err := spf.CanonicalName(domain)
	if err != nil {
		return nil // the evaluation says what is wrong with the name
	}
	listed := domainOf(c, name)
	built := false
	var others []string
	for i, d := range plan.Domains {
		switch {
		case d.Err == nil:
		case d.Domain != listed:
			others = append(others, trimDot(d.Domain.Name))
		case d.Tried == nil: // its list makes no record
			return withCode(codeOfRefusal(d.Err), d.Err)
		default:
			d = tried(d)
			plan.Domains[i] = d
			what, why := "what it tried counts", d.Err.Msg
			switch {
			case !d.Tried.Listed:
				why, _, _ = strings.Cut(why, "\n")
			case len(d.Err.Sources) > 0:
				what = "its list counts, with what fails at the end"
			default:
				what = "its list counts"
			}
			a.note("'spfzone build' refuses %s, and %s: %s", trimDot(d.Domain.Name), what, why)
		}
		built = built || slices.ContainsFunc(d.Records, func(r builder.Record) bool { return r.Name == name })
	}
	if !built {
		a.note("%s is not in the configuration, so %s counts", trimDot(name), has)
	}
	if len(others) > 0 {
		a.note("%s counts for %s, which 'spfzone build' refuses", has, someOf(others))
	}
	return nil
}

// tried gives a refused plan with what was tried as its records, to be looked
// at.
func tried(d *builder.DomainPlan) *builder.DomainPlan {
	shown := *d
	shown.Records, shown.Lists = d.Tried.Records, d.Tried.Lists
	return &shown
}

// mostNamed is how many of a list are named.
const mostNamed = 5

// someOf names the first few of a list.
func someOf(names []string) string { return someOfMany(names, len(names)) }

// someOfMany is someOf for a list of which no more than the first few may be
// there.
func someOfMany(names []string, count int) string {
	text := strings.Join(names[:min(len(names), mostNamed)], ", ")
	if more := count - mostNamed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// plan plans the domains of a configuration, all of them where only is nil.
func (a *app) plan(ctx context.Context, c *builder.Config, r spf.Resolver, only []string) (*builder.Plan, error) {
	plan := &builder.Plan{}
	err := a.eachPlan(ctx, c, r, builder.Options{Only: only}, func(p *builder.DomainPlan) error {
		plan.Domains = append(plan.Domains, p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return plan, nil
}

// notePlans says what is worth saying of domains, whatever comes of them.
func (a *app) notePlans(plans []*builder.DomainPlan) {
	for _, d := range plans {
		a.noteOf(d.Domain, d.Notes)
	}
}

func (a *app) noteOf(d *builder.Domain, notes []string) {
	for _, n := range notes {
		a.note("%s: %s", trimDot(d.Name), n)
	}
}

// eachPlan gives the plan of each domain to deliver, as builder.BuildEach does.
func (a *app) eachPlan(ctx context.Context, c *builder.Config, r spf.Resolver, o builder.Options, deliver func(*builder.DomainPlan) error) error {
	p := a.newProgress()
	defer p.end()
	lock := lockBehind(r)
	locked := lock != nil
	if !locked {
		var err error
		if lock, err = a.history(); err != nil {
			return err
		}
	}
	o.Resolver, o.Progress, o.Now, o.Lock, o.Repack = sourced(c, r, nil), p.show, a.now, lock, a.repack
	weighed := false
	err := builder.BuildEach(ctx, c, o, func(d *builder.DomainPlan) error {
		weighed = weighed || chose(d)
		return deliver(d)
	})
	if err == nil && lock != nil && !locked && weighed {
		a.note("the history in %s weighs the services", a.lock)
	}
	return err
}

// chose reports whether an include was flattened that need not have been that
// one.
func chose(d *builder.DomainPlan) bool {
	return slices.ContainsFunc(d.Flattened, func(f builder.Decision) bool { return f.Why != builder.FlattenAlways.String() })
}

// history gives the lock file from which a build that asks the DNS learns how
// services change, or nil where there is none. It is not needed: one that was
// damaged is left aside, and says so.
func (a *app) history() (*builder.Lock, error) {
	lock, err := a.readLock(a.lock)
	switch {
	case errors.Is(err, fs.ErrNotExist) && a.lock == builder.DefaultLock:
		return nil, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, err
	case err != nil:
		a.note("built without the history of the lock file: %v", err)
		return nil, nil
	}
	return lock, nil
}

// codeOfRefusal gives the exit code of a domain that was not built.
func codeOfRefusal(r *builder.Refusal) exitCode {
	switch r.Kind {
	case builder.Vectors:
		return exitNo
	case builder.DNSFailure:
		return exitFailure
	}
	return exitRefused
}

// progress is a line on a terminal that says how far long work is.
type progress struct {
	a     *app
	start time.Time
	last  time.Time
	shown bool
}

// Progress is shown from the first second on, and then five times a second.
const (
	progressAfter = time.Second
	progressEvery = 200 * time.Millisecond
)

func (a *app) newProgress() *progress { return &progress{a: a, start: a.now()} }

func (p *progress) show(done, total int) {
	if p.a.quiet || p.a.log != nil || !p.a.isTerminal(p.a.stderr) {
		return
	}
	now := p.a.now()
	if now.Sub(p.start) < progressAfter || now.Sub(p.last) < progressEvery {
		return
	}
	p.last, p.shown = now, true
	fmt.Fprintf(p.a.stderr, "\rspfzone: %d of %d domains", done, total)
}

// end takes the line away.
func (p *progress) end() {
	if p.shown {
		fmt.Fprint(p.a.stderr, "\r\x1b[K")
	}
}
