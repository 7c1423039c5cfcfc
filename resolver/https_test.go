package resolver

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"crypto/x509"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/spf"
)

// serveHTTP gives a client of a web server that answers as f does, being given
// the right answer.
func serveHTTP(t *testing.T, f func(w http.ResponseWriter, answer []byte)) (r spf.Resolver, url string) {
	t.Helper()
	h := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		octets, err := io.ReadAll(r.Body)
		query := new(dns.Msg)
		if err == nil {
			err = query.Unpack(octets)
		}
		if err != nil || query.Id != 0 || r.Method != http.MethodPost || r.Header.Get("Accept") != messageType {
			t.Errorf("%s %v: query %v: %v", r.Method, r.Header, query, err)
		}
		answer := new(dns.Msg).SetReply(query)
		rr, err := dns.NewRR(`x.test. 100 TXT "v=spf1 -all"`)
		if err != nil {
			t.Error(err)
		}
		answer.Answer = []dns.RR{rr}
		if octets, err = answer.Pack(); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", messageType)
		f(w, octets)
	}))
	t.Cleanup(h.Close)
	roots := x509.NewCertPool()
	roots.AddCert(h.Certificate())
	return open(t, Options{RootCAs: roots, Attempts: 1, Timeout: patience}, h.URL), h.URL + "/dns-query"
}

func TestHTTPSFailures(t *testing.T) {
	tests := []struct {
		name   string
		answer func(w http.ResponseWriter, answer []byte)
		want   string
	}{
		{"not found", func(w http.ResponseWriter, _ []byte) { w.WriteHeader(http.StatusNotFound) }, "HTTP status 404 Not Found"},
		{"redirect", func(w http.ResponseWriter, _ []byte) {
			w.Header().Set("Location", "https://192.0.2.1/dns-query")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}, "HTTP status 307 Temporary Redirect"},
		{"a web page", func(w http.ResponseWriter, _ []byte) {
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, "<p>")
		}, `the answer is of type "text/html", not application/dns-message: no DNS server at that address`},
		{"too large", func(w http.ResponseWriter, answer []byte) {
			w.Write(append(answer, make([]byte, dns.MaxMsgSize)...))
		}, "malformed answer: more than 65535 octets"},
		{"empty", func(http.ResponseWriter, []byte) {}, "the message answers another question"},
		{"cut", func(w http.ResponseWriter, answer []byte) { w.Write(answer[:len(answer)-3]) }, "malformed answer: dns: overflowing header size"},
		{"another ID", func(w http.ResponseWriter, answer []byte) { answer[1] = 1; w.Write(answer) }, "the message answers another question"},
		{"truncated", func(w http.ResponseWriter, answer []byte) { answer[2] |= 2; w.Write(answer) }, "the answer is cut off even over HTTPS"},
		{"hung up", func(w http.ResponseWriter, answer []byte) { panic(http.ErrAbortHandler) }, "EOF"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, url := serveHTTP(t, tt.answer)
			_, err := r.LookupTXT(t.Context(), "x.test.")
			if diff := cmp.Diff("x.test. TXT: "+url+": "+tt.want, strings.ReplaceAll(fmt.Sprint(err), "unexpected EOF", "EOF")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The time in HTTP caches counts (RFC 8484, Section 5.1).
func TestHTTPSAge(t *testing.T) {
	for age, want := range map[string]time.Duration{"": 100 * time.Second, "30": 70 * time.Second, "1000": 0, "-1": 100 * time.Second, "x": 100 * time.Second} {
		r, url := serveHTTP(t, func(w http.ResponseWriter, answer []byte) {
			w.Header().Set("Age", age)
			w.Write(answer)
		})
		got, err := r.LookupTXT(t.Context(), "x.test.")
		if diff := cmp.Diff(txtAnswer{Records: []spf.TXT{{"v=spf1 -all"}}, TTL: want, Source: url}, got); diff != "" || err != nil {
			t.Errorf("Age %q: %v %s", age, err, diff)
		}
	}
}
