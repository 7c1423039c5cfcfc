package resolver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/spf"
)

// Zone is a zone and the servers that keep it.
type Zone struct {
	Name     string        // canonical
	Negative time.Duration // how long caches may hold that something is absent
	Servers  []Authority
	Notes    []string // of servers that cannot be asked
}

// FindZone gives the zone that holds a name, and its servers. The zone is the
// one whose SOA record is found first at the name, or at one of those above it
// label by label; its servers are those of its NS records, each with every
// address that it has. r is a resolver of [Open]'s over servers, or one that
// [Sourced] or a method Unwrap leads from to one. The longest time of negative
// answers that a server gives is the zone's.
func FindZone(ctx context.Context, r spf.Resolver, name string) (*Zone, error) {
	c := clientOf(r)
	if c == nil {
		return nil, fmt.Errorf("the servers of %s cannot be found out of zone files: name them", name)
	}
	ask := c.message
	if s, ok := r.(*sourced); ok {
		ask = s.message
	}
	z, _, err := c.zone(ctx, name, ask)
	if err != nil {
		return nil, err
	}
	return z, z.negative(ctx)
}

// zone is FindZone before any server of the zone is asked, with the TTL of the NS
// records. The SOA records come from ask.
func (c *client) zone(ctx context.Context, name string, ask func(context.Context, question) (*dns.Msg, error)) (z *Zone, ttl time.Duration, err error) {
	zone, err := zoneOf(name, func(q question) (*dns.Msg, error) { return ask(ctx, q) })
	if err != nil {
		return nil, 0, err
	}
	z = &Zone{Name: zone}
	m, err := c.message(ctx, question{zone, dns.TypeNS})
	if err != nil {
		return nil, 0, err
	}
	hosts, ttl := hostsOf(m, zone)
	for _, host := range hosts {
		if err := z.addHost(ctx, c, host); err != nil {
			return nil, 0, err
		}
	}
	if len(z.Servers) == 0 {
		return nil, 0, fmt.Errorf("the zone %s has no server that can be asked%s", zone, inParentheses(z.Notes))
	}
	return z, ttl, nil
}

// ZoneAt gives the zone that holds a name, kept at given servers, of which the
// first to answer tells which zone that is.
func ZoneAt(ctx context.Context, servers []Authority, name string) (*Zone, error) {
	z, err := zoneAt(ctx, servers, name)
	if err != nil {
		return nil, err
	}
	return z, z.negative(ctx)
}

// zoneAt is ZoneAt without the time of negative answers.
func zoneAt(ctx context.Context, servers []Authority, name string) (*Zone, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type answer struct {
		zone string
		err  error
	}
	answers := make(chan answer, len(servers))
	for _, s := range servers {
		go func() {
			zone, err := zoneOf(name, func(q question) (*dns.Msg, error) {
				m, _, err := s.own(ctx, q, UDP)
				return m, err
			})
			answers <- answer{zone, err}
		}()
	}
	var failures []error
	for range servers {
		a := <-answers
		if a.err == nil {
			return &Zone{Name: a.zone, Servers: servers}, nil
		}
		failures = append(failures, a.err)
	}
	return nil, joined(failures)
}

// zoneOf walks up the labels of a name until one has an SOA record. The
// authority section of a negative answer says where that will be (RFC 2308,
// Section 3).
func zoneOf(name string, ask func(question) (*dns.Msg, error)) (string, error) {
	for at := name; ; {
		q := question{at, dns.TypeSOA}
		m, err := ask(q)
		if err != nil {
			return "", err
		}
		if slices.ContainsFunc(m.Answer, func(rr dns.RR) bool { return isSOA(rr, at) }) {
			return at, nil
		}
		next := ""
		for _, rr := range m.Ns {
			if owner, _ := rawName(rr.Header().Name); isSOA(rr, owner) && below(at, owner) {
				next = owner
			}
		}
		if next == "" {
			if _, next, _ = strings.Cut(at, "."); next == "" {
				return "", fmt.Errorf("no zone holds %s: neither it nor a name above it has an SOA record", name)
			}
		}
		at = next
	}
}

func isSOA(rr dns.RR, name string) bool {
	owner, ok := rawName(rr.Header().Name)
	return ok && rr.Header().Rrtype == dns.TypeSOA && owner == name
}

// below reports whether a name is under a zone's, and not the same.
func below(name, zone string) bool {
	return name != zone && (zone == "." || strings.HasSuffix(name, "."+zone))
}

// hostsOf gives the hosts of a zone's NS records, and the lowest TTL of these, as
// far as it matters.
func hostsOf(m *dns.Msg, zone string) (hosts []string, ttl time.Duration) {
	ttl = mostKept
	for _, rr := range m.Answer {
		owner, _ := rawName(rr.Header().Name)
		if ns, ok := rr.(*dns.NS); ok && owner == zone {
			ttl = min(ttl, seconds(ns.Hdr.Ttl))
			if host, ok := target(ns.Ns); ok {
				hosts = append(hosts, host)
			}
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts), ttl
}

// addHost adds every address of a name server.
func (z *Zone) addHost(ctx context.Context, c *client, host string) error {
	var failures []error
	found := 0
	for _, f := range [...]spf.Family{spf.V4, spf.V6} {
		answer, err := c.LookupIP(ctx, host, f)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			failures = append(failures, err)
			continue
		}
		for _, ip := range answer.Records {
			found++
			a := Authority{Host: host, Address: net.JoinHostPort(ip.String(), c.port)}
			if !reachable(a.Address) {
				z.Notes = append(z.Notes, fmt.Sprintf("%s is not asked: no route leads there from here", a))
				continue
			}
			z.Servers = append(z.Servers, a)
		}
	}
	if found == 0 {
		why := "it has no address"
		if len(failures) > 0 {
			why = joined(failures).Error()
		}
		z.Notes = append(z.Notes, fmt.Sprintf("%s, a name server of %s, is not asked: %s", host, z.Name, why))
	}
	return nil
}

// reachable reports whether this host has a route to an address, as many have
// none by IPv6. Nothing is sent.
func reachable(address string) bool {
	conn, err := net.Dial("udp", address)
	if err != nil {
		return !errors.Is(err, syscall.ENETUNREACH) && !errors.Is(err, syscall.EHOSTUNREACH) && !errors.Is(err, syscall.EADDRNOTAVAIL)
	}
	conn.Close()
	return true
}

// negative asks every server for how long absence may be held. When one has
// answered, the others are given as long as a server has for one answer.
func (z *Zone) negative(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failures := make([]error, len(z.Servers))
	var mu sync.Mutex
	var wg sync.WaitGroup
	answered := false
	for i, s := range z.Servers {
		wg.Go(func() {
			soa, err := s.LookupSOA(ctx, z.Name)
			mu.Lock()
			defer mu.Unlock()
			if failures[i] = err; err != nil {
				return
			}
			if !answered {
				time.AfterFunc(DefaultTimeout, cancel)
			}
			answered = true
			z.Negative = max(z.Negative, soa.Negative)
		})
	}
	wg.Wait()
	if !answered {
		return joined(failures)
	}
	return nil
}

// message gives the answer of one of the servers, not kept.
func (c *client) message(ctx context.Context, q question) (m *dns.Msg, err error) {
	err = c.rounds(ctx, func(s server) (err error) {
		if m, err = c.once(ctx, s, q); err == nil && m.Rcode != dns.RcodeSuccess && m.Rcode != dns.RcodeNameError {
			err = rcodeError(m)
		}
		return err
	})
	if err != nil {
		return nil, q.failed(err)
	}
	return m, nil
}

func inParentheses(notes []string) string {
	if len(notes) == 0 {
		return ""
	}
	return " (" + strings.Join(notes, "; ") + ")"
}
