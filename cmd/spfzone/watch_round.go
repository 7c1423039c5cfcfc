package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"go4.org/netipx"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/spf"
)

// round is what came of one: an update, a build, a push if that is wanted, and
// a comparison of what is published then.
type round struct {
	began, ended time.Time
	lock         *builder.Lock // that counts now; nil if there is none
	sources      []builder.SourceChange
	stopped      bool            // an alarm stopped the update
	held         map[string]bool // domains that are not pushed, as an alarm concerns them
	heldNames    []string
	plan         *builder.Plan   // nil if there is none
	jobs         []*job          // of the push
	found        []*verification // as the domains of plan; nil if there was no time for it
	err          error           // what kept the round, or its push, from being done at all
}

// round does one.
func (w *watch) round(ctx context.Context) *round {
	r := &round{began: w.a.now()}
	r.err = w.a.limited(ctx, func(ctx context.Context) error { return w.do(ctx, r) })
	r.ended = w.a.now()
	return r
}

// do does what a round does. What it could not do keeps it from writing, and not
// from looking at what is published.
func (w *watch) do(ctx context.Context, r *round) error {
	err := w.update(ctx, r)
	if r.plan == nil {
		return err
	}
	err = errors.Join(err, w.refuseBroken(ctx, r))
	if w.o.push && err == nil {
		err = w.push(ctx, r)
	}
	return errors.Join(err, w.verify(ctx, r))
}

// refuseBroken refuses, as push does, what was planned with answers that the DNS does
// not give any more, where receivers would give permerror for it.
func (w *watch) refuseBroken(ctx context.Context, r *round) error {
	kept := slices.ContainsFunc(r.sources, func(s builder.SourceChange) bool { return s.Kept })
	if r.lock == nil || !kept && !r.stopped {
		return nil
	}
	dns, err := w.dns()
	if err != nil {
		return err
	}
	return w.a.refuseBroken(ctx, r.plan, r.lock.Behind(dns), r.lock)
}

// errUnguarded refuses to push where no source can have shrunk.
var errUnguarded = withCode(exitRefused, errors.New("--push needs a lock file to hold the sources against, and there is none: run 'spfzone update', and see what it has"))

// update refreshes the lock, and makes the plan with what is then in it.
func (w *watch) update(ctx context.Context, r *round) error {
	old, err := w.a.formerLock()
	if err != nil {
		return err
	}
	if old == nil && w.o.push {
		return errUnguarded
	}
	dns, err := w.dns()
	if err != nil {
		return err
	}
	o := builder.UpdateOptions{Resolver: dns, Old: old, Shrink: int(w.o.shrink), Now: w.a.now}
	refresh, _, err := w.a.relock(ctx, w.config, o)
	if err == nil {
		r.sources, r.stopped = refresh.Sources, refresh.Stopped()
	}
	if err == nil && !r.stopped {
		r.lock, r.plan = refresh.Lock, refresh.Plan
		return nil
	}
	if r.lock = old; old != nil && ctx.Err() == nil {
		var planning error
		r.plan, planning = w.a.plan(ctx, w.config, old, nil)
		if err = errors.Join(err, planning); err == nil && w.o.push {
			w.besides(ctx, r, o)
		}
	}
	return err
}

// dns gives a resolver that holds no answers of the last round, and counts the
// lookups that fail.
func (w *watch) dns() (spf.Resolver, error) {
	r, err := w.a.dns()
	if err != nil {
		return nil, err
	}
	flag, err := parseAuthorities(w.o.authorities)
	if err != nil {
		return nil, usagef("--authority: %w", err)
	}
	return sourced(w.config, &countingResolver{r, w.known}, flag), nil
}

// push publishes the domains that have a provider, as far as may be done now.
func (w *watch) push(ctx context.Context, r *round) error {
	only, err := published(w.config, nil)
	if err != nil {
		return err
	}
	only = slices.DeleteFunc(only, func(name string) bool { return r.held[name] })
	p, err := w.a.openPublishing(w.config, only, w.o.publishOptions, false)
	if err != nil {
		return err
	}
	dns, err := w.dns()
	if err != nil {
		return err
	}
	r.jobs = p.of(r.plan, dns, r.known(dns)).jobs()
	err = p.write(ctx, r.jobs, false)
	for _, j := range r.jobs {
		if j.step == nil && j.err == nil {
			j.err = err // there was no time for it
		}
	}
	return err
}

// known gives a DNS in which the lock answers for sources of which the former
// answers are kept.
func (r *round) known(dns spf.Resolver) spf.Resolver {
	if slices.ContainsFunc(r.sources, func(s builder.SourceChange) bool { return s.Kept }) {
		return r.lock.Behind(dns)
	}
	return dns
}

// verify holds what is published against the plan.
func (w *watch) verify(ctx context.Context, r *round) error {
	p, err := w.a.openVerifying(w.config, w.o.publishOptions)
	if err != nil {
		return err
	}
	dns, err := w.dns()
	if err != nil {
		return err
	}
	views, err := w.a.resolverViews(w.o.also)
	if err != nil {
		return err
	}
	for i := range views {
		views[i].resolver = &countingResolver{views[i].resolver, w.known}
	}
	found := p.of(r.plan, dns, dns).verifyAll(ctx, views)
	if err := ctx.Err(); err != nil {
		return err
	}
	r.found = found
	return nil
}

// outcome is how a round ended.
type outcome string

// The outcomes, the worst last.
const (
	outcomeDone    outcome = "done"
	outcomeRefused outcome = "refused" // something was refused for safety
	outcomeFailed  outcome = "failed"  // a lookup, provider or file failed
)

// outcome gives the worst of all that happened. Drift is what a round is there
// to find.
func (r *round) outcome() outcome {
	worst := outcomeDone
	note := func(err error) {
		switch {
		case err == nil || worst == outcomeFailed:
		case codeOfPush(err) == exitFailure || codeOfPush(err) == exitUsage:
			worst = outcomeFailed
		default:
			worst = outcomeRefused
		}
	}
	note(r.err)
	for _, s := range r.sources {
		switch {
		case s.Alarm == nil:
		case s.Alarm.Kind == builder.SourceFailed:
			note(withCode(exitFailure, errSaid))
		default:
			note(withCode(exitRefused, errSaid))
		}
	}
	for _, j := range r.jobs {
		note(j.err)
	}
	if r.plan != nil {
		for _, d := range r.plan.Domains {
			if d.Err != nil {
				note(d.Err)
			}
		}
	}
	for _, v := range r.found {
		if v.state() == stateUnknown && !v.has(ruleBuild) {
			note(errSaid)
		}
	}
	return worst
}

// refusalOfPush gives the kind of a refusal to publish a domain that is built.
func refusalOfPush(j *job) (kind string, refused bool) {
	var unsafe *providers.UnsafeError
	switch {
	case j.err == nil || j.plan.Err != nil:
		return "", false
	case errors.Is(j.err, providers.ErrSiblings):
		return refusedSiblings, true
	case errors.As(j.err, &unsafe), errors.Is(j.err, providers.ErrUnsafe):
		return refusedUnsafe, true
	}
	return "", false
}

// The kinds of refusals to publish.
const (
	refusedSiblings = "siblings" // other TXT records would be at risk
	refusedUnsafe   = "unsafe"   // no order of changes is safe for what receivers may hold
)

// report logs what came of a round.
func (r *round) report(log *slog.Logger, pause time.Duration) {
	for _, s := range r.sources {
		reportSource(log, s)
	}
	if r.stopped {
		var held []any
		if len(r.heldNames) > 0 {
			held = []any{"not_pushed", someOf(r.heldNames)}
		}
		log.Error("the lock file is left as it was: let a source through with 'spfzone update --accept' if it is right so", held...)
	}
	if r.err != nil {
		log.Error("the round is not whole", "error", r.err)
	}
	for _, j := range r.jobs {
		reportJob(log, j)
	}
	domains, drifted := 0, 0
	if r.plan != nil {
		domains = len(r.plan.Domains)
		for i, d := range r.plan.Domains {
			notes := d.Notes
			if r.found != nil {
				notes = r.found[i].notes
			}
			for _, n := range notes {
				log.Info("note", "domain", trimDot(d.Domain.Name), "note", n)
			}
			if d.Err != nil {
				log.Error("domain refused", "domain", trimDot(d.Domain.Name), "kind", d.Err.Kind, "error", d.Err.Msg)
			}
		}
	}
	for _, v := range r.found {
		v.report(log)
		if v.state() == stateDifferent {
			drifted++
		}
	}
	log.Info("round ended", "outcome", r.outcome(), "domains", domains, "drifted", drifted, "took", r.ended.Sub(r.began).String(), "next", pause.Round(time.Second).String())
}

func reportSource(log *slog.Logger, s builder.SourceChange) {
	at := []any{"source", s.Name, "term", s.Term, "domains", newUsersDocument(s).text()}
	if s.Entry.Owner != "" {
		at = append(at, "owner", s.Entry.Owner)
	}
	if s.Entry.Ticket != "" {
		at = append(at, "ticket", s.Entry.Ticket)
	}
	if s.Domain != "" {
		at = append(at, "domain", trimDot(s.Domain))
	}
	gained, lost := throughPrefixes(s.Gained), throughPrefixes(s.Lost)
	switch {
	case s.Kept:
		log.Warn("source kept", append(at, "error", s.Alarm.Msg)...)
	case s.Alarm != nil:
		log.Error("source refused", append(at, "kind", s.Alarm.Kind, "error", s.Alarm.Msg)...)
	case s.New:
		log.Info("source new", append(at, "prefixes", s.Prefixes)...)
	case len(gained)+len(lost)+len(s.Depends) > 0:
		log.Info("source changed", append(at, "gained", somePrefixes(gained), "lost", somePrefixes(lost))...)
	}
}

func reportJob(log *slog.Logger, j *job) {
	domain := trimDot(j.plan.Domain.Name)
	for _, s := range j.written {
		for _, c := range s.Changes {
			at := []any{"domain", domain, "action", c.Verb(), "name", trimDot(c.Name)}
			if names := newNamesDocument(c.List); names != nil {
				log.Info("written", append(at, "names_added", names.Added, "names_deleted", names.Deleted)...)
				continue
			}
			log.Info("written", append(at, "record", c.New)...)
		}
	}
	switch {
	case j.err != nil && j.plan.Err == nil:
		log.Error("not pushed", "domain", domain, "error", j.err)
	case j.err == nil && j.step.Stage.Kind == providers.Wait:
		log.Info("push waits", "domain", domain, "until", j.step.Stage.After.UTC(), "why", j.step.Stage.Why)
	}
}

// report logs what was found of a domain that was built.
func (v *verification) report(log *slog.Logger) {
	levels := map[level]slog.Level{levelNote: slog.LevelInfo, levelWarning: slog.LevelWarn, levelError: slog.LevelError, levelFailure: slog.LevelError}
	for _, f := range v.findings {
		if f.rule == ruleBuild {
			continue // said already
		}
		at := []any{"domain", trimDot(v.domain.Name), "rule", f.rule.id}
		if f.where != "" {
			at = append(at, "at", f.where)
		}
		log.Log(context.Background(), levels[f.level], "found", append(at, "finding", f.message)...)
	}
}

// throughPrefixes gives all prefixes, whatever they come through.
func throughPrefixes(list []builder.Through) []netip.Prefix {
	var b netipx.IPSetBuilder
	for _, t := range list {
		for _, p := range t.Prefixes {
			b.AddPrefix(p)
		}
	}
	return prefixesOf(&b)
}

// somePrefixes writes the first few, and how many there are.
func somePrefixes(prefixes []netip.Prefix) string {
	var texts []string
	for _, p := range prefixes {
		texts = append(texts, fmt.Sprint(p))
	}
	return someOf(texts)
}
