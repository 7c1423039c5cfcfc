package powerdns

import (
	"context"
	"fmt"
	"strings"

	"github.com/spfzone/spfzone/providers/addresslist"
	"github.com/spfzone/spfzone/providers/txt"
)

// ReadSubtrees gives what the zone has at and below names, records that are
// disabled with it, as they come into being by a touch of others. Zone and names
// are absolute.
func (p *Provider) ReadSubtrees(ctx context.Context, zone string, roots []string, _ func(string) []string) (map[string]addresslist.Subtree, error) {
	sets, err := p.rrsets(ctx, zone, "", "")
	if err != nil {
		return nil, err
	}
	out := map[string]addresslist.Subtree{}
	for _, root := range roots {
		out[root] = below(sets, root)
	}
	return out, nil
}

func below(sets []rrset, root string) addresslist.Subtree {
	s := addresslist.Subtree{Whole: true}
	for _, set := range sets {
		name := strings.ToLower(set.Name)
		if !addresslist.Below(name, root) {
			continue
		}
		for _, r := range set.Records {
			data := r.Content
			if r.Disabled {
				data += " (disabled)"
			}
			s.Records = append(s.Records, addresslist.Record{Name: name, Type: set.Type, Data: data, TTL: set.TTL})
		}
	}
	return s
}

// ChangeNames makes the changes of a batch in one request, after a look at what
// stands at the names.
func (p *Provider) ChangeNames(ctx context.Context, zone string, b addresslist.Batch) error {
	sets, err := p.rrsets(ctx, zone, "", "")
	if err != nil {
		return err
	}
	if wrong := b.Standing(below(sets, b.Root)); wrong != "" {
		return fmt.Errorf("%w: %s", txt.ErrConflict, wrong)
	}
	var changes []rrset
	for _, name := range b.Add {
		changes = append(changes, rrset{Name: name, Type: "A", TTL: b.TTL, Records: []record{{Content: addresslist.Address}}})
	}
	for _, name := range b.Delete {
		changes = append(changes, rrset{Name: name, Type: "A"})
	}
	return p.patch(ctx, zone, changes...)
}
