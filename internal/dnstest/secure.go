package dnstest

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"

	"github.com/miekg/dns"
)

// ServeTLS serves by TLS too. The certificate, to be trusted by roots, is that
// of 127.0.0.1 and of example.com.
func (s *Server) ServeTLS() (url string, roots *x509.CertPool) {
	s.t.Helper()
	h := httptest.NewUnstartedServer(nil)
	h.StartTLS() // for its certificate
	defer h.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	s.run(&dns.Server{Listener: tls.NewListener(l, &tls.Config{Certificates: h.TLS.Certificates})}, "tls")
	return "tls://" + l.Addr().String(), pool(h)
}

// ServeHTTPS serves by HTTPS too, at the path /dns-query.
func (s *Server) ServeHTTPS() (url string, roots *x509.CertPool) {
	s.t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /dns-query", s.post)
	h := httptest.NewUnstartedServer(mux)
	h.EnableHTTP2 = true
	h.Config.ErrorLog = log.New(io.Discard, "", 0) // of clients that do not trust it
	h.StartTLS()
	s.t.Cleanup(h.Close)
	return h.URL + "/dns-query", pool(h)
}

func pool(h *httptest.Server) *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(h.Certificate())
	return p
}

// post answers one query (RFC 8484, Section 4.1).
func (s *Server) post(w http.ResponseWriter, r *http.Request) {
	query := new(dns.Msg)
	octets, err := io.ReadAll(r.Body)
	if err == nil {
		err = query.Unpack(octets)
	}
	if err != nil || r.Header.Get("Content-Type") != "application/dns-message" {
		s.t.Errorf("dnstest: a request that is no DNS query: %x: %v", octets, err)
		return
	}
	w.Header().Set("Content-Type", "application/dns-message")
	for _, m := range s.respond(query, "https") {
		w.Write(m)
	}
}
