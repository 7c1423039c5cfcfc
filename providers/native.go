package providers

import (
	"context"
	"slices"

	"github.com/spfzone/spfzone/providers/addresslist"
	"github.com/spfzone/spfzone/providers/txt"
)

// Swapper reads and replaces the TXT RRset of one name as a whole.
type Swapper interface {
	// ReadTXT gives the TXT RRset that stands at the name in the zone, not
	// what a wildcard or alias makes of it.
	ReadTXT(ctx context.Context, zone, name string) (txt.RRset, error)
	// ReplaceTXT makes new of old, or does nothing: with an error that is
	// [ErrConflict] if it sees that the RRset is not old. Records that are in
	// both are left as they are.
	ReplaceTXT(ctx context.Context, zone, name string, old, new txt.RRset) error
}

// Lister reads and changes address lists.
type Lister interface {
	// ReadSubtrees gives what the zone has at and below names. ask gives the
	// names below one of them to ask for, where not all can be read.
	ReadSubtrees(ctx context.Context, zone string, roots []string, ask func(root string) []string) (map[string]addresslist.Subtree, error)
	// ChangeNames makes the changes of a batch, or does nothing, with an error
	// that is [ErrConflict] if it sees that the names do not hold what the batch
	// takes for granted.
	ChangeNames(ctx context.Context, zone string, b addresslist.Batch) error
}

// native is a backend that replaces RRsets itself.
type native struct{ Swapper }

func (n native) read(ctx context.Context, zone, name string) (seen, error) {
	set, err := n.ReadTXT(ctx, zone, name)
	s := seen{set: set}
	for _, r := range set.Siblings() {
		s.siblings = append(s.siblings, r.String())
	}
	slices.Sort(s.siblings)
	return s, err
}

func (n native) replace(ctx context.Context, zone, name string, before seen, new txt.RRset) error {
	return n.ReplaceTXT(ctx, zone, name, before.set, new)
}

// trier is a swapper that can tell beforehand that an edit cannot be made.
type trier interface {
	TryTXT(ctx context.Context, zone, name string, new txt.RRset) error
}

// server is a swapper whose records are served only when somebody is told to.
type server interface {
	Serve(ctx context.Context) error
	Manual() string
}

// restore does nothing: what was not replaced was left, and any other state is
// the work of others.
func (n native) restore(context.Context, string, string, seen, seen, txt.RRset) error { return nil }
