package push

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/providers/addresslist"
	"github.com/spfzone/spfzone/providers/journal"
	"github.com/spfzone/spfzone/providers/txt"
)

const (
	// mostLists bounds the numbers of lists that are looked for.
	mostLists = 256
	// spareLists is how many names are looked at beyond those in use.
	spareLists = 2
)

// readLists reads the address lists of the domain's records through the provider,
// as the DNS does not tell which names there are, and holds samples of them
// against what the authoritative servers have. Where no list is wanted, asked for
// or in the journal, nothing is read.
func (p *Push) readLists(ctx context.Context, s *state) error {
	if p.ListName == nil {
		return nil
	}
	for _, w := range p.Wanted {
		if w.Of != "" || w.List != nil {
			continue
		}
		f := p.listsOf(s, w.Name)
		if len(f.roots) == 0 {
			continue
		}
		if err := p.readListsOf(ctx, s, f); err != nil {
			return err
		}
	}
	return p.recallLists(ctx, s)
}

// listNames are the names that lists of a record may have.
type listNames struct {
	of    string
	roots []string
	used  map[string]bool // those wanted, asked for or in the journal
}

// listsOf finds them, and none where no list is in use.
func (p *Push) listsOf(s *state, of string) listNames {
	f := listNames{of: of, used: map[string]bool{}}
	asked, journaled := p.listsEverAskedFor(s), p.journaled()
	wanted, last := 0, 0
	for _, w := range p.Wanted {
		if w.Of == of && w.List != nil {
			wanted++
			f.used[w.Name] = true
		}
	}
	for number := 1; number <= mostLists; number++ {
		if name := p.ListName(of, number); f.used[name] || asked[name] || len(journaled[name]) > 0 {
			f.used[name], last = true, number
		}
	}
	if last == 0 {
		return f
	}
	for number, more := 1, wanted+spareLists; number <= last || more > 0; number++ {
		name := p.ListName(of, number)
		if _, isPart := s.published[name]; isPart || p.Reserved(name) && !f.used[name] {
			continue
		}
		if number > last {
			more--
		}
		f.roots = append(f.roots, name)
	}
	return f
}

// listsAskedFor gives the names of the lists that records ask for which receivers
// may hold.
func (s *state) listsAskedFor() map[string]bool {
	asked := map[string]bool{}
	for _, is := range s.published {
		for _, name := range is.Now.Lists() {
			asked[name] = true
		}
		for _, f := range is.Former {
			for _, name := range f.Version.Lists() {
				asked[name] = true
			}
		}
	}
	return asked
}

// listsEverAskedFor adds those that records in the journal ask for.
func (p *Push) listsEverAskedFor(s *state) map[string]bool {
	asked := s.listsAskedFor()
	for _, e := range p.Journal.Entries(p.Domain) {
		for _, name := range append(version(e.Before).Lists(), version(e.After).Lists()...) {
			asked[name] = true
		}
	}
	return asked
}

// journaled gives the entries of lists by their names, the oldest first.
func (p *Push) journaled() map[string][]*journal.Entry {
	out := map[string][]*journal.Entry{}
	for _, e := range p.Journal.Entries(p.Domain) {
		if e.List != nil && e.Outcome != journal.Unchanged {
			out[e.Name] = append(out[e.Name], e)
		}
	}
	return out
}

func (p *Push) readListsOf(ctx context.Context, s *state, f listNames) error {
	z, err := p.zone(ctx, s, f.roots[0])
	if err != nil {
		return err
	}
	if _, refused := p.Publisher.ListBatch(); refused != nil {
		if slices.ContainsFunc(p.Wanted, func(w providers.Wanted) bool { return w.Of == f.of && w.List != nil }) {
			return refused
		}
		s.notes = append(s.notes, fmt.Sprintf("the address lists of %s stay: %v", trimDot(f.of), refused))
		return nil
	}
	entries, asked := p.journaled(), p.listsEverAskedFor(s)
	read, err := p.Publisher.ReadLists(ctx, z.Name, f.roots, func(root string) []string { return p.knownNames(root, entries[root]) })
	if err != nil {
		return err
	}
	for _, root := range f.roots {
		names, ttl, err := read[root].List(root)
		switch {
		case err != nil && f.used[root]:
			return fmt.Errorf("%w: %w", txt.ErrUnsafe, err)
		case err != nil:
			continue
		}
		s.zones[root] = z
		s.published[root] = providers.PublishedName{List: &providers.PublishedList{
			Names: names, TTL: seconds(ttl),
			Partial: !read[root].Whole && (len(entries[root]) == 0 || !entries[root][0].List.First),
			Foreign: !asked[root] && len(entries[root]) == 0,
		}}
		if err := p.serveOpen(ctx, z, root, entries[root], names); err != nil {
			return err
		}
		if err := p.agreedList(ctx, z, root, entries[root], names); err != nil {
			return err
		}
	}
	return nil
}

// knownNames gives the names of a list that are wanted or in the journal.
func (p *Push) knownNames(root string, entries []*journal.Entry) []string {
	var names addresslist.List
	for _, w := range p.Wanted {
		names = names.Plus(w.List)
	}
	for _, e := range entries {
		names = names.Plus(e.List.Added).Plus(e.List.Deleted).Plus(e.List.Passing)
	}
	return names.Absolute(root)
}

// recallLists takes from the journal which lists receivers may hold answers of,
// and writes down what is found out about it.
func (p *Push) recallLists(ctx context.Context, s *state) error {
	now := p.Now()
	journaled := p.journaled()
	for _, root := range slices.Sorted(maps.Keys(journaled)) {
		entries, is := journaled[root], s.published[root]
		if is.List == nil {
			continue
		}
		left := is.List.Names
		if known, ok := foldList(entries); ok && !known.Equal(left) && !is.List.Partial {
			e, err := p.listChangedByOthers(s, root, known, entries[len(entries)-1])
			if err != nil {
				return err
			}
			entries = append(entries, e)
		}
		for _, e := range slices.Backward(entries) {
			if e.Outcome == journal.Intended && !p.ReadOnly {
				if err := p.Journal.End(e, e.SettleList(left), now, nil); err != nil {
					return err
				}
			}
			for _, h := range e.HeldLists(left, now) {
				if h.Until.After(now) {
					is.List.Former = append(is.List.Former, providers.FormerList{Names: h.Names, Until: h.Until})
				}
			}
			left = e.List.Before(left)
		}
	}
	for root, is := range s.published {
		if is.List != nil {
			is.List.Asked = p.askedUntil(s, root)
		}
	}
	return ctx.Err()
}

// foldList gives the list that a row of changes has left, if the end of each is
// known since there was none.
func foldList(entries []*journal.Entry) (l addresslist.List, ok bool) {
	for _, e := range entries {
		if e.List.First {
			l, ok = nil, true
		}
		ok = ok && (e.Outcome == journal.Published || e.Outcome == journal.Noticed)
		l = e.List.After(l)
	}
	return l, ok
}

// listChangedByOthers notes that a list is not as it was left.
func (p *Push) listChangedByOthers(s *state, root string, left addresslist.List, last *journal.Entry) (*journal.Entry, error) {
	names := s.published[root].List.Names
	e := &journal.Entry{Domain: p.Domain, Zone: s.zones[root].Name, Name: root, Stage: "by others", List: &journal.ListChange{
		Added: names.Minus(left), Deleted: left.Minus(names), TTL: last.List.TTL, Absence: p.absenceOf(s, root),
	}}
	s.notes = append(s.notes, fmt.Sprintf("the address list %s was changed by others: %s added, and %d deleted", trimDot(root), countedNames(len(e.List.Added), "was", "were"), len(e.List.Deleted)))
	if p.ReadOnly {
		e.Outcome, e.Ended = journal.Noticed, p.Now()
		return e, nil
	}
	return e, p.Journal.Note(e, journal.Noticed, p.Now())
}

// absenceOf gives for how many seconds receivers may hold that a name is none of
// a list.
func (p *Push) absenceOf(s *state, root string) uint32 {
	return ttlOf(s.zones[root].Negative + time.Second - 1)
}

// hold is for how long receivers may hold an answer about a name of a list.
func (s *state) hold(root string) time.Duration {
	return max(s.published[root].List.TTL, s.zones[root].Negative+time.Second-1) + journal.Grain
}

// askedUntil gives the time until which receivers may hold an answer about a name
// of a list, though no published record asks for it: that until which they held
// one that did, and as long as they hold answers.
func (p *Push) askedUntil(s *state, root string) (until time.Time) {
	hold := s.hold(root)
	for _, e := range p.Journal.Entries(p.Domain) {
		if e.List != nil {
			hold = max(hold, e.List.Hold())
			continue
		}
		for _, h := range e.Held(p.Now()) {
			if t := h.Until.Add(hold); t.After(until) && slices.Contains(version(h.Set).Lists(), root) {
				until = t
			}
		}
	}
	return until
}
