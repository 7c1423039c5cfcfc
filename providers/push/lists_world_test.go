package push_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/providers/addresslist"
	"github.com/spfzone/spfzone/providers/txt"
	"github.com/spfzone/spfzone/spf"
)

func listName(of string, number int) string {
	if number == 1 {
		return "_spf." + of
	}
	return fmt.Sprintf("_spf%d.%s", number, of)
}

// worldList is a list at the primary, and its past.
type worldList struct {
	names  addresslist.List
	ttl    uint32
	past   []pastList
	others []addresslist.Record // of other people, below its name
	blind  bool                 // it cannot be read whole
}

// pastList is a list with the time at which a name was added or deleted.
type pastList struct {
	names addresslist.List
	until time.Time
	asked bool // somebody may have asked for a name before
}

func (w *world) list(root string) *worldList {
	if w.lists[root] == nil {
		w.lists[root] = &worldList{}
	}
	return w.lists[root]
}

func (l *worldList) hold() time.Duration { return max(time.Duration(l.ttl)*time.Second, negative) }

// setList changes a list at the primary.
func (w *world) setList(root string, names addresslist.List) {
	l := w.list(root)
	l.past = append(l.past, pastList{l.names, w.now, w.listAsked(root)})
	l.names = names
}

// listAsked reports whether a receiver may hold an answer about a name of a list,
// or ask for one.
func (w *world) listAsked(root string) bool {
	for _, p := range w.past[domain] {
		refers := slices.ContainsFunc(p.set.SPF(), func(r txt.Record) bool {
			return strings.Contains(r.Text(), "%{v}."+strings.TrimSuffix(root, ".")+" ")
		})
		ttl := time.Duration(p.set.TTL) * time.Second
		if refers && (p.until.IsZero() || p.until.Add(ttl+w.lag+w.list(root).hold()).After(w.now)) {
			return true
		}
	}
	return false
}

// ListTTL implements push.Publisher.
func (w *world) ListTTL(ttl uint32) uint32 { return ttl }

// ListBatch implements push.Publisher.
func (w *world) ListBatch() (int, error) { return 3, nil }

// ReadLists implements push.Publisher.
func (w *world) ReadLists(_ context.Context, zone string, roots []string, ask func(string) []string) (map[string]addresslist.Subtree, error) {
	if zone != domain {
		w.t.Errorf("the zone %s is read", zone)
	}
	out := map[string]addresslist.Subtree{}
	for _, root := range roots {
		l := w.list(root)
		s := addresslist.Subtree{Whole: !l.blind || len(l.names) == 0, Records: slices.Clone(l.others)}
		known := ask(root)
		for _, name := range l.names.Absolute(root) {
			if !l.blind || slices.Contains(known, name) {
				s.Records = append(s.Records, addresslist.Record{Name: name, Type: "A", Data: addresslist.Address, TTL: l.ttl})
			}
		}
		out[root] = s
	}
	return out, nil
}

// ChangeList implements push.Publisher: name by name, in any order, and killed
// anywhere.
func (w *world) ChangeList(_ context.Context, _ string, b addresslist.Batch) error {
	l := w.list(b.Root)
	f := w.pending
	w.pending = none
	fail := func(cause error, s providers.State) error {
		return &providers.Error{Provider: "fake", Name: b.Root, Verb: "changing", Cause: cause, State: s, List: true}
	}
	names := b.Names()
	w.r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	switch f {
	case killedBefore:
		panic(killed{})
	case refused:
		return fail(errFailed, providers.Unchanged)
	case otherSibling, otherTTL: // somebody else adds a name
		w.setList(b.Root, l.names.Plus(addresslist.New(fmt.Sprintf("%d.9.9.9.in-addr", w.writes%256))))
	case unknown, killedAfter, lostResponse:
		names = names[:w.r.IntN(len(names)+1)]
	}
	l.ttl = b.TTL
	for _, name := range names {
		one := addresslist.Of(b.Root, []string{name})
		if slices.Contains(b.Add, name) {
			w.setList(b.Root, l.names.Plus(one))
		} else {
			w.setList(b.Root, l.names.Minus(one))
		}
		w.look()
	}
	w.writes++
	switch f {
	case killedAfter:
		panic(killed{})
	case lostResponse, unknown:
		return fail(errFailed, providers.Unknown)
	}
	return nil
}

// Lists implements push.Server: the secondary is behind.
func (s server) Lists(_ context.Context, name string) (bool, error) {
	for root, l := range s.w.lists {
		if !addresslist.Below(name, root) {
			continue
		}
		names := l.names
		for _, p := range slices.Backward(l.past) {
			if s.secondary && s.w.now.Before(p.until.Add(s.w.lag)) {
				names = p.names
			}
		}
		return names.Tree(root).Has(name), nil
	}
	return false, nil
}

// trees gives the lists that stand there.
func (w *world) trees() (out []*spf.AddressTree) {
	for root, l := range w.lists {
		if len(l.names) > 0 {
			out = append(out, l.names.Tree(root))
		}
	}
	return out
}

func wantedTrees(wanted []providers.Wanted) (out []*spf.AddressTree) {
	for _, w := range wanted {
		if w.List != nil {
			out = append(out, w.List.Tree(w.Name))
		}
	}
	return out
}

// heldTrees gives a random mix of the lists whose answers receivers may hold.
func (w *world) heldTrees() (out []*spf.AddressTree) {
	for _, root := range slices.Sorted(maps.Keys(w.lists)) {
		l := w.lists[root]
		held := []addresslist.List{l.names}
		for _, p := range l.past {
			if p.asked && p.until.Add(l.hold()+w.lag).After(w.now) {
				held = append(held, p.names)
			}
		}
		out = append(out, held[w.r.IntN(len(held))].Tree(root))
	}
	return out
}
