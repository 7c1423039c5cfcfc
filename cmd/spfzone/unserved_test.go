//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/internal/leaks"
	"github.com/spfzone/spfzone/internal/nameserver"
)

// handServer is a name server with a zone file that people keep, in the current
// folder.
func handServer(t *testing.T) (s *server, reload string) {
	t.Helper()
	inFolder(t, map[string]string{"x.zone": strings.Replace(zoneOfHand, "\tIN\tTXT\t\"v=spf1 a -all\" ; somebody added this\n", "", 1)})
	file, err := filepath.Abs("x.zone")
	if err != nil {
		t.Fatal(err)
	}
	ns, pid := nameserver.FromFile(t, serverZone, file)
	s = newServer(t, ns, "")
	s.hurried = true
	return s, fmt.Sprintf("kill -HUP %d", pid)
}

// through gives the provider with a reload command, or none.
func (s *server) through(reload string) string {
	if reload != "" {
		reload = fmt.Sprintf(", reload: %q", reload)
	}
	return fmt.Sprintf("{type: zonefile, file: x.zone%s, authorities: %q}", reload, s.Address)
}

func (s *server) config(reload string, n int) {
	s.configure(serverConfig(s.through(reload), "fail", "1s", "", 0, n))
}

// ours wants the journal to know all writes for its own.
func (s *server) ours() {
	s.t.Helper()
	if list := s.run(s.t.Context(), exitYes, "rollback").out.String(); strings.Contains(list, "by others") {
		s.t.Errorf("the journal says that others wrote:\n%s", list)
	}
}

// TestWrittenAndNotReloaded has the zone file written, and the name server not told:
// another push says so, or tells it.
func TestWrittenAndNotReloaded(t *testing.T) {
	s, reload := handServer(t)
	s.config("", 1)
	for range 2 {
		a := s.run(t.Context(), exitFailure, "push", "--yes", "--wait", "--propagation", "1s")
		if got := a.err.String(); !strings.Contains(got, "uk.x.test is written, but not every server has it: ") || !strings.Contains(got, "; reload the name server, as the provider has no reload command; run it again later\n") {
			t.Fatalf("stderr: %s", got)
		}
	}
	s.config(reload, 1)
	s.run(t.Context(), exitYes, "push", "--yes", "--wait")
	s.planned("reloaded by push")
	s.ours()

	// By hand.
	s.config("", 2)
	s.run(t.Context(), exitFailure, "push", "--yes", "--wait", "--propagation", "1s")
	if out, err := exec.Command("sh", "-c", reload).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	await(t, "the zone that was reloaded", func() bool { return strings.Contains(s.spfOf(serverZone), "10.2.3.0/24") })
	if a := s.run(t.Context(), exitYes, "push", "--yes", "--wait"); strings.Contains(a.err.String(), "by others") {
		t.Errorf("stderr: %s", &a.err)
	}
	s.planned("reloaded by hand")
	s.ours()

	// What was written is not wanted any more.
	s.config("", 1)
	s.run(t.Context(), exitFailure, "push", "--yes", "--wait", "--propagation", "1s")
	s.config("", 3)
	a := s.run(t.Context(), exitFailure, "push", "--yes", "--wait", "--propagation", "1s")
	if got := a.err.String(); !strings.HasSuffix(got, ": reload the name server, as the provider has no reload command\n") {
		t.Errorf("stderr: %s", got)
	}
	s.config(reload, 3)
	a = s.run(t.Context(), exitFailure, "push", "--yes", "--wait")
	if got := a.err.String(); !strings.HasSuffix(got, ": an earlier push has written that, and the name server was told to read it: run it again\n") {
		t.Errorf("stderr: %s", got)
	}
	s.run(t.Context(), exitYes, "push", "--yes", "--wait")
	s.planned("something else")
	s.ours()
}

// TestReloadIsNotHeard has a name server that does not hear the first reload, and
// then every other.
func TestReloadIsNotHeard(t *testing.T) {
	s, reload := handServer(t)
	script := "n=$(($(cat n) + 1)); echo $n > n; test $n = 1 -o $((n % 2)) = 0 || " + reload + "\n"
	if err := os.WriteFile("n", []byte("0\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("reload.sh", []byte(script), 0o666); err != nil {
		t.Fatal(err)
	}
	s.config("sh reload.sh", 1)
	if a := s.run(t.Context(), exitYes, "push", "--yes", "--wait"); !strings.Contains(a.err.String(), "waiting up to") {
		t.Errorf("every reload was heard: %s", &a.err)
	}
	s.planned("with reloads that are not heard")
}

// TestKilledInReload kills a push with its reload command, between the write of the
// file and the reload.
func TestKilledInReload(t *testing.T) {
	s, reload := handServer(t)
	if err := os.WriteFile("slow.sh", []byte("test -e worked || exec touch worked\ntouch begun\nexec sleep 3600\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	s.config("sh slow.sh", 1)
	was, err := os.ReadFile("x.zone")
	if err != nil {
		t.Fatal(err)
	}
	leaks.Use(t, "rfc2136.key", nameserver.Key)
	cmd := exec.Command("spfzone", "push", "--yes", "--wait", "--resolver", "udp://"+s.Address)
	cmd.Env = append(os.Environ(), "KEY="+nameserver.Key)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // the reload command with it
	t.Cleanup(kill)
	await(t, "the reload after the write", func() bool {
		_, err := os.Stat("begun")
		return err == nil
	})
	kill()
	_ = cmd.Wait()
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() {
		t.Fatalf("it was not killed: %v", cmd.ProcessState)
	}
	if now, err := os.ReadFile("x.zone"); err != nil || string(now) == string(was) {
		t.Fatalf("the file is not written: %v", err)
	}
	if got := s.spfOf(serverZone); got != "v=spf1 mx ~all" {
		t.Fatalf("the server has %q, though it was not told to read the file", got)
	}
	s.config(reload, 1)
	s.run(t.Context(), exitYes, "push", "--yes", "--wait")
	s.planned("after it was killed")
	s.ours()
}

// TestPlanRefusesWhatPushWould has a record come from an included file.
func TestPlanRefusesWhatPushWould(t *testing.T) {
	s, reload := handServer(t)
	text, err := os.ReadFile("x.zone")
	if err != nil {
		t.Fatal(err)
	}
	record := "\tIN\tTXT\t( \"v=spf1 \"\t; old\n\t\t\t\"mx \"\n\t\t\t\"~all\" )\n"
	with := strings.Replace(string(text), record, "", 1)
	if with == string(text) {
		t.Fatal("no such record")
	}
	for name, text := range map[string]string{"x.zone": with + "\n$INCLUDE spf.inc\n", "spf.inc": "$ORIGIN x.test.\n@ IN TXT \"v=spf1 mx ~all\"\n"} {
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	s.config(reload, 1)
	const want = "spf.inc:2: the SPF record of x.test. comes from here, which is not edited: move it into x.zone"
	for _, command := range [][]string{{"plan"}, {"push", "--dry-run"}, {"push", "--yes"}} {
		a := s.run(t.Context(), exitRefused, command...)
		if got := a.err.String(); !strings.Contains(got, want) || strings.Contains(got, "change x.test") || strings.Contains(got, "create ") {
			t.Errorf("%s says %s", command, got)
		}
	}
	if entries, err := os.ReadDir(defaultJournal); len(entries) > 0 {
		t.Errorf("the journal has %v, %v", entries, err)
	}
}

// TestOneTTL publishes beside records whose TTL stands: plan says so, and verify
// takes it for what is planned.
func TestOneTTL(t *testing.T) {
	s, reload := handServer(t)
	s.configure(strings.Replace(serverConfig(s.through(reload), "fail", "20s", "", 0, 1), "[a, 198.51.100.0/24]", "[a]", 1))
	const note = "spfzone: the SPF record of x.test gets the TTL 1 of the other TXT records at its name, and not 20: an RRset has one TTL (RFC 2181, Section 5.2)\n"
	for _, command := range [][]string{{"plan"}, {"push", "--yes", "--wait"}, {"plan"}, {"push", "--yes"}} {
		a := s.run(t.Context(), exitYes, command...)
		if n := strings.Count(a.err.String(), note); n != 1 {
			t.Errorf("%s says %d times that the TTL is another:\n%s", command[0], n, &a.err)
		}
	}
	s.planned("beside others")
	a := s.run(t.Context(), exitYes, "verify")
	want := "x.test: note (ttl) at " + s.Address + ": x.test has the TTL 1s, where the configuration has 20s: push leaves it so, as it is that of the other TXT records, and an RRset has one (RFC 2181, Section 5.2)\n" +
		"x.test: note (ttl) at " + s.Address + ": uk.x.test has the TTL 1s, where the configuration has 20s: push leaves it so, as it is that of the other TXT records, and an RRset has one (RFC 2181, Section 5.2)\n" +
		"1 domain: 1 identical to the plan\n"
	if diff := cmp.Diff(want, a.out.String()); diff != "" {
		t.Errorf("verify (-want +got):\n%s", diff)
	}
}

// TestListWrittenAndNotReloaded does the same for the names of an address list.
func TestListWrittenAndNotReloaded(t *testing.T) {
	s, reload := handServer(t)
	config := func(reload, more string) {
		s.configure(fmt.Sprintf(`defaults: {all: fail, ttl: 1s}
networks: {dc: [192.0.2.0/24%s]}
domains: {x.test: {senders: [mx, dc], strategy: exists, publish: {provider: p}}}
providers: {p: %s}
`, more, s.through(reload)))
	}
	config(reload, "")
	s.run(t.Context(), exitYes, "push", "--yes", "--wait")
	config("", ", 198.51.100.7")
	for range 2 {
		a := s.run(t.Context(), exitFailure, "push", "--yes", "--wait", "--propagation", "1s")
		if got := a.err.String(); !strings.Contains(got, "lacks 7.100.51.198") || !strings.Contains(got, "reload the name server, as the provider has no reload command") {
			t.Fatalf("stderr: %s", got)
		}
	}
	config(reload, ", 198.51.100.7")
	s.run(t.Context(), exitYes, "push", "--yes", "--wait")
	s.planned("reloaded by push")
	s.ours()
}
