package resolver

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/internal/nameserver"
	"github.com/spfzone/spfzone/spf"
)

// named serves zone files with BIND.
func named(t *testing.T, zones map[string]string) spf.Resolver {
	t.Helper()
	return direct(t, nameserver.Zones(t, zones).Address)
}

// direct gives a client of a server that keeps nothing.
func direct(t *testing.T, address string) spf.Resolver {
	t.Helper()
	return open(t, Options{Timeout: patience, Attempts: 1, CacheSize: -1}, "udp://"+address)
}

// wildZone has the cases of RFC 4592, Section 2.2.1, and more of their kind.
const wildZone = `$ORIGIN x.test.
$TTL 300
@                  SOA ns hostmaster 1 7200 3600 1209600 60
@                  NS ns
ns                 A 127.0.0.1
@                  TXT "v=spf1 a" " -all"
@                  TXT "v=spf1 a" " -all"
@                  TXT "octets \000\009\127\128\255 \"quoted\" \\ ; ( ) @ é"
@                  TXT ""
@                  MX 10 Mail
@                  MX 20 .
*                  TXT "this is a wildcard"
*                  MX 10 host1
sub.*              TXT "this is not a wildcard"
host1              A 192.0.2.1
host1              A 192.0.2.2
_ssh._tcp.host1    SRV 0 0 22 host1
_ssh._tcp.host2    SRV 0 0 22 host1
b.c.d              A 192.0.2.3
*.d                A 192.0.2.4
mail               A 192.0.2.5
mail               AAAA 2001:db8::5
alias              CNAME MAIL
alias2             CNAME alias
wildtarget         CNAME anything.d
lost               CNAME no.mail
out                CNAME y.test.
loop               CNAME round
round              CNAME loop
self               CNAME self
*.calias           CNAME mail
kept.calias        A 192.0.2.6
*.cwild            CNAME anything.d
*.cloop            CNAME again.cloop
tree               DNAME d
tree               TXT "at the DNAME"
user+tag._spf      TXT "plus"
a\.b               TXT "a dot inside a label"
under_score        TXT "underscore"
sl/ash             TXT "slash"
\000\200\\\"       TXT "odd octets"
UPPER              TXT "upper case"
long               TXT ( "{LONG}" "{LONG}" "{LONG}" "{LONG}" "{LONG}" "{LONG}" "{LONG}" "{LONG}" )
c1 CNAME c2
c2 CNAME c3
c3 CNAME c4
c4 CNAME c5
c5 CNAME c6
c6 CNAME c7
c7 CNAME c8
c8 CNAME c9
c9                 A 192.0.2.7
`

const reverseZone = `$ORIGIN 2.0.192.in-addr.arpa.
$TTL 300
@ SOA ns.x.test. hostmaster.x.test. 1 7200 3600 1209600 60
@ NS ns.x.test.
1 PTR host1.x.test.
1 PTR Mail.x.test.
* PTR wild.x.test.
`

const yZone = `$ORIGIN y.test.
@ 300 SOA ns.x.test. h.x.test. 1 2 3 4 60
@ 300 NS ns.x.test.
@ 300 TXT away
`

// outcome is what a resolver says to one question, without order, TTL and
// source.
type outcome struct {
	TXT      []string
	Addrs    []netip.Addr
	MX       []spf.MailExchange
	PTR      []string
	NXDomain bool
	Alias    string
	Failed   bool
}

// outcomes asks for everything that SPF can ask for at a name.
func outcomes(ctx context.Context, r spf.Resolver, name string) map[string]outcome {
	txt, errTXT := r.LookupTXT(ctx, name)
	ip4, err4 := r.LookupIP(ctx, name, spf.V4)
	ip6, err6 := r.LookupIP(ctx, name, spf.V6)
	mx, errMX := r.LookupMX(ctx, name)
	var texts []string
	for _, t := range txt.Records {
		texts = append(texts, fmt.Sprintf("%q", t))
	}
	byHost := func(a, b spf.MailExchange) int {
		return cmp.Or(cmp.Compare(a.Preference, b.Preference), cmp.Compare(a.Host, b.Host))
	}
	return map[string]outcome{
		"TXT":  {TXT: slices.Sorted(slices.Values(texts)), NXDomain: txt.NXDomain, Alias: txt.Alias, Failed: errTXT != nil},
		"A":    {Addrs: slices.SortedFunc(slices.Values(ip4.Records), netip.Addr.Compare), NXDomain: ip4.NXDomain, Alias: ip4.Alias, Failed: err4 != nil},
		"AAAA": {Addrs: slices.SortedFunc(slices.Values(ip6.Records), netip.Addr.Compare), NXDomain: ip6.NXDomain, Alias: ip6.Alias, Failed: err6 != nil},
		"MX":   {MX: slices.SortedFunc(slices.Values(mx.Records), byHost), NXDomain: mx.NXDomain, Alias: mx.Alias, Failed: errMX != nil},
	}
}

// names gives each owner of the world with its parent, a name below, two
// labels below, and a sibling.
func (w *World) neighbourhood() []string {
	seen := map[string]bool{}
	for name := range w.names {
		seen[name] = true
		seen["nope."+name], seen["a.b."+name], seen["*."+name] = true, true, true
		if parent := parentOf(name); parent != "" {
			seen[joinName("sibling.", parent)] = true
		}
	}
	var names []string
	for name := range seen {
		if strings.HasSuffix(name, "x.test.") && exists(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// A World, the name server of the tests and BIND say the same of one zone
// file, name by name and type by type.
func TestWorldAgreesWithBIND(t *testing.T) {
	text := strings.ReplaceAll(wildZone, "{LONG}", strings.Repeat("x", 250))
	live := named(t, map[string]string{"x.test.": text, "2.0.192.in-addr.arpa.": reverseZone, "y.test.": yZone})
	dir := writeFiles(t, map[string]string{"x.zone": text, "reverse.zone": reverseZone, "y.zone": yZone})
	world, err := LoadFiles(filepath.Join(dir, "x.zone"), filepath.Join(dir, "reverse.zone"), filepath.Join(dir, "y.zone"))
	if err != nil {
		t.Fatal(err)
	}
	fake := open(t, Options{}, dnstest.ServeZone(t, text+reverseZone+yZone).URL("udp"))
	names := world.neighbourhood()
	compared, empty, missing, failed := 0, 0, 0, 0
	for _, name := range names {
		want, got := outcomes(t.Context(), live, name), outcomes(t.Context(), world, name)
		if diff := gocmp.Diff(want, got, sameAddr); diff != "" {
			t.Errorf("%q: BIND (-) and the world (+) differ:\n%s", name, diff)
		}
		if diff := gocmp.Diff(want, outcomes(t.Context(), fake, name), sameAddr); diff != "" {
			t.Errorf("%q: BIND (-) and the server of the tests (+) differ:\n%s", name, diff)
		}
		for _, o := range got {
			compared++
			switch {
			case o.Failed:
				failed++
			case o.NXDomain:
				missing++
			case len(o.TXT)+len(o.Addrs)+len(o.MX) == 0:
				empty++
			}
		}
	}
	t.Logf("%d questions: %d NXDOMAIN, %d NODATA, %d failures", compared, missing, empty, failed)
	if compared < 700 || empty < 100 || missing < 400 || failed < 20 {
		t.Errorf("%d questions: %d NXDOMAIN, %d NODATA, %d failures are too few", compared, missing, empty, failed)
	}
	for _, ip := range []string{"192.0.2.1", "192.0.2.77", "2001:db8::1"} {
		addr := netip.MustParseAddr(ip)
		want, errWant := live.LookupPTR(t.Context(), addr)
		got, err := world.LookupPTR(t.Context(), addr)
		if ip == "2001:db8::1" { // outside of BIND's zones, and not there in the world
			if errWant == nil || err != nil || !got.NXDomain {
				t.Errorf("%s: BIND %v, %v; world %v, %v", ip, want, errWant, got, err)
			}
			continue
		}
		if diff := gocmp.Diff(slices.Sorted(slices.Values(want.Records)), slices.Sorted(slices.Values(got.Records))); diff != "" || err != nil || errWant != nil {
			t.Errorf("%s: %v, %v: BIND (-) and the world (+) differ:\n%s", ip, errWant, err, diff)
		}
	}
}

// The client over BIND: TTLs, truncation, octets.
func TestClientWithBIND(t *testing.T) {
	r := named(t, map[string]string{"x.test.": strings.ReplaceAll(wildZone, "{LONG}", strings.Repeat("x", 250))})
	source := r.(*client).servers[0].String()
	long := spf.TXT{}
	for range 8 {
		long = append(long, strings.Repeat("x", 250))
	}
	tests := []struct {
		name, query string
		want        txtAnswer
	}{
		{"truncated, then by TCP", "long.x.test.", txtAnswer{Records: []spf.TXT{long}, TTL: 5 * time.Minute, Source: source}},
		{"NXDOMAIN, by the SOA's minimum", "a.b.host1.x.test.", txtAnswer{NXDomain: true, TTL: time.Minute, Source: source}},
		{"NODATA, by the SOA's minimum", "ns.x.test.", txtAnswer{TTL: time.Minute, Source: source}},
		{"wildcard", "any.x.test.", txtAnswer{Records: []spf.TXT{{"this is a wildcard"}}, TTL: 5 * time.Minute, Source: source}},
		{"octets in a name", "\x00\xc8\\\".x.test.", txtAnswer{Records: []spf.TXT{{"odd octets"}}, TTL: 5 * time.Minute, Source: source}},
		{"a plus sign in a name", "user+tag._spf.x.test.", txtAnswer{Records: []spf.TXT{{"plus"}}, TTL: 5 * time.Minute, Source: source}},
		{"upper case in the zone", "upper.x.test.", txtAnswer{Records: []spf.TXT{{"upper case"}}, TTL: 5 * time.Minute, Source: source}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := r.LookupTXT(t.Context(), tt.query)
			if diff := gocmp.Diff(tt.want, got); diff != "" || err != nil {
				t.Error(err, diff)
			}
		})
	}
	for query, want := range map[string]string{
		"loop.x.test.": "loop.x.test. TXT: " + source + ": SERVFAIL", // and the reason, in BIND's words
		"y.test.":      "y.test. TXT: " + source + ": REFUSED",
		"out.x.test.":  "y.test. TXT: " + source + ": REFUSED",
	} {
		if _, err := r.LookupTXT(t.Context(), query); !strings.HasPrefix(fmt.Sprint(err), want) {
			t.Errorf("%s: error %v, want %s", query, err, want)
		}
	}
}

// Behind a cache the same answers come, with their TTL running
// down.
func TestClientWithUnbound(t *testing.T) {
	text := strings.ReplaceAll(wildZone, "{LONG}", strings.Repeat("x", 250))
	bind := named(t, map[string]string{"x.test.": text})
	upstream := strings.TrimPrefix(bind.(*client).servers[0].String(), "udp://")
	r := direct(t, nameserver.Unbound(t, "x.test.", upstream))
	for _, name := range []string{"x.test.", "long.x.test.", "alias2.x.test.", "lost.x.test.", "none.mail.x.test.", "any.x.test.", "wildtarget.x.test.", "user+tag._spf.x.test.", "\x00\xc8\\\".x.test.", "loop.x.test.", "host.tree.x.test."} {
		want, got := outcomes(t.Context(), bind, name), outcomes(t.Context(), r, name)
		if diff := gocmp.Diff(want, got, sameAddr); diff != "" {
			t.Errorf("%q: BIND (-) and unbound (+) differ:\n%s", name, diff)
		}
	}
	if a, err := r.LookupTXT(t.Context(), "none.mail.x.test."); err != nil || a.TTL > time.Minute {
		t.Errorf("NXDOMAIN from the cache: %v, %v", a, err)
	}
}
