package nameserver

import (
	"fmt"
	"os/exec"
	"testing"
)

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
