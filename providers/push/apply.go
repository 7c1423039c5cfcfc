package push

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/providers/journal"
	"github.com/spfzone/spfzone/providers/txt"
)

// Do makes the changes of a step, one after the other: into the journal, to the
// provider, and then read back from every authoritative server, and evaluated
// as receivers do it. At the first that fails it ends. A change of which the
// outcome is not as planned is taken back, unless others have written since. What
// was written and not taken back is in step.Made then, after an error too.
func (p *Push) Do(ctx context.Context, step *Step) error {
	made := step.state.copy()
	for _, c := range step.Stage.Changes {
		if err := p.apply(ctx, step, made, c); err != nil {
			return err
		}
	}
	p.done = &step.Stage
	return nil
}

// RestoredError says that a change was taken back.
type RestoredError struct {
	Name  string
	Cause error
}

func (e *RestoredError) Error() string {
	return fmt.Sprintf("%s: %v; what was there before is there again", trimDot(e.Name), e.Cause)
}

// Unwrap gives why.
func (e *RestoredError) Unwrap() error { return e.Cause }

// LeftError says that a change went wrong and could not be taken back, or was
// not, as others have written since: then it is a [txt.ErrConflict].
type LeftError struct {
	Name  string
	Entry string // of the journal
	Cause error
}

func (e *LeftError) Error() string {
	return fmt.Sprintf("%s: %v; what was there before is in entry %s of the journal", trimDot(e.Name), e.Cause, e.Entry)
}

// Unwrap gives why.
func (e *LeftError) Unwrap() error { return e.Cause }

// write is a change on its way.
type write struct {
	zone     *Zone
	name     string
	old, new txt.RRset
	wild     txt.RRset // what a wildcard has for the name while nothing stands there
	entry    *journal.Entry
	standing bool // the provider has new already, and the servers old
}

// apply makes a change, after those that made has already.
func (p *Push) apply(ctx context.Context, step *Step, made *state, c providers.Change) error {
	if c.List != nil {
		return p.applyList(ctx, step, made, c)
	}
	w, err := p.prepare(ctx, step, c)
	if err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if err := p.Journal.Begin(w.entry, p.Now()); err != nil {
		return fmt.Errorf("%s is not changed: %w", trimDot(c.Name), err)
	}
	p.Report("%s %s: %s", c.Verb(), trimDot(c.Name), describe(w.new))
	if w.standing {
		p.Report("the provider %s has it already, and the authoritative servers have %s", p.Publisher.Name(), describe(w.old))
		if _, err := p.Publisher.Serve(ctx, w.name); err != nil {
			return errors.Join(err, p.Journal.End(w.entry, journal.Unchanged, p.Now(), err))
		}
	}
	var done error
	if !w.standing {
		done = p.Publisher.Replace(ctx, w.zone.Name, w.name, w.old, w.new)
	}
	var failed *providers.Error
	if errors.As(done, &failed) && failed.State == providers.Unchanged {
		outcome := journal.Unchanged
		if errors.Is(done, txt.ErrPutBack) {
			outcome = journal.Restored // the new may have been served
		}
		return errors.Join(done, p.Journal.End(w.entry, outcome, p.Now(), done))
	}
	made.zones[c.Name] = w.zone
	made.put(c.Name, w.new)
	err = p.settle(ctx, w, done, func(ctx context.Context) (verdict, error) { return p.evaluate(ctx, step.state, made) })
	var restored *RestoredError
	if err == nil || done == nil && !errors.As(err, &restored) {
		step.Made = append(step.Made, c)
	}
	return err
}

// prepare reads the RRset as the provider has it, which must hold what the
// servers have.
func (p *Push) prepare(ctx context.Context, step *Step, c providers.Change) (*write, error) {
	w := &write{zone: step.state.zones[c.Name], name: c.Name}
	if w.zone == nil {
		z, err := p.ZoneOf(ctx, c.Name)
		if err != nil {
			return nil, err
		}
		w.zone = z
	}
	var err error
	if w.old, err = p.Publisher.Read(ctx, w.zone.Name, c.Name); err != nil {
		return nil, err
	}
	served := step.state.sets[c.Name]
	w.wild = step.state.wild[c.Name]
	w.new = p.Publisher.Attainable(w.old, w.old.With(c.New, ttlOf(c.TTL)))
	wild := len(w.old.Records) == 0 && len(w.wild.Records) > 0 && served.Equal(w.wild)
	switch {
	case !wild && w.old.Equal(w.new) && sameRecords(served.Siblings(), w.old.Siblings()):
		w.old, w.standing = served, true
	case !wild && !sameRecords(served.Records, w.old.Records):
		return nil, p.unserved(ctx, c.Name, w.old, served)
	}
	w.entry = &journal.Entry{
		Domain: p.Domain, Zone: w.zone.Name, Name: c.Name, Provider: p.Publisher.Name(), Stage: step.Stage.Kind.String(),
		Before: w.old, After: w.new, Part: !p.standsForItself(c.Name),
	}
	switch { // receivers hold what the servers said
	case len(w.old.Records) == 0:
		w.entry.Before = served
	case served.TTL > w.entry.Before.TTL:
		w.entry.Before.TTL = served.TTL
	}
	if len(c.Old) == 0 {
		w.entry.Absence = step.state.absence(p, c.Name)
	}
	return w, nil
}

// standsForItself reports whether the record of a name is no part.
func (p *Push) standsForItself(name string) bool {
	return slices.ContainsFunc(p.Wanted, func(w providers.Wanted) bool { return w.Of == "" && w.List == nil && w.Name == name })
}

func sameRecords(a, b []txt.Record) bool { return len(txt.Minus(a, b))+len(txt.Minus(b, a)) == 0 }

// unserved is the error of a provider that has something else than the servers,
// and than what it is to have. What an earlier push has written there is to be
// served first.
func (p *Push) unserved(ctx context.Context, name string, has, served txt.RRset) error {
	conflict := fmt.Errorf("%w: the provider %s has %s at %s, and the authoritative servers have %s", txt.ErrConflict, p.Publisher.Name(), describe(has), trimDot(name), describe(served))
	ours := slices.ContainsFunc(p.Journal.Entries(p.Domain), func(e *journal.Entry) bool {
		return e.Name == name && e.Provider == p.Publisher.Name() && sameRecords(e.After.SPF(), has.SPF())
	})
	if manual := p.Publisher.Manual(); manual != "" {
		return fmt.Errorf("%w: %s", conflict, manual)
	}
	if !ours {
		return conflict
	}
	told, err := p.Publisher.Serve(ctx, name)
	switch {
	case err != nil:
		return errors.Join(conflict, err)
	case told:
		return fmt.Errorf("%w: an earlier push has written that, and the name server was told to read it: run it again", conflict)
	}
	return conflict
}

// after is for how long the end of a write is awaited, though the caller does
// not wait any more.
const after = time.Minute

// settle reads a write back and has its outcome evaluated, and takes it back if
// it is not what was to be.
func (p *Push) settle(ctx context.Context, w *write, done error, evaluate func(context.Context) (verdict, error)) error {
	v, err := p.readBack(ctx, w)
	if v == seen {
		v, err = evaluate(ctx)
	}
	switch {
	case v == seen:
		return p.Journal.End(w.entry, journal.Published, p.Now(), nil)
	case context.Cause(ctx) != nil:
		return context.Cause(ctx) // the next push settles the entry
	case v == late && done == nil:
		return fmt.Errorf("%s is written, but %w; run it again later", trimDot(w.name), err) // so too
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), after)
	defer cancel()
	cause := errors.Join(done, err)
	if back := p.putBack(ctx, w, done); back != nil {
		return &LeftError{w.name, w.entry.ID, errors.Join(cause, back)}
	}
	return errors.Join(&RestoredError{w.name, cause}, p.Journal.End(w.entry, journal.Restored, p.Now(), cause))
}

// verdict is what reading back has shown.
type verdict uint8

const (
	differs verdict = iota // what some server has is neither the old nor the new, or the records say something else than they are to
	late                   // some server still has the old, or does not answer
	seen                   // every server has the new, by UDP and TCP, and the records say what they are to
)

// readBack looks at every server, by UDP and TCP, until all have what was
// written or the time is over. The error says what is amiss.
func (p *Push) readBack(ctx context.Context, w *write) (v verdict, err error) {
	v = late
	err = p.untilServed(ctx, w.name, func(ctx context.Context) error {
		v = seen
		var amiss []string
		has := make([]bool, len(w.zone.Servers)) // by UDP or TCP
		for _, tcp := range []bool{false, true} {
			answers, err := askAll(ctx, w.zone, w.name, tcp)
			if err != nil {
				v = late
				return fmt.Errorf("not every server answers: %w", err)
			}
			for i, a := range answers {
				is := w.judge(a.Set)
				has[i] = has[i] || is == seen
				if is != seen {
					v = min(v, is)
					amiss = append(amiss, fmt.Sprintf("%s has %s", w.zone.Servers[i], describe(a.Set)))
				}
			}
		}
		if v == seen {
			return nil
		}
		slices.Sort(amiss)
		amiss = slices.Compact(amiss)
		if manual := p.Publisher.Manual(); manual != "" {
			amiss = append(amiss, manual)
		}
		return lag(ctx, w.zone, amiss, !slices.Contains(has, true))
	})
	if err != nil && v == seen {
		v = late
	}
	return v, err
}

// judge compares what a server has with the change: every other TXT record
// octet by octet, the SPF record by its text.
func (w *write) judge(got txt.RRset) verdict {
	if len(w.old.Records) == 0 || len(w.new.Records) == 0 {
		if got.Equal(w.wild) {
			got = txt.RRset{}
		}
	}
	siblings := func(s txt.RRset) txt.RRset { return txt.RRset{Records: s.Siblings()} }
	if !siblings(got).Equal(siblings(w.new)) {
		return differs
	}
	switch {
	case slices.Equal(version(got), version(w.new)) && (got.TTL == w.new.TTL || len(w.new.Records) == 0):
		return seen
	case slices.Equal(version(got), version(w.old)), slices.Equal(version(got), version(w.new)):
		return late
	}
	return differs
}

// putBack makes the SPF record what it was, after a write whose error was done.
// Whatever others have changed meanwhile is left alone.
func (p *Push) putBack(ctx context.Context, w *write, done error) error {
	now, err := p.Publisher.Read(ctx, w.zone.Name, w.name)
	if err != nil {
		return err
	}
	if w.foreign(now, done) {
		return fmt.Errorf("%w: others have written since, and their record is left as it is: the provider %s has %s", txt.ErrConflict, p.Publisher.Name(), describe(now))
	}
	was := w.old.SPF()
	text := ""
	switch {
	case len(was) == 1:
		text = was[0].Text()
	case len(was) > 1:
		return fmt.Errorf("there were %d SPF records, which are not put back", len(was))
	}
	if missing := txt.Minus(w.old.Siblings(), now.Siblings()); len(missing) > 0 {
		return fmt.Errorf("%w: %d other TXT records are gone from the name", txt.ErrSiblings, len(missing))
	}
	old := p.Publisher.Attainable(now, now.With(text, w.old.TTL))
	if err := p.Publisher.Replace(ctx, w.zone.Name, w.name, now, old); err != nil {
		return err
	}
	back := &write{zone: w.zone, name: w.name, old: now, new: old, wild: w.wild}
	if v, err := p.readBack(ctx, back); v != seen {
		return err
	}
	return nil
}

// foreign reports whether the SPF records that the provider has are the work of
// others. Those of the write are the former, the new and, where the publisher
// could not confirm the new, what it found in their place right after it. A
// record that is gone after it was confirmed was deleted by others.
func (w *write) foreign(now txt.RRset, done error) bool {
	ours := slices.Concat(version(w.old), version(w.new))
	var failed *providers.Error
	if errors.As(done, &failed) && failed.Found != nil && !errors.Is(done, txt.ErrConflict) {
		ours = append(ours, version(*failed.Found)...)
	}
	if done == nil && len(now.SPF()) == 0 {
		return len(w.old.SPF()) > 0 && len(w.new.SPF()) > 0
	}
	return slices.ContainsFunc(version(now), func(text string) bool { return !slices.Contains(ours, text) })
}
