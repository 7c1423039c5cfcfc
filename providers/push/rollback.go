package push

import (
	"context"
	"fmt"
	"slices"

	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/providers/journal"
	"github.com/spfzone/spfzone/providers/txt"
)

// WantBefore makes what is wanted of what was published before an entry of the
// journal: the domain's own record, those of its regions, and the parts that
// they include.
func (p *Push) WantBefore(ctx context.Context, entry *journal.Entry) error {
	s, err := p.read(ctx)
	if err != nil {
		return err
	}
	was := s.sets
	later := false
	seen := map[string]bool{}
	for _, e := range p.Journal.Entries(p.Domain) {
		later = later || e == entry
		if later && !seen[e.Name] && e.Outcome != journal.Unchanged && e.Outcome != journal.Unreferenced {
			seen[e.Name] = true
			was[e.Name] = e.Before
		}
	}
	var wanted []providers.Wanted
	for _, w := range p.Wanted {
		if w.Of != "" {
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
	}
	p.Wanted = wanted
	return nil
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
	for number := 1; number <= mostParts; number++ {
		name := p.PartName(w.Name, number)
		if _, known := was[name]; known && (providers.Version{w.Text}).RefersTo(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
