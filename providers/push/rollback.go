package push

import (
	"context"
	"fmt"
	"slices"

	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/providers/addresslist"
	"github.com/spfzone/spfzone/providers/journal"
	"github.com/spfzone/spfzone/providers/txt"
)

// WantBefore makes what is wanted of what was published before an entry of the
// journal: the domain's own record, those of its regions, and the parts that
// they include.
func (p *Push) WantBefore(ctx context.Context, entry *journal.Entry) error {
	s, err := p.readAll(ctx)
	if err != nil {
		return err
	}
	was, lists := s.sets, p.listsBefore(s, entry)
	later := false
	seen := map[string]bool{}
	for _, e := range p.Journal.Entries(p.Domain) {
		later = later || e == entry
		if later && e.List == nil && !seen[e.Name] && e.Outcome != journal.Unchanged && e.Outcome != journal.Unreferenced {
			seen[e.Name] = true
			was[e.Name] = e.Before
		}
	}
	var wanted []providers.Wanted
	for _, w := range p.Wanted {
		if w.Of != "" || w.List != nil {
			continue
		}
		own, err := wantedOf(w.Name, "", was[w.Name])
		if err != nil {
			return err
		}
		wanted = append(wanted, own)
		for _, name := range p.partsIn(own, was) {
			part, err := wantedOf(name, w.Name, was[name])
			if err != nil {
				return err
			}
			wanted = append(wanted, part)
		}
		for _, text := range slices.Clone(wanted) {
			for _, name := range (providers.Version{text.Text}).Lists() {
				list, known := lists[name]
				if known && !slices.ContainsFunc(wanted, func(w providers.Wanted) bool { return w.Name == name }) {
					list.Of = w.Name
					wanted = append(wanted, list)
				}
			}
		}
	}
	p.Wanted = wanted
	return nil
}

// listsBefore gives the address lists as they were before an entry.
func (p *Push) listsBefore(s *state, entry *journal.Entry) map[string]providers.Wanted {
	lists := map[string]providers.Wanted{}
	for name, is := range s.published {
		if is.List != nil {
			lists[name] = providers.Wanted{Name: name, List: addresslist.New(is.List.Names...), TTL: is.List.TTL}
		}
	}
	for _, e := range slices.Backward(p.Journal.Entries(p.Domain)) {
		if l, known := lists[e.Name]; known && e.List != nil && e.Outcome != journal.Unchanged {
			l.List, l.TTL = addresslist.New(e.List.Before(l.List)...), seconds(e.List.TTL)
			lists[e.Name] = l
		}
		if e == entry {
			break
		}
	}
	return lists
}

func wantedOf(name, of string, set txt.RRset) (providers.Wanted, error) {
	records := set.SPF()
	w := providers.Wanted{Name: name, Of: of, TTL: seconds(set.TTL)}
	switch len(records) {
	case 0:
		return w, nil
	case 1:
		w.Text = records[0].Text()
		return w, nil
	}
	return w, fmt.Errorf("%w: %s had %d SPF records, where one may stand (RFC 7208, Section 4.5)", providers.ErrUnsafe, trimDot(name), len(records))
}

// partsIn gives the names of parts that a record includes.
func (p *Push) partsIn(w providers.Wanted, was map[string]txt.RRset) (names []string) {
	if w.Text == "" {
		return nil
	}
	parts := p.partsWritten()
	for number := 1; number <= mostParts; number++ {
		parts[p.PartName(w.Name, number)] = true
	}
	for name := range was {
		if parts[name] && (providers.Version{w.Text}).RefersTo(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
