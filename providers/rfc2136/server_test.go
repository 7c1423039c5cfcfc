package rfc2136

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
real.wild IN TXT "v=spf1 -all"
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

// zoneText has records at the apex.
func zoneText(records ...txt.Record) string {
	text := head
	for _, r := range records {
		text += "@ IN TXT " + r.String() + "\n"
	}
	return text
}

func client(s *nameserver.Server) *Provider {
	return &Provider{Server: s.Address, KeyName: nameserver.KeyName, KeyAlg: "hmac-sha256", Key: secret.New(nameserver.Key)}
}

// onEach runs a test with each name server.
func onEach(t *testing.T, text string, test func(t *testing.T, ctx context.Context, s *nameserver.Server)) {
	for _, k := range nameserver.Kinds() {
		t.Run(k.Name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
			defer cancel()
			test(t, ctx, k.Start(t, zone, text))
		})
	}
}

// read is what a test compares with.
func read(t *testing.T, ctx context.Context, p *Provider, name string) txt.RRset {
	t.Helper()
	got, err := p.ReadTXT(ctx, zone, name)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func wantSet(t *testing.T, got, want txt.RRset) {
	t.Helper()
	if !got.Equal(want) {
		t.Errorf("RRset: %s", cmp.Diff(want, got))
	}
}

func TestReplaceTXT(t *testing.T) {
	old, long := rec("v=spf1 ", "mx ", "-all"), txt.New("v=spf1 "+strings.Repeat("ip4:192.0.2.1 ", 40)+"-all")
	steps := []struct {
		name string
		new  txt.RRset
	}{
		{"replace", set(300, with(rec("v=spf1 -all"))...)},
		{"a long one", set(300, with(long)...)},
		{"the TTL alone", set(60, with(long)...)},
		{"text and TTL", set(120, with(rec("v=spf1 a -all"))...)},
		{"delete", set(120, siblings()...)},
		{"create", set(120, with(rec("V=SPF1 ~all"))...)},
		{"create with another TTL", set(30, with(rec("V=SPF1 ?all"))...)},
	}
	onEach(t, zoneText(with(old)...), func(t *testing.T, ctx context.Context, s *nameserver.Server) {
		p := client(s)
		before := set(300, with(old)...)
		wantSet(t, read(t, ctx, p, zone), before)
		for _, step := range steps {
			if err := p.ReplaceTXT(ctx, zone, zone, before, step.new); err != nil {
				t.Fatalf("%s: %v", step.name, err)
			}
			wantSet(t, read(t, ctx, p, zone), step.new)
			before = step.new
		}
	})
}

func TestReplaceTXTAlone(t *testing.T) {
	const name = "part1.example.test."
	one := set(300, rec("v=spf1 -all"))
	onEach(t, head, func(t *testing.T, ctx context.Context, s *nameserver.Server) {
		p := client(s)
		for _, step := range []struct{ old, new txt.RRset }{
			{txt.RRset{}, one},
			{one, set(60, rec("v=spf1 -all"))},
			{set(60, rec("v=spf1 -all")), set(60, rec("v=spf1 mx -all"))},
			{set(60, rec("v=spf1 mx -all")), txt.RRset{}},
		} {
			if err := p.ReplaceTXT(ctx, zone, name, step.old, step.new); err != nil {
				t.Fatal(err)
			}
			wantSet(t, read(t, ctx, p, name), step.new)
		}
	})
}

func TestReplaceTXTNoticesOthers(t *testing.T) {
	old := rec("v=spf1 -all")
	there, want := set(300, with(old)...), set(300, with(rec("v=spf1 mx -all"))...)
	tests := []struct {
		name     string
		old, new txt.RRset
	}{
		{"another SPF record", set(300, with(rec("v=spf1 a -all"))...), want},
		{"a sibling more", set(300, with(old, rec("x"))...), want},
		{"a sibling less", set(300, append(siblings()[1:], old)...), want},
		{"other strings", set(300, with(rec("v=spf1", " -all"))...), want},
		{"something where nothing was", txt.RRset{}, set(300, rec("v=spf1 mx -all"))},
	}
	onEach(t, zoneText(with(old)...), func(t *testing.T, ctx context.Context, s *nameserver.Server) {
		p := client(s)
		for _, tt := range tests {
			if err := p.ReplaceTXT(ctx, zone, zone, tt.old, tt.new); !errors.Is(err, txt.ErrConflict) {
				t.Errorf("%s: %v, want a conflict", tt.name, err)
			}
			wantSet(t, read(t, ctx, p, zone), there)
		}
		err := p.ReplaceTXT(ctx, zone, "none.example.test.", set(300, old), set(300, rec("v=spf1 mx")))
		if !errors.Is(err, txt.ErrConflict) {
			t.Errorf("nothing where something was: %v, want a conflict", err)
		}
	})
}

func TestAliases(t *testing.T) {
	const name = "alias.example.test."
	onEach(t, head, func(t *testing.T, ctx context.Context, s *nameserver.Server) {
		p := client(s)
		_, err := p.ReadTXT(ctx, zone, name)
		const want = "the change cannot be made safely: alias.example.test. is an alias (CNAME), beside which no TXT record can stand"
		if err == nil || err.Error() != want || !errors.Is(err, txt.ErrUnsafe) {
			t.Errorf("reading: %v, want %s", err, want)
		}
		if err := p.ReplaceTXT(ctx, zone, name, txt.RRset{}, set(300, rec("v=spf1 -all"))); !errors.Is(err, txt.ErrConflict) {
			t.Errorf("writing: %v, want a conflict", err)
		}
	})
}

// What a wildcard answers is not what stands at the name.
func TestWildcards(t *testing.T) {
	one := set(300, rec("v=spf1 -all"))
	onEach(t, head, func(t *testing.T, ctx context.Context, s *nameserver.Server) {
		p := client(s)
		wantSet(t, read(t, ctx, p, "none.wild.example.test."), txt.RRset{})
		wantSet(t, read(t, ctx, p, "real.wild.example.test."), one)
		wantSet(t, read(t, ctx, p, "*.wild.example.test."), one)
		if err := p.ReplaceTXT(ctx, zone, "new.wild.example.test.", txt.RRset{}, one); err != nil {
			t.Error(err)
		}
		wantSet(t, read(t, ctx, p, "new.wild.example.test."), one)
	})
}

func TestSHA512(t *testing.T) {
	onEach(t, zoneText(rec("v=spf1 -all")), func(t *testing.T, ctx context.Context, s *nameserver.Server) {
		p := client(s)
		p.KeyName, p.KeyAlg = nameserver.Key512, "HMAC-SHA512."
		if err := p.ReplaceTXT(ctx, zone, zone, set(300, rec("v=spf1 -all")), set(300, rec("v=spf1 mx -all"))); err != nil {
			t.Fatal(err)
		}
		wantSet(t, read(t, ctx, p, zone), set(300, rec("v=spf1 mx -all")))
	})
}

func TestRefusals(t *testing.T) {
	old, new := set(300, rec("v=spf1 -all")), set(300, rec("v=spf1 mx -all"))
	const (
		badKey  = `the server does not accept the TSIG key (BADKEY): it does not know a key named "%s" with the algorithm hmac-sha256, or (Knot DNS) has no acl that allows it this; compare key_name and key_alg with its configuration`
		badSig  = `the server does not accept the TSIG key (BADSIG): the secret is another one; compare key with its configuration`
		badTime = `the server does not accept the TSIG key (BADTIME): the clocks here and there differ by more than 300 seconds`
		refused = `the server answers REFUSED: it does not allow this, or (PowerDNS) knows no such key, secret or time; see allow-query, allow-transfer and allow-update or update-policy, and check-names for address lists (BIND), acl (Knot DNS), TSIG-ALLOW-DNSUPDATE (PowerDNS)`
		notAuth = `the server answers NOTAUTH: it is not authoritative for the zone %s; server must be its primary name server (Knot DNS says so where the key is missing too)`
	)
	tests := []struct {
		name   string
		change func(p *Provider)
		zone   string
		want   map[string]string // by server; the start of the error
	}{
		{"an unknown key", func(p *Provider) { p.KeyName = "nobody" }, zone,
			map[string]string{"BIND": fmt.Sprintf(badKey, "nobody"), "Knot DNS": fmt.Sprintf(badKey, "nobody"), "PowerDNS": refused}},
		{"another secret", func(p *Provider) { p.Key = secret.New("c2VjcmV0") }, zone,
			map[string]string{"BIND": badSig, "Knot DNS": badSig, "PowerDNS": refused}},
		{"another time", func(p *Provider) { p.now = func() time.Time { return time.Now().Add(-time.Hour) } }, zone,
			map[string]string{"BIND": badTime, "Knot DNS": badTime, "PowerDNS": refused}},
		{"a key without rights", func(p *Provider) { p.KeyName = nameserver.Other }, zone,
			map[string]string{"BIND": refused, "Knot DNS": fmt.Sprintf(badKey, nameserver.Other), "PowerDNS": refused}},
		{"no key", func(p *Provider) { *p = Provider{Server: p.Server} }, zone,
			map[string]string{"BIND": refused, "Knot DNS": fmt.Sprintf(notAuth, zone), "PowerDNS": refused}},
		{"another zone", func(p *Provider) {}, "other.test.",
			map[string]string{"BIND": fmt.Sprintf(notAuth, "other.test."), "Knot DNS": fmt.Sprintf(notAuth, "other.test."), "PowerDNS": fmt.Sprintf(notAuth, "other.test.")}},
	}
	onEach(t, zoneText(rec("v=spf1 -all")), func(t *testing.T, ctx context.Context, s *nameserver.Server) {
		for _, tt := range tests {
			p := client(s)
			tt.change(p)
			err := p.ReplaceTXT(ctx, tt.zone, tt.zone, old, new)
			if err == nil || !strings.HasPrefix(err.Error(), tt.want[s.Name]) {
				t.Errorf("%s:\n got %v\nwant %s", tt.name, err, tt.want[s.Name])
			}
			wantSet(t, read(t, ctx, client(s), zone), old)
		}
	})
}

func TestUnreachable(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	p := &Provider{Server: "127.0.0.1:1"}
	if _, err := p.ReadTXT(ctx, zone, zone); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
