package zoneedit

import (
	"context"
	"fmt"
	"net/netip"
	"os"

	"github.com/spfzone/spfzone/providers/addresslist"
	"github.com/spfzone/spfzone/providers/txt"
	"github.com/spfzone/spfzone/zonefile"
)

// ReadSubtrees gives what the file has at and below names.
func (e *Editor) ReadSubtrees(_ context.Context, zone string, roots []string, _ func(string) []string) (map[string]addresslist.Subtree, error) {
	text, err := os.ReadFile(e.File)
	if err != nil {
		return nil, err
	}
	out := map[string]addresslist.Subtree{}
	for _, root := range roots {
		if out[root], err = e.below(text, zone, root); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (e *Editor) below(text []byte, zone, root string) (addresslist.Subtree, error) {
	s := addresslist.Subtree{Whole: true}
	records, err := zonefile.Below(text, e.source(zone), root)
	for _, r := range records {
		s.Records = append(s.Records, addresslist.Record(r))
	}
	return s, unsafe(err)
}

// ChangeNames edits the file if the names hold what the batch takes for granted,
// and runs the reload command, as [Editor.ReplaceTXT] does.
func (e *Editor) ChangeNames(ctx context.Context, zone string, b addresslist.Batch) error {
	return e.change(ctx, zone, func(text []byte) ([]byte, error) {
		there, err := e.below(text, zone, b.Root)
		if err != nil {
			return nil, err
		}
		if wrong := b.Standing(there); wrong != "" {
			return nil, fmt.Errorf("%w: %s", txt.ErrConflict, wrong)
		}
		patched, err := zonefile.PatchAddresses(text, e.source(zone), b.Root, edits(b), e.Now())
		return patched, unsafe(err)
	})
}

func edits(b addresslist.Batch) (out []zonefile.AddressEdit) {
	address := netip.MustParseAddr(addresslist.Address)
	for _, name := range b.Add {
		out = append(out, zonefile.AddressEdit{Name: name, Address: address, TTL: b.TTL})
	}
	for _, name := range b.Delete {
		out = append(out, zonefile.AddressEdit{Name: name, Address: address, Delete: true})
	}
	return out
}
