//go:build unix

package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spfzone/spfzone/internal/dnstest"
)

// TestSignal sends a signal to a process that waits for a name server, once
// the question has arrived there.
func TestSignal(t *testing.T) {
	tests := []struct {
		signal syscall.Signal
		code   int
		want   string
	}{
		{syscall.SIGINT, 130, "spfzone: stopped by a signal: interrupt\n"},
		{syscall.SIGTERM, 143, "spfzone: stopped by a signal: terminated\n"},
	}
	for _, tt := range tests {
		t.Run(tt.signal.String(), func(t *testing.T) {
			silent, err := net.ListenPacket("udp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer silent.Close()
			cmd := exec.Command("spfzone", "policy", "x.test", "--resolver", "udp://"+silent.LocalAddr().String())
			var stderr strings.Builder
			cmd.Stderr = &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			if _, _, err := silent.ReadFrom(make([]byte, 512)); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Process.Signal(tt.signal); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			if got := cmd.ProcessState.ExitCode(); got != tt.code || stderr.String() != tt.want {
				t.Errorf("exit code %d, want %d; stderr %q, want %q", got, tt.code, &stderr, tt.want)
			}
		})
	}
}

// TestInterruptedBuildLeavesNothing sends a signal to a build that has one
// zone's content on the disk, and waits for the records of another.
func TestInterruptedBuildLeavesNothing(t *testing.T) {
	z := dnstest.NewZone()
	z.Add("a.test", "TXT", "v=spf1 -all")
	z.Add("z.test", "TIMEOUT", "TXT")
	server := dnstest.ServeZonedata(t, z)
	for _, kept := range []bool{false, true} {
		inFolder(t, map[string]string{"spfzone.yaml": "defaults: {all: fail}\ndomains: {a.test: {senders: [mx]}, m.test: {senders: [mx]}, z.test: {senders: [mx]}}\n"})
		want := ""
		if kept {
			want = "; SPF records of the zone a.test, written by spfzone.\n"
			if err := os.MkdirAll("out/zones", 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile("out/zones/a.test.zone", []byte(want), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command("spfzone", "build", "-o", "out/zones", "--resolver", server.URL("udp"))
		var stderr strings.Builder
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		await(t, "content that is written before all of it is there", func() bool {
			beside, err := filepath.Glob("out/zones/.a.test.zone.*")
			if err != nil {
				t.Fatal(err)
			}
			return len(beside) > 0
		})
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if got := cmd.ProcessState.ExitCode(); got != 130 || stderr.String() != "spfzone: stopped by a signal: interrupt\n" {
			t.Errorf("exit code %d; stderr %q", got, &stderr)
		}
		left, err := filepath.Glob("out/zones/*")
		if err != nil {
			t.Fatal(err)
		}
		hidden, err := filepath.Glob("out/zones/.[^.]*")
		if err != nil {
			t.Fatal(err)
		}
		got, _ := os.ReadFile("out/zones/a.test.zone")
		if len(hidden) > 0 || string(got) != want || kept != (len(left) == 1) {
			t.Errorf("left: %q %q, a.test's file has %q, want %q", left, hidden, got, want)
		}
		if _, err := os.Stat("out"); (err == nil) != kept {
			t.Errorf("the folder that was not there: %v", err)
		}
	}
}

// TestSecondSignalKills sends signals to a process that cannot end in order,
// as its answer waits for a reader, until it is dead.
func TestSecondSignalKills(t *testing.T) {
	var zone strings.Builder
	zone.WriteString("x.test. TXT \"v=spf1 \"")
	for i := range 500 { // whose policy is larger than a pipe holds
		fmt.Fprintf(&zone, " \"ip4:10.%d.%d.7 \"", i/2, i%2*128)
	}
	inFolder(t, map[string]string{"world.zone": zone.String() + "\n"})
	// A shell has what runs in its background ignore interrupts, and a process
	// passes that on, but not that it takes them.
	taken := make(chan os.Signal, 1)
	signal.Notify(taken, os.Interrupt)
	defer signal.Stop(taken)
	cmd := exec.Command("spfzone", "policy", "x.test", "--output", "json", "--resolver", "file:world.zone")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	dead := make(chan struct{})
	go func() {
		defer close(dead)
		_ = cmd.Wait()
	}()
	signals := 0
	for alive := true; alive; signals++ {
		_ = cmd.Process.Signal(syscall.SIGINT) // an error says that it is dead already
		select {
		case <-dead:
			alive = false
		case <-time.After(5 * time.Millisecond):
		}
	}
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !status.Signaled() || status.Signal() != syscall.SIGINT || signals < 2 {
		t.Errorf("after %d signals: %v, want a process that the second one killed", signals, cmd.ProcessState)
	}
}

// TestWatchSignals has a real daemon get a hang-up signal, with a configuration
// that has become broken, and then be ended.
func TestWatchSignals(t *testing.T) {
	inFolder(t, map[string]string{
		"spfzone.yaml": "defaults: {all: fail}\ndomains: {x.test: {senders: []}}\n",
		"world.zone":   "x.test. SOA a.x.test. b.x.test. 1 2 3 4 5\n",
	})
	cmd := exec.Command("spfzone", "watch", "--resolver", "file:world.zone", "--listen", "127.0.0.1:0")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	log := bufio.NewScanner(stderr)
	await := func(part string) {
		t.Helper()
		for log.Scan() {
			if strings.Contains(log.Text(), part) {
				return
			}
		}
		t.Fatalf("the log ends without %s: %v", part, log.Err())
	}
	signal := func(s syscall.Signal) {
		t.Helper()
		if err := cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
	}
	await(`msg="round ended"`)
	signal(syscall.SIGHUP)
	await(`msg="configuration reloaded" domains=1`)
	await(`msg="round ended"`)
	if err := os.WriteFile("spfzone.yaml", []byte("domains: {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	signal(syscall.SIGHUP)
	await(`level=ERROR msg="configuration not reloaded, the former one stays in use"`)
	signal(syscall.SIGTERM)
	await(`msg=stopped cause="stopped by a signal: terminated"`)
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
}
