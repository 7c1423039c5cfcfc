package push

import (
	"context"
	"errors"
	"fmt"

	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/providers/addresslist"
	"github.com/spfzone/spfzone/providers/journal"
	"github.com/spfzone/spfzone/providers/txt"
)

// UnfinishedListError says that the change of an address list ended on the way.
// What is written stays: each list on the way answers for every address as the
// list before or as the one after, so that another push may go on, or back.
type UnfinishedListError struct {
	Name  string
	Entry string // of the journal
	Cause error
}

func (e *UnfinishedListError) Error() string {
	return fmt.Sprintf("the address list %s is not finished: %v; what is written stays, as nobody is lost by it: run it again, or roll back entry %s of the journal", trimDot(e.Name), e.Cause, e.Entry)
}

// Unwrap gives why.
func (e *UnfinishedListError) Unwrap() error { return e.Cause }

// applyList changes an address list step by step, and in batches as large as the
// provider takes. Each batch is seen at every authoritative server before the
// next, and after each step the whole list is read.
func (p *Push) applyList(ctx context.Context, step *Step, made *state, c providers.Change) error {
	w, err := p.prepareList(ctx, step, c)
	if err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if err := p.Journal.Begin(w.entry, p.Now()); err != nil {
		return fmt.Errorf("%s is not changed: %w", trimDot(c.Name), err)
	}
	p.Report("%s the address list %s: %s added, %d deleted", c.Verb(), trimDot(c.Name), countedNames(len(w.entry.List.Added)+len(w.entry.List.Passing), "is", "are"), len(w.entry.List.Deleted)+len(w.entry.List.Passing))
	written := 0
	for _, s := range w.steps {
		if err := p.makeStep(ctx, w, s, &written); err != nil {
			return p.endList(ctx, w, written, err)
		}
	}
	made.zones[c.Name] = w.zone
	made.putList(c.Name, c)
	if v, err := p.evaluate(ctx, step.state, made); v != seen {
		return p.endList(ctx, w, written, err)
	}
	step.Made = append(step.Made, c)
	return p.Journal.End(w.entry, journal.Published, p.Now(), nil)
}

// listWrite is the change of a list on its way.
type listWrite struct {
	zone  *Zone
	root  string
	now   addresslist.List
	names addresslist.List // all that there are before, on the way and after
	ttl   uint32
	most  int
	steps []addresslist.Step
	entry *journal.Entry
}

// prepareList reads the list as the provider has it, which must be what it was
// when the stage was planned.
func (p *Push) prepareList(ctx context.Context, step *Step, c providers.Change) (*listWrite, error) {
	most, err := p.Publisher.ListBatch()
	if err != nil {
		return nil, err
	}
	w := &listWrite{zone: step.state.zones[c.Name], root: c.Name, now: c.List.From, ttl: ttlOf(c.TTL), most: most, steps: addresslist.Steps(c.List.From, c.List.To)}
	var added addresslist.List
	for _, s := range w.steps {
		added = added.Plus(s.Add)
	}
	w.names = c.List.From.Plus(added)
	if err := p.hasList(ctx, w); err != nil {
		return nil, err
	}
	change := &journal.ListChange{
		Added: c.List.To.Minus(c.List.From), Deleted: c.List.From.Minus(c.List.To), Passing: added.Minus(c.List.To),
		TTL: max(w.ttl, ttlOf(step.state.published[c.Name].List.TTL)), Absence: p.absenceOf(step.state, c.Name),
		First: len(c.List.From) == 0,
	}
	w.entry = &journal.Entry{Domain: p.Domain, Zone: w.zone.Name, Name: c.Name, Provider: p.Publisher.Name(), Stage: step.Stage.Kind.String(), List: change}
	return w, nil
}

// hasList reads the whole list, if the provider can, and compares it.
func (p *Push) hasList(ctx context.Context, w *listWrite) error {
	read, err := p.Publisher.ReadLists(ctx, w.zone.Name, []string{w.root}, func(string) []string { return w.names.Absolute(w.root) })
	if err != nil {
		return err
	}
	got, _, err := read[w.root].List(w.root)
	if err != nil {
		return fmt.Errorf("%w: %w", txt.ErrUnsafe, err)
	}
	missing, more := w.now.Minus(got), got.Minus(w.now)
	if len(missing)+len(more) > 0 {
		return fmt.Errorf("%w: at the provider %s the address list %s lacks %d names, and has %d others", txt.ErrConflict, p.Publisher.Name(), trimDot(w.root), len(missing), len(more))
	}
	return nil
}

// makeStep writes the batches of a step, and counts them.
func (p *Push) makeStep(ctx context.Context, w *listWrite, s addresslist.Step, written *int) error {
	for _, b := range s.Batches(w.root, w.most, w.ttl) {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if err := p.Publisher.ChangeList(ctx, w.zone.Name, b); err != nil {
			var failed *providers.Error
			if !errors.As(err, &failed) || failed.State != providers.Unchanged {
				*written++
			}
			return err
		}
		*written++
		w.now = w.now.Plus(addresslist.Of(w.root, b.Add)).Minus(addresslist.Of(w.root, b.Delete))
		err := p.untilServed(ctx, w.root, func(ctx context.Context) error { return p.serveList(ctx, w.zone, b, w.now) })
		if err != nil {
			return err
		}
	}
	// The provider takes what time it needs to read a whole list.
	return p.untilServed(ctx, w.root, func(context.Context) error { return p.hasList(ctx, w) })
}

// countedNames counts names as the subject of a sentence.
func countedNames(n int, one, more string) string {
	if n == 1 {
		return "1 name " + one
	}
	return fmt.Sprintf("%d names %s", n, more)
}

// endList ends a change that failed. Where something may be written, the entry
// stays open, and the next push settles it.
func (p *Push) endList(ctx context.Context, w *listWrite, written int, err error) error {
	switch {
	case written == 0:
		return errors.Join(err, p.Journal.End(w.entry, journal.Unchanged, p.Now(), err))
	case context.Cause(ctx) != nil:
		return context.Cause(ctx)
	}
	return &UnfinishedListError{w.root, w.entry.ID, err}
}

// putList makes a list what a change leaves.
func (s *state) putList(name string, c providers.Change) {
	is := s.published[name]
	l := *is.List
	l.Names, l.TTL, l.Foreign = c.List.To, c.TTL, false
	is.List = &l
	s.published[name] = is
}
