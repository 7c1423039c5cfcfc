package providers

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/libdns/libdns"

	"github.com/spfzone/spfzone/providers/addresslist"
	"github.com/spfzone/spfzone/providers/txt"
)

// ListTTL gives the TTL that the provider publishes for the one wanted, for the
// names of address lists.
func (p *Publisher) ListTTL(ttl uint32) uint32 { return p.strategy.TTL.nearest(ttl) }

// ListBatch gives how many names may go into one batch, and the error that says
// why the provider is not trusted with address lists.
func (p *Publisher) ListBatch() (most int, err error) {
	if w := p.strategy.Lists; w.Most == 0 {
		return 0, fmt.Errorf("%w: the provider %s (%s) takes no address lists, as %s", ErrUnsafe, p.name, p.kind, w.Why)
	}
	return p.strategy.Lists.Most, nil
}

// ReadLists gives what the zone has at and below names. ask gives the names below
// one of them to ask for, where not all can be read.
func (p *Publisher) ReadLists(ctx context.Context, zone string, roots []string, ask func(root string) []string) (out map[string]addresslist.Subtree, err error) {
	fail := func(err error) error { return p.failList("reading", strings.Join(roots, ", "), err, Unchanged) }
	for _, root := range roots {
		if err := within(zone, root); err != nil {
			return nil, fail(err)
		}
	}
	lister, err := p.lister()
	if err != nil {
		return nil, fail(err)
	}
	err = guard(func() error {
		out, err = lister.ReadSubtrees(ctx, zone, roots, ask)
		return err
	})
	if err != nil {
		return nil, fail(err)
	}
	return out, nil
}

// ChangeList makes the changes of a batch. No other name is written, and no other
// record. The error is an [*Error]. A change that turns out to have been made is no
// error, whatever the provider said.
func (p *Publisher) ChangeList(ctx context.Context, zone string, b addresslist.Batch) error {
	refuse := func(err error) error { return p.failList("changing", b.Root, err, Unchanged) }
	if err := within(zone, b.Root); err != nil {
		return refuse(err)
	}
	if _, err := p.ListBatch(); err != nil {
		return refuse(err)
	}
	lister, err := p.lister()
	if err != nil {
		return refuse(err)
	}
	if err := ctx.Err(); err != nil {
		return refuse(err)
	}
	done := guard(func() error { return lister.ChangeNames(ctx, zone, b) })
	if done == nil {
		return nil
	}
	state := p.outcome(ctx, lister, zone, b)
	if state == changed && !errors.Is(done, txt.ErrUnpublished) {
		return nil
	}
	return p.failList("changing", b.Root, done, min(state, Unknown))
}

// changed is the state of a batch that was carried out.
const changed = Unknown + 1

// outcome looks what became of a batch.
func (p *Publisher) outcome(ctx context.Context, lister Lister, zone string, b addresslist.Batch) State {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTime)
	defer cancel()
	var after map[string]addresslist.Subtree
	err := guard(func() (err error) {
		after, err = lister.ReadSubtrees(ctx, zone, []string{b.Root}, func(string) []string { return b.Names() })
		return err
	})
	switch {
	case err != nil:
		return Unknown
	case b.Made(after[b.Root]):
		return changed
	case b.Standing(after[b.Root]) == "":
		return Unchanged
	}
	return Unknown
}

func (p *Publisher) failList(verb, name string, cause error, state State) error {
	return &Error{Provider: p.name, Name: name, Verb: verb, Cause: p.scrub.err(cause), State: state, List: true}
}

// lister gives what reads and changes lists.
func (p *Publisher) lister() (Lister, error) {
	switch b := p.backend.(type) {
	case *library:
		return b, nil
	case native:
		if l, ok := b.Swapper.(Lister); ok {
			return l, nil
		}
	}
	_, err := p.ListBatch()
	return nil, err
}

// ReadSubtrees implements [Lister].
func (l *library) ReadSubtrees(ctx context.Context, zone string, roots []string, _ func(string) []string) (map[string]addresslist.Subtree, error) {
	records, err := l.records(ctx, zone)
	if err != nil {
		return nil, err
	}
	out := map[string]addresslist.Subtree{}
	for _, root := range roots {
		s := addresslist.Subtree{Whole: true}
		for _, r := range records {
			if got := plainRecord(r, zone); addresslist.Below(got.Name, root) {
				s.Records = append(s.Records, got)
			}
		}
		out[root] = s
	}
	return out, nil
}

// plainRecord gives a record as addresslist has it.
func plainRecord(r libdns.Record, zone string) addresslist.Record {
	rr := r.RR()
	out := addresslist.Record{Name: strings.ToLower(absolute(rr.Name, zone)), Type: strings.ToUpper(rr.Type), Data: rr.Data, TTL: uint32(rr.TTL / time.Second)}
	if ip, err := netip.ParseAddr(strings.Trim(rr.Data, `"`)); err == nil {
		out.Data = ip.String()
	}
	return out
}

// ChangeNames implements [Lister], after a look at the names. What a module says
// that it did is no evidence: who calls it reads the list again.
func (l *library) ChangeNames(ctx context.Context, zone string, b addresslist.Batch) error {
	records, err := l.records(ctx, zone)
	if err != nil {
		return err
	}
	var there addresslist.Subtree
	deleted := map[string]bool{}
	for _, name := range b.Delete {
		deleted[name] = true
	}
	var gone []libdns.Record
	for _, r := range records {
		got := plainRecord(r, zone)
		if addresslist.Below(got.Name, b.Root) {
			there.Records = append(there.Records, got)
		}
		if deleted[got.Name] && got.Type == "A" && r.RR().Data != "" {
			gone = append(gone, r)
		}
	}
	if wrong := b.Standing(there); wrong != "" {
		return fmt.Errorf("%w: %s", ErrConflict, wrong)
	}
	for _, name := range b.Add {
		fresh := libdns.Address{Name: l.relative(name, zone), TTL: time.Duration(b.TTL) * time.Second, IP: netip.MustParseAddr(addresslist.Address)}
		err := l.call(ctx, func(ctx context.Context) error {
			added, err := l.AppendRecords(ctx, zone, []libdns.Record{fresh})
			if err == nil && len(added) != 1 {
				err = fmt.Errorf("the module added %d records at %s, where 1 was wanted, and gives no reason", len(added), name)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	for _, r := range gone {
		err := l.call(ctx, func(ctx context.Context) error {
			_, err := l.DeleteRecords(ctx, zone, []libdns.Record{r})
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
