package dnstest

import (
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// Server is a name server on loopback, by UDP and TCP at one port. It fails
// the test on a query that no client of this project should send.
type Server struct {
	t       testing.TB
	address string

	mu      sync.Mutex
	records *records
	faults  map[string]Fault // by name in wire form; "" for all others
	asked   []Query
}

// Query is one query as it arrived.
type Query struct {
	Network string // "udp", "tcp", "tls" or "https"
	Name    string // in presentation form
	Type    string
	Payload int  // octets that the client takes by UDP (RFC 6891); 0 without an OPT record
	Direct  bool // recursion is not desired
}

func (q Query) String() string { return q.Network + " " + q.Name + " " + q.Type }

// ServeZonedata serves zone data. A name marked TIMEOUT gets no answer. A
// name that is lacking does not exist.
func ServeZonedata(t testing.TB, z *Zonedata) *Server {
	t.Helper()
	return serve(t, z.records())
}

// ServeZone serves the text of a zone file, whose names are relative to the
// root. If it has SOA records, the server is authoritative for these zones and
// refuses to answer for other names; else, for everything.
func ServeZone(t testing.TB, text string) *Server {
	t.Helper()
	r, err := parseZone(text)
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, r)
}

func serve(t testing.TB, r *records) *Server {
	t.Helper()
	tcp, udp := listen(t)
	s := &Server{t: t, records: r, address: tcp.Addr().String(), faults: map[string]Fault{}}
	s.run(&dns.Server{Listener: tcp}, "tcp")
	s.run(&dns.Server{PacketConn: udp}, "udp")
	return s
}

// listen takes a port that is free for both.
func listen(t testing.TB) (net.Listener, net.PacketConn) {
	t.Helper()
	for range 20 {
		tcp, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		udp, err := net.ListenPacket("udp", tcp.Addr().String())
		if err == nil {
			return tcp, udp
		}
		tcp.Close()
	}
	t.Fatal("no port is free for both UDP and TCP")
	return nil, nil
}

// run serves until the test is over, queries under way included.
func (s *Server) run(d *dns.Server, network string) {
	s.t.Helper()
	started := make(chan struct{})
	d.NotifyStartedFunc = func() { close(started) }
	d.Handler = dns.HandlerFunc(func(w dns.ResponseWriter, query *dns.Msg) { s.handle(w, query, network) })
	d.MsgInvalidFunc = func(m []byte, err error) { s.t.Errorf("dnstest: a query that cannot be read: %x: %v", m, err) }
	d.MsgAcceptFunc = func(dns.Header) dns.MsgAcceptAction { return dns.MsgAccept }
	stopped := make(chan error, 1)
	go func() { stopped <- d.ActivateAndServe() }()
	<-started
	s.t.Cleanup(func() {
		if err := d.Shutdown(); err != nil {
			s.t.Errorf("dnstest: %v", err)
		}
		if err := <-stopped; err != nil {
			s.t.Errorf("dnstest: %v", err)
		}
	})
}

// URL gives the server as a resolver: "udp://127.0.0.1:…", or with "tcp".
func (s *Server) URL(network string) string { return network + "://" + s.address }

// Address gives host:port, for UDP and TCP.
func (s *Server) Address() string { return s.address }

// Publish has the server serve the text of another zone file from now on.
func (s *Server) Publish(text string) {
	s.t.Helper()
	r, err := parseZone(text)
	if err != nil {
		s.t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records = r
}

// Misbehave has the queries for a canonical name answered by a fault instead
// of honestly, or all queries if name is empty. A nil fault ends that.
func (s *Server) Misbehave(name string, f Fault) {
	key := ""
	if name != "" {
		key = wire(presentation(name))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f == nil {
		delete(s.faults, key)
		return
	}
	s.faults[key] = f
}

// Asked gives the queries so far, in the order of their arrival.
func (s *Server) Asked() []Query {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

func (s *Server) handle(w dns.ResponseWriter, query *dns.Msg, network string) {
	messages := s.respond(query, network)
	for _, m := range messages {
		if m == nil {
			w.Close()
			return
		}
		if _, err := w.Write(m); err != nil && network == "udp" {
			s.t.Errorf("dnstest: %v", err)
		}
	}
}

// respond gives the messages to send; a nil one ends the connection.
func (s *Server) respond(query *dns.Msg, network string) [][]byte {
	if err := check(query); err != nil {
		s.t.Errorf("dnstest: an unexpected query: %v:\n%v", err, query)
		return nil
	}
	answer := new(dns.Msg).SetReply(query)
	answer.Compress = true
	if query.IsEdns0() != nil {
		answer.SetEdns0(1232, false)
	}
	records, fault := s.note(query, network)
	honest := records.answer(answer)
	switch {
	case fault != nil:
		return fault(exchange{query, answer, network})
	case !honest:
		return nil
	}
	return exchange{query, answer, network}.pack()
}

// check says what is wrong with a query.
func check(query *dns.Msg) error {
	switch {
	case len(query.Question) != 1:
		return fmt.Errorf("%d questions", len(query.Question))
	case query.Opcode != dns.OpcodeQuery || query.Response:
		return fmt.Errorf("not a query")
	case query.Question[0].Qclass != dns.ClassINET:
		return fmt.Errorf("class %d", query.Question[0].Qclass)
	}
	return nil
}

// note keeps the query, and gives what is served and the fault that is set for it.
func (s *Server) note(query *dns.Msg, network string) (*records, Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := Query{Network: network, Name: query.Question[0].Name, Type: dns.TypeToString[query.Question[0].Qtype], Direct: !query.RecursionDesired}
	if opt := query.IsEdns0(); opt != nil {
		q.Payload = int(opt.UDPSize())
	}
	s.asked = append(s.asked, q)
	if f := s.faults[wire(q.Name)]; f != nil {
		return s.records, f
	}
	return s.records, s.faults[""]
}
