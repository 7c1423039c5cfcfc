package powerdns

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
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

const (
	zone = "example.test."
	head = `$ORIGIN example.test.
$TTL 300
@ IN SOA ns1 hostmaster 1 7200 3600 1209600 60
@ IN NS ns1
@ IN MX 10 mail
ns1 IN A 192.0.2.53
alias IN CNAME ns1
*.wild IN TXT "v=spf1 -all"
`
)

func rec(s ...string) txt.Record { return txt.Record{Strings: s} }

func siblings() []txt.Record {
	return []txt.Record{
		rec("google-site-verification=abc"),
		rec(`say "hi" \ there`),
		rec("h\xc3\xa9 \xff\x00"),
		txt.Chunk(strings.Repeat("x", 400)),
		rec("two ", "strings", ""),
	}
}

func set(ttl uint32, r ...txt.Record) txt.RRset { return txt.RRset{TTL: ttl, Records: r} }

func with(r ...txt.Record) []txt.Record { return append(siblings(), r...) }

// start runs a server with records at the apex.
func start(t *testing.T, records ...txt.Record) (context.Context, *Provider, *nameserver.Server) {
	t.Helper()
	text := head
	for _, r := range records {
		text += "@ IN TXT " + r.String() + "\n"
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	s := nameserver.PowerDNS(t, zone, text)
	return ctx, &Provider{ServerURL: s.API + "/", APIToken: secret.New(s.APIKey)}, s
}

func wantSet(t *testing.T, ctx context.Context, p *Provider, name string, want txt.RRset) {
	t.Helper()
	got, err := p.ReadTXT(ctx, zone, name)
	if err != nil {
		t.Fatal(err)
	}
	if !got.Equal(want) {
		t.Errorf("RRset: %s", cmp.Diff(want, got))
	}
}

func TestReplaceTXT(t *testing.T) {
	old, long := rec("v=spf1 ", "mx ", "-all"), txt.New("v=spf1 "+strings.Repeat("ip4:192.0.2.1 ", 40)+"-all")
	ctx, p, _ := start(t, with(old)...)
	before := set(300, with(old)...)
	wantSet(t, ctx, p, zone, before)
	for _, step := range []struct {
		name string
		new  txt.RRset
	}{
		{"replace", set(300, with(rec("v=spf1 -all"))...)},
		{"a long one", set(300, with(long)...)},
		{"the TTL alone", set(60, with(long)...)},
		{"text and TTL", set(120, with(rec("v=spf1 a -all"))...)},
		{"delete", set(120, siblings()...)},
		{"create", set(120, with(rec("V=SPF1 ~all"))...)},
	} {
		if err := p.ReplaceTXT(ctx, zone, zone, before, step.new); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		wantSet(t, ctx, p, zone, step.new)
		if err := p.ReplaceTXT(ctx, zone, zone, before, step.new); !errors.Is(err, txt.ErrConflict) {
			t.Errorf("%s again: %v, want a conflict", step.name, err)
		}
		before = step.new
	}
	const part = "part1.example.test."
	one := set(60, rec("v=spf1 -all"))
	for _, step := range []struct{ old, new txt.RRset }{{txt.RRset{}, one}, {one, txt.RRset{}}} {
		if err := p.ReplaceTXT(ctx, zone, part, step.old, step.new); err != nil {
			t.Fatal(err)
		}
		wantSet(t, ctx, p, part, step.new)
	}
}

// What the server keeps of a record goes back to it: its spelling, and whether
// it is disabled.
func TestReplaceTXTKeepsWhatItDoesNotKnow(t *testing.T) {
	ctx, p, _ := start(t, rec("v=spf1 -all"))
	kept := []record{{`"a\;b"`, false}, {`"` + strings.Repeat("y", 300) + `"`, false}, {`"v=spf1 +all"`, true}}
	if err := p.patch(ctx, zone, rrset{Name: zone, Type: "TXT", TTL: 300, Records: append([]record{{`"v=spf1 -all"`, false}}, kept...)}); err != nil {
		t.Fatal(err)
	}
	old := set(300, rec("v=spf1 -all"), rec("a;b"), txt.Chunk(strings.Repeat("y", 300)))
	wantSet(t, ctx, p, zone, old)
	if err := p.ReplaceTXT(ctx, zone, zone, old, old.With("v=spf1 mx -all", 300)); err != nil {
		t.Fatal(err)
	}
	got, err := p.whole(ctx, zone, zone, "TXT")
	if err != nil {
		t.Fatal(err)
	}
	want := append([]record{{`"v=spf1 mx -all"`, false}}, kept...)
	if diff := cmp.Diff(want, got.Records, cmpopts.SortSlices(func(a, b record) bool { return a.Content < b.Content })); diff != "" {
		t.Error(diff)
	}
}

func TestAliasesAndWildcards(t *testing.T) {
	ctx, p, _ := start(t)
	_, err := p.ReadTXT(ctx, zone, "alias.example.test.")
	const want = "the change cannot be made safely: alias.example.test. is an alias (CNAME), beside which no TXT record can stand"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	wantSet(t, ctx, p, "none.wild.example.test.", txt.RRset{})
}

var comparable = cmp.Options{
	cmpopts.EquateComparable(netip.Addr{}),
	cmpopts.IgnoreFields(libdns.TXT{}, "ProviderData"),
	cmpopts.SortSlices(func(a, b libdns.Record) bool {
		x, y := a.RR(), b.RR()
		return x.Name+" "+x.Type+" "+x.Data < y.Name+" "+y.Type+" "+y.Data
	}),
}

func text(name string, ttl time.Duration, s string) libdns.TXT {
	return libdns.TXT{Name: name, TTL: ttl * time.Second, Text: s}
}

func TestLibdns(t *testing.T) {
	ctx, p, server := start(t, siblings()...)
	get := func() []libdns.Record {
		t.Helper()
		records, err := p.GetRecords(ctx, "example.test")
		if err != nil {
			t.Fatal(err)
		}
		return slices.DeleteFunc(records, func(r libdns.Record) bool { return r.RR().Type == "SOA" })
	}
	want := []libdns.Record{
		libdns.NS{Name: "@", TTL: 300 * time.Second, Target: "ns1.example.test."},
		libdns.MX{Name: "@", TTL: 300 * time.Second, Preference: 10, Target: "mail.example.test."},
		libdns.Address{Name: "ns1", TTL: 300 * time.Second, IP: netip.MustParseAddr("192.0.2.53")},
		libdns.CNAME{Name: "alias", TTL: 300 * time.Second, Target: "ns1.example.test."},
		text("*.wild", 300, "v=spf1 -all"),
	}
	for _, r := range siblings() {
		want = append(want, text("@", 300, r.Text()))
	}
	all := get()
	if diff := cmp.Diff(want, all, comparable); diff != "" {
		t.Fatalf("GetRecords: %s", diff)
	}

	wire := server.TXT(zone)
	apex := slices.DeleteFunc(slices.Clone(all), func(r libdns.Record) bool { return r.RR().Type != "TXT" || r.RR().Name != "@" })
	if _, err := p.SetRecords(ctx, zone, apex); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wire, server.TXT(zone), cmpopts.SortSlices(func(a, b []byte) bool { return string(a) < string(b) })); diff != "" {
		t.Errorf("getting and setting changed, on the wire: %s", diff)
	}

	added, err := p.AppendRecords(ctx, zone, []libdns.Record{text("@", 60, `say "hi" \ there`), text("@", 60, "new")})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]libdns.Record{text("@", 300, "new")}, added, comparable); diff != "" {
		t.Errorf("AppendRecords: %s", diff)
	}

	for _, d := range []struct {
		name string
		r    libdns.Record
		want []libdns.Record
	}{
		{"absent", text("@", 0, "x"), nil},
		{"another TTL", text("@", 60, "new"), nil},
		{"one", libdns.RR{Name: "EXAMPLE.test.", Type: "txt", Data: "new"}, []libdns.Record{text("@", 300, "new")}},
	} {
		deleted, err := p.DeleteRecords(ctx, zone, []libdns.Record{d.r})
		if err != nil {
			t.Errorf("%s: %v", d.name, err)
		}
		if diff := cmp.Diff(d.want, deleted, comparable); diff != "" {
			t.Errorf("DeleteRecords, %s: %s", d.name, diff)
		}
	}
	if diff := cmp.Diff(all, get(), comparable); diff != "" {
		t.Errorf("in the end: %s", diff)
	}
	zones, err := p.ListZones(ctx)
	if diff := cmp.Diff([]libdns.Zone{{Name: zone}}, zones); diff != "" || err != nil {
		t.Errorf("ListZones: %s, %v", diff, err)
	}
}

func TestRefusals(t *testing.T) {
	ctx, p, _ := start(t, rec("v=spf1 -all"))
	wrong := *p
	wrong.APIToken = secret.New("wrong")
	tests := []struct {
		name, want string
		do         func() error
	}{
		{"the key", "the server answers 401 Unauthorized: it does not accept the key; compare api_token with its api-key",
			func() error { _, err := wrong.ReadTXT(ctx, zone, zone); return err }},
		{"the zone", "the server answers 404 Not Found: it has no such zone, or no API there; compare server_url, server_id and the zone with what it has",
			func() error { _, err := p.ReadTXT(ctx, "other.test.", "other.test."); return err }},
		{"an alias", "the server answers 422 Unprocessable Entity: RRset alias.example.test. IN TXT: Conflicts with pre-existing RRset",
			func() error {
				return p.ReplaceTXT(ctx, zone, "alias.example.test.", txt.RRset{}, set(60, rec("v=spf1 -all")))
			}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.do(); err == nil || err.Error() != tt.want {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestBadAnswers(t *testing.T) {
	tests := []struct {
		name, answer, want string
		status             int
	}{
		{"malformed", `{"name":`, "the answer is not what the API of PowerDNS gives: unexpected end of JSON input", 200},
		{"another zone", `{"name":"other.test.","rrsets":[]}`, "the answer is not the zone example.test.", 200},
		{"no RRsets", `{"name":"example.test."}`, "the answer is not the zone example.test.", 200},
		{"500 with HTML", `<html>`, "the server answers 500 Internal Server Error: it gives no reason", 500},
		{"429", `{"error":"slow down"}`, "the server answers 429 Too Many Requests: slow down", 429},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(tt.status)
				w.Write([]byte(tt.answer))
			}))
			defer s.Close()
			_, err := (&Provider{ServerURL: s.URL, APIToken: secret.New("k")}).ReadTXT(t.Context(), zone, zone)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	tests := []struct {
		name, want string
		p          Provider
	}{
		{"all", "", Provider{ServerURL: "https://ns1.example.test/pdns", APIToken: secret.New("k")}},
		{"no address", "server_url is missing: the address of the API, as http://127.0.0.1:8081", Provider{APIToken: secret.New("k")}},
		{"no scheme", `server_url is "127.0.0.1:8081", which is no http:// or https:// address`, Provider{ServerURL: "127.0.0.1:8081", APIToken: secret.New("k")}},
		{"no key", "api_token is missing: the server's api-key", Provider{ServerURL: "http://ns1.example.test"}},
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

func TestNames(t *testing.T) {
	for _, tt := range []struct{ absolute, zone, relative string }{
		{"example.test.", "Example.TEST", "@"},
		{"a.b.Example.test.", "example.test.", "a.b"},
		{"notexample.test.", "example.test.", "notexample.test."},
		{"test.", ".", "test"},
		{".", ".", "@"},
	} {
		if got := relative(tt.absolute, tt.zone); got != tt.relative {
			t.Errorf("relative(%s, %s) = %s, want %s", tt.absolute, tt.zone, got, tt.relative)
		}
		if got := absolute(tt.relative, tt.zone); !strings.EqualFold(got, tt.absolute) {
			t.Errorf("absolute(%s, %s) = %s, want %s", tt.relative, tt.zone, got, tt.absolute)
		}
	}
}
