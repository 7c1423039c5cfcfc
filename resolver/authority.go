package resolver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/spf"
)

// Authority is one address of a name server that a zone is kept at. It is
// asked itself, without recursion, and nothing that it says is kept.
type Authority struct {
	Host    string // canonical; empty for one that was given by its address
	Address string // host:port
}

// String gives the server for messages.
func (a Authority) String() string {
	if a.Host == "" {
		return a.Address
	}
	return fmt.Sprintf("%s (%s)", a.Host, a.Address)
}

// Transport is a way to ask an authority.
type Transport uint8

// The ways to ask.
const (
	UDP      Transport = iota // with EDNS and room for 1232 octets
	PlainUDP                  // without EDNS, so with room for 512 octets (RFC 1035, Section 4.2.1)
	TCP
)

// String gives a word for the way.
func (t Transport) String() string {
	return [...]string{"UDP", "UDP without EDNS", "TCP"}[t]
}

func (t Transport) network() string {
	if t == TCP {
		return "tcp"
	}
	return "udp"
}

// TXTReply is what an authority says to a question for TXT records.
type TXTReply struct {
	Records   []spf.TXT // in octets, in the order of the answer
	TTL       time.Duration
	NXDomain  bool
	Alias     bool // a CNAME stands there (RFC 1034, Section 3.6.2)
	Octets    int  // of the message
	Truncated bool // records did not fit, so that all else but Octets says nothing
}

// LookupTXT asks for the TXT records of a name. An answer that is not the
// server's own (a referral, or one from a cache) is an error, as it does not
// keep the zone.
func (a Authority) LookupTXT(ctx context.Context, name string, via Transport) (TXTReply, error) {
	q := question{name, dns.TypeTXT}
	m, octets, err := a.own(ctx, q, via)
	if err != nil {
		return TXTReply{}, err
	}
	r := TXTReply{Octets: octets, NXDomain: m.Rcode == dns.RcodeNameError, Truncated: m.Truncated}
	if m.Truncated {
		return TXTReply{Octets: octets, Truncated: true}, nil
	}
	var n node
	for _, rr := range m.Answer {
		owner, _ := rawName(rr.Header().Name)
		switch rr.(type) {
		case *dns.CNAME:
			r.Alias = r.Alias || owner == name
		case *dns.TXT:
			if owner != name {
				continue
			}
			r.TTL = seconds(rr.Header().Ttl)
			if err := n.add(rr); err != nil {
				return TXTReply{}, q.failed(&ServerError{a.String(), err})
			}
		}
	}
	r.Records = n.txt
	return r, nil
}

// LookupA asks for the A records of a name, CNAMEs not followed.
func (a Authority) LookupA(ctx context.Context, name string, via Transport) (addrs []netip.Addr, err error) {
	m, _, err := a.own(ctx, question{name, dns.TypeA}, via)
	if err != nil {
		return nil, err
	}
	for _, rr := range m.Answer {
		owner, _ := rawName(rr.Header().Name)
		if record, isA := rr.(*dns.A); isA && owner == name {
			if ip, ok := netip.AddrFromSlice(record.A.To4()); ok {
				addrs = append(addrs, ip)
			}
		}
	}
	return addrs, nil
}

// SOA is what the SOA record of a zone says.
type SOA struct {
	Serial   uint32
	Negative time.Duration // how long caches may hold that a name or type is absent (RFC 2308, Section 5)
}

// LookupSOA asks for the SOA record of a zone.
func (a Authority) LookupSOA(ctx context.Context, zone string) (SOA, error) {
	q := question{zone, dns.TypeSOA}
	m, _, err := a.own(ctx, q, UDP)
	if err != nil {
		return SOA{}, err
	}
	for _, rr := range m.Answer {
		if soa, ok := rr.(*dns.SOA); ok {
			return SOA{soa.Serial, min(seconds(soa.Hdr.Ttl), seconds(soa.Minttl))}, nil
		}
	}
	return SOA{}, q.failed(&ServerError{a.String(), errors.New("there is no SOA record in the answer")})
}

// ErrLame is the failure of a server that does not keep the zone of a name
// itself: it refers to others, or answers out of a cache.
var ErrLame error = &refusal{"lame: the answer is not the server's own, as it does not keep the zone"}

// own asks, and gives only what the server says with authority.
func (a Authority) own(ctx context.Context, q question, via Transport) (m *dns.Msg, octets int, err error) {
	for range DefaultAttempts {
		if m, octets, err = a.ask(ctx, q, via); err == nil || ctx.Err() != nil || !passing(err) {
			break
		}
	}
	if err == nil && !m.Authoritative {
		err = ErrLame
	}
	if err != nil {
		return nil, 0, q.failed(&ServerError{a.String() + " by " + via.String(), err})
	}
	return m, octets, nil
}

// ask asks once.
func (a Authority) ask(ctx context.Context, q question, via Transport) (m *dns.Msg, octets int, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, DefaultTimeout, fmt.Errorf("no answer within %v", DefaultTimeout))
	defer cancel()
	query := q.message()
	query.RecursionDesired = false
	if via == PlainUDP {
		query.Extra = nil
	}
	m, octets, err = a.send(ctx, q, query, via)
	if err == nil && noEDNS(m) && via != PlainUDP {
		query.Extra = nil
		m, octets, err = a.send(ctx, q, query, via)
	}
	switch {
	case err != nil:
		return nil, 0, err
	case m.Rcode != dns.RcodeSuccess && m.Rcode != dns.RcodeNameError:
		return nil, 0, rcodeError(m)
	case m.Truncated && via == TCP:
		return nil, 0, &refusal{"the answer is cut off even by TCP"}
	}
	return m, octets, nil
}

func (a Authority) send(ctx context.Context, q question, query *dns.Msg, via Transport) (*dns.Msg, int, error) {
	conn, err := new(net.Dialer).DialContext(ctx, via.network(), a.Address)
	if err != nil {
		return nil, 0, ended(ctx, cause(err))
	}
	defer conn.Close()
	return converseCounting(ctx, conn, q, query)
}
