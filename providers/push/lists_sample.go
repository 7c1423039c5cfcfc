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

// agreedList has every server agree with the provider on a sample of a list, and on
// one of what was changed last: a server that is behind lacks that.
func (p *Push) agreedList(ctx context.Context, z *Zone, root string, entries []*journal.Entry, names addresslist.List) error {
	batches := []addresslist.Batch{{Root: root, Add: names.Absolute(root)}}
	if n := len(entries); n > 0 {
		batches = append(batches, madeOf(root, entries[n-1].List, names))
	}
	return p.until(ctx, p.Patience, func(ctx context.Context) (bool, error) {
		for _, b := range batches {
			if err := p.serveList(ctx, z, b, names); err != nil {
				return false, err
			}
		}
		return true, nil
	})
}

// madeOf gives what is made of a change, by the names that there are now.
func madeOf(root string, change *journal.ListChange, now addresslist.List) addresslist.Batch {
	added := change.Added.Plus(change.Passing)
	return addresslist.Batch{
		Root: root, Add: added.Minus(added.Minus(now)).Absolute(root),
		Delete: change.Deleted.Plus(change.Passing).Minus(now).Absolute(root),
	}
}

// serveList asks every server for a sample of the names of a batch, which is
// made: those that were added have to be there, and those that were deleted not,
// where no wildcard stands for them.
func (p *Push) serveList(ctx context.Context, z *Zone, b addresslist.Batch, now addresslist.List) error {
	deleted := slices.DeleteFunc(sample(b.Delete), func(name string) bool { return now.Covers(strings.TrimSuffix(name, "."+b.Root)) })
	amiss, failures := make([]string, len(z.Servers)), make([]error, len(z.Servers))
	var wg sync.WaitGroup
	for i, server := range z.Servers {
		wg.Go(func() {
			if amiss[i], failures[i] = lacking(ctx, server, sample(b.Add), true); amiss[i] == "" && failures[i] == nil {
				amiss[i], failures[i] = lacking(ctx, server, deleted, false)
			}
		})
	}
	wg.Wait()
	if err := silent(failures); err != nil {
		return fmt.Errorf("not every server answers: %w", err)
	}
	all := !slices.Contains(amiss, "")
	amiss = slices.DeleteFunc(amiss, func(text string) bool { return text == "" })
	if len(amiss) == 0 {
		return nil
	}
	if manual := p.Publisher.Manual(); manual != "" {
		amiss = append(amiss, manual)
	}
	return lag(ctx, z, amiss, all)
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
	written := madeOf(root, entries[len(entries)-1].List, names)
	return p.untilServed(ctx, root, func(ctx context.Context) error { return p.serveList(ctx, z, written, names) })
}

// lacking says which of the names of a list that a server is to have it does not
// have, or has that it is not to have: the first; nothing if all is well.
func lacking(ctx context.Context, server Server, names []string, want bool) (amiss string, err error) {
	has, failures := make([]bool, len(names)), make([]error, len(names))
	var wg sync.WaitGroup
	for i, name := range names {
		wg.Go(func() { has[i], failures[i] = server.Lists(ctx, name) })
	}
	wg.Wait()
	for i, name := range names {
		switch {
		case failures[i] != nil:
			return "", failures[i]
		case has[i] != want:
			return fmt.Sprintf("%s %s %s", server, map[bool]string{true: "has", false: "lacks"}[has[i]], trimDot(name)), nil
		}
	}
	return "", nil
}
