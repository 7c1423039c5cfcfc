package resolver

import (
	"crypto/x509"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/spf"
)

const clientZone = `$TTL 300
x.test.        SOA ns hostmaster 1 2 3 4 60
x.test.        TXT "v=spf1 a" " -all"
x.test.        TXT "octets \000\200\255 \"quoted\" \\"
x.test.        MX 20 Mail
x.test.        MX 10 .
mail.x.test.   A 192.0.2.1
mail.x.test.   A 192.0.2.2
mail.x.test.   AAAA 2001:db8::1
user+tag._spf.x.test.     TXT "a tag"
a\000\200\\\"\@b.x.test.  TXT "odd octets"
alias.x.test.  60 CNAME mail.x.test.
far.x.test.    600 CNAME alias.x.test.
lost.x.test.   CNAME none.x.test.
away.x.test.   CNAME elsewhere.y.test.
short.x.test.  10 TXT "short"
zero.x.test.   0 TXT "zero"
big.x.test.    TXT "` + "{BIG}" + `"
2.0.192.in-addr.arpa.     SOA ns hostmaster 1 2 3 4 60
1.2.0.192.in-addr.arpa.   PTR Mail.x.test.
y.test.        SOA ns hostmaster 1 2 3 4 20
elsewhere.y.test. 30 TXT "elsewhere"
`

// serveClientZone gives a server, and the options of a client that asks once.
func serveClientZone(t *testing.T) (*dnstest.Server, Options) {
	t.Helper()
	s := dnstest.ServeZone(t, strings.ReplaceAll(clientZone, "{BIG}", strings.Repeat("x", 3000)))
	return s, Options{Timeout: patience, Attempts: 1}
}

// patience is for how long a test waits for what must come, on a machine that is
// busy with other things.
const patience = time.Minute

// silent begins the reason of a failure that comes with the end of the time.
const silent = "no answer within TIMEOUT"

// lookUp asks for TXT records with a new client, and gives the error, and its text
// with TIMEOUT in the place of the time. Where want is that no answer comes in time,
// the client waits no longer than it must for the rest of want to be seen.
func lookUp(t *testing.T, o Options, spec, name, want string) (text string, err error) {
	t.Helper()
	inTime := !strings.HasPrefix(want, silent)
	for timeout := 250 * time.Millisecond; ; timeout *= 4 {
		if !inTime {
			o.Timeout = timeout
		}
		_, err := open(t, o, spec).LookupTXT(t.Context(), name)
		text := strings.Replace(fmt.Sprint(err), fmt.Sprintf("no answer within %v", o.Timeout), silent, 1)
		if inTime || strings.HasSuffix(text, want) || timeout > patience {
			return text, err
		}
	}
}

func open(t *testing.T, o Options, specs ...string) spf.Resolver {
	t.Helper()
	r, err := Open(specs, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

type txtAnswer = spf.Answer[spf.TXT]

func TestClientTXT(t *testing.T) {
	s, o := serveClientZone(t)
	url := s.URL("udp")
	r := open(t, o, url)
	const minute = time.Minute
	tests := []struct {
		name, query string
		want        txtAnswer
	}{
		{"several, with octets", "x.test.", txtAnswer{Records: []spf.TXT{{"v=spf1 a", " -all"}, {"octets \x00\xc8\xff \"quoted\" \\"}}, TTL: 5 * minute, Source: url}},
		{"a plus sign in a name", "user+tag._spf.x.test.", txtAnswer{Records: []spf.TXT{{"a tag"}}, TTL: 5 * minute, Source: url}},
		{"octets in a name", "a\x00\xc8\\\"@b.x.test.", txtAnswer{Records: []spf.TXT{{"odd octets"}}, TTL: 5 * minute, Source: url}},
		{"NXDOMAIN", "none.x.test.", txtAnswer{NXDomain: true, TTL: minute, Source: url}},
		{"NODATA", "mail.x.test.", txtAnswer{TTL: minute, Source: url}},
		{"NODATA behind CNAMEs", "far.x.test.", txtAnswer{TTL: minute, Alias: "alias.x.test.", Source: url}},
		{"NXDOMAIN behind a CNAME", "lost.x.test.", txtAnswer{NXDomain: true, TTL: minute, Alias: "none.x.test.", Source: url}},
		{"another zone's record", "away.x.test.", txtAnswer{Records: []spf.TXT{{"elsewhere"}}, TTL: minute / 2, Alias: "elsewhere.y.test.", Source: url}},
		{"an empty label", "a..x.test.", txtAnswer{NXDomain: true, TTL: spf.Forever}},
		{"a label of 64 octets", strings.Repeat("a", 64) + ".x.test.", txtAnswer{NXDomain: true, TTL: spf.Forever}},
		{"a label of 63 octets", strings.Repeat("a", 63) + ".x.test.", txtAnswer{NXDomain: true, TTL: minute, Source: url}},
		{"a name of 256 octets", strings.Repeat("abc.", 62) + "x.test.", txtAnswer{NXDomain: true, TTL: spf.Forever}},
		{"a name of 254 octets", strings.Repeat("abc.", 61) + "abx.test.", txtAnswer{}},
		{"more than a datagram", "big.x.test.", txtAnswer{Records: []spf.TXT{bigTXT(3000)}, TTL: 5 * minute, Source: url}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := r.LookupTXT(t.Context(), tt.query)
			if tt.query == strings.Repeat("abc.", 61)+"abx.test." {
				if want := escape(tt.query) + " TXT: " + url + ": REFUSED"; fmt.Sprint(err) != want {
					t.Errorf("error %v, want %s", err, want)
				}
			} else if err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, q := range s.Asked() {
		if q.Payload != 1232 {
			t.Errorf("%v: a payload of %d octets is offered, want 1232", q, q.Payload)
		}
	}
}

// bigTXT is a string of x, cut as it must be.
func bigTXT(n int) (txt spf.TXT) {
	for ; n > 255; n -= 255 {
		txt = append(txt, strings.Repeat("x", 255))
	}
	return append(txt, strings.Repeat("x", n))
}

func TestClientOtherTypes(t *testing.T) {
	s, o := serveClientZone(t)
	url := s.URL("udp")
	r := open(t, o, url)
	ip4, err := r.LookupIP(t.Context(), "far.x.test.", spf.V4)
	want4 := spf.Answer[netip.Addr]{Records: []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")}, TTL: time.Minute, Alias: "alias.x.test.", Source: url}
	if diff := cmp.Diff(want4, ip4, sameAddr); diff != "" || err != nil {
		t.Error(err, diff)
	}
	ip6, err := r.LookupIP(t.Context(), "mail.x.test.", spf.V6)
	want6 := spf.Answer[netip.Addr]{Records: []netip.Addr{netip.MustParseAddr("2001:db8::1")}, TTL: 5 * time.Minute, Source: url}
	if diff := cmp.Diff(want6, ip6, sameAddr); diff != "" || err != nil {
		t.Error(err, diff)
	}
	mx, err := r.LookupMX(t.Context(), "x.test.")
	wantMX := spf.Answer[spf.MailExchange]{Records: []spf.MailExchange{{Preference: 20, Host: "mail."}, {Preference: 10, Host: "."}}, TTL: 5 * time.Minute, Source: url}
	if diff := cmp.Diff(wantMX, mx); diff != "" || err != nil {
		t.Error(err, diff)
	}
	ptr, err := r.LookupPTR(t.Context(), netip.MustParseAddr("::ffff:192.0.2.1"))
	wantPTR := spf.Answer[string]{Records: []string{"mail.x.test."}, TTL: 5 * time.Minute, Source: url}
	if diff := cmp.Diff(wantPTR, ptr); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if _, err := r.LookupPTR(t.Context(), netip.Addr{}); err == nil {
		t.Error("no error for the zero address")
	}
}

// Every way of asking gives the same, and an answer of nearly 64 KiB whole.
func TestClientTransports(t *testing.T) {
	s, o := serveClientZone(t)
	s.Misbehave("huge.x.test.", dnstest.Huge(64000))
	tlsURL, tlsRoots := s.ServeTLS()
	httpsURL, httpsRoots := s.ServeHTTPS()
	for _, tt := range []struct {
		url   string
		roots *x509.CertPool
		want  []string // networks, of the big question
	}{
		{s.URL("udp"), nil, []string{"udp", "tcp"}},
		{s.URL("tcp"), nil, []string{"tcp"}},
		{tlsURL, tlsRoots, []string{"tls"}},
		{tlsURL + "#example.com", tlsRoots, []string{"tls"}},
		{httpsURL, httpsRoots, []string{"https"}},
	} {
		t.Run(tt.url, func(t *testing.T) {
			o.RootCAs = tt.roots
			r := open(t, o, tt.url)
			for _, q := range []struct {
				name string
				txt  spf.TXT
			}{{"short.x.test.", spf.TXT{"short"}}, {"big.x.test.", bigTXT(3000)}, {"huge.x.test.", bigTXT(64000)}, {"none.x.test.", nil}} {
				got, err := r.LookupTXT(t.Context(), q.name)
				if err != nil || got.Source != tt.url {
					t.Errorf("%s: %v, from %s", q.name, err, got.Source)
				}
				if diff := cmp.Diff(q.txt, append(got.Records, nil)[0]); diff != "" {
					t.Errorf("%s: %s", q.name, diff)
				}
			}
			var networks []string
			for _, q := range s.Asked() {
				if q.Name == "big.x.test." {
					networks = append(networks, q.Network)
				}
			}
			networks = networks[len(networks)-len(tt.want):]
			if diff := cmp.Diff(tt.want, networks); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The certificate must be trusted, and be that of the name.
func TestClientChecksCertificates(t *testing.T) {
	s, o := serveClientZone(t)
	tlsURL, roots := s.ServeTLS()
	httpsURL, _ := s.ServeHTTPS()
	tests := []struct {
		name, url string
		roots     *x509.CertPool
		want      string
	}{
		{"TLS, unknown authority", tlsURL, x509.NewCertPool(), "x509: certificate signed by unknown authority"},
		{"TLS, other name", tlsURL + "#dns.x.com", roots, "x509: certificate is valid for example.com, *.example.com, not dns.x.com"},
		{"HTTPS, unknown authority", httpsURL, x509.NewCertPool(), "x509: certificate signed by unknown authority"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o.RootCAs = tt.roots
			_, err := open(t, o, tt.url).LookupTXT(t.Context(), "x.test.")
			if want := "x.test. TXT: " + tt.url + ": tls: failed to verify certificate: " + tt.want; fmt.Sprint(err) != want {
				t.Errorf("error %v\nwant  %s", err, want)
			}
		})
	}
}

// A server that sends more by UDP than it was told to is understood.
func TestClientOversizedDatagram(t *testing.T) {
	s, o := serveClientZone(t)
	s.Misbehave("big.x.test.", dnstest.Oversized)
	got, err := open(t, o, s.URL("udp")).LookupTXT(t.Context(), "big.x.test.")
	if diff := cmp.Diff([]spf.TXT{bigTXT(3000)}, got.Records); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

// A server that follows no CNAME is asked again for what it leads to.
func TestClientFollowsAliasesItself(t *testing.T) {
	s, o := serveClientZone(t)
	s.Misbehave("", dnstest.FirstAlias)
	r := open(t, o, s.URL("udp"))
	got, err := r.LookupIP(t.Context(), "far.x.test.", spf.V4)
	want := spf.Answer[netip.Addr]{Records: []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")}, TTL: time.Minute, Alias: "alias.x.test.", Source: s.URL("udp")}
	if diff := cmp.Diff(want, got, sameAddr); diff != "" || err != nil {
		t.Error(err, diff)
	}
	var asked []string
	for _, q := range s.Asked() {
		asked = append(asked, q.String())
	}
	if diff := cmp.Diff([]string{"udp far.x.test. A", "udp alias.x.test. A", "udp mail.x.test. A"}, asked); diff != "" {
		t.Error(diff)
	}
}

func TestClientSeveralServers(t *testing.T) {
	bad, o := serveClientZone(t)
	good, _ := serveClientZone(t)
	bad.Misbehave("", dnstest.Refused)
	r := open(t, o, bad.URL("udp"), good.URL("udp"))
	for _, name := range []string{"x.test.", "short.x.test.", "mail.x.test."} {
		if got, err := r.LookupTXT(t.Context(), name); err != nil || got.Source != good.URL("udp") {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if n := len(bad.Asked()); n != 1 {
		t.Errorf("the server that refuses was asked %d times, want 1", n)
	}
	good.Misbehave("", dnstest.ServFail)
	_, err := r.LookupTXT(t.Context(), "none.x.test.")
	want := "none.x.test. TXT: " + bad.URL("udp") + ": REFUSED; " + good.URL("udp") + ": SERVFAIL"
	if diff := cmp.Diff(want, fmt.Sprint(err)); diff != "" {
		t.Error(diff)
	}
}

// An error that will last is not asked for again.
func TestClientAttempts(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault dnstest.Fault
		want  int
	}{
		{"SERVFAIL", dnstest.ServFail, 3}, {"REFUSED", dnstest.Refused, 1}, {"lame", dnstest.Lame, 1}, {"loop", dnstest.AliasToItself, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, o := serveClientZone(t)
			s.Misbehave("", tt.fault)
			o.Attempts, o.Timeout = 3, 5*time.Second // of which a part passes between two attempts
			if _, err := open(t, o, s.URL("udp")).LookupTXT(t.Context(), "x.test."); err == nil {
				t.Error("no error")
			}
			if n := len(s.Asked()); n != tt.want {
				t.Errorf("asked %d times, want %d", n, tt.want)
			}
		})
	}
}

// A connection is used again, and replaced when the server has closed it.
func TestClientKeepsConnections(t *testing.T) {
	s, o := serveClientZone(t)
	r := open(t, o, s.URL("tcp"))
	ask := func(name string) {
		t.Helper()
		if _, err := r.LookupTXT(t.Context(), name); err != nil {
			t.Error(err)
		}
	}
	ask("a.x.test.")
	stream := r.(*client).servers[0].(*stream)
	first := stream.idle[0].Conn
	ask("b.x.test.")
	if len(stream.idle) != 1 || stream.idle[0].Conn != first {
		t.Error("the connection is not used again")
	}
	s.Misbehave("c.x.test.", dnstest.Times(1, dnstest.HangUp))
	ask("c.x.test.")
	if len(stream.idle) != 1 || stream.idle[0].Conn == first {
		t.Error("the connection that the server closed is still there")
	}
	stream.drop(stream.idle[0])
	if len(stream.idle) != 0 {
		t.Error("a connection that is dropped stays")
	}
}
