package nameserver

import (
	"fmt"
	"os/exec"
	"testing"
)

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
