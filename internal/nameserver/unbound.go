package nameserver

import (
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"testing"
)

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
