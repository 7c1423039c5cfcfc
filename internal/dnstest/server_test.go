package dnstest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
)

// reports is a test whose errors are kept instead of failing it.
type reports struct {
	testing.TB
	mu     sync.Mutex
	errors []string
}

func (r *reports) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

func query(name string, change func(*dns.Msg)) *dns.Msg {
	m := new(dns.Msg).SetQuestion(name, dns.TypeTXT)
	change(m)
	return m
}

// A query that no client of this project should send fails the test.
func TestServerReportsUnexpectedQueries(t *testing.T) {
	tests := []struct {
		name, want string
		change     func(*dns.Msg)
	}{
		{"as it should be", "", func(*dns.Msg) {}},
		{"two questions", "2 questions", func(m *dns.Msg) { m.Question = append(m.Question, m.Question[0]) }},
		{"an update", "not a query", func(m *dns.Msg) { m.Opcode = dns.OpcodeUpdate }},
		{"another class", "class 3", func(m *dns.Msg) { m.Question[0].Qclass = dns.ClassCHAOS }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &reports{TB: t}
			s := &Server{t: r, records: newRecords(), faults: map[string]Fault{}}
			answers := s.respond(query("x.test.", tt.change), "udp")
			want := 1
			if tt.want != "" {
				want = 0
			}
			if len(answers) != want || len(r.errors) != 1-want {
				t.Fatalf("%d answers, errors %q", len(answers), r.errors)
			}
			if want == 0 && !strings.HasPrefix(r.errors[0], "dnstest: an unexpected query: "+tt.want+":\n") {
				t.Errorf("error %q", r.errors[0])
			}
		})
	}
}

// The octets of a suite's text arrive as they are, and what is marked TIMEOUT
// gets no answer.
func TestServerServesZonedata(t *testing.T) {
	z := NewZone()
	z.Add("x.test", "TXT", "octets \x00\xc8\xff \"quoted\" \\")
	z.Add("x.test", "TXT", strings.Repeat("x", 300))
	z.Add("odd\\\xc8.x.test", "A", "192.0.2.1")
	z.Add("slow.x.test", "TIMEOUT", "TXT")
	z.Add("slow.x.test", "A", "192.0.2.2")
	s := ServeZonedata(t, z)
	client := dns.Client{Timeout: time.Minute}
	ask := func(name string, qtype uint16) *dns.Msg {
		t.Helper()
		m, _, err := client.Exchange(new(dns.Msg).SetQuestion(name, qtype), s.address)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	var got []string
	for _, m := range []*dns.Msg{ask("x.test.", dns.TypeTXT), ask(`ODD\\\200.x.test.`, dns.TypeA), ask("slow.x.test.", dns.TypeA), ask("none.test.", dns.TypeA), ask("test.", dns.TypeA)} {
		got = append(got, dns.RcodeToString[m.Rcode])
		for _, rr := range append(m.Answer, m.Ns...) {
			got = append(got, rr.String())
		}
	}
	soa := ".\t300\tIN\tSOA\tns.invalid. hostmaster.invalid. 1 1 1 1 60"
	want := []string{
		"NOERROR", "x.test.\t300\tIN\tTXT\t" + `"octets \000\200\255 \"quoted\" \\"`,
		"x.test.\t300\tIN\tTXT\t" + `"` + strings.Repeat("x", 255) + `" "` + strings.Repeat("x", 45) + `"`,
		"NOERROR", `ODD\\\200.x.test.` + "\t300\tIN\tA\t192.0.2.1",
		"NOERROR", "slow.x.test.\t300\tIN\tA\t192.0.2.2",
		"NXDOMAIN", soa,
		"NOERROR", soa,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if answers := s.respond(new(dns.Msg).SetQuestion("slow.x.test.", dns.TypeTXT), "udp"); len(answers) != 0 {
		t.Errorf("what is marked TIMEOUT is answered: %x", answers)
	}
}

// Each fault sends what it says, and the honest answer comes back when it
// ends.
func TestFaults(t *testing.T) {
	const zone = "x.test. 300 TXT \"some text in a record of the zone\"\n"
	tests := []struct {
		name    string
		fault   Fault
		network string
		want    string // number of messages, and of each the octets or the code, TC and answers
	}{
		{"none", nil, "udp", "1: NOERROR 1"},
		{"drop", Drop, "udp", "0:"},
		{"hang up", HangUp, "tcp", "1: end"},
		{"SERVFAIL", ServFail, "udp", "1: SERVFAIL 0"},
		{"REFUSED", Refused, "udp", "1: REFUSED 0"},
		{"truncate", Truncate, "udp", "1: NOERROR TC 0"},
		{"truncate, by TCP", Truncate, "tcp", "1: NOERROR 1"},
		{"truncate always", TruncateAlways, "tcp", "1: NOERROR TC 0"},
		{"truncate raggedly", TruncateRaggedly, "udp", "1: broken"},
		{"cut", Cut, "udp", "1: broken"},
		{"garbage", Garbage, "udp", "1: broken"},
		{"noise", Noise, "udp", "2: broken broken"},
		{"wrong ID", WrongID, "udp", "1: other ID NOERROR 1"},
		{"wrong question", WrongQuestion, "udp", "1: other question NOERROR 1"},
		{"forge", Forge("false"), "udp", "3: other ID NOERROR 1 other question NOERROR 1 NOERROR 1"},
		{"huge, by UDP", Huge(64000), "udp", "1: NOERROR TC 0"},
		{"huge, by TCP", Huge(64000), "tcp", "1: NOERROR 1"},
		{"lame", Lame, "udp", "1: NOERROR 0"},
		{"no EDNS", NoEDNS, "udp", "1: FORMERR 0"},
		{"alias", AliasToItself, "udp", "1: NOERROR 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := ServeZone(t, zone)
			s.Misbehave("x.test.", tt.fault)
			q := query("x.test.", func(m *dns.Msg) { m.SetEdns0(1232, false) })
			if got := describe(q, s.respond(q, tt.network)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			s.Misbehave("x.test.", nil)
			if got := describe(q, s.respond(q, tt.network)); got != "1: NOERROR 1" {
				t.Errorf("after the fault: %s", got)
			}
		})
	}
}

func describe(query *dns.Msg, messages [][]byte) string {
	text := fmt.Sprint(len(messages), ":")
	for _, octets := range messages {
		var m dns.Msg
		switch {
		case octets == nil:
			text += " end"
			continue
		case m.Unpack(octets) != nil:
			text += " broken"
			continue
		case m.Id != query.Id:
			text += " other ID"
		case m.Question[0] != query.Question[0]:
			text += " other question"
		}
		text += " " + dns.RcodeToString[m.Rcode]
		if m.Truncated {
			text += " TC"
		}
		text += fmt.Sprint(" ", len(m.Answer))
	}
	return text
}
