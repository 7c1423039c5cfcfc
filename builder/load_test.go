package builder_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/spf"
)

// TestLoad compares a configuration that uses every section with all that
// comes out of it.
func TestLoad(t *testing.T) {
	const file = "testdata/complete.yaml"
	got, err := builder.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	at := func(line, column int) builder.Place { return builder.Place{File: file, Line: line, Column: column} }
	entry := func(name string, line, column int) builder.Entry {
		return builder.Entry{Name: name, Place: at(line, column)}
	}
	term := func(text string, line, column int, m spf.Mechanism) builder.Sender {
		return builder.Sender{Place: at(line, column), Source: &builder.Term{Entry: entry(text, line, column), Mechanism: m}}
	}
	uk := &builder.Network{Entry: entry("uk-dc", 8, 3), Prefixes: prefixes("192.0.2.0/24", "2001:db8:1::/48")}
	de := &builder.Network{Entry: entry("de-dc", 9, 3), Prefixes: prefixes("198.51.100.0/24")}
	de.Owner, de.Ticket, de.Expires = "infra@x.com", "OPS-12", time.Date(2027, 6, 30, 0, 0, 0, 0, time.UTC)
	ironport := &builder.Gateway{Entry: entry("ironport", 12, 3), Host: "ironport"}
	sandberg := &builder.Gateway{Entry: entry("sandberg", 13, 3), Host: "sandberg", Pin: true}
	google := &builder.Service{Entry: entry("google", 16, 3), Include: "_spf.google.com."}
	sendgrid := &builder.Service{Entry: entry("sendgrid", 17, 3), Include: "sendgrid.net.", Flatten: builder.FlattenAlways}
	limits := builder.Limits{Lookups: 10, Voids: 2, Response: 512}
	want := &builder.Config{
		Networks: []*builder.Network{uk, de},
		Gateways: []*builder.Gateway{ironport, sandberg},
		Services: []*builder.Service{google, sendgrid},
		Domains: []*builder.Domain{{
			Place: at(20, 3), Name: "x.com.", Zone: "x.com.",
			Senders: []builder.Sender{
				term("mx", 21, 15, spf.MX{}),
				{Place: at(21, 19), Source: ironport},
				{Place: at(21, 29), Source: sandberg},
				{Place: at(21, 39), Source: uk},
				{Place: at(21, 46), Source: google},
				{Place: at(21, 54), Source: sendgrid},
			},
			All: spf.QFail, TTL: time.Hour, Limits: limits,
			Split: builder.Split{By: builder.SplitByRegion, Names: "part%d"},
			Regions: []*builder.Region{
				{Place: at(24, 7), Name: "uk.x.com.", Senders: []builder.Sender{
					term("a", 24, 18, spf.A{}), term("mx", 24, 21, spf.MX{}), {Place: at(24, 25), Source: uk},
				}},
				{Place: at(25, 7), Name: "de.x.com.", Senders: []builder.Sender{
					term("a", 25, 18, spf.A{}), term("mx", 25, 21, spf.MX{}), {Place: at(25, 25), Source: de},
				}},
			},
			Expect: []builder.Vector{
				{Place: at(27, 9), IP: netip.MustParseAddr("192.0.2.10"), From: "bob@x.com", Result: spf.Pass},
				{Place: at(28, 9), IP: netip.MustParseAddr("203.0.113.9"), Result: spf.Fail},
			},
			Publish: "bind-primary",
		}, {
			Place: at(30, 3), Name: "parked.example.", Zone: "parked.example.", Senders: []builder.Sender{},
			All: spf.QFail, TTL: time.Hour, Limits: limits, Split: builder.Split{Names: "part%d"},
		}},
		Providers: []*builder.Provider{{
			Place: at(33, 3), Name: "bind-primary", Type: "rfc2136",
			Fields: map[string]builder.Field{
				"server":   {Place: at(33, 41), Value: "127.0.0.1:53"},
				"key_name": {Place: at(33, 65), Value: "spf"},
				"key_alg":  {Place: at(33, 79), Value: "hmac-sha256"},
				"key":      {Place: at(33, 97), Value: "${SPF_TSIG_KEY}"},
			},
		}},
	}
	if diff := cmp.Diff(want, got, compare); diff != "" {
		t.Error("(-want +got)", diff)
	}
}

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

// A domain is a zone of its own, if it names none; a wildcard is not.
func TestZonesOfDomains(t *testing.T) {
	const text = `
defaults: {all: fail}
domains:
  "*.X.com": {senders: [a:mail]}
  x.com: {senders: []}
  "*.sub.x.com": {senders: [a:mail]}
  sub.x.com: {zone: X.com, senders: [a:mail]}
  "*.alone.net": {senders: [a:mail]}
  "*.other.x.com": {senders: []}
  "*.given.x.com": {zone: x.com, senders: []}
`
	want := [][3]string{
		{"*.x.com.", "x.com.", "a:mail.x.com"}, {"x.com.", "x.com.", ""},
		{"*.sub.x.com.", "X.com.", "a:mail.x.com"}, {"sub.x.com.", "X.com.", "a:mail.x.com"},
		{"*.alone.net.", "alone.net.", "a:mail.alone.net"},
		{"*.other.x.com.", "other.x.com.", ""}, {"*.given.x.com.", "x.com.", ""},
	}
	var got [][3]string
	for _, d := range parse(t, text).Domains {
		row := [3]string{d.Name, d.Zone, ""}
		for _, s := range d.Senders {
			row[2] += s.Source.(*builder.Term).Mechanism.String()
		}
		got = append(got, row)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
