package resolver

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/spf"
)

// sourcedZone has a zone whose server is the first of them, which refers to the
// second for the zone below.
const sourcedZone = `$TTL 300
test.            SOA ns hostmaster 1 7200 3600 1209600 60
x.test.          SOA ns hostmaster 1 7200 3600 1209600 60
x.test.          NS ns1.test.
x.test.          TXT "as it was"
ns1.test.        A 127.0.0.1
low.x.test.      SOA ns hostmaster 1 7200 3600 1209600 60
low.x.test.      NS ns2.test.
ns2.test.        A 127.0.0.2
cut.test.        SOA ns hostmaster 1 7200 3600 1209600 60
cut.test.        NS ns3.test.
ns3.test.        A 127.0.0.3
part1.cut.test.  TXT "from the cache"
there.test.      TXT "elsewhere"
`

// planned has the names of parts.
func planned(name string) (above string, ok bool) {
	label, above, _ := strings.Cut(name, ".")
	if strings.HasPrefix(above, "low.") {
		_, above, _ = strings.Cut(above, ".")
	}
	return above, strings.HasPrefix(label, "part")
}

// authoritative serves one zone at an address of loopback, at the port of the
// first such server, and refers to others for a zone below it.
func authoritative(t *testing.T, host, port, zone, text, below string) string {
	t.Helper()
	var records []dns.RR
	z := dns.NewZoneParser(strings.NewReader(text), ".", "")
	for rr, ok := z.Next(); ok; rr, ok = z.Next() {
		records = append(records, rr)
	}
	if err := z.Err(); err != nil {
		t.Fatal(err)
	}
	p, err := net.ListenPacket("udp", net.JoinHostPort(host, port))
	if err != nil {
		t.Skipf("this host has no %s: %v", host, err)
	}
	s := &dns.Server{PacketConn: p, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		name := q.Question[0].Name
		switch {
		case below != "" && dns.IsSubDomain(below, name):
			m.Ns = append(m.Ns, &dns.NS{Hdr: dns.RR_Header{Name: below, Rrtype: dns.TypeNS, Class: dns.ClassINET, Ttl: 300}, Ns: "ns2.test."})
		default:
			m.Authoritative, m.Rcode = true, dns.RcodeNameError
			for _, rr := range records {
				if strings.EqualFold(rr.Header().Name, name) {
					m.Rcode = dns.RcodeSuccess
					if rr.Header().Rrtype == q.Question[0].Qtype || rr.Header().Rrtype == dns.TypeCNAME {
						m.Answer = append(m.Answer, rr)
					}
				}
			}
			if len(m.Answer) == 0 {
				m.Ns = append(m.Ns, records[0])
			}
		}
		w.WriteMsg(m)
	})}
	go s.ActivateAndServe()
	t.Cleanup(func() { s.Shutdown() })
	_, port, _ = net.SplitHostPort(p.LocalAddr().String())
	return port
}

// Names that are about to come into being are asked of those who keep their
// zones, and no cache hears of them.
func TestSourced(t *testing.T) {
	cache := dnstest.ServeZone(t, sourcedZone)
	port := authoritative(t, "127.0.0.1", "0", "x.test.", `x.test. 300 SOA ns hostmaster 1 7200 3600 1209600 60
x.test. 300 TXT "as it is"
part1.x.test. 300 TXT "from the source"
part3.x.test. 300 CNAME there.test.
part4.x.test. 300 A 192.0.2.1
part4.x.test. 300 AAAA 2001:db8::1
part4.x.test. 300 MX 10 mail.x.test.
`, "low.x.test.")
	authoritative(t, "127.0.0.2", port, "low.x.test.", `low.x.test. 300 SOA ns hostmaster 1 7200 3600 1209600 60
part1.low.x.test. 300 TXT "from below"
`, "")
	c := open(t, Options{Timeout: patience}, cache.URL("udp")).(*client)
	c.port = port
	now := time.Now()
	c.now = func() time.Time { return now }
	r := Sourced(&wrapped{c}, NewNames{Above: planned, Published: func(name string) bool { return name == "x.test." }})
	source := "ns1.test. (127.0.0.1:" + port + ")"
	below := "ns2.test. (127.0.0.2:" + port + ")"
	tests := []struct {
		name string
		want spf.Answer[spf.TXT]
	}{
		{"x.test.", spf.Answer[spf.TXT]{Records: []spf.TXT{{"as it is"}}, TTL: 5 * time.Minute, Source: source}},
		{"part1.x.test.", spf.Answer[spf.TXT]{Records: []spf.TXT{{"from the source"}}, TTL: 5 * time.Minute, Source: source}},
		{"part2.x.test.", spf.Answer[spf.TXT]{TTL: time.Minute, NXDomain: true, Source: source}},
		{"part3.x.test.", spf.Answer[spf.TXT]{Records: []spf.TXT{{"elsewhere"}}, TTL: 5 * time.Minute, Alias: "there.test.", Source: cache.URL("udp")}},
		{"part1.low.x.test.", spf.Answer[spf.TXT]{Records: []spf.TXT{{"from below"}}, TTL: 5 * time.Minute, Source: below}},
		{"part2.low.x.test.", spf.Answer[spf.TXT]{TTL: time.Minute, NXDomain: true, Source: below}},
		{"part1.cut.test.", spf.Answer[spf.TXT]{Records: []spf.TXT{{"from the cache"}}, TTL: 5 * time.Minute, Source: cache.URL("udp")}},
		{"there.test.", spf.Answer[spf.TXT]{Records: []spf.TXT{{"elsewhere"}}, TTL: 5 * time.Minute, Source: cache.URL("udp")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := r.LookupTXT(t.Context(), tt.name)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	ip4, err4 := r.LookupIP(t.Context(), "part4.x.test.", spf.V4)
	ip6, err6 := r.LookupIP(t.Context(), "part4.x.test.", spf.V6)
	mx, errMX := r.LookupMX(t.Context(), "part4.x.test.")
	if err4 != nil || err6 != nil || errMX != nil {
		t.Fatal(err4, err6, errMX)
	}
	got := []any{ip4.Records, ip6.Records, mx.Records}
	want := []any{[]netip.Addr{netip.MustParseAddr("192.0.2.1")}, []netip.Addr{netip.MustParseAddr("2001:db8::1")}, []spf.MailExchange{{Preference: 10, Host: "mail.x.test."}}}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	if z, err := FindZone(t.Context(), r, "part9.x.test."); err != nil || z.Name != "x.test." {
		t.Errorf("zone %v, error %v", z, err)
	}
	given := open(t, Options{Timeout: patience}, cache.URL("udp"))
	at := NewNames{Above: planned, Servers: func(string) []Authority { return []Authority{{Address: "127.0.0.1:" + port}} }}
	if got, err := Sourced(given, at).LookupTXT(t.Context(), "part1.x.test."); err != nil || got.Source != "127.0.0.1:"+port {
		t.Errorf("of given servers: %v, error %v", got, err)
	}
	if len(cache.Asked()) == 0 {
		t.Fatal("the cache was asked nothing")
	}
	for _, q := range cache.Asked() {
		if above, is := planned(q.Name); is && above != "cut.test." {
			t.Errorf("the cache was asked for %v", q)
		}
	}
}

// wrapped is somebody's resolver over another.
type wrapped struct{ spf.Resolver }

func (w *wrapped) Unwrap() spf.Resolver { return w.Resolver }

// What is no client, or over none, is left as it is.
func TestSourcedElsewhere(t *testing.T) {
	world := &World{}
	if got := Sourced(world, NewNames{Above: planned}); got != spf.Resolver(world) {
		t.Errorf("got %v", got)
	}
}
