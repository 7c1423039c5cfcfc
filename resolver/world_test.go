package resolver

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/spf"
)

const zone = `$ORIGIN x.test.
@        IN TXT "v=spf1 a" " -all"
@        IN TXT "octets \000\200 \"quoted\" \\"
Mail     IN A 192.0.2.1
mail     IN AAAA 2001:db8::1
@        IN MX 20 mail
@        IN MX 10 backup
alias    IN CNAME mail
far      IN CNAME alias
lost     IN CNAME none
*.aliases IN CNAME far
loop     IN CNAME round
round    IN CNAME loop
down     IN DNAME deep.mail
host.deep.mail IN A 192.0.2.9
*.wild   IN A 192.0.2.7
a.b.wild IN A 192.0.2.8
1.2.0.192.in-addr.arpa. IN PTR mail
`

func TestWorldAddresses(t *testing.T) {
	w := parse(t)
	tests := []struct {
		name, query string
		want        string
		nxdomain    bool
		alias       string
	}{
		{"own address", "mail.x.test.", "192.0.2.1", false, ""},
		{"alias", "alias.x.test.", "192.0.2.1", false, "mail.x.test."},
		{"alias of an alias", "far.x.test.", "192.0.2.1", false, "alias.x.test."},
		{"alias by a wildcard", "any.aliases.x.test.", "192.0.2.1", false, "far.x.test."},
		{"alias of nothing", "lost.x.test.", "", true, "none.x.test."},
		{"below a DNAME", "host.down.x.test.", "192.0.2.9", false, "host.deep.mail.x.test."},
		{"two labels below a DNAME", "a.host.down.x.test.", "", true, "a.host.deep.mail.x.test."},
		{"at a DNAME", "down.x.test.", "", false, ""},
		{"an over-long label, beside a wildcard", strings.Repeat("a", 64) + ".wild.x.test.", "", true, ""},
		{"an empty label, beside a wildcard", "a..wild.x.test.", "", true, ""},
		{"NODATA", "x.test.", "", false, ""},
		{"NXDOMAIN", "none.x.test.", "", true, ""},
		{"outside", "y.test.", "", true, ""},
		{"wildcard", "any.wild.x.test.", "192.0.2.7", false, ""},
		{"wildcard, two labels", "any.other.wild.x.test.", "192.0.2.7", false, ""},
		{"empty non-terminal", "b.wild.x.test.", "", false, ""},
		{"below an empty non-terminal", "c.b.wild.x.test.", "", true, ""},
		{"beside the wildcard", "a.b.wild.x.test.", "192.0.2.8", false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := w.LookupIP(t.Context(), tt.query, spf.V4)
			want := spf.Answer[netip.Addr]{TTL: spf.Forever, Source: "test", NXDomain: tt.nxdomain, Alias: tt.alias}
			if tt.want != "" {
				want.Records = []netip.Addr{netip.MustParseAddr(tt.want)}
			}
			if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" || err != nil {
				t.Error(err, diff)
			}
		})
	}
}

func TestWorldOtherTypes(t *testing.T) {
	w := parse(t)
	txt, err := w.LookupTXT(t.Context(), "x.test.")
	if diff := cmp.Diff([]spf.TXT{{"v=spf1 a", " -all"}, {"octets \x00\xc8 \"quoted\" \\"}}, txt.Records); diff != "" || err != nil {
		t.Error(err, diff)
	}
	mx, err := w.LookupMX(t.Context(), "x.test.")
	if diff := cmp.Diff([]spf.MailExchange{{Preference: 20, Host: "mail.x.test."}, {Preference: 10, Host: "backup.x.test."}}, mx.Records); diff != "" || err != nil {
		t.Error(err, diff)
	}
	ptr, err := w.LookupPTR(t.Context(), netip.MustParseAddr("192.0.2.1"))
	if diff := cmp.Diff([]string{"mail.x.test."}, ptr.Records); diff != "" || err != nil {
		t.Error(err, diff)
	}
	long := strings.Repeat("a.", 120) + "down.x.test."
	if _, err := w.LookupTXT(t.Context(), long); fmt.Sprint(err) != "the DNAME of down.x.test. makes a name that is too long" {
		t.Errorf("a DNAME beyond the length of names gives %v", err)
	}
	if _, err := w.LookupTXT(t.Context(), "loop.x.test."); err != errAliasLoop {
		t.Errorf("a CNAME loop gives %v", err)
	}
}

func TestWorldErrors(t *testing.T) {
	for name, text := range map[string]string{
		"bad address": "x.test. IN A 1.2.3\n",
		"include":     "$INCLUDE /etc/passwd\n",
		"binary":      "\x00\x01\x02(\n",
	} {
		if _, err := ParseZone(strings.NewReader(text), "bad.zone"); err == nil || !strings.Contains(err.Error(), "bad.zone") {
			t.Errorf("%s: error %v, want one with the file", name, err)
		}
	}
	if _, err := LoadFiles("testdata/none.zone"); err == nil {
		t.Error("no error for a file that is not there")
	}
}

func parse(t *testing.T) *World {
	t.Helper()
	w, err := ParseZone(strings.NewReader(zone), "test")
	if err != nil {
		t.Fatal(err)
	}
	return w
}
