package resolver

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// stream is a server asked by TCP or TLS. A connection carries one question at
// a time, and is kept for the next for a while (RFC 7766, Section 6.2.1).
type stream struct {
	name    string
	address string
	tls     *tls.Config // nil for TCP

	mu   sync.Mutex
	idle []*idleConn // the latest last
}

type idleConn struct {
	net.Conn
	timer *time.Timer // closes the connection
}

// idleTime is how long a connection waits for the next question (RFC 7766,
// Section 6.2.3, leaves it to the client: a few seconds).
const idleTime = 5 * time.Second

func newStream(scheme, address string, config *tls.Config) *stream {
	return &stream{name: scheme + address, address: address, tls: config}
}

// newTLS gives a server whose certificate must be that of name (RFC 8310,
// Section 8.1).
func newTLS(address, name string, roots *x509.CertPool) *stream {
	s := newStream("tls://", address, &tls.Config{ServerName: name, RootCAs: roots, NextProtos: []string{"dot"}})
	if host, _, _ := net.SplitHostPort(address); host != name {
		s.name += "#" + name
	}
	return s
}

func (s *stream) String() string { return s.name }

func (s *stream) exchange(ctx context.Context, q question) (*dns.Msg, error) {
	m := q.message()
	answer, err := s.ask(ctx, q, m)
	if err == nil && noEDNS(answer) {
		m.Extra = nil
		answer, err = s.ask(ctx, q, m)
	}
	if err == nil && answer.Truncated {
		return nil, errors.New("the answer is cut off even over " + s.name)
	}
	return answer, err
}

// ask takes an idle connection, and dials where there is none or the server
// has closed it.
func (s *stream) ask(ctx context.Context, q question, m *dns.Msg) (*dns.Msg, error) {
	if conn := s.take(); conn != nil {
		if answer, err := s.use(ctx, conn, q, m); err == nil || ctx.Err() != nil {
			return answer, err
		}
	}
	conn, err := s.dial(ctx)
	if err != nil {
		return nil, ended(ctx, cause(err))
	}
	return s.use(ctx, conn, q, m)
}

func (s *stream) dial(ctx context.Context) (net.Conn, error) {
	if s.tls == nil {
		return new(net.Dialer).DialContext(ctx, "tcp", s.address)
	}
	d := tls.Dialer{Config: s.tls}
	return d.DialContext(ctx, "tcp", s.address)
}

// use has a conversation, and keeps the connection if that ended well.
func (s *stream) use(ctx context.Context, conn net.Conn, q question, m *dns.Msg) (*dns.Msg, error) {
	answer, err := converse(ctx, conn, q, m)
	if err != nil || ctx.Err() != nil {
		conn.Close()
		return answer, err
	}
	s.keep(conn)
	return answer, nil
}

// take gives the connection that was used last, or nil.
func (s *stream) take() net.Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.idle) > 0 {
		c := s.idle[len(s.idle)-1]
		s.idle = s.idle[:len(s.idle)-1]
		if c.timer.Stop() {
			return c.Conn
		}
	}
	return nil
}

func (s *stream) keep(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &idleConn{Conn: conn}
	c.timer = time.AfterFunc(idleTime, func() { s.drop(c) })
	s.idle = append(s.idle, c)
}

// drop closes a connection that nobody took in time.
func (s *stream) drop(c *idleConn) {
	c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.idle {
		if s.idle[i] == c {
			s.idle = append(s.idle[:i], s.idle[i+1:]...)
			return
		}
	}
}
