package spf_test

import (
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/spf"
)

// The count is that of a DNS library, which packs the same response.
func TestTXTResponseSize(t *testing.T) {
	long := strings.Repeat("x", spf.MaxString)
	tests := []struct {
		name, owner string
		rrset       []spf.TXT
	}{
		{"no record", "x.com.", nil},
		{"one string", "x.com.", []spf.TXT{{"v=spf1 -all"}}},
		{"two strings", "part1.x.com.", []spf.TXT{{long, "v=spf1 -all"}}},
		{"several records", "x.com.", []spf.TXT{{"v=spf1 -all"}, {long, long, long, long, long}, {"google-site-verification=1"}}},
		{"empty string", "x.com.", []spf.TXT{{""}, {"a", ""}}},
		{"record without strings", "x.com.", []spf.TXT{{}}},
		{"root", ".", []spf.TXT{{"v=spf1 -all"}}},
		{"top label", "com.", []spf.TXT{{"v=spf1 -all"}}},
		{"longest name", strings.Repeat(strings.Repeat("x", 62)+".", 4), []spf.TXT{{"a"}, {"b"}}},
		{"more than a pointer reaches", "x.com.", slicesOf(spf.TXT{long, long}, 60)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, want := spf.TXTResponseSize(tt.owner, tt.rrset), packedSize(t, tt.owner, tt.rrset); got != want {
				t.Errorf("%d octets, want %d", got, want)
			}
		})
	}
}

func slicesOf(txt spf.TXT, n int) []spf.TXT {
	rrset := make([]spf.TXT, n)
	for i := range rrset {
		rrset[i] = txt
	}
	return rrset
}

func packedSize(t *testing.T, owner string, rrset []spf.TXT) int {
	t.Helper()
	m := new(dns.Msg).SetQuestion(owner, dns.TypeTXT)
	m.Response, m.Compress = true, true
	for _, txt := range rrset {
		m.Answer = append(m.Answer, &dns.TXT{
			Hdr: dns.RR_Header{Name: owner, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 3600},
			Txt: txt,
		})
	}
	m.SetEdns0(1232, false)
	packed, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return len(packed)
}
