package builder

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spfzone/spfzone/spf"
)

// UpdateOptions are what [Update] needs besides the configuration.
type UpdateOptions struct {
	Resolver spf.Resolver          // whom to ask; required
	Old      *Lock                 // nil if there is none
	Accept   []string              // names of sources whose alarms are not to stop the update
	Shrink   int                   // how much of a source may be lost, in percent; 0 is DefaultShrink
	Progress func(done, total int) // as in [Options]
	Now      func() time.Time      // nil is time.Now
}

// DefaultShrink is how much of a source may be lost without an alarm, in
// percent.
const DefaultShrink = 50

// Refresh is what came of an [Update].
type Refresh struct {
	Lock    *Lock          // the new one; nil if the update is stopped
	Sources []SourceChange // every one, sorted by name
	Removed []string       // names of sources that the old lock has, and the configuration no more
	Own     []string       // canonical names, sorted, of which an answer has changed that belongs to no source: what domains publish; nil without an old lock
	Plan    *Plan          // that the new lock was made with; nil if the update is stopped
}

// SourceChange is what has changed of a source: a service, a gateway, or a term
// that asks the DNS.
type SourceChange struct {
	Name     string // of the service or gateway, or the term with its domain
	Term     string // whose policy is what the source passes
	Domain   string // canonical; that asks, where that makes a difference
	Entry    *Entry
	Domains  []string // canonical; that list it, or lead to such, in the order of the configuration
	New      bool     // the old lock does not have it
	Prefixes int      // that pass now
	Gained   []Through
	Lost     []Through
	Depends  []spf.Change // what a message decided before or decides now
	Alarm    *Alarm       // nil if all is well
	Accepted bool         // the alarm stops nothing
	Kept     bool         // the former answers are kept, as it cannot be evaluated
}

// Through is prefixes with the records that they come through.
type Through struct {
	Path     []string // canonical names, the outermost record first; empty for a host's own addresses
	Prefixes []netip.Prefix
}

// stops reports whether the source stops the update.
func (c SourceChange) stops() bool { return c.Alarm != nil && !c.Accepted }

// Alarm is why a source stops an update.
type Alarm struct {
	Kind   AlarmKind
	Broken bool // of a source that vanished: receivers give permerror to what includes it
	Msg    string
}

func (a *Alarm) Error() string { return a.Msg }

// AlarmKind sorts alarms by what the operator does next.
type AlarmKind string

// The kinds of alarm.
const (
	SourceFailed   AlarmKind = "failed"   // a lookup failed: try again
	SourceVanished AlarmKind = "vanished" // it has no record, no address, or one that is permerror
	SourceShrunk   AlarmKind = "shrunk"   // it lost more than may be lost at once
)

// Stopped reports whether an alarm stopped the update.
func (r *Refresh) Stopped() bool { return r.Lock == nil }

// Update asks the DNS for everything that a lock holds, and makes a new one.
// Each question is asked once.
//
// Three things of a source are an alarm and stop the update, so that nothing is
// published without what somebody relies on: a lookup that fails, a record that
// vanishes or becomes permerror, and the loss of more than Shrink percent of the
// addresses, or of the prefixes, that a family passed by the old lock; or of the
// most that passed in the last year, as far as the history of the old lock goes
// back, so that small losses do not add up unseen. The last two are looked for
// where addresses may stand in the place of the source: services, pinned gateways,
// and includes. Accept lets a source through in spite of its alarm. A failed lookup is no answer even so, and a broken record is none
// to build with: the source's former answers are kept, all of them, so that they
// fit together. They are kept from then on by every update, until the source can be
// evaluated again.
//
// The error is not nil if ctx is over, a lookup failed that belongs to no source,
// the old lock lacks answers for a source that it has, or Accept names none.
func Update(ctx context.Context, cfg *Config, o UpdateOptions) (*Refresh, error) {
	u := newUpdate(cfg, o)
	if err := u.look(ctx); err != nil {
		return nil, err
	}
	out := &Refresh{Removed: u.removed()}
	stopped := false
	for _, s := range u.sources {
		out.Sources = append(out.Sources, s.change)
		stopped = stopped || s.change.stops()
	}
	if stopped {
		return out, nil
	}
	var err error
	if out.Lock, out.Plan, err = u.lock(ctx); err == nil {
		out.Own = out.Lock.changedOwn(u.options.Old)
	}
	return out, err
}

// look finds the sources, and holds each against the old lock.
func (u *update) look(ctx context.Context) error {
	if err := u.findSources(ctx); err != nil {
		return err
	}
	for _, name := range u.options.Accept {
		if !slices.ContainsFunc(u.sources, func(s *watched) bool { return s.name == name }) {
			return &UnknownSource{name}
		}
	}
	if err := u.judgeAll(ctx); err != nil {
		return err
	}
	again, err := u.keep(ctx)
	if err == nil && again {
		err = u.judgeAll(ctx)
	}
	return err
}

// UnknownSource is the error of a name that is to be accepted, and is that of
// no source.
type UnknownSource struct{ Name string }

func (e *UnknownSource) Error() string {
	return fmt.Sprintf("%q is neither a service nor a gateway that a domain lists, nor a term with its domain, such as mx:x.com", e.Name)
}

// update is the state of one Update.
type update struct {
	cfg      *Config
	only     []string // canonical names of the domains whose sources are looked at; nil for all
	options  UpdateOptions
	now      time.Time // in whole seconds
	snapshot *snapshot
	sources  []*watched // sorted
}

func newUpdate(cfg *Config, o UpdateOptions) *update {
	u := &update{cfg: cfg, options: o, now: time.Now()}
	if o.Now != nil {
		u.now = o.Now()
	}
	u.now = u.now.UTC().Truncate(time.Second)
	if o.Shrink == 0 {
		u.options.Shrink = DefaultShrink
	}
	if u.options.Old == nil {
		u.options.Old = &Lock{name: DefaultLock}
	}
	u.snapshot = newSnapshot(o.Resolver, u.options.Old)
	return u
}

// inFlight bounds how many sources or names are looked at at once: they wait for
// the network most of the time.
const inFlight = 32

// each does work for numbers from 0 on, several at once, until one fails.
func each(ctx context.Context, n int, work func(i int) error) error {
	var mu sync.Mutex
	var wg sync.WaitGroup
	var failed error
	next := 0
	take := func(err error) (i int, more bool) {
		mu.Lock()
		defer mu.Unlock()
		if failed == nil {
			failed = err
		}
		if failed != nil || next >= n || ctx.Err() != nil {
			return 0, false
		}
		next++
		return next - 1, true
	}
	for range min(inFlight, n) {
		wg.Go(func() {
			var err error
			for i, more := take(nil); more; i, more = take(err) {
				err = work(i)
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	return failed
}

// removed gives the names of sources that are no more.
func (u *update) removed() []string {
	var names []string
	for _, s := range u.options.Old.sources {
		if !slices.ContainsFunc(u.sources, func(now *watched) bool { return now.name == s.name }) {
			names = append(names, s.name)
		}
	}
	return slices.Compact(names)
}

// lock builds the configuration over the snapshot, and makes a lock of all that
// was asked.
func (u *update) lock(ctx context.Context) (*Lock, *Plan, error) {
	l := &Lock{name: u.options.Old.name, answers: map[question]*lockedAnswer{}}
	for _, s := range u.sources {
		l.sources = append(l.sources, u.lockedSource(s))
	}
	asking := &asking{Resolver: u.snapshot}
	plan, err := Build(ctx, u.cfg, Options{Resolver: asking, Lock: l, Progress: u.options.Progress, Now: func() time.Time { return u.now }})
	if err != nil {
		return nil, nil, err
	}
	if l.spares, err = u.spares(ctx, asking); err != nil {
		return nil, nil, err
	}
	if err := asking.failure(); err != nil {
		return nil, nil, err
	}
	of := map[question][]string{}
	for q := range asking.questions() {
		of[q] = nil
	}
	for _, s := range u.sources {
		for q := range s.asking.questions() {
			of[q] = append(of[q], s.name)
		}
	}
	for q, names := range of {
		slices.Sort(names)
		l.answers[q] = u.lockedAnswer(q, u.snapshot.known(q), slices.Compact(names))
	}
	l.fold()
	return l, plan, nil
}

// spares finds the names for more parts of each record.
func (u *update) spares(ctx context.Context, r spf.Resolver) (map[string]spare, error) {
	owners := u.cfg.owners()
	names := make([]string, 0, len(owners))
	for name := range owners {
		names = append(names, name)
	}
	slices.SortFunc(names, strings.Compare)
	b := newBuild(u.cfg, Options{Resolver: r})
	spares := map[string]spare{}
	var mu sync.Mutex
	err := each(ctx, len(names), func(i int) error {
		s, found, err := b.spare(ctx, names[i], owners[names[i]].Split.Names)
		if found {
			mu.Lock()
			defer mu.Unlock()
			spares[names[i]] = s
		}
		return err
	})
	return spares, err
}

// lockedAnswer gives an answer as it goes into the lock. One that has not
// changed keeps its time, and its TTL too: a resolver's cache counts TTLs down,
// so that they differ each time and say nothing.
func (u *update) lockedAnswer(q question, a *lockedAnswer, of []string) *lockedAnswer {
	out := *a
	out.since, out.of = u.now, of
	if old := u.options.Old.answers[q]; old != nil && old.same(a) {
		out.since, out.ttl = old.since, old.ttl
	}
	return &out
}

// lockedSource gives a source as it goes into the lock.
func (u *update) lockedSource(s *watched) lockedSource {
	out := lockedSource{sourceKey: s.sourceKey, since: u.now}
	if old := u.options.Old.source(s.sourceKey); old != nil {
		out = *old
		if c := s.change; len(c.Gained)+len(c.Lost)+len(c.Depends) > 0 {
			out = out.with(lockedChange{u.now, countThrough(c.Gained), countThrough(c.Lost), s.passed, c.Alarm != nil && c.Alarm.Kind != SourceFailed})
		}
	}
	switch {
	case !s.change.Kept:
		out.kept = time.Time{}
	case out.kept.IsZero():
		out.kept = u.now
	}
	out.entry, out.prefixes = *s.entry, s.change.Prefixes
	return out
}

// changedOwn gives the names whose answers differ from those of an old lock, of
// those questions that no source leads to.
func (l *Lock) changedOwn(old *Lock) []string {
	names := map[string]bool{}
	for q, a := range l.answers {
		if was := old.answers[q]; len(a.of) == 0 && (was == nil || !was.same(a)) {
			names[q.name] = true
		}
	}
	for q, was := range old.answers {
		if len(was.of) == 0 && l.answers[q] == nil {
			names[q.name] = true
		}
	}
	if len(old.answers) == 0 || len(names) == 0 {
		return nil
	}
	return slices.SortedFunc(maps.Keys(names), compareNames)
}

func countThrough(list []Through) int {
	n := 0
	for _, t := range list {
		n += len(t.Prefixes)
	}
	return n
}

// source gives what the lock has of a source, or nil.
func (l *Lock) source(k sourceKey) *lockedSource {
	i, found := slices.BinarySearchFunc(l.sources, k, func(s lockedSource, k sourceKey) int { return s.compare(k) })
	if !found {
		return nil
	}
	return &l.sources[i]
}
