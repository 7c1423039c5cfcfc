package resolver

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/spf"
)

// sourced asks authoritative servers for the names that are about to come into
// being.
type sourced struct {
	spf.Resolver // for all other names, and where no such server can be reached
	client       *client
	names        NewNames
}

// NewNames tells which names may be absent now and are about to be published,
// such as those of the parts of a record. Its functions may be called by several
// goroutines at once.
type NewNames struct {
	// Above gives of such a name one above it that exists, where the search for
	// its zone begins.
	Above func(name string) (above string, ok bool)

	// Servers gives those to ask for the names below one that Above gave, and
	// nothing where they are to be found by the NS records; nil for that
	// everywhere.
	Servers func(above string) []Authority

	// Published reports whether a name that Above does not know is one at which
	// records are published, so that a cache may hold its TXT records as they
	// were before; nil for no name.
	Published func(name string) bool
}

// Sourced gives a resolver that asks the authoritative servers themselves for new
// names. A cache that is asked for them would hold that they do not exist for as
// long as the zone's SOA record says (RFC 2308, Section 5), and give everybody
// behind it a permerror once a record includes them.
//
// So it does for the TXT records of names at which records are published, of
// which a cache holds what stood there before.
//
// Everything else is asked of r, and so are these names where none of their
// servers can be reached, as behind a firewall; one that has answered before can,
// and its failure is that of the lookup. r itself is given back where it is
// Sourced's, or neither a resolver of [Open]'s over servers nor one with a method
// Unwrap that leads to one.
func Sourced(r spf.Resolver, names NewNames) spf.Resolver {
	c := clientOf(r)
	if _, done := r.(*sourced); c == nil || done {
		return r
	}
	return &sourced{r, c, names}
}

// Unwrap gives the resolver for all other names.
func (s *sourced) Unwrap() spf.Resolver { return s.Resolver }

// clientOf gives the client that a resolver is made of, if it is.
func clientOf(r spf.Resolver) *client {
	for {
		switch over := r.(type) {
		case *client:
			return over
		case interface{ Unwrap() spf.Resolver }:
			r = over.Unwrap()
		default:
			return nil
		}
	}
}

// LookupTXT implements [spf.Resolver].
func (s *sourced) LookupTXT(ctx context.Context, name string) (spf.Answer[spf.TXT], error) {
	q := question{name, dns.TypeTXT}
	r, err := s.lookup(ctx, q)
	if r == nil && err == nil && s.names.Published != nil && s.names.Published(name) {
		r, err = s.atSource(ctx, q, name)
	}
	if r == nil && err == nil {
		return s.Resolver.LookupTXT(ctx, name)
	}
	return answerOf(r, err, (*node).texts)
}

// LookupIP implements [spf.Resolver].
func (s *sourced) LookupIP(ctx context.Context, name string, f spf.Family) (spf.Answer[netip.Addr], error) {
	qtype, pick := dns.TypeA, (*node).ip4s
	if f == spf.V6 {
		qtype, pick = dns.TypeAAAA, (*node).ip6s
	}
	r, err := s.lookup(ctx, question{name, qtype})
	if r == nil && err == nil {
		return s.Resolver.LookupIP(ctx, name, f)
	}
	return answerOf(r, err, pick)
}

// LookupMX implements [spf.Resolver].
func (s *sourced) LookupMX(ctx context.Context, name string) (spf.Answer[spf.MailExchange], error) {
	r, err := s.lookup(ctx, question{name, dns.TypeMX})
	if r == nil && err == nil {
		return s.Resolver.LookupMX(ctx, name)
	}
	return answerOf(r, err, (*node).exchanges)
}

// lookup gives nothing for a name that another resolver is to be asked for.
func (s *sourced) lookup(ctx context.Context, q question) (*reply, error) {
	above, ok := s.names.Above(q.name)
	if !ok || !exists(q.name) {
		return nil, nil
	}
	return s.atSource(ctx, q, above)
}

// message is client.message for the search of a zone.
func (s *sourced) message(ctx context.Context, q question) (*dns.Msg, error) {
	if above, ok := s.names.Above(q.name); ok {
		if m, _, err := s.ownAnswer(ctx, q, above); m != nil || err != nil {
			return m, err
		}
	}
	return s.client.message(ctx, q)
}

// zone gives the zone that holds a name which exists, at the servers that are
// given for it or at those that it has.
func (s *sourced) zone(ctx context.Context, name string) (*Zone, error) {
	find := func() (*Zone, time.Duration, error) { return s.client.zone(ctx, name, s.client.message) }
	if s.names.Servers != nil {
		if servers := s.names.Servers(name); len(servers) > 0 {
			find = func() (*Zone, time.Duration, error) {
				z, err := zoneAt(ctx, servers, name)
				return z, mostKept, err
			}
		}
	}
	return s.client.sources.zone(name, s.client.now(), find)
}

// atSource gives what the authoritative servers answer, or what is still kept
// of that, and nothing where none of them can be reached.
func (s *sourced) atSource(ctx context.Context, q question, above string) (*reply, error) {
	c := s.client
	c.mu.Lock()
	kept := c.cache.get(q, c.now())
	c.mu.Unlock()
	if kept != nil {
		return kept, nil
	}
	m, source, err := s.ownAnswer(ctx, q, above)
	if m == nil || err != nil {
		return nil, err
	}
	r := newReply()
	next, err := r.add(m, q)
	if err != nil {
		return nil, q.failed(&ServerError{source, err})
	}
	if r.source = source; next != "" {
		rest, err := c.lookup(ctx, question{next, q.qtype})
		if err != nil {
			return nil, err
		}
		whole := *rest
		whole.ttl, whole.alias = min(r.ttl, rest.ttl), r.alias
		r = &whole
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cache.put(q, r, c.now())
	return r, nil
}

// ownAnswer asks the servers of the zone above a name, and then those of each
// zone below that they refer to, until one answers with authority. There is no
// message where none can be reached.
func (s *sourced) ownAnswer(ctx context.Context, q question, above string) (m *dns.Msg, source string, err error) {
	c := s.client
	z, err := s.zone(ctx, above)
	for err == nil {
		if m, source, err = c.askZone(ctx, q, z); err != nil {
			return nil, "", err
		}
		if m == nil || m.Authoritative {
			break
		}
		child := delegated(m, z.Name, q.name)
		if child == "" {
			return nil, "", nil
		}
		z, err = s.zone(ctx, child)
	}
	if ctx.Err() != nil {
		return nil, "", q.failed(ctx.Err())
	}
	return m, source, nil // where no zone is found, nobody can be reached
}

// askZone gives the answer of the first server of a zone that has one: its own,
// or a referral. That a server which has answered before does not is an error,
// unless another does: nothing but that server can say what there is.
func (c *client) askZone(ctx context.Context, q question, z *Zone) (m *dns.Msg, source string, err error) {
	var failures []error
	for _, a := range z.Servers {
		if c.sources.isDead(a, c.now()) {
			continue
		}
		m, err := a.askWhole(ctx, q)
		switch {
		case ctx.Err() != nil:
			return nil, "", q.failed(ctx.Err())
		case err != nil && passing(err):
			if c.sources.bury(a, c.now()) {
				continue
			}
			failures = append(failures, &ServerError{a.String(), err})
		case err == nil:
			c.sources.hear(a)
			if m.Authoritative || delegated(m, z.Name, q.name) != "" {
				return m, a.String(), nil
			}
		}
	}
	if len(failures) > 0 {
		return nil, "", q.failed(joined(failures))
	}
	return nil, "", nil
}

// askWhole asks by datagram, again if there is no answer, and by TCP for what a
// datagram does not hold.
func (a Authority) askWhole(ctx context.Context, q question) (*dns.Msg, error) {
	m, _, err := a.ask(ctx, q, UDP)
	if err != nil && ctx.Err() == nil && passing(err) {
		m, _, err = a.ask(ctx, q, UDP)
	}
	if err == nil && m.Truncated {
		m, _, err = a.ask(ctx, q, TCP)
	}
	return m, err
}

// delegated gives the zone between one that was asked and a name that a message
// refers to, and nothing if it is no referral down to the name (RFC 1034,
// Section 4.3.2).
func delegated(m *dns.Msg, zone, name string) string {
	if m.Authoritative {
		return ""
	}
	i := slices.IndexFunc(m.Ns, func(rr dns.RR) bool {
		owner, ok := rawName(rr.Header().Name)
		return ok && rr.Header().Rrtype == dns.TypeNS && below(owner, zone) && (owner == name || below(name, owner))
	})
	if i < 0 {
		return ""
	}
	owner, _ := rawName(m.Ns[i].Header().Name)
	return strings.Clone(owner)
}
