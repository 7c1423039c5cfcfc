package resolver

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/spf"
)

// authorityZone has a zone beside whose name others end alike, a zone below it,
// and name servers with every kind of address.
const authorityZone = `$TTL 300
x.test.            900 SOA ns hostmaster 7 7200 3600 1209600 60
x.test.            NS ns1.x.test.
x.test.            NS NS2.x.test.
x.test.            NS nowhere.x.test.
ns1.x.test.        A 127.0.0.1
ns1.x.test.        A 127.0.0.2
ns2.x.test.        A 127.0.0.3
x.test.            TXT "v=spf1 " "-all"
x.test.            TXT "octets \000\255 \"\\"
alias.x.test.      CNAME x.test.
long.x.test.       TXT "{255}" "{255}" "{255}"
longer.x.test.     TXT "{255}" "{255}" "{255}" "{255}" "{255}"
sub.x.test.        SOA ns hostmaster 8 7200 3600 1209600 600
sub.x.test.        NS gone.test.
myx.test.          SOA ns hostmaster 9 7200 3600 1209600 60
myx.test.          NS ns1.x.test.
`

// long puts 255 octets where a text has "{255}".
func long(text string) string { return strings.ReplaceAll(text, "{255}", strings.Repeat("x", 255)) }

func TestZone(t *testing.T) {
	s := dnstest.ServeZone(t, long(authorityZone))
	c := open(t, Options{}, s.URL("udp")).(*client)
	both := []Authority{{"ns1.x.test.", "127.0.0.1:53"}, {"ns1.x.test.", "127.0.0.2:53"}, {"ns2.x.test.", "127.0.0.3:53"}}
	x := &Zone{Name: "x.test.", Servers: both, Notes: []string{"nowhere.x.test., a name server of x.test., is not asked: it has no address"}}
	tests := []struct {
		name string
		want *Zone
		err  string
	}{
		{"x.test.", x, ""},
		{"part1.x.test.", x, ""},
		{"a.b.c.x.test.", x, ""},
		{"alias.x.test.", x, ""},
		{"myx.test.", &Zone{Name: "myx.test.", Servers: both[:2]}, ""},
		{"sub.x.test.", nil, "the zone sub.x.test. has no server that can be asked (gone.test., a name server of sub.x.test., is not asked: gone.test. A: " + s.URL("udp") + ": REFUSED; gone.test. AAAA: " + s.URL("udp") + ": REFUSED)"},
		{"else.", nil, "else. SOA: " + s.URL("udp") + ": REFUSED"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ttl, err := c.zone(t.Context(), tt.name, c.message)
			if (err != nil || tt.err != "") && (err == nil || err.Error() != tt.err) {
				t.Fatalf("error %v, want %s", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if want := 300 * time.Second; got != nil && ttl != want {
				t.Errorf("the TTL is %v, want %v", ttl, want)
			}
		})
	}
}

func TestZoneAt(t *testing.T) {
	s := dnstest.ServeZone(t, long(authorityZone))
	at := []Authority{{Address: s.Address()}, {Address: "127.0.0.1:1"}}
	tests := []struct {
		name string
		want *Zone
	}{
		{"x.test.", &Zone{"x.test.", time.Minute, at, nil}},
		{"none.x.test.", &Zone{"x.test.", time.Minute, at, nil}},
		{"part1.sub.x.test.", &Zone{"sub.x.test.", 5 * time.Minute, at, nil}},
		{"alias.x.test.", &Zone{"x.test.", time.Minute, at, nil}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ZoneAt(t.Context(), at, tt.name)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, q := range s.Asked() {
		if !q.Direct {
			t.Errorf("%v desires recursion", q)
		}
	}
}

// A server that does not answer does not keep another from telling the zone.
func TestZoneAtTheFirstServerToAnswer(t *testing.T) {
	silent, s := dnstest.ServeZone(t, long(authorityZone)), dnstest.ServeZone(t, long(authorityZone))
	silent.Misbehave("x.test.", dnstest.Drop)
	at := []Authority{{Address: silent.Address()}, {Address: s.Address()}}
	got, err := ZoneAt(t.Context(), at, "x.test.")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&Zone{"x.test.", time.Minute, at, nil}, got); diff != "" {
		t.Error(diff)
	}
	_, err = ZoneAt(t.Context(), []Authority{{Address: "127.0.0.1:1"}}, "x.test.")
	if err == nil || err.Error() != "x.test. SOA: 127.0.0.1:1 by UDP: connection refused" {
		t.Errorf("error %v", err)
	}
}

// All servers are asked at once for how long absence may be held: one that does
// not answer before the next is asked is waited for.
func TestZoneAsksServersAtOnce(t *testing.T) {
	zone := func(negative int) string {
		return fmt.Sprintf("$ORIGIN x.test.\n$TTL 3600\n@ SOA ns hostmaster 1 7200 3600 1209600 %d\n@ NS ns\nns A 192.0.2.1\n", negative)
	}
	asked := make(chan struct{})
	var once sync.Once
	first, held, last := dnstest.ServeZone(t, zone(60)), dnstest.ServeZone(t, zone(300)), dnstest.ServeZone(t, zone(120))
	held.Misbehave("x.test.", dnstest.Hold(asked))
	last.Misbehave("x.test.", dnstest.Alter(func(*dns.Msg) { once.Do(func() { close(asked) }) }))
	var at []Authority
	for _, s := range []*dnstest.Server{first, held, last} {
		at = append(at, Authority{Address: s.Address()})
	}
	got, err := ZoneAt(t.Context(), at, "x.test.")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&Zone{"x.test.", 5 * time.Minute, at, nil}, got); diff != "" {
		t.Error(diff)
	}
}

func TestFindZoneWantsServers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.zone")
	if err := os.WriteFile(file, []byte(authorityZone), 0o644); err != nil {
		t.Fatal(err)
	}
	world := open(t, Options{}, "file:"+file)
	const want = "the servers of x.test. cannot be found out of zone files: name them"
	if _, err := FindZone(t.Context(), world, "x.test."); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestAuthorityTXT(t *testing.T) {
	s := dnstest.ServeZone(t, long(authorityZone))
	a := Authority{Address: s.Address()}
	l := long("{255}")
	apex := []spf.TXT{{"v=spf1 ", "-all"}, {"octets \x00\xff \"\\"}}
	tests := []struct {
		name string
		via  Transport
		want TXTReply
	}{
		{"x.test.", UDP, TXTReply{Records: apex, TTL: 5 * time.Minute}},
		{"x.test.", PlainUDP, TXTReply{Records: apex, TTL: 5 * time.Minute}},
		{"x.test.", TCP, TXTReply{Records: apex, TTL: 5 * time.Minute}},
		{"none.x.test.", UDP, TXTReply{NXDomain: true}},
		{"ns1.x.test.", UDP, TXTReply{}},
		{"long.x.test.", UDP, TXTReply{Records: []spf.TXT{{l, l, l}}, TTL: 5 * time.Minute}},
		{"long.x.test.", PlainUDP, TXTReply{Truncated: true}},
		{"longer.x.test.", UDP, TXTReply{Truncated: true}},
		{"longer.x.test.", TCP, TXTReply{Records: []spf.TXT{{l, l, l, l, l}}, TTL: 5 * time.Minute}},
	}
	for _, tt := range tests {
		t.Run(tt.name+" "+tt.via.String(), func(t *testing.T) {
			got, err := a.LookupTXT(t.Context(), tt.name, tt.via)
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Records) > 0 {
				want := spf.TXTResponseSize(tt.name, got.Records)
				if tt.via == PlainUDP {
					want -= 11 // no OPT record
				}
				whole := want + len(got.Records)*(len(tt.name)+1-2) // no name compressed
				if got.Octets != want && got.Octets != whole {
					t.Errorf("%d octets, want %d or %d", got.Octets, want, whole)
				}
			}
			got.Octets = 0
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	alias, err := a.LookupTXT(t.Context(), "alias.x.test.", UDP)
	if err != nil || !alias.Alias || len(alias.Records) > 0 {
		t.Errorf("alias: %+v, %v", alias, err)
	}
}

func TestAuthorityFailures(t *testing.T) {
	s := dnstest.ServeZone(t, authorityZone)
	a := Authority{"ns1.x.test.", s.Address()}
	lame := dnstest.Alter(func(m *dns.Msg) { m.Authoritative = false })
	tests := []struct {
		name  string
		fault dnstest.Fault
		want  string
	}{
		{"lame", lame, "lame: the answer is not the server's own, as it does not keep the zone"},
		{"REFUSED", dnstest.Code(dns.RcodeRefused), "REFUSED"},
		{"SERVFAIL", dnstest.Code(dns.RcodeServerFailure), "SERVFAIL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.Misbehave("", tt.fault)
			want := "x.test. TXT: " + a.String() + " by TCP: " + tt.want
			if _, err := a.LookupTXT(t.Context(), "x.test.", TCP); err == nil || err.Error() != want {
				t.Errorf("error %v, want %s", err, want)
			}
		})
	}
}
