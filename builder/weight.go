package builder

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"sync/atomic"

	"github.com/spfzone/spfzone/spf"
)

// byWeight puts the senders of a run in the order in which a message needs the
// fewest DNS queries on average: by their share of the mail for each lookup
// that they cost. Addresses cost none. Without weights the order stays.
func (r *run) byWeight() {
	if !slices.ContainsFunc(r.items, func(it item) bool { return it.weight() > 0 }) {
		return
	}
	slices.SortStableFunc(r.items, func(a, b item) int {
		if free := a.set != nil; free != (b.set != nil) {
			if free {
				return -1
			}
			return 1
		}
		// Compared by cross multiplication, as a ratio may be of zero.
		return cmp.Compare(b.weight()*max(a.lookups, 1), a.weight()*max(b.lookups, 1))
	})
}

func (it item) weight() int {
	if it.source == nil {
		return 0
	}
	return it.source.Weight
}

// byWeight puts the parts that hold most of the mail first. The weight of a
// sender is spread evenly over its terms.
func (s *segment) byWeight() {
	terms := map[*Entry]int{}
	for _, p := range s.parts {
		for _, piece := range p.pieces {
			for _, e := range piece.sources() {
				terms[e]++
			}
		}
	}
	weight := map[*part]float64{}
	for _, p := range s.parts {
		for _, piece := range p.pieces {
			for _, e := range piece.sources() {
				weight[p] += float64(e.Weight) / float64(terms[e])
			}
		}
	}
	slices.SortStableFunc(s.parts, func(a, b *part) int { return cmp.Compare(weight[b], weight[a]) })
}

// Queries are the DNS queries that a receiver with an empty cache makes for a
// message, on average over the senders by their weight.
type Queries struct{ Listed, Built float64 }

// queries averages over the senders that have a weight; both are zero where
// none has.
func (b *build) queries(ctx context.Context, d *Domain, listed, built contents) (Queries, error) {
	var q Queries
	total := 0.0
	for _, s := range d.Senders {
		weight := float64(s.Entry().Weight)
		if weight == 0 {
			continue
		}
		addresses, err := b.samples(ctx, s, d)
		if err != nil {
			return q, err
		}
		for _, ip := range addresses {
			share := weight / float64(len(addresses))
			l, err := b.count(ctx, d.Name, ip, listed, listLimits)
			if err != nil {
				return q, err
			}
			n, err := b.count(ctx, d.Name, ip, built, d.Limits.Evaluation())
			if err != nil {
				return q, err
			}
			q.Listed += share * float64(l)
			q.Built += share * float64(n)
			total += share
		}
	}
	if total > 0 {
		q.Listed /= total
		q.Built /= total
	}
	return q, nil
}

// mostSamples bounds the addresses that stand for a sender.
const mostSamples = 64

// samples gives addresses that a sender passes, spread over its prefixes.
func (b *build) samples(ctx context.Context, s Sender, d *Domain) ([]netip.Addr, error) {
	mechanisms, err := s.mechanisms(d.Zone)
	if err != nil {
		return nil, err
	}
	r := &spf.Record{}
	for _, m := range mechanisms {
		r.Directives = append(r.Directives, spf.Directive{Mechanism: m})
	}
	policy, err := b.policyOf(ctx, d.Name, closed(r))
	if err != nil {
		return nil, err
	}
	prefixes := policy.Prefixes(spf.Pass)
	step := max(len(prefixes)/mostSamples, 1)
	var out []netip.Addr
	for i := 0; i < len(prefixes); i += step {
		out = append(out, prefixes[i].Addr())
	}
	return out, nil
}

// count gives the queries for one sender.
func (b *build) count(ctx context.Context, domain string, ip netip.Addr, what contents, limits spf.Limits) (int, error) {
	counting := &counting{Resolver: what.over(b.resolver)}
	c := &spf.Checker{Resolver: counting, Limits: limits}
	_, err := c.CheckHost(ctx, ip, domain, "postmaster@"+trimDot(domain), trimDot(domain))
	return int(counting.n.Load()), err
}

// counting counts the questions that it passes on.
type counting struct {
	spf.Resolver
	n atomic.Int64
}

// LookupTXT implements [spf.Resolver].
func (c *counting) LookupTXT(ctx context.Context, name string) (spf.Answer[spf.TXT], error) {
	c.n.Add(1)
	return c.Resolver.LookupTXT(ctx, name)
}

// LookupIP implements [spf.Resolver].
func (c *counting) LookupIP(ctx context.Context, name string, f spf.Family) (spf.Answer[netip.Addr], error) {
	c.n.Add(1)
	return c.Resolver.LookupIP(ctx, name, f)
}

// LookupMX implements [spf.Resolver].
func (c *counting) LookupMX(ctx context.Context, name string) (spf.Answer[spf.MailExchange], error) {
	c.n.Add(1)
	return c.Resolver.LookupMX(ctx, name)
}

// LookupPTR implements [spf.Resolver].
func (c *counting) LookupPTR(ctx context.Context, addr netip.Addr) (spf.Answer[string], error) {
	c.n.Add(1)
	return c.Resolver.LookupPTR(ctx, addr)
}
