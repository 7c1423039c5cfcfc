package providers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spfzone/spfzone/providers/txt"
)

// Publisher reads and replaces TXT RRsets, and changes address lists, through one
// provider. It may be used by several goroutines.
type Publisher struct {
	name     string
	kind     string
	strategy Strategy
	backend  backend
	scrub    scrubber
	pause    func(ctx context.Context, d time.Duration) // between two looks
}

// Name gives the provider's name in the configuration, Type its type.
func (p *Publisher) Name() string { return p.name }

// Type gives the provider's type.
func (p *Publisher) Type() string { return p.kind }

// Strategy says what the provider can be trusted with.
func (p *Publisher) Strategy() Strategy { return p.strategy }

// backend is a provider as a publisher sees it.
type backend interface {
	// read gives the RRset, and how the provider itself writes it.
	read(ctx context.Context, zone, name string) (seen, error)
	// replace makes new of what was seen.
	replace(ctx context.Context, zone, name string, before seen, new txt.RRset) error
	// restore puts back what it can of before, where after was found instead
	// of new.
	restore(ctx context.Context, zone, name string, before, after seen, new txt.RRset) error
}

// seen is what a look at a name showed.
type seen struct {
	set      txt.RRset
	siblings []string // the other TXT records as the provider writes them, sorted
	native   any      // what the backend keeps of it
}

// lookTime bounds a look at the name after a change, for which the caller's
// context may have ended.
const lookTime = 30 * time.Second

// looks are the pauses between looks at a name whose change does not show yet.
var looks = []time.Duration{0, 200 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second}

// Read gives the TXT RRset of a name in a zone. Both are absolute.
func (p *Publisher) Read(ctx context.Context, zone, name string) (txt.RRset, error) {
	s, err := p.look(ctx, zone, name)
	if err != nil {
		return txt.RRset{}, p.fail("reading", name, err, Unchanged, nil)
	}
	return s.set, nil
}

// look reads a name, a panic of the provider's module being an error.
func (p *Publisher) look(ctx context.Context, zone, name string) (s seen, err error) {
	if err := within(zone, name); err != nil {
		return seen{}, err
	}
	err = guard(func() error {
		s, err = p.backend.read(ctx, zone, name)
		return err
	})
	return s, err
}

// within says what is wrong with a name.
func within(zone, name string) error {
	switch {
	case !strings.HasSuffix(zone, ".") || !strings.HasSuffix(name, "."):
		return fmt.Errorf("%q in the zone %q: both have to be absolute", name, zone)
	case zone != "." && !strings.EqualFold(name, zone) && !strings.HasSuffix(strings.ToLower(name), "."+strings.ToLower(zone)):
		return fmt.Errorf("%s is not within the zone %s", name, zone)
	}
	return nil
}

// Attainable gives new with the TTL that the provider publishes for the one
// wanted, when it takes the place of old.
func (p *Publisher) Attainable(old, new txt.RRset) txt.RRset {
	new.TTL = p.strategy.attainable(old, new)
	return new
}

// Attainable does the same for a type of provider that is not opened. For a type
// that is not known it gives new as it is.
func Attainable(kind string, old, new txt.RRset) txt.RRset {
	for _, k := range kinds() {
		if k.name == kind {
			new.TTL = k.strategy.attainable(old, new)
		}
	}
	return new
}

// Replace makes the TXT RRset new of old, which is what [Publisher.Read] gave
// for the name. They differ in SPF records alone, of which new has at most one,
// or in the TTL, which is one that can be had ([Publisher.Attainable]); the
// strings into which the new text is cut are the provider's affair. All other
// TXT records survive, and no other name is written. If that cannot be
// guaranteed, nothing is done.
//
// The error is an [*Error]. With its state [Unchanged], old still stands (or
// for [ErrConflict], what others made of it). A change that turns out to have
// been made is no error, whatever the provider said.
func (p *Publisher) Replace(ctx context.Context, zone, name string, old, new txt.RRset) error {
	verb := verbFor(old, new)
	refuse := func(err error) error { return p.fail(verb, name, err, Unchanged, nil) }
	if err := p.permits(old, new); err != nil {
		return refuse(err)
	}
	before, err := p.look(ctx, zone, name)
	switch {
	case err != nil:
		return refuse(err)
	case !before.set.Equal(old):
		return p.fail(verb, name, ErrConflict, Unchanged, &before.set)
	case old.Equal(new):
		return nil
	}
	if err := ctx.Err(); err != nil {
		return refuse(err)
	}
	done := guard(func() error { return p.backend.replace(ctx, zone, name, before, new) })
	return p.settle(ctx, zone, name, verb, before, new, done)
}

// Try gives the error of a change that [Publisher.Replace] would refuse, as far as
// that can be told without a change.
func (p *Publisher) Try(ctx context.Context, zone, name string, old, new txt.RRset) error {
	verb := verbFor(old, new)
	if err := p.permits(old, new); err != nil {
		return p.fail(verb, name, err, Unchanged, nil)
	}
	n, _ := p.backend.(native)
	if t, can := n.Swapper.(trier); can && !old.Equal(new) {
		if err := t.TryTXT(ctx, zone, name, new); err != nil {
			return p.fail(verb, name, err, Unchanged, nil)
		}
	}
	return nil
}

// Serve has what the provider holds served, where that takes a word: it runs the
// reload command of a zone file. It reports whether there was anybody to tell.
func (p *Publisher) Serve(ctx context.Context, name string) (told bool, err error) {
	n, _ := p.backend.(native)
	s, can := n.Swapper.(server)
	if !can || s.Manual() != "" {
		return false, nil
	}
	if err := s.Serve(ctx); err != nil {
		return false, p.fail("serving", name, err, Unknown, nil)
	}
	return true, nil
}

// Manual says what the operator has to do after a write for it to be served, or
// nothing.
func (p *Publisher) Manual() string {
	n, _ := p.backend.(native)
	if s, can := n.Swapper.(server); can {
		return s.Manual()
	}
	return ""
}

// settle looks whether the change was made, and if not so puts back what stood
// there before.
func (p *Publisher) settle(ctx context.Context, zone, name, verb string, before seen, new txt.RRset, done error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTime)
	defer cancel()
	after, made, err := p.await(ctx, zone, name, before, new, done)
	switch {
	case made && errors.Is(done, txt.ErrUnpublished):
		return p.fail(verb, name, done, Unknown, &after.set)
	case made:
		return nil
	case err != nil:
		return p.fail(verb, name, errors.Join(done, fmt.Errorf("reading it back: %w", err)), Unknown, nil)
	case done == nil:
		done = errors.New("the provider says that it is done, but what is read back differs")
	}
	if same(before, after) {
		return p.fail(verb, name, done, Unchanged, &after.set)
	}
	if p.strategy.way(before.set) == CompareAndSwap && !errors.Is(done, ErrConflict) && foreign(after.set, before.set, new) {
		done = fmt.Errorf("%w; others have written since: %w", done, ErrConflict)
		return p.fail(verb, name, done, Unknown, &after.set)
	}
	if errors.Is(done, ErrConflict) {
		return p.fail(verb, name, done, Unchanged, &after.set) // others did it
	}
	restored := guard(func() error { return p.backend.restore(ctx, zone, name, before, after, new) })
	now, _, err := p.await(ctx, zone, name, after, before.set, restored)
	switch {
	case err != nil:
		return p.fail(verb, name, errors.Join(done, restored, fmt.Errorf("reading it back: %w", err)), Unknown, nil)
	case same(before, now):
		return p.fail(verb, name, done, Unchanged, &now.set)
	}
	return p.fail(verb, name, errors.Join(done, restored), Unknown, &now.set)
}

// await looks until the change shows, or until it is plain that it will not: a
// provider may give what stood there before for a while.
func (p *Publisher) await(ctx context.Context, zone, name string, before seen, new txt.RRset, done error) (after seen, made bool, err error) {
	for i, d := range looks {
		p.pause(ctx, d)
		after, err = p.look(ctx, zone, name)
		if err != nil {
			continue
		}
		if p.made(before, after, new) {
			return after, true, nil
		}
		if done != nil && (i > 0 || !same(before, after)) {
			break
		}
	}
	return after, false, err
}

// made reports whether what is wanted stands there, and every sibling as it
// was, as far as the provider can tell. What others have added is their affair,
// and a provider that rounds a TTL in its own way has done what it can.
func (p *Publisher) made(before, after seen, new txt.RRset) bool {
	if !holds(after.siblings, before.siblings) || !sameTexts(after.set.SPF(), new.SPF()) {
		return false
	}
	if p.native() || sameTexts(before.set.SPF(), new.SPF()) {
		return after.set.TTL == new.TTL
	}
	return true
}

// foreign reports whether an SPF record says what neither old nor new does.
func foreign(now, old, new txt.RRset) bool {
	known := texts(slices.Concat(old.SPF(), new.SPF()))
	return slices.ContainsFunc(texts(now.SPF()), func(t string) bool { return !slices.Contains(known, t) })
}

// holds reports whether all has each of some, as often as some does.
func holds(all, some []string) bool {
	all = slices.Clone(all)
	for _, s := range some {
		i := slices.Index(all, s)
		if i < 0 {
			return false
		}
		all = slices.Delete(all, i, i+1)
	}
	return true
}

// native reports whether the RRset is replaced as one.
func (p *Publisher) native() bool {
	return p.strategy.Alone == CompareAndSwap || p.strategy.Alone == ReadAndSwap
}

// same reports whether two looks showed the same.
func same(a, b seen) bool { return a.set.Equal(b.set) && slices.Equal(a.siblings, b.siblings) }

// permits says why the change is not one that can be made safely.
func (p *Publisher) permits(old, new txt.RRset) error {
	switch {
	case !(txt.RRset{Records: old.Siblings()}).Equal(txt.RRset{Records: new.Siblings()}):
		return fmt.Errorf("%w: records other than SPF records differ", ErrUnsafe)
	case len(new.SPF()) > 1:
		return fmt.Errorf("%w: it would leave %d SPF records, where one may stand (RFC 7208, Section 4.5)", ErrUnsafe, len(new.SPF()))
	case len(new.Records) > 0 && new.TTL != p.strategy.attainable(old, new):
		return fmt.Errorf("%w: the provider does not publish the TTL %d here, but %d", ErrUnsafe, new.TTL, p.strategy.attainable(old, new))
	}
	if p.strategy.way(old) != Refuse || old.Equal(new) || len(old.Records) == 0 && p.strategy.CreateAlone {
		return nil
	}
	if beside(old) && p.strategy.Alone != Refuse {
		return fmt.Errorf("%w: %s", ErrSiblings, p.strategy.Why)
	}
	return fmt.Errorf("%w: %s", ErrUnsafe, p.strategy.Why)
}

func verbFor(old, new txt.RRset) string {
	switch {
	case len(old.SPF()) == 0:
		return "creating"
	case len(new.SPF()) == 0:
		return "deleting"
	case sameTexts(old.SPF(), new.SPF()):
		return "changing the TTL of"
	}
	return "replacing"
}

func (p *Publisher) fail(verb, name string, cause error, state State, found *txt.RRset) error {
	return &Error{Provider: p.name, Name: name, Verb: verb, Cause: p.scrub.err(cause), State: state, Found: found}
}

// guard makes an error of a panic, which some modules raise on an answer that
// they did not expect.
func guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the provider's module panicked: %v", r)
		}
	}()
	return f()
}

// sleep waits, unless the context ends before.
func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
