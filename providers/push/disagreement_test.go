package push_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/providers/push"
	"github.com/spfzone/spfzone/providers/txt"
)

// What servers have against each other is said, and not all that they have.
func TestDisagreementSaysTheDifference(t *testing.T) {
	set := func(ttl uint32, texts ...string) push.Answer {
		a := push.Answer{Set: txt.RRset{TTL: ttl}}
		for _, text := range texts {
			a.Set.Records = append(a.Set.Records, txt.Record{Strings: []string{text}})
		}
		return a
	}
	said := func(server string, serial uint32, a push.Answer) push.Said {
		return push.Said{Server: server, Answer: a, Serial: serial, Known: serial != 0}
	}
	const long = "v=spf1 mx ip4:192.0.2.0/24 ip4:198.51.100.0/24 "
	tests := []struct {
		name string
		says []push.Said
		want string
	}{
		{"an octet, and the second is behind",
			[]push.Said{said("ns1", 7, set(60, "a", long+"ip4:203.0.113.9 -all")), said("ns2", 5, set(60, "a", long+"ip4:203.0.113.8 -all"))},
			`against ns1, ns2 has the SPF record with "ip4:203.0.113.8" in place of "ip4:203.0.113.9"; ns2 is behind: serial 5, ns1 has 7: see to its transfer`},
		{"the first is behind, past the highest number",
			[]push.Said{said("ns1", 1<<32-1, set(60, "a")), said("ns2", 3, set(60, "a", "b"))},
			`against ns2, ns1 lacks "b"; ns1 is behind: serial 4294967295, ns2 has 3: see to its transfer`},
		{"two of three",
			[]push.Said{said("ns1", 7, set(60, "a")), said("ns2", 7, set(60, "a")), said("ns3", 6, set(30, "b"))},
			`against ns1, ns3 lacks "a", and has "b" more, and has the TTL 30 in place of 60; ns3 is behind: serial 6, ns1 has 7: see to its transfer`},
		{"the same serial", []push.Said{said("ns1", 7, set(60, "a")), said("ns2", 7, set(30, "a"))}, `against ns1, ns2 has the TTL 30 in place of 60; both have the serial 7`},
		{"no serial", []push.Said{said("ns1", 0, set(60, "a\"")), said("ns2", 7, set(0))}, `against ns2, ns1 has "a\"" more`},
		{"an alias", []push.Said{said("ns1", 7, set(60, "a")), said("ns2", 0, push.Answer{Alias: true})}, `against ns1, ns2 lacks "a", and has an alias (CNAME)`},
		{"a term more", []push.Said{said("ns1", 0, set(60, long+"-all")), said("ns2", 0, set(60, long+"a a -all"))}, `against ns1, ns2 has the SPF record with "a a" more`},
		{"a term less", []push.Said{said("ns1", 0, set(60, long+"a -all")), said("ns2", 0, set(60, long+"-all"))}, `against ns1, ns2 has the SPF record without "a"`},
		{"other terms", []push.Said{said("ns1", 0, set(60, "v=spf1 mx -all")), said("ns2", 0, set(60, "v=spf1 a ?all"))}, `against ns1, ns2 lacks "v=spf1 mx -all", and has "v=spf1 a ?all" more`},
		{"another order", []push.Said{said("ns1", 0, set(60, "v=spf1 mx a -all")), said("ns2", 0, set(60, "v=spf1 a mx -all"))}, `against ns1, ns2 lacks "v=spf1 mx a -all", and has "v=spf1 a mx -all" more`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, (&push.DisagreementError{Name: domain, Says: tt.says}).Difference()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A secondary that stays behind ends the push with the serial numbers.
func TestSecondaryStaysBehind(t *testing.T) {
	w := newWorld(t, 1)
	w.set(domain, txt.RRset{TTL: 60, Records: []txt.Record{txt.New("v=spf1 mx -all")}})
	w.set(domain, txt.RRset{TTL: 60, Records: []txt.Record{txt.New("v=spf1 mx a -all")}})
	w.lag = w.push(nil).Patience * 2
	_, err := w.push(one("v=spf1 -all")).Next(t.Context())
	var apart *push.DisagreementError
	const want = `the authoritative servers do not agree on the TXT records of x.test: against ns1, ns2 has the SPF record without "a"; ns2 is behind: serial 2, ns1 has 3: see to its transfer`
	if !errors.As(err, &apart) || err.Error() != want {
		t.Errorf("error %v\nwant  %s", err, want)
	}
}
