//go:build unix

package main

import (
	"fmt"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
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

// TestSecondSignalKills sends signals to a process that cannot end in order,
// as its answer waits for a reader, until it is dead.
func TestSecondSignalKills(t *testing.T) {
	var zone strings.Builder
	zone.WriteString("x.test. TXT \"v=spf1 \"")
	for i := range 500 { // whose policy is larger than a pipe holds
		fmt.Fprintf(&zone, " \"ip4:10.%d.%d.7 \"", i/2, i%2*128)
	}
	inFolder(t, map[string]string{"world.zone": zone.String() + "\n"})
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
