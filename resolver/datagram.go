package resolver

import (
	"context"
	"net"

	"github.com/miekg/dns"
)

// datagram is a server asked by UDP. Every question has a socket of its own,
// so that the port cannot be guessed (RFC 5452, Section 9.2).
type datagram struct {
	address string
	stream  *stream // for answers that were cut off
}

func newDatagram(address string) *datagram {
	return &datagram{address, newStream("tcp://", address, nil)}
}

func (d *datagram) String() string { return "udp://" + d.address }

func (d *datagram) exchange(ctx context.Context, q question) (*dns.Msg, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "udp", d.address)
	if err != nil {
		return nil, ended(ctx, cause(err))
	}
	defer conn.Close()
	m := q.message()
	answer, err := converse(ctx, conn, q, m)
	if err == nil && noEDNS(answer) {
		m.Extra = nil
		answer, err = converse(ctx, conn, q, m)
	}
	if err == nil && answer.Truncated {
		return d.stream.exchange(ctx, q)
	}
	return answer, err
}

// noEDNS reports whether a server of old did not understand the OPT record
// (RFC 6891, Section 7).
func noEDNS(m *dns.Msg) bool {
	return m.IsEdns0() == nil && (m.Rcode == dns.RcodeFormatError || m.Rcode == dns.RcodeNotImplemented)
}
