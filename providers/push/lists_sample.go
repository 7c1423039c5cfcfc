package push

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/spfzone/spfzone/providers/addresslist"
	"github.com/spfzone/spfzone/providers/journal"
)

// sampled is how many names of a list, and of each batch of changes to it, every
// authoritative server is asked for.
const sampled = 32

// sample gives names from all of a list, the first and the last among them.
func sample(names []string) (out []string) {
	n := min(sampled, len(names))
	for i := range n {
		out = append(out, names[i*(len(names)-1)/max(n-1, 1)])
	}
	return out
}

// agreedList has every server agree with the provider on a sample of a list.
func (p *Push) agreedList(ctx context.Context, z *Zone, root string, names addresslist.List) error {
	if len(names) == 0 {
		return nil
	}
	return p.until(ctx, p.Patience, func(ctx context.Context) (bool, error) {
		err := p.serveList(ctx, z, addresslist.Batch{Root: root, Add: sample(names.Absolute(root))}, names)
		return err == nil, err
	})
}

// serveList asks every server for a sample of the names of a batch, which is
// made: those that were added have to be there, and those that were deleted not,
// where no wildcard stands for them.
func (p *Push) serveList(ctx context.Context, z *Zone, b addresslist.Batch, now addresslist.List) error {
	deleted := slices.DeleteFunc(sample(b.Delete), func(name string) bool { return covered(now, strings.TrimSuffix(name, "."+b.Root)) })
	failures := make([]error, len(z.Servers))
	var wg sync.WaitGroup
	for i, server := range z.Servers {
		wg.Go(func() {
			if failures[i] = has(ctx, server, sample(b.Add), true); failures[i] == nil {
				failures[i] = has(ctx, server, deleted, false)
			}
		})
	}
	wg.Wait()
	err := first(failures)
	if manual := p.Publisher.Manual(); err != nil && manual != "" {
		return fmt.Errorf("%w; %s", err, manual)
	}
	return err
}

// serveOpen has a change of a list served that was written and never seen at the
// servers, as the push was ended before that.
func (p *Push) serveOpen(ctx context.Context, z *Zone, root string, entries []*journal.Entry, names addresslist.List) error {
	if p.ReadOnly || len(entries) == 0 || entries[len(entries)-1].Outcome != journal.Intended {
		return nil
	}
	if _, err := p.Publisher.Serve(ctx, root); err != nil {
		return err
	}
	change := entries[len(entries)-1].List
	added := change.Added.Plus(change.Passing)
	written := addresslist.Batch{
		Root: root, Add: added.Minus(added.Minus(names)).Absolute(root),
		Delete: change.Deleted.Plus(change.Passing).Minus(names).Absolute(root),
	}
	return p.untilServed(ctx, root, func(ctx context.Context) error { return p.serveList(ctx, z, written, names) })
}

// first gives the first error of several, as the others say the same.
func first(failures []error) error {
	for _, err := range failures {
		if err != nil {
			return err
		}
	}
	return nil
}

// has asks a server whether it has names of a list, or has them no more.
func has(ctx context.Context, server Server, names []string, want bool) error {
	failures := make([]error, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() {
			switch is, err := server.Lists(ctx, name); {
			case err != nil:
				failures[i] = fmt.Errorf("not every server answers: %w", err)
			case is != want:
				failures[i] = fmt.Errorf("not every server has it: %s %s %s", server, map[bool]string{true: "has", false: "lacks"}[is], trimDot(name))
			}
		})
	}
	wg.Wait()
	return first(failures)
}

// covered reports whether a wildcard of a list may stand for a name.
func covered(l addresslist.List, name string) bool {
	for name != "" {
		_, name, _ = strings.Cut(name, ".")
		if _, has := slices.BinarySearch(l, "*."+name); has {
			return true
		}
	}
	return false
}
