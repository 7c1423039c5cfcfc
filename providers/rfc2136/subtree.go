package rfc2136

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/providers/addresslist"
	"github.com/spfzone/spfzone/providers/txt"
)

// ReadSubtrees gives what the zone has at and below names. Where the server does
// not allow a transfer, the names that ask gives are asked for one by one, unless
// the server says that nothing stands there (RFC 8020). Zone and names are
// absolute.
func (p *Provider) ReadSubtrees(ctx context.Context, zone string, roots []string, ask func(root string) []string) (map[string]addresslist.Subtree, error) {
	out := map[string]addresslist.Subtree{}
	rrs, refused := p.transfer(ctx, dns.CanonicalName(zone))
	if ctx.Err() != nil {
		return nil, refused
	}
	for _, root := range roots {
		if refused == nil {
			out[root] = below(rrs, root)
			continue
		}
		s, err := p.askBelow(ctx, zone, root, ask)
		if err != nil {
			return nil, fmt.Errorf("%w; %w", refused, err)
		}
		out[root] = s
	}
	return out, nil
}

func below(rrs []dns.RR, root string) addresslist.Subtree {
	s := addresslist.Subtree{Whole: true}
	for _, rr := range rrs {
		if r := plain(rr); addresslist.Below(r.Name, root) {
			s.Records = append(s.Records, r)
		}
	}
	return s
}

func plain(rr dns.RR) addresslist.Record {
	h := rr.Header()
	r := addresslist.Record{Name: dns.CanonicalName(h.Name), Type: dns.Type(h.Rrtype).String(), TTL: h.Ttl}
	if a, ok := rr.(*dns.A); ok {
		r.Data = a.A.String()
	}
	return r
}

// askAtOnce is how many questions are under way at once.
const askAtOnce = 16

// askBelow asks for names one by one.
func (p *Provider) askBelow(ctx context.Context, zone, root string, ask func(root string) []string) (s addresslist.Subtree, err error) {
	if _, absent, err := p.addresses(ctx, zone, root); err != nil || absent {
		return addresslist.Subtree{Whole: absent}, err
	}
	names := ask(root)
	found, failures := make([][]addresslist.Record, len(names)), make([]error, len(names))
	forEach(len(names), func(i int) { found[i], _, failures[i] = p.addresses(ctx, zone, names[i]) })
	if err := errors.Join(failures...); err != nil {
		return s, err
	}
	answered := map[string]bool{}
	for i, records := range found {
		answered[names[i]] = len(records) > 0
	}
	own := make([]bool, len(names))
	forEach(len(names), func(i int) {
		if own[i] = answered[names[i]]; own[i] && underWildcard(names[i], root, answered) {
			own[i], failures[i] = p.used(ctx, zone, names[i])
		}
	})
	for i, records := range found {
		if own[i] {
			s.Records = append(s.Records, records...)
		}
	}
	return s, errors.Join(failures...)
}

// forEach does some work for each number below n, several at once.
func forEach(n int, work func(i int)) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, askAtOnce)
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			work(i)
		})
	}
	wg.Wait()
}

// underWildcard reports whether a wildcard above a name may have answered for it.
func underWildcard(name, root string, answered map[string]bool) bool {
	above := strings.TrimPrefix(name, "*.")
	if above != name {
		_, above, _ = strings.Cut(above, ".")
		above = "x." + above // the wildcard beside it stands for it too
	}
	for len(above) > len(root) {
		_, above, _ = strings.Cut(above, ".")
		if answered["*."+above] {
			return true
		}
	}
	return false
}

// addresses asks for the A records of a name, and reports whether the server says
// that the name does not exist.
func (p *Provider) addresses(ctx context.Context, zone, name string) (records []addresslist.Record, absent bool, err error) {
	m := new(dns.Msg).SetQuestion(presentation(name), dns.TypeA)
	m.RecursionDesired = false
	r, err := p.exchange(ctx, zone, m)
	if err != nil {
		return nil, false, err
	}
	if r.Rcode == dns.RcodeNameError {
		return nil, true, nil
	}
	if err := responseError(zone, r); err != nil {
		return nil, false, err
	}
	if !r.Authoritative {
		return nil, false, responseError(zone, &dns.Msg{MsgHdr: dns.MsgHdr{Rcode: dns.RcodeNotAuth}})
	}
	for _, rr := range r.Answer {
		if got := plain(rr); got.Name == name {
			records = append(records, got)
		}
	}
	return records, false, nil
}

// used asks, by an update that changes nothing, whether the zone itself has
// records at a name (RFC 2136, Section 2.4.4).
func (p *Provider) used(ctx context.Context, zone, name string) (bool, error) {
	m := new(dns.Msg).SetUpdate(presentation(zone))
	m.NameUsed([]dns.RR{address(name, 0)})
	r, err := p.exchange(ctx, zone, m)
	switch {
	case err != nil:
		return false, err
	case r.Rcode == dns.RcodeNameError:
		return false, nil
	}
	return true, responseError(zone, r)
}

func address(name string, ttl uint32) *dns.A {
	return &dns.A{Hdr: header(presentation(name), dns.TypeA, ttl), A: net.ParseIP(addresslist.Address)}
}

// ChangeNames makes the changes of a batch in one message, which the server
// carries out whole or not at all, and only if no name to add has any record
// (RFC 2136, Section 2.4.5), and each to delete has the A record alone.
func (p *Provider) ChangeNames(ctx context.Context, zone string, b addresslist.Batch) error {
	m := new(dns.Msg).SetUpdate(presentation(zone))
	m.Compress = true
	for _, name := range b.Add {
		m.NameNotUsed([]dns.RR{address(name, 0)})
	}
	for _, name := range b.Delete {
		m.Used([]dns.RR{address(name, 0)})
		m.Remove([]dns.RR{address(name, 0)})
	}
	for _, name := range b.Add {
		m.Insert([]dns.RR{address(name, b.TTL)})
	}
	r, err := p.exchange(ctx, zone, m)
	if err != nil {
		return err
	}
	switch r.Rcode {
	case dns.RcodeYXDomain:
		return fmt.Errorf("%w: %s", txt.ErrConflict, p.inTheWay(ctx, zone, b.Add))
	case dns.RcodeNXRrset, dns.RcodeNameError:
		return fmt.Errorf("%w: the server answers %s: a name to delete has not the A record %s alone", txt.ErrConflict, rcode(r.Rcode), addresslist.Address)
	}
	return responseError(zone, r)
}

// inTheWay finds a name that has records, of those to add.
func (p *Provider) inTheWay(ctx context.Context, zone string, names []string) string {
	i := slices.IndexFunc(names, func(name string) bool {
		used, err := p.used(ctx, zone, name)
		return err != nil || used
	})
	if i < 0 {
		return "the server answers YXDOMAIN: a name to add had a record a moment ago"
	}
	return strings.TrimSuffix(names[i], ".") + " has records already, and the names of an address list have none beside their own"
}
