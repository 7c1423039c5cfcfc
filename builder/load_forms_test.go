package builder_test

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/spf"
)

// parse reads a text that is a whole configuration.
func parse(t testing.TB, text string) *builder.Config {
	t.Helper()
	c, err := builder.Parse(builder.Input{Name: "f", Reader: strings.NewReader(text)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// compare is how configurations are compared.
var compare = cmp.Options{
	cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	cmp.Comparer(func(a, b spf.DomainSpec) bool { return a.Equal(b) }),
	cmp.Comparer(func(a, b spf.DualCIDR) bool { return a.Equal(b) }),
}

func TestSenders(t *testing.T) {
	tests := []struct{ name, sender, want string }{
		{"mechanism", "mx", "mx"},
		{"capitals", "MX:Mail.X.Com", "mx:mail.x.com"},
		{"pass", "+a", "a"},
		{"fail", "-a", "-a"},
		{"softfail", "~a", "~a"},
		{"neutral", "?a", "?a"},
		{"network", "net", "network net"},
		{"network that is excepted", "-net", "-network net"},
		{"gateway", "gate", "gateway gate"},
		{"service", "~vendor", "~service vendor"},
		{"a name with a dot", "1.2", "service 1.2"},
		{"address", "192.0.2.66", "ip4:192.0.2.66"},
		{"address that is excepted", "-192.0.2.66", "-ip4:192.0.2.66"},
		{"prefix", "2001:db8::/32", "ip6:2001:db8::/32"},
		{"IPv6 that starts like a mechanism", "a:b::/32", "ip6:a:b::/32"},
		{"IPv6 of colons", `"::1"`, "ip6:::1"},
		{"ip4", "ip4:192.0.2.0/24", "ip4:192.0.2.0/24"},
		{"everything, refused", "-0.0.0.0/0", "-ip4:0.0.0.0/0"},
		{"one label", "a:ironport", "a:ironport.zone.com"},
		{"one label and lengths", "a:ironport/24//64", "a:ironport.zone.com/24//64"},
		{"one label in mx", "mx:Mail", "mx:mail.zone.com"},
		{"one label in include", "include:_spf", "include:_spf.zone.com"},
		{"one label in ptr", "ptr:hosts", "ptr:hosts.zone.com"},
		{"one label in exists", "exists:always", "exists:always.zone.com"},
		{"final dot", "include:_spf.v.com.", "include:_spf.v.com"},
		{"final dot and length", "a:mail.v.com./28", "a:mail.v.com/28"},
		{"U-labels", "a:bücher.example", "a:xn--bcher-kva.example"},
		{"one U-label", "a:bücher", "a:xn--bcher-kva.zone.com"},
		{"macro", `"exists:%{i}._spf.%{d2}"`, "exists:%{i}._spf.%{d2}"},
		{"macro alone", `"include:%{d}"`, "include:%{d}"},
		{"mapping", "{sender: mx}", "mx"},
		{"alias", "*first", "a:first.com"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := parse(t, `
defaults: {all: fail}
networks: {net: [192.0.2.0/24]}
gateways: {gate: gate}
services: {vendor: v.com, "1.2": w.com}
domains:
  x.zone.com:
    zone: Zone.com
    senders:
    - &first a:first.com
    - `+tt.sender)
			s := c.Domains[0].Senders[1]
			if diff := cmp.Diff(tt.want, s.Qualifier.String()+source(s.Source)); diff != "" {
				t.Error("(-want +got)", diff)
			}
		})
	}
}

// source gives a mechanism, or the kind and name of an entry.
func source(s builder.Source) string {
	switch s := s.(type) {
	case *builder.Network:
		return "network " + s.Name
	case *builder.Gateway:
		return "gateway " + s.Name
	case *builder.Service:
		return "service " + s.Name
	case *builder.Term:
		return s.Mechanism.String()
	}
	return "nothing"
}

func TestSenderWithItsOwnEntry(t *testing.T) {
	c := parse(t, `
defaults: {all: fail}
networks:
  net: {addresses: [192.0.2.0/24], owner: infra, ticket: 12, comment: all of them}
domains:
  x.com:
    senders:
    - net
    - {sender: ~net, owner: sales, expires: 2027-01-31}
    - {sender: mx, comment: the old cluster}
`)
	net := c.Networks[0]
	own := net.Entry
	own.Place, own.Owner, own.Expires = place(9, 16), "sales", time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)
	want := []builder.Sender{
		{Place: place(8, 7), Source: net},
		{Place: place(9, 16), Qualifier: spf.QSoftFail, Source: net, Own: &own},
		{Place: place(10, 16), Source: &builder.Term{
			Entry:     builder.Entry{Name: "mx", Place: place(10, 16), Comment: "the old cluster"},
			Mechanism: spf.MX{},
		}},
	}
	if diff := cmp.Diff(want, c.Domains[0].Senders, compare); diff != "" {
		t.Error("(-want +got)", diff)
	}
	for i, owner := range []string{"infra", "sales", ""} {
		if got := c.Domains[0].Senders[i].Entry().Owner; got != owner {
			t.Errorf("sender %d has the owner %q, want %q", i, got, owner)
		}
	}
}

func place(line, column int) builder.Place {
	return builder.Place{File: "f", Line: line, Column: column}
}

func TestDomainSettings(t *testing.T) {
	c := parse(t, `
defaults: {ttl: 2h, all: softfail, limits: {lookups: 8, record: 255}, split: {by: network, names: spf%d}}
domains:
  X.com: {senders: [mx]}
  www.x.com: {zone: X.Com., redirect: _spf, exp: why, ttl: 300}
  y.com:
    all: neutral
    limits: {voids: 0, response: 1232, record: 0}
    split: {by: size}
    senders: []
  z.com: {regions: {a.z.com: [], y.com: , www.x.com: {}}, split: {names: part%d._spf}}
`)
	for _, d := range c.Domains {
		d.Place = builder.Place{}
		for _, r := range d.Regions {
			r.Place = builder.Place{}
		}
	}
	spec := func(s string) spf.DomainSpec {
		d, err := spf.ParseDomainSpec(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	limits := builder.Limits{Lookups: 8, Voids: 2, Response: 512, Record: 255}
	byNetwork := builder.Split{By: builder.SplitByNetwork, Names: "spf%d"}
	mx := builder.Sender{Place: place(4, 21), Source: &builder.Term{Entry: builder.Entry{Name: "mx", Place: place(4, 21)}, Mechanism: spf.MX{}}}
	want := []*builder.Domain{
		{Name: "x.com.", Zone: "X.com.", Senders: []builder.Sender{mx}, All: spf.QSoftFail, TTL: 2 * time.Hour, Limits: limits, Split: byNetwork},
		{Name: "www.x.com.", Zone: "X.Com.", Redirect: spec("_spf.x.com"), Exp: spec("why.x.com"), TTL: 5 * time.Minute, Limits: limits, Split: byNetwork},
		{
			Name: "y.com.", Zone: "y.com.", Senders: []builder.Sender{}, All: spf.QNeutral, TTL: 2 * time.Hour,
			Limits: builder.Limits{Lookups: 8, Response: 1232}, Split: builder.Split{Names: "spf%d"},
		},
		{
			Name: "z.com.", Zone: "z.com.", All: spf.QSoftFail, TTL: 2 * time.Hour, Limits: limits,
			Split: builder.Split{By: builder.SplitByRegion, Names: "part%d._spf"},
		},
	}
	want[3].Regions = []*builder.Region{
		{Name: "a.z.com.", Senders: []builder.Sender{}},
		{Name: "y.com.", Domain: want[2]},
		{Name: "www.x.com.", Domain: want[1]},
	}
	if diff := cmp.Diff(want, c.Domains, compare); diff != "" {
		t.Error("(-want +got)", diff)
	}
	if c.Domains[3].Regions[1].Domain != c.Domains[2] {
		t.Error("the region does not lead to the domain itself")
	}
}

func TestTTL(t *testing.T) {
	tests := []struct {
		text string
		want time.Duration // -1 where it is refused
	}{
		{"0", 0}, {"3600", time.Hour}, {"1h", time.Hour}, {"1H", time.Hour}, {"1h30m", 90 * time.Minute},
		{"1d", 24 * time.Hour}, {"2w", 14 * 24 * time.Hour}, {"1w2d3h4m5s", 788645 * time.Second},
		{"1.5h", 90 * time.Minute}, {"90s", 90 * time.Second}, {"2147483647", 2147483647 * time.Second},
		{"2147483648", -1}, {"1.5s", -1}, {"500ms", -1}, {"-1h", -1}, {"1h30", -1}, {"h", -1}, {"1y", -1}, {"1 h", -1},
		{"9999999w", -1}, {"99999999999999999999", -1}, {"2147483647w2147483647w2147483647w2147483647w2147483647w2147483647w", -1},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			got := time.Duration(-1)
			c, err := builder.Parse(builder.Input{Name: "f", Reader: strings.NewReader("domains: {x.com: {senders: [], all: fail, ttl: " + tt.text + "}}")})
			if err == nil {
				got = c.Domains[0].TTL
			}
			if got != tt.want {
				t.Errorf("%v (%v), want %v", got, err, tt.want)
			}
		})
	}
}

func TestLoadSeveralFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	one := write("one", "defaults: {all: fail}\ndomains: {x.com: {senders: [net]}}\n")
	two := write("two", "defaults: {ttl: 1d}\nnetworks: {net: [192.0.2.1]}\ndomains: {y.com: {senders: [net]}}\n")
	c, err := builder.Load(one, two)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range c.Domains {
		got = append(got, fmt.Sprint(d.Name, " ", d.All, " ", d.TTL, " ", source(d.Senders[0].Source)))
	}
	if diff := cmp.Diff([]string{"x.com. - 24h0m0s network net", "y.com. - 24h0m0s network net"}, got); diff != "" {
		t.Error("(-want +got)", diff)
	}

	three := write("three", "defaults: {all: softfail}\ngateways: {net: gate}\ndomains: {X.com: {senders: []}, y.com: {senders: []}}\n")
	_, err = builder.Load(one, two, three)
	want := three + `:1:12: "all" stands already at ` + one + ":1:12\n" +
		three + `:2:12: "net" stands already at ` + two + ":2:12\n" +
		three + `:3:11: the domain "X.com" stands already at ` + one + ":2:11\n" +
		three + `:3:33: "y.com" stands already at ` + two + ":3:11"
	if err == nil {
		t.Fatal("what stands in two files is not refused")
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error("(-want +got)", diff)
	}
}

// TestLoadUnreadFile has a file that cannot be read stand for all that others
// name in it.
func TestLoadUnreadFile(t *testing.T) {
	one := builder.Input{Name: "one", Reader: strings.NewReader("domains: {x.com: {senders: [net]}}\nfoo: bar\n")}
	two := builder.Input{Name: "two", Reader: strings.NewReader("defaults: {all: fail}\nnetworks: {net: [192.0.2.1}\n")}
	_, err := builder.Parse(one, two)
	if err == nil {
		t.Fatal("Parse gives no error")
	}
	want := `one:2:1: unknown key "foo" in a configuration
two:2: YAML: the list [ is not well formed: put text that holds braces, brackets or commas in quotation marks`
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error("(-want +got)", diff)
	}
}

func TestLoadWithoutAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.yaml")
	if _, err := builder.Load(path); !os.IsNotExist(err) {
		t.Errorf("Load of no file: %v", err)
	}
	if _, err := builder.Load(t.TempDir()); err == nil {
		t.Error("Load of a folder gives no error")
	}
	if _, err := builder.Load(); err == nil || err.Error() != `configuration:1:1: no domain is listed: write at least one under "domains"` {
		t.Errorf("Load of nothing: %v", err)
	}
}

func TestNotes(t *testing.T) {
	c := parse(t, `
defaults: {all: fail}
networks:
  full: [192.0.2.0/24, 198.51.100.7, 192.0.2.0/24]
  part: [192.0.2.128/25]
  same: [198.51.100.7]
  apart: [192.0.2.0/28]
domains:
  x.com: {senders: [-part, full, same]}
  y.com: {senders: [part, full, mx, same, part, ~mx, "mx:y.com", -full]}
  z.com: {senders: [apart]}
`)
	want := []string{
		`f:4:38: 192.0.2.0/24 of "full" is listed already as 192.0.2.0/24 of the same network at f:4:10`,
		`f:5:10: 192.0.2.128/25 of "part" lies in 192.0.2.0/24 of "full" at f:4:10; y.com has both networks`,
		`f:6:10: 198.51.100.7 of "same" is listed already as 198.51.100.7 of "full" at f:4:24; x.com has both networks`,
		`f:10:43: "part" counts for nothing: it stands already at f:10:21`,
		`f:10:49: "mx" counts for nothing: it stands already at f:10:33`,
		`f:10:66: "full" counts for nothing: it stands already at f:10:27`,
	}
	var got []string
	for _, n := range c.Notes {
		got = append(got, n.Place.String()+": "+n.Text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("(-want +got)", diff)
	}
}
