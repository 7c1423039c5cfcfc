package nameserver

import (
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Zones starts BIND 9 with several zones, given by their origins as text, of
// which the root may be one. Nobody may change or transfer them.
func Zones(t testing.TB, zones map[string]string) *Server {
	t.Helper()
	return severalZones(t, zones, "")
}

// Writable is Zones that the holder of the first key may change.
func Writable(t testing.TB, zones map[string]string) *Server {
	t.Helper()
	return severalZones(t, zones, fmt.Sprintf(" allow-update { key %q; };", KeyName))
}

func severalZones(t testing.TB, zones map[string]string, more string) *Server {
	t.Helper()
	named := program(t, "named", "bind9")
	dir, p := folder(t), port(t)
	var conf strings.Builder
	fmt.Fprintf(&conf, `options {
	directory %q; pid-file none; session-keyfile none; lock-file none;
	listen-on port %d { 127.0.0.1; }; listen-on-v6 { none; };
	recursion no; dnssec-validation no; notify no; check-integrity no; check-names master ignore; empty-zones-enable no;
};
controls { };
key %q { algorithm hmac-sha256; secret %q; };
`, dir, p, KeyName, Key)
	origins := slices.Sorted(maps.Keys(zones))
	for i, origin := range origins {
		file := fmt.Sprintf("zone%d", i)
		write(t, dir, file, zones[origin])
		fmt.Fprintf(&conf, "zone %q { type master; file %q;%s };\n", origin, file, more)
	}
	path := write(t, dir, "named.conf", conf.String())
	s := &Server{Name: "BIND", Address: fmt.Sprintf("127.0.0.1:%d", p)}
	return s.start(t, origins[0], dir, func() *exec.Cmd { return exec.Command(named, "-g", "-4", "-n", "1", "-c", path) })
}
