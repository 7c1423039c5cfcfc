package providers

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/internal/leaks"
	"github.com/spfzone/spfzone/internal/nameserver"
	"github.com/spfzone/spfzone/providers/txt"
)

// zoneText is the zone of the fakes as a zone file.
const zoneText = `$ORIGIN example.test.
$TTL 3600
@ IN SOA ns1 hostmaster 1 7200 3600 1209600 60
@ IN NS ns1
ns1 IN A 192.0.2.53
@ IN A 192.0.2.1
www IN A 192.0.2.2
@ IN MX 10 mail
part10 IN TXT "v=spf1 ip4:192.0.2.10 -all"
xpart1 IN TXT "v=spf1 mx -all"
mail IN TXT "v=spf1 a -all"
`

// onServer gives what is common to sites on a real name server: what it
// publishes is asked of it, and transferred from it, directly.
func onServer(t *testing.T, s *nameserver.Server, name string) site {
	all := func() []dns.RR {
		tr := &dns.Transfer{DialTimeout: time.Minute, ReadTimeout: time.Minute, TsigSecret: map[string]string{nameserver.KeyName + ".": nameserver.Key}}
		m := new(dns.Msg).SetAxfr(testZone)
		m.SetTsig(nameserver.KeyName+".", dns.HmacSHA256, 300, time.Now().Unix())
		envelopes, err := tr.In(m, s.Address)
		if err != nil {
			t.Fatal(err)
		}
		var out []dns.RR
		for e := range envelopes {
			if e.Error != nil {
				t.Fatal(e.Error)
			}
			out = append(out, e.RR...)
		}
		return out
	}
	return site{
		form: func(r txt.Record) txt.Record { return r },
		wire: func() []string {
			var out []txt.Record
			for _, data := range s.TXT(name) {
				out = append(out, fromData(data))
			}
			return presentations(out)
		},
		rest: func() (out []string) {
			for _, rr := range all() {
				if h := rr.Header(); h.Rrtype != dns.TypeSOA && !(h.Rrtype == dns.TypeTXT && h.Name == name) {
					out = append(out, rr.String())
				}
			}
			slices.Sort(out)
			return out
		},
	}
}

// fromData reads the data of a TXT record.
func fromData(data []byte) (r txt.Record) {
	for len(data) > 0 {
		n := int(data[0])
		r.Strings, data = append(r.Strings, string(data[1:1+n])), data[1+n:]
	}
	return r
}

// reset makes records the only ones at a name, and none at the other that the
// tests use.
func reset(t *testing.T, s *nameserver.Server, name string, records []txt.Record) {
	m := new(dns.Msg).SetUpdate(testZone)
	for _, n := range []string{apex, part} {
		m.RemoveRRset([]dns.RR{&dns.TXT{Hdr: dns.RR_Header{Name: n, Rrtype: dns.TypeTXT}}})
	}
	for _, r := range records {
		m.Insert([]dns.RR{wireRecord(t, name, r)})
	}
	change(t, s, m)
}

func wireRecord(t *testing.T, name string, r txt.Record) dns.RR {
	rr, err := dns.NewRR(fmt.Sprintf("%s %d IN TXT %s", name, maxTTL, r))
	if err != nil {
		t.Fatal(err)
	}
	return rr
}

// addRecord is what somebody else does, directly.
func addRecord(t *testing.T, s *nameserver.Server, name string, r txt.Record) {
	m := new(dns.Msg).SetUpdate(testZone)
	m.Insert([]dns.RR{wireRecord(t, name, r)})
	change(t, s, m)
}

func change(t *testing.T, s *nameserver.Server, m *dns.Msg) {
	m.SetTsig(nameserver.KeyName+".", dns.HmacSHA256, 300, time.Now().Unix())
	c := &dns.Client{Net: "tcp", Timeout: time.Minute, TsigSecret: map[string]string{nameserver.KeyName + ".": nameserver.Key}}
	if answer, _, err := c.Exchange(m, s.Address); err != nil || answer.Rcode != dns.RcodeSuccess {
		t.Errorf("a change beside the test: %v %v", answer, err)
	}
}

// dnsSites has a name server reset for each site.
func dnsSites(t *testing.T, k nameserver.Kind) opener {
	server := k.Start(t, testZone, zoneText)
	return func(t *testing.T, name string, records []txt.Record) site {
		reset(t, server, name, records)
		return dnsSite(t, server, name)
	}
}

func dnsSite(t *testing.T, server *nameserver.Server, name string) site {
	proxy := startProxy(t, server.Address)
	out := onServer(t, server, name)
	out.publisher = open(t, "rfc2136", map[string]string{
		"server": proxy.address, "key_name": nameserver.KeyName, "key_alg": "hmac-sha256", "key": leaks.Use(t, "rfc2136.key", nameserver.Key),
	})
	out.before = func(n int, r txt.Record) { proxy.first(n, func() { addRecord(t, server, name, r) }) }
	out.fault = proxy.fail
	out.writes = proxy.count
	return out
}

// open makes a publisher that does not wait between two looks.
func open(t *testing.T, kind string, fields map[string]string) *Publisher {
	t.Helper()
	s := Settings{Place: "test:1:1", Name: "test", Type: kind, Fields: map[string]Field{}}
	for name, value := range fields {
		s.Fields[name] = Field{"test:1:1", value}
	}
	p, err := Open(s, Env{})
	if err != nil {
		t.Fatal(err)
	}
	p.pause = noPause
	return p
}

// proxy stands before a name server, and counts the updates that change
// something.
type proxy struct {
	address string
	schedule
}

func startProxy(t *testing.T, server string) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	p := &proxy{address: l.Addr().String()}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(c, server)
		}
	}()
	return p
}

// serve hands on one message and its answer. A fault ends the connection,
// before or after the server has seen the message.
func (p *proxy) serve(c net.Conn, server string) {
	defer c.Close()
	message, err := readMessage(c)
	if err != nil {
		return
	}
	f := p.note(message)
	if f == refused {
		return
	}
	s, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer s.Close()
	s.Write(message)
	answer, err := readMessage(s)
	if err == nil && f != lost {
		c.Write(answer)
	}
}

func (p *proxy) note(message []byte) fault {
	var m dns.Msg
	if m.Unpack(message[2:]) != nil || m.Opcode != dns.OpcodeUpdate || len(m.Ns) == 0 {
		return 0
	}
	return p.next()
}

// readMessage reads a message with its length (RFC 1035, Section 4.2.2).
func readMessage(r io.Reader) ([]byte, error) {
	b := make([]byte, 2)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, err
	}
	b = append(b, make([]byte, binary.BigEndian.Uint16(b))...)
	_, err := io.ReadFull(r, b[2:])
	return b, err
}

// powerDNSSites has a PowerDNS server reset for each site.
func powerDNSSites(t *testing.T) opener {
	server := nameserver.PowerDNS(t, testZone, zoneText)
	return func(t *testing.T, name string, records []txt.Record) site {
		reset(t, server, name, records)
		return powerDNSSite(t, server, name)
	}
}

// powerDNSSite is the server behind a proxy for its HTTP API.
func powerDNSSite(t *testing.T, server *nameserver.Server, name string) site {
	address, err := url.Parse(server.API)
	if err != nil {
		t.Fatal(err)
	}
	s := &store{t: t}
	front := httptest.NewServer(vendor{}.faulty(s, httputil.NewSingleHostReverseProxy(address)))
	t.Cleanup(front.Close)
	out := onServer(t, server, name)
	out.publisher = open(t, "powerdns", map[string]string{"server_url": front.URL, "api_token": leaks.Use(t, "powerdns.api_token", server.APIKey)})
	out.before = func(n int, r txt.Record) { s.first(n, func() { addRecord(t, server, name, r) }) }
	out.fault = s.fail
	out.writes = s.count
	return out
}
