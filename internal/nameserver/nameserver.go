// Package nameserver starts name servers for tests, each on loopback and in a
// folder of the test's own: BIND, Knot DNS and PowerDNS, as a distribution
// packages them. Only tests use it.
package nameserver

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

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

// start runs the server until the test is over, and waits until it answers.
func (s *Server) start(t testing.TB, zone, dir string, restart func() *exec.Cmd) *Server {
	t.Helper()
	s.t, s.restart, s.log = t, restart, filepath.Join(dir, "log")
	t.Cleanup(func() {
		s.Kill()
		if t.Failed() {
			out, _ := os.ReadFile(s.log)
			t.Logf("the end of the log of %s:\n%s", s.Name, out[max(0, len(out)-2000):])
		}
	})
	s.Restart(zone)
	return s
}

// Kill ends the server at once.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	s.cmd.Process.Kill()
	<-s.ended
	s.cmd = nil
}

// patience is for how long a server may take to serve, on a machine that is busy
// with other things.
const patience = 2 * time.Minute

// Restart starts the server again, after [Server.Kill]. One that ends because
// somebody has its port at the moment is started until it has it.
func (s *Server) Restart(zone string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		said := s.run()
		if s.await(ctx, zone) {
			return
		}
		s.Kill()
		out, _ := os.ReadFile(s.log)
		out = out[min(said, len(out)):]
		if ctx.Err() != nil || !taken(out) {
			s.t.Fatalf("%s does not serve %s:\n%s", s.Name, zone, out)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// taken reports whether a log says that somebody else has the port.
func taken(log []byte) bool {
	return slices.ContainsFunc([]string{
		"unable to listen on any configured interfaces", // BIND
		"address already in use",                        // Knot DNS
		"Address already in use",                        // PowerDNS, unbound
	}, func(words string) bool { return bytes.Contains(log, []byte(words)) })
}

// run starts the process. It gives the octets that are in its log already.
func (s *Server) run() (said int) {
	s.t.Helper()
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	info, err := log.Stat()
	if err != nil {
		s.t.Fatal(err)
	}
	cmd, ended := s.restart(), make(chan struct{})
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() { defer close(ended); cmd.Wait() }()
	s.cmd, s.ended = cmd, ended
	return int(info.Size())
}

// await waits for the zone's SOA record, and for the API if there is one. It
// reports false if the process ends, or the context.
func (s *Server) await(ctx context.Context, zone string) bool {
	for {
		if s.serves(ctx, zone) && s.listens() {
			return true
		}
		select {
		case <-s.ended:
			return false
		case <-ctx.Done():
			return false
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *Server) serves(ctx context.Context, zone string) bool {
	m := new(dns.Msg).SetQuestion(zone, dns.TypeSOA)
	r, _, err := (&dns.Client{Net: "tcp"}).ExchangeContext(ctx, m, s.Address)
	return err == nil && (r.Authoritative || s.cache) && len(r.Answer) == 1
}

func (s *Server) listens() bool {
	address, ok := strings.CutPrefix(s.API, "http://")
	if !ok {
		return true
	}
	c, err := net.Dial("tcp", address)
	if err != nil {
		return false
	}
	c.Close()
	return true
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

// BIND starts BIND 9.
func BIND(t testing.TB, zone, text string) *Server {
	t.Helper()
	return BINDWith(t, zone, text, fmt.Sprintf(`key %[1]q { algorithm hmac-sha256; secret %[4]q; };
key %[2]q { algorithm hmac-sha512; secret %[4]q; };
key %[3]q { algorithm hmac-sha256; secret %[4]q; };
zone %[5]q { type master; file "zone"; allow-update { key %[1]q; key %[2]q; }; allow-transfer { key %[1]q; key %[2]q; }; check-names ignore; };
`, KeyName, Key512, Other, Key, zone))
}

// BINDWith starts BIND 9 with statements that give it a zone, whose file is
// "zone".
func BINDWith(t testing.TB, zone, text, statements string) *Server {
	t.Helper()
	named := program(t, "named", "bind9")
	dir, p := folder(t), port(t)
	conf := write(t, dir, "named.conf", fmt.Sprintf(`options {
	directory %[1]q; pid-file none; session-keyfile none; lock-file none;
	listen-on port %[2]d { 127.0.0.1; }; listen-on-v6 { none; };
	recursion no; dnssec-validation no; notify no; check-integrity no;
};
controls { };
%[3]s`, dir, p, statements))
	write(t, dir, "zone", text)
	s := &Server{Name: "BIND", Address: fmt.Sprintf("127.0.0.1:%d", p)}
	return s.start(t, zone, dir, func() *exec.Cmd { return exec.Command(named, "-g", "-4", "-n", "1", "-c", conf) })
}

// Knot starts Knot DNS.
func Knot(t testing.TB, zone, text string) *Server {
	t.Helper()
	return KnotWith(t, zone, text, fmt.Sprintf(`key:
  - id: %[1]s
    algorithm: hmac-sha256
    secret: %[4]s
  - id: %[2]s
    algorithm: hmac-sha512
    secret: %[4]s
  - id: %[3]s
    algorithm: hmac-sha256
    secret: %[4]s
acl:
  - id: all
    key: [%[1]s, %[2]s]
    action: [transfer, update]
zone:
  - domain: %[5]s
    file: zone
    acl: all
    zonefile-load: whole
    zonefile-sync: -1
    journal-content: changes
`, KeyName, Key512, Other, Key, zone))
}

// KnotWith starts Knot DNS with sections that give it a zone, whose file is
// "zone".
func KnotWith(t testing.TB, zone, text, sections string) *Server {
	t.Helper()
	knotd := program(t, "knotd", "knot")
	dir, p := folder(t), port(t)
	conf := write(t, dir, "knot.conf", fmt.Sprintf(`server:
  rundir: %[1]q
  listen: 127.0.0.1@%[2]d
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: %[1]q
template:
  - id: default
    storage: %[1]q
%[3]s`, dir, p, sections))
	write(t, dir, "zone", text)
	s := &Server{Name: "Knot DNS", Address: fmt.Sprintf("127.0.0.1:%d", p)}
	return s.start(t, zone, dir, func() *exec.Cmd { return exec.Command(knotd, "-c", conf) })
}

// PowerDNS starts the PowerDNS authoritative server with an SQLite database,
// DNS update and the HTTP API.
func PowerDNS(t testing.TB, zone, text string) *Server {
	t.Helper()
	bare := strings.TrimSuffix(zone, ".")
	return PowerDNSWith(t, zone, text, "dnsupdate=yes\nallow-dnsupdate-from=127.0.0.0/8\n", [][]string{
		{"import-tsig-key", KeyName, "hmac-sha256", Key},
		{"import-tsig-key", Key512, "hmac-sha512", Key},
		{"import-tsig-key", Other, "hmac-sha256", Key},
		{"set-meta", bare, "TSIG-ALLOW-DNSUPDATE", KeyName, Key512},
		{"activate-tsig-key", bare, KeyName, "primary"},
		{"activate-tsig-key", bare, Key512, "primary"},
	})
}

// PowerDNSWith starts it with lines of pdns.conf, and with what commands of
// pdnsutil set up beside the zone.
func PowerDNSWith(t testing.TB, zone, text, settings string, commands [][]string) *Server {
	t.Helper()
	server := program(t, "pdns_server", "pdns-server pdns-backend-sqlite3")
	util := program(t, "pdnsutil", "pdns-server pdns-backend-sqlite3")
	sqlite := program(t, "sqlite3", "sqlite3")
	dir, p, web := folder(t), port(t), port(t)
	write(t, dir, "pdns.conf", fmt.Sprintf(`launch=gsqlite3
gsqlite3-database=%s/db
gsqlite3-pragma-synchronous=0
local-address=127.0.0.1
local-port=%d
socket-dir=%s
receiver-threads=1
distributor-threads=1
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
zone-cache-refresh-interval=0
api=yes
api-key=%s
webserver=yes
webserver-address=127.0.0.1
webserver-port=%d
webserver-loglevel=none
%s`, dir, p, dir, apiKey, web, settings))
	run(t, exec.Command(sqlite, filepath.Join(dir, "db"), ".read /usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql"))
	bare := strings.TrimSuffix(zone, ".")
	load := [][]string{
		{"load-zone", bare, write(t, dir, "zone", text)},
		{"set-kind", bare, "native"}, // for a primary, a thread of its own writes to the database as it starts
	}
	for _, args := range append(load, commands...) {
		run(t, exec.Command(util, append([]string{"--config-dir=" + dir}, args...)...))
	}
	s := &Server{Name: "PowerDNS", Address: fmt.Sprintf("127.0.0.1:%d", p), API: fmt.Sprintf("http://127.0.0.1:%d", web), APIKey: apiKey}
	return s.start(t, zone, dir, func() *exec.Cmd {
		return exec.Command(server, "--config-dir="+dir, "--daemon=no", "--guardian=no", "--write-pid=no", "--disable-syslog=yes")
	})
}

const apiKey = "spfzone-test-api-key"

func run(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
}

// FromFile starts BIND 9 with a zone file that somebody else edits. It reads it
// again on SIGHUP.
func FromFile(t testing.TB, zone, file string) (s *Server, pid int) {
	t.Helper()
	named := program(t, "named", "bind9")
	dir, p := folder(t), port(t)
	conf := write(t, dir, "named.conf", fmt.Sprintf(`options {
	directory %[1]q; pid-file none; session-keyfile none; lock-file none;
	listen-on port %[2]d { 127.0.0.1; }; listen-on-v6 { none; };
	recursion no; dnssec-validation no; notify no; check-integrity no;
};
controls { };
zone %[3]q { type master; file %[4]q; };
`, dir, p, zone, file))
	s = &Server{Name: "BIND", Address: fmt.Sprintf("127.0.0.1:%d", p)}
	s.start(t, zone, dir, func() *exec.Cmd { return exec.Command(named, "-g", "-4", "-n", "1", "-c", conf) })
	return s, s.cmd.Process.Pid
}

// Unbound starts a cache before the server of a zone, and gives its address.
func Unbound(t testing.TB, zone, server string) (address string) {
	t.Helper()
	unbound := program(t, "unbound", "unbound")
	dir, p := folder(t), port(t)
	host, upstream, err := net.SplitHostPort(server)
	if err != nil {
		t.Fatal(err)
	}
	conf := write(t, dir, "unbound.conf", fmt.Sprintf(`server:
  directory: %[1]q
  chroot: ""
  username: ""
  pidfile: ""
  interface: 127.0.0.1
  port: %[2]d
  do-ip6: no
  do-not-query-localhost: no
  module-config: "iterator"
  use-syslog: no
  local-zone: "test." nodefault
remote-control:
  control-enable: no
stub-zone:
  name: %[3]q
  stub-addr: %[4]s@%[5]s
`, dir, p, zone, host, upstream))
	s := &Server{Name: "unbound", Address: fmt.Sprintf("127.0.0.1:%d", p), t: t, log: filepath.Join(dir, "log")}
	t.Cleanup(s.Kill)
	s.restart = func() *exec.Cmd { return exec.Command(unbound, "-d", "-c", conf) }
	s.cache = true
	s.Restart(zone)
	return s.Address
}
