package nameserver

import (
	"bytes"
	"context"
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
