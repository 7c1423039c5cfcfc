package rfc2136

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/libdns/libdns"

	"github.com/spfzone/spfzone/internal/nameserver"
	"github.com/spfzone/spfzone/providers/secret"
	"github.com/spfzone/spfzone/providers/txt"
)

// comparable sorts records and compares addresses by value.
var comparable = cmp.Options{
	cmpopts.EquateComparable(netip.Addr{}),
	cmpopts.SortSlices(func(a, b libdns.Record) bool {
		x, y := a.RR(), b.RR()
		return x.Name+" "+x.Type+" "+x.Data < y.Name+" "+y.Type+" "+y.Data
	}),
}

func text(name string, ttl time.Duration, strings ...string) libdns.TXT {
	r := rec(strings...)
	return libdns.TXT{Name: name, TTL: ttl * time.Second, Text: r.Text(), ProviderData: r}
}

// atApex gives the TXT records of the zone's own name.
func atApex(t *testing.T, ctx context.Context, p *Provider) (out []libdns.Record) {
	t.Helper()
	records, err := p.GetRecords(ctx, zone)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if r.RR().Name == "@" && r.RR().Type == "TXT" {
			out = append(out, r)
		}
	}
	return out
}

func TestGetRecords(t *testing.T) {
	onEach(t, zoneText(siblings()...), func(t *testing.T, ctx context.Context, s *nameserver.Server) {
		for _, spelling := range []string{zone, "Example.TEST"} {
			got, err := client(s).GetRecords(ctx, spelling)
			if err != nil {
				t.Fatal(err)
			}
			got = slices.DeleteFunc(got, func(r libdns.Record) bool { return r.RR().Type == "SOA" })
			want := []libdns.Record{
				libdns.NS{Name: "@", TTL: 300 * time.Second, Target: "ns1.example.test."},
				libdns.MX{Name: "@", TTL: 300 * time.Second, Preference: 10, Target: "mail.example.test."},
				libdns.Address{Name: "ns1", TTL: 300 * time.Second, IP: netip.MustParseAddr("192.0.2.53")},
				libdns.CNAME{Name: "alias", TTL: 300 * time.Second, Target: "ns1.example.test."},
				text("*.wild", 300, "v=spf1 -all"),
				text("real.wild", 300, "v=spf1 -all"),
			}
			for _, r := range siblings() {
				want = append(want, text("@", 300, r.Strings...))
			}
			if diff := cmp.Diff(want, got, comparable); diff != "" {
				t.Errorf("%s: %s", spelling, diff)
			}
		}
	})
}

func TestGetRecordsGivesTheSOARecordOnce(t *testing.T) {
	onEach(t, head, func(t *testing.T, ctx context.Context, s *nameserver.Server) {
		got, err := client(s).GetRecords(ctx, zone)
		if n := len(slices.DeleteFunc(got, func(r libdns.Record) bool { return r.RR().Type != "SOA" })); err != nil || n != 1 {
			t.Errorf("%d SOA records, %v", n, err)
		}
	})
}

func TestGetRecordsRefused(t *testing.T) {
	onEach(t, head, func(t *testing.T, ctx context.Context, s *nameserver.Server) {
		p := client(s)
		p.KeyName = nameserver.Other
		_, err := p.GetRecords(ctx, zone)
		const want = "the transfer of the zone example.test. failed (the server must allow it to this key): "
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	})
}

func TestAppendRecords(t *testing.T) {
	onEach(t, zoneText(rec("a"), rec(`q"\`)), func(t *testing.T, ctx context.Context, s *nameserver.Server) {
		p := client(s)
		added, err := p.AppendRecords(ctx, zone, []libdns.Record{
			libdns.TXT{Name: "@", TTL: time.Minute, Text: "a"},
			libdns.TXT{Name: "@", TTL: time.Minute, Text: `b"\é`},
			libdns.MX{Name: "new", TTL: time.Minute, Preference: 1, Target: "mail.example.test."},
		})
		if err != nil {
			t.Fatal(err)
		}
		want := []libdns.Record{
			text("@", 300, `b"\é`),
			libdns.MX{Name: "new", TTL: time.Minute, Preference: 1, Target: "mail.example.test."},
		}
		if diff := cmp.Diff(want, added, comparable); diff != "" {
			t.Errorf("added: %s", diff)
		}
		want = []libdns.Record{text("@", 300, "a"), text("@", 300, `q"\`), text("@", 300, `b"\é`)}
		if diff := cmp.Diff(want, atApex(t, ctx, p), comparable); diff != "" {
			t.Errorf("the zone: %s", diff)
		}
	})
}

// Getting all and setting all changes nothing.
func TestSetRecords(t *testing.T) {
	onEach(t, zoneText(siblings()...), func(t *testing.T, ctx context.Context, s *nameserver.Server) {
		p := client(s)
		before := atApex(t, ctx, p)
		wire := s.TXT(zone)
		if _, err := p.SetRecords(ctx, zone, before); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(wire, s.TXT(zone), cmpopts.SortSlices(func(a, b []byte) bool { return string(a) < string(b) })); diff != "" {
			t.Errorf("on the wire: %s", diff)
		}
		set, err := p.SetRecords(ctx, zone, []libdns.Record{
			libdns.TXT{Name: "@", TTL: time.Minute, Text: "a"}, libdns.TXT{Name: "@", TTL: time.Hour, Text: strings.Repeat("b", 300)},
		})
		if err != nil {
			t.Fatal(err)
		}
		want := []libdns.Record{text("@", 60, "a"), text("@", 60, txt.Chunk(strings.Repeat("b", 300)).Strings...)}
		if diff := cmp.Diff(want, set, comparable); diff != "" {
			t.Errorf("set: %s", diff)
		}
		if diff := cmp.Diff(want, atApex(t, ctx, p), comparable); diff != "" {
			t.Errorf("the zone: %s", diff)
		}
	})
}

func TestDeleteRecords(t *testing.T) {
	all := []libdns.Record{text("@", 300, "a", "b"), text("@", 300, "ab"), text("@", 300, "c")}
	tests := []struct {
		name string
		r    libdns.Record
		want []libdns.Record // what goes
	}{
		{"absent", libdns.TXT{Name: "@", Text: "x"}, nil},
		{"another TTL", libdns.TXT{Name: "@", TTL: time.Minute, Text: "c"}, nil},
		{"another type", libdns.RR{Name: "@", Type: "SPF", Data: "c"}, nil},
		{"one of two with the same text", text("@", 300, "a", "b"), all[:1]},
		{"one, in other letters", libdns.RR{Name: "EXAMPLE.test.", Type: "txt", TTL: 300 * time.Second, Data: "c"}, all[2:]},
		{"the text alone", libdns.TXT{Name: "@", Text: "ab"}, all[1:2]},
		{"all of a type", libdns.RR{Name: "real.wild", Type: "TXT"}, []libdns.Record{text("real.wild", 300, "v=spf1 -all")}},
	}
	onEach(t, zoneText(rec("a", "b"), rec("ab"), rec("c")), func(t *testing.T, ctx context.Context, s *nameserver.Server) {
		p := client(s)
		for _, tt := range tests {
			got, err := p.DeleteRecords(ctx, zone, []libdns.Record{tt.r})
			if err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
			if diff := cmp.Diff(tt.want, got, comparable); diff != "" {
				t.Errorf("%s: %s", tt.name, diff)
			}
		}
		if left := atApex(t, ctx, p); len(left) != 0 {
			t.Errorf("left: %v", left)
		}
	})
}

func TestCheck(t *testing.T) {
	tests := []struct {
		name, want string
		p          Provider
	}{
		{"host and port", "", Provider{Server: "ns1.example.test:5353"}},
		{"host", "", Provider{Server: "ns1.example.test"}},
		{"IPv6", "", Provider{Server: "2001:db8::1"}},
		{"IPv6 and port", "", Provider{Server: "[2001:db8::1]:53"}},
		{"key", "", Provider{Server: "ns1", KeyName: "k", KeyAlg: "hmac-sha512", Key: secret.New("a2V5")}},
		{"no server", "server is missing: the primary name server as host:port", Provider{}},
		{"no host", `server is ":53", which lacks the host or the port`, Provider{Server: ":53"}},
		{"not a server", `server is "a:b:c", which is not host:port`, Provider{Server: "a:b:c"}},
		{"no secret", "key is missing: a key has key_name, key_alg and key", Provider{Server: "ns1", KeyName: "k", KeyAlg: "hmac-sha256"}},
		{"no name", "key_name is missing: a key has key_name, key_alg and key", Provider{Server: "ns1", Key: secret.New("a2V5")}},
		{"not base64", "key is not base64", Provider{Server: "ns1", KeyName: "k", KeyAlg: "hmac-sha256", Key: secret.New("secret!")}},
		{"MD5", `key_alg is "hmac-md5": hmac-sha256 and hmac-sha512 are known`, Provider{Server: "ns1", KeyName: "k", KeyAlg: "hmac-md5", Key: secret.New("a2V5")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			if err := tt.p.Check(); err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
