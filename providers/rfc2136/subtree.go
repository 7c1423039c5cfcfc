package rfc2136

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/providers/addresslist"
	"github.com/spfzone/spfzone/providers/txt"
)

// ReadSubtrees gives what the zone has at and below names. Where the server does
// not allow a transfer, the names that ask gives are asked for one by one, unless
// the server says that nothing stands there (RFC 8020), as PowerDNS does where no
// record stands at the name itself. Zone and names are absolute.
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

// askBelow asks for names one by one.
func (p *Provider) askBelow(ctx context.Context, zone, root string, ask func(root string) []string) (s addresslist.Subtree, err error) {
	once := func(m *dns.Msg) (*dns.Msg, error) { return p.exchange(ctx, zone, m) }
	if _, absent, err := addresses(once, zone, root); err != nil || absent {
		return addresslist.Subtree{Whole: absent}, err
	}
	names := ask(root)
	found := make([][]addresslist.Record, len(names))
	err = p.forEach(ctx, zone, len(names), func(send sender, i int) (err error) {
		found[i], _, err = addresses(send, zone, names[i])
		return err
	})
	if err != nil {
		return s, err
	}
	answered := map[string]bool{}
	for i, records := range found {
		answered[names[i]] = len(records) > 0
	}
	err = p.forEach(ctx, zone, len(names), func(send sender, i int) error {
		if !answered[names[i]] || !underWildcard(names[i], root, answered) {
			return nil
		}
		own, err := used(send, zone, names[i])
		if !own {
			found[i] = nil
		}
		return err
	})
	for _, records := range found {
		s.Records = append(s.Records, records...)
	}
	return s, err
}

// sender sends a message and gives the answer.
type sender func(*dns.Msg) (*dns.Msg, error)

// askAtOnce is how many connections are open at once: name servers keep few in
// their queue.
const askAtOnce = 4

// forEach does some work for each number below n, with connections that stay open.
func (p *Provider) forEach(ctx context.Context, zone string, n int, work func(send sender, i int) error) error {
	failures := make([]error, min(askAtOnce, n))
	var wg sync.WaitGroup
	for k := range failures {
		wg.Go(func() {
			c := &connection{p: p, ctx: ctx, zone: zone}
			defer c.end()
			for i := k; i < n && failures[k] == nil; i += askAtOnce {
				failures[k] = work(c.send, i)
			}
		})
	}
	wg.Wait()
	return errors.Join(failures...)
}

// connection is one that is opened again where the server has closed it, and for
// each message where it takes one only: PowerDNS does not know the key of a second.
type connection struct {
	p     *Provider
	ctx   context.Context
	zone  string
	conn  *dns.Conn
	close func()
	once  bool // a second message failed where a first did not
}

func (c *connection) send(m *dns.Msg) (*dns.Msg, error) {
	for {
		fresh := c.conn == nil
		if fresh {
			var err error
			if c.conn, c.close, err = c.p.connect(c.ctx); err != nil {
				c.conn = nil
				return nil, err
			}
		}
		if err := c.conn.SetDeadline(time.Now().Add(c.p.timeout())); err != nil {
			return nil, err
		}
		r, err := c.p.exchangeOn(c.ctx, c.conn, c.zone, m.Copy())
		again := !fresh && (err != nil || r.Rcode == dns.RcodeNotAuth)
		c.once = c.once || again
		if err != nil || c.once {
			c.end()
		}
		if !again {
			return r, err
		}
	}
}

func (c *connection) end() {
	if c.conn != nil {
		c.close()
		c.conn = nil
	}
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
func addresses(send sender, zone, name string) (records []addresslist.Record, absent bool, err error) {
	m := new(dns.Msg).SetQuestion(presentation(name), dns.TypeA)
	m.RecursionDesired = false
	r, err := send(m)
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
func used(send sender, zone, name string) (bool, error) {
	m := new(dns.Msg).SetUpdate(presentation(zone))
	m.NameUsed([]dns.RR{address(name, 0)})
	r, err := send(m)
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
	c := &connection{p: p, ctx: ctx, zone: zone}
	defer c.end()
	i := slices.IndexFunc(names, func(name string) bool {
		used, err := used(c.send, zone, name)
		return err != nil || used
	})
	if i < 0 {
		return "the server answers YXDOMAIN: a name to add had a record a moment ago"
	}
	return strings.TrimSuffix(names[i], ".") + " has records already, and the names of an address list have none beside their own"
}
