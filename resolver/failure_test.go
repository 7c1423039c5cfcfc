package resolver

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/spf"
)

// Failures name the server, the question and the reason.
func TestClientFailures(t *testing.T) {
	t.Parallel()
	s, o := serveClientZone(t)
	tests := []struct {
		name  string
		fault dnstest.Fault
		want  string
	}{
		{"no answer", dnstest.Drop, "no answer within TIMEOUT"},
		{"too late", dnstest.Slow(time.Second), "no answer within TIMEOUT"},
		{"SERVFAIL", dnstest.ServFail, "SERVFAIL"},
		{"SERVFAIL with a reason", dnstest.ServFailBecause(dns.ExtendedErrorCodeDNSBogus, "x.test"), "SERVFAIL (DNSSEC Bogus: x.test)"},
		{"SERVFAIL with an unknown reason", dnstest.ServFailBecause(4711, ""), "SERVFAIL (extended error 4711)"},
		{"REFUSED", dnstest.Refused, "REFUSED"},
		{"NOTIMP", dnstest.Code(dns.RcodeNotImplemented), "NOTIMP"},
		{"a code without a name", dnstest.Code(14), "RCODE 14"},
		{"wrong ID", dnstest.WrongID, "no answer within TIMEOUT; ignored: 1 with another ID or question"},
		{"wrong question", dnstest.WrongQuestion, "no answer within TIMEOUT; ignored: 1 with another ID or question"},
		{"noise", dnstest.Noise, "no answer within TIMEOUT; ignored: 2 with another ID or question"},
		{"the query sent back", dnstest.Alter(func(m *dns.Msg) { m.Response = false }), "no answer within TIMEOUT; ignored: 1 with another ID or question"},
		{"garbage behind the question", dnstest.Garbage, "malformed answer: dns: buffer size too small"},
		{"cut in a record", dnstest.Cut, "malformed answer: dns: overflow unpacking uint32"},
		{"fewer records than promised", dnstest.Promise, "malformed answer: 0 additional records where the header promises 1"},
		{"cut off by every way", dnstest.TruncateAlways, "the answer is cut off even over " + s.URL("tcp")},
		{"an alias of itself", dnstest.AliasToItself, errAliasLoop.Error()},
		{"an alias of an alias of …", dnstest.AliasEndless, errAliasLoop.Error()},
		{"lame", dnstest.Lame, "lame: the server refers to others for this name instead of answering"},
		{"NXDOMAIN with records", dnstest.Alter(func(m *dns.Msg) { m.Rcode = dns.RcodeNameError }), "malformed answer: NXDOMAIN for a name that has records"},
		{"an empty TXT record", dnstest.Alter(func(m *dns.Msg) { m.Answer[0].(*dns.TXT).Txt = nil }), "malformed answer: the TXT record of short.x.test. names nothing that can be asked for"},
		{"a CNAME to a name with a dot in a label", dnstest.Alter(func(m *dns.Msg) {
			m.Answer = []dns.RR{&dns.CNAME{Hdr: dns.RR_Header{Name: "short.x.test.", Rrtype: dns.TypeCNAME, Class: dns.ClassINET}, Target: `a\.b.x.test.`}}
		}), `malformed answer: the CNAME of short.x.test. leads to "a\\.b.x.test."`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.Misbehave("", tt.fault)
			defer s.Misbehave("", nil)
			text, err := lookUp(t, o, s.URL("udp"), "short.x.test.", tt.want)
			var q *QueryError
			var server *ServerError
			if !errors.As(err, &q) || q.Type != "TXT" || !errors.As(err, &server) || server.Server != s.URL("udp") {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(q.Name+" TXT: "+s.URL("udp")+": "+tt.want, text); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestClientFailuresByStream(t *testing.T) {
	t.Parallel()
	s, o := serveClientZone(t)
	tests := []struct {
		name  string
		fault dnstest.Fault
		want  string
	}{
		{"no answer", dnstest.Drop, "no answer within TIMEOUT"},
		{"hung up", dnstest.HangUp, "EOF"},
		{"wrong ID", dnstest.WrongID, "no answer within TIMEOUT; ignored: 1 with another ID or question"},
		{"cut off", dnstest.TruncateAlways, "the answer is cut off even over " + s.URL("tcp")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s.Misbehave("", tt.fault)
			defer s.Misbehave("", nil)
			text, _ := lookUp(t, o, s.URL("tcp"), "short.x.test.", tt.want)
			if diff := cmp.Diff("short.x.test. TXT: "+s.URL("tcp")+": "+tt.want, text); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestClientNobodyListens(t *testing.T) {
	t.Parallel()
	o := Options{Attempts: 1}
	const address = "127.0.0.1:1" // a port that no test is given
	for _, network := range []string{"udp", "tcp", "tls", "https"} {
		url := network + "://" + address
		_, err := open(t, o, url).LookupTXT(t.Context(), "x.test.")
		if network == "https" {
			url += "/dns-query"
		}
		if want := "x.test. TXT: " + url + ": connection refused"; fmt.Sprint(err) != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// What is wrong for one query is put right in the same lookup.
func TestClientRecovers(t *testing.T) {
	t.Parallel()
	s, o := serveClientZone(t)
	o.Attempts, o.Timeout = 3, 10*time.Second // of which a part passes between two attempts
	tests := []struct {
		name  string
		fault dnstest.Fault
		want  []string // networks, in the order of the queries
	}{
		{"lost", dnstest.Times(1, dnstest.Drop), []string{"udp", "udp"}},
		{"SERVFAIL twice", dnstest.Times(2, dnstest.ServFail), []string{"udp", "udp", "udp"}},
		{"malformed", dnstest.Times(1, dnstest.Garbage), []string{"udp", "udp"}},
		{"truncated", dnstest.Truncate, []string{"udp", "tcp"}},
		{"truncated within a record", dnstest.TruncateRaggedly, []string{"udp", "tcp"}},
		{"no EDNS", dnstest.NoEDNS, []string{"udp", "udp"}},
		{"forged", dnstest.Forge("v=spf1 +all"), []string{"udp"}},
		{"in other case", dnstest.Alter(func(m *dns.Msg) {
			m.Question[0].Name, m.Answer[0].Header().Name = "SHORT.x.Test.", "Short.X.test."
		}), []string{"udp"}},
		{"among other records", dnstest.Alter(func(m *dns.Msg) {
			other := dns.Copy(m.Answer[0])
			other.Header().Name = "other.x.test."
			chaos := dns.Copy(m.Answer[0])
			chaos.Header().Class = dns.ClassCHAOS
			sig, err := dns.NewRR("short.x.test. 10 A 192.0.2.1")
			if err != nil {
				panic(err)
			}
			m.Answer = []dns.RR{other, chaos, sig, m.Answer[0]}
		}), []string{"udp"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := o
			if tt.name == "lost" {
				o.Timeout = 3 * time.Second // more than the second answer takes on a busy machine
			}
			before := len(s.Asked())
			s.Misbehave("short.x.test.", tt.fault)
			got, err := open(t, o, s.URL("udp")).LookupTXT(t.Context(), "short.x.test.")
			want := txtAnswer{Records: []spf.TXT{{"short"}}, TTL: 10 * time.Second, Source: s.URL("udp")}
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Error(err, diff)
			}
			var networks []string
			for _, q := range s.Asked()[before:] {
				networks = append(networks, q.Network)
			}
			if diff := cmp.Diff(tt.want, networks); diff != "" {
				t.Error(diff)
			}
		})
	}
}
