// Package nameserver starts name servers for tests, each on loopback and in a
// folder of the test's own: BIND, Knot DNS and PowerDNS, as a distribution
// packages them. Only tests use it.
package nameserver

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/miekg/dns"
)

// Every server knows three keys with one secret: the first and the second may
// transfer and update the zone, the third may not.
const (
	KeyName = "spfzone-test"     // hmac-sha256
	Key512  = "spfzone-test-512" // hmac-sha512
	Other   = "spfzone-other"    // hmac-sha256
	Key     = "c3Bmem9uZS10ZXN0LWtleS1vZi0zMi1vY3RldHMhISE="
)

// Server is a name server with one zone.
type Server struct {
	Name    string // "BIND", "Knot DNS" or "PowerDNS"
	Address string // host:port, by UDP and TCP
	API     string // the URL of PowerDNS's HTTP API, else empty
	APIKey  string

	t       testing.TB
	cmd     *exec.Cmd
	ended   chan struct{} // closed when the process has ended
	restart func() *exec.Cmd
	log     string
	cache   bool // not authoritative
}

// Kind is a way to start a server.
type Kind struct {
	Name  string
	Start func(t testing.TB, zone, text string) *Server
}

// Kinds gives all of them.
func Kinds() []Kind {
	return []Kind{{"BIND", BIND}, {"Knot", Knot}, {"PowerDNS", PowerDNS}}
}

// program finds a program in PATH or the system's folders. If it is absent, the
// test is skipped, or fails if the environment has SPFZONE_INTEGRATION=required.
func program(t testing.TB, name, debian string) string {
	t.Helper()
	for _, path := range []string{name, "/usr/sbin/" + name, "/usr/bin/" + name} {
		if found, err := exec.LookPath(path); err == nil {
			return found
		}
	}
	report := t.Skipf
	if os.Getenv("SPFZONE_INTEGRATION") == "required" {
		report = t.Fatalf
	}
	report("%s not found: install the Debian packages %s", name, debian)
	return ""
}

// port takes one for a server until the test is over: an even one that is free by
// UDP and TCP, below those that the system gives to clients. Whoever holds the odd
// one above it has the right to it, so that of all tests, those of other processes
// too, one alone uses it, while its server is down as well. A server alone would
// not keep others out, as BIND, Knot DNS and unbound share a port with their like.
func port(t testing.TB) int {
	t.Helper()
	for range 50 {
		n := 10000 + 2*rand.IntN(11000)
		right, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", n+1))
		if err != nil {
			continue
		}
		if free(fmt.Sprintf("127.0.0.1:%d", n)) {
			t.Cleanup(func() { right.Close() })
			return n
		}
		right.Close()
	}
	t.Fatal("no port is free for both UDP and TCP")
	return 0
}

func free(address string) bool {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return false
	}
	defer l.Close()
	p, err := net.ListenPacket("udp", address)
	if err != nil {
		return false
	}
	p.Close()
	return true
}

// folder is where a server keeps its files. Socket paths are short, so it does
// not stand below the test's own name.
func folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "spfzone")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func write(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TXT gives the data of the TXT records of a name as the server sends it, in
// octets and in its order.
func (s *Server) TXT(name string) (rdata [][]byte) {
	s.t.Helper()
	m := new(dns.Msg).SetQuestion(name, dns.TypeTXT)
	r, _, err := (&dns.Client{Net: "tcp", Timeout: patience}).Exchange(m, s.Address)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, rr := range r.Answer {
		wire := make([]byte, dns.Len(rr))
		n, err := dns.PackRR(rr, wire, 0, nil, false)
		if err != nil {
			s.t.Fatal(err)
		}
		h := 10 + len(dns.Fqdn(name)) + 1
		rdata = append(rdata, bytes.Clone(wire[h:n]))
	}
	return rdata
}
