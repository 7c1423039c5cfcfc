package resolver

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/spf"
)

const hostileZone = `$TTL 300
x.test.            SOA ns hostmaster 1 2 3 4 60
good.x.test.       TXT "v=spf1 ip4:192.0.2.1 -all"
self.x.test.       TXT "v=spf1 include:self.x.test ip4:192.0.2.1 -all"
ring.x.test.       TXT "v=spf1 include:ring2.x.test -all"
ring2.x.test.      TXT "v=spf1 redirect=ring.x.test"
round.x.test.      TXT "v=spf1 redirect=round.x.test"
nul.x.test.        TXT "v=spf1 ip4:192.0.2.1\000 -all"
nulbehind.x.test.  TXT "v=spf1\000"
eight.x.test.      TXT "v=spf1 ip4:192.0.2.1 \255-all"
eightname.x.test.  TXT "v=spf1 a:caf\233.x.test -all"
others.x.test.     TXT "\000\001\255binary"
others.x.test.     TXT "v=spf1 ip4:192.0.2.1 -all"
others.x.test.     TXT "v=spf10 +all"
others.x.test.     TXT ""
loop.x.test.       CNAME loop2.x.test.
loop2.x.test.      CNAME loop.x.test.
aloop.x.test.      TXT "v=spf1 a:loop.x.test ip4:192.0.2.1 -all"
lost.x.test.       CNAME none.x.test.
slash.x.test.      TXT "v=spf1 exists:%{l}._spf.x.test -all"
bo\\b\"\;._spf.x.test. A 127.0.0.2
ptr.x.test.        TXT "v=spf1 ptr -all"
deep.x.test.       TXT "v=spf1 mx -all"
`

// Whatever a server does, check_host gives the right result in a bounded time.
func TestBadAnswers(t *testing.T) {
	t.Parallel()
	large := func(octets int) dnstest.Fault {
		text := largeRecord(octets)
		return dnstest.Alter(func(m *dns.Msg) {
			m.Rcode, m.Ns = dns.RcodeSuccess, nil
			txt := &dns.TXT{Hdr: dns.RR_Header{Name: m.Question[0].Name, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 300}}
			for s := text; s != ""; s = s[min(255, len(s)):] {
				txt.Txt = append(txt.Txt, s[:min(255, len(s))])
			}
			m.Answer = []dns.RR{txt}
		})
	}
	many := dnstest.Alter(func(m *dns.Msg) {
		if m.Question[0].Qtype != dns.TypeMX {
			return
		}
		m.Rcode, m.Ns = dns.RcodeSuccess, nil
		for i := range 200 {
			m.Answer = append(m.Answer, &dns.MX{Hdr: dns.RR_Header{Name: m.Question[0].Name, Rrtype: dns.TypeMX, Class: dns.ClassINET, Ttl: 300}, Mx: fmt.Sprintf("m%d.x.test.", i)})
		}
	})
	tests := []struct {
		name, sender string
		faulty       string // name
		fault        dnstest.Fault
		want         spf.Result
	}{
		{"time-out", "a@good.x.test", "", dnstest.Drop, spf.TempError},
		{"SERVFAIL", "a@good.x.test", "", dnstest.ServFail, spf.TempError},
		{"REFUSED", "a@good.x.test", "", dnstest.Refused, spf.TempError},
		{"lame", "a@good.x.test", "", dnstest.Lame, spf.TempError},
		{"garbage", "a@good.x.test", "", dnstest.Garbage, spf.TempError},
		{"noise", "a@good.x.test", "", dnstest.Noise, spf.TempError},
		{"cut", "a@good.x.test", "", dnstest.Cut, spf.TempError},
		{"wrong ID", "a@good.x.test", "", dnstest.WrongID, spf.TempError},
		{"truncated", "a@good.x.test", "", dnstest.Truncate, spf.Pass},
		{"truncated raggedly", "a@good.x.test", "", dnstest.TruncateRaggedly, spf.Pass},
		{"truncated by TCP too", "a@good.x.test", "", dnstest.TruncateAlways, spf.TempError},
		{"forged", "a@none.x.test", "", dnstest.Forge("v=spf1 +all"), spf.None},
		{"CNAME loop", "a@loop.x.test", "", nil, spf.TempError},
		{"CNAME to itself", "a@good.x.test", "good.x.test.", dnstest.AliasToItself, spf.TempError},
		{"endless CNAMEs", "a@good.x.test", "", dnstest.AliasEndless, spf.TempError},
		{"CNAME loop at a mechanism", "a@aloop.x.test", "", nil, spf.TempError},
		{"CNAME to nothing", "a@lost.x.test", "", nil, spf.None},
		{"a TXT record of 64 kB that is not SPF", "a@good.x.test", "good.x.test.", dnstest.Huge(64000), spf.None},
		{"a record of 64 kB", "a@good.x.test", "good.x.test.", large(64000), spf.Pass},
		{"NUL within a record", "a@nul.x.test", "", nil, spf.PermError},
		{"NUL behind the version", "a@nulbehind.x.test", "", nil, spf.None},
		{"an octet above 127", "a@eight.x.test", "", nil, spf.PermError},
		{"an octet above 127 in a name", "a@eightname.x.test", "", nil, spf.PermError},
		{"other TXT records", "a@others.x.test", "", nil, spf.Pass},
		{"a backslash, a quote and a semicolon in a name", "bo\\b\";@slash.x.test", "", nil, spf.Pass},
		{"an octet above 127 in the local part", "bo\xc8@slash.x.test", "", nil, spf.Fail}, // RFC 8616, Section 4: no match
		{"include of itself", "a@self.x.test", "", nil, spf.PermError},
		{"include and redirect in a ring", "a@ring.x.test", "", nil, spf.PermError},
		{"redirect to itself", "a@round.x.test", "", nil, spf.PermError},
		{"200 mail exchangers", "a@deep.x.test", "deep.x.test.", many, spf.PermError},
		{"PTR fails", "a@ptr.x.test", "1.2.0.192.in-addr.arpa.", dnstest.ServFail, spf.Fail},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := dnstest.ServeZone(t, hostileZone)
			s.Misbehave(tt.faulty, tt.fault)
			o := Options{Timeout: patience, Attempts: 1}
			if tt.want == spf.TempError {
				o.Timeout = 250 * time.Millisecond
			}
			checker := &spf.Checker{Resolver: open(t, o, s.URL("udp"))}
			ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
			defer cancel()
			ev, err := checker.Check(ctx, netip.MustParseAddr("192.0.2.1"), tt.sender, "mail.x.test")
			if err != nil || ev.Result != tt.want {
				t.Errorf("result %v (%v), error %v; want %v", ev.Result, ev.Err, err, tt.want)
			}
			if ev.Result == spf.TempError && !strings.Contains(fmt.Sprint(ev.Err), s.URL("udp")) {
				t.Errorf("the error does not name the server: %v", ev.Err)
			}
			_, domain, _ := strings.Cut(tt.sender, "@")
			p, err := checker.Policy(ctx, domain)
			if err != nil {
				t.Fatal(err)
			}
			if result, static := p.Result(netip.MustParseAddr("192.0.2.1")); static && result != tt.want {
				t.Errorf("policy: result %v, want %v", result, tt.want)
			}
		})
	}
}

// largeRecord gives an SPF record of about so many octets, which passes
// 192.0.2.1 in its last term but one.
func largeRecord(octets int) string {
	var b strings.Builder
	b.WriteString("v=spf1")
	for i := 0; b.Len() < octets-40; i++ {
		fmt.Fprintf(&b, " ip4:198.18.%d.%d", i/256%256, i%256)
	}
	return b.String() + " ip4:192.0.2.1 -all"
}

// A file may hold a record of 100 kB, which no DNS message can.
func TestRecordOf100kB(t *testing.T) {
	text := largeRecord(100_000)
	var line strings.Builder
	line.WriteString("x.test. TXT")
	for s := text; s != ""; s = s[min(255, len(s)):] {
		fmt.Fprintf(&line, " %q", s[:min(255, len(s))])
	}
	w, err := ParseZone(strings.NewReader(line.String()+"\n"), "large.zone")
	if err != nil {
		t.Fatal(err)
	}
	checker := &spf.Checker{Resolver: w}
	for ip, want := range map[string]spf.Result{"192.0.2.1": spf.Pass, "192.0.2.2": spf.Fail} {
		ev, err := checker.Check(t.Context(), netip.MustParseAddr(ip), "a@x.test", "")
		if diff := cmp.Diff(want, ev.Result); diff != "" || err != nil || len(text) < 99_000 {
			t.Error(ip, len(text), err, diff)
		}
	}
}
