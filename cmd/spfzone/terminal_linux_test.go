package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/spfzone/spfzone/internal/leaks"
	"github.com/spfzone/spfzone/internal/nameserver"
)

// terminal opens a pseudo-terminal: what is written to the first end is typed,
// what is read there was shown.
func terminal(t *testing.T) (screen, tty *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { screen.Close() })
	var number, locked int32
	ioctl := func(request uintptr, arg *int32) {
		raw, err := screen.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		var errno syscall.Errno
		if err := raw.Control(func(fd uintptr) {
			_, _, errno = syscall.Syscall(syscall.SYS_IOCTL, fd, request, uintptr(unsafe.Pointer(arg)))
		}); err != nil || errno != 0 {
			t.Fatal(err, errno)
		}
	}
	ioctl(syscall.TIOCSPTLCK, &locked)
	ioctl(syscall.TIOCGPTN, &number)
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tty.Close() })
	return screen, tty
}

// interruptKey is what Ctrl-C types.
const interruptKey = "\x03"

// TestConfirmation answers the question of a push at a real terminal.
func TestConfirmation(t *testing.T) {
	inFolder(t, nil)
	ns := nameserver.BIND(t, serverZone, zoneOfServers())
	s := newServer(t, ns, updateProvider(ns))
	s.configure(serverConfig(s.provider, "fail", "1s", "", 0, 1))
	const question = "Write this? [yes/no] "
	tests := []struct {
		name, typed string
		piped       bool // the answer comes by a pipe, only the question goes to a terminal
		code        exitCode
		says        string
	}{
		{"no", "no\n", false, exitUsage, "spfzone: not confirmed: nothing is written"},
		{"a word too short", "y\n", false, exitUsage, "spfzone: not confirmed: nothing is written"},
		{"a line end", "\n", false, exitUsage, "spfzone: not confirmed: nothing is written"},
		{"the end of the input", "\x04", false, exitUsage, "spfzone: not confirmed: nothing is written"},
		{"the end within the word", "yes\x04\x04", false, exitUsage, "spfzone: not confirmed: nothing is written"},
		{"not asked, as the input is a pipe", "yes\n", true, exitUsage, "spfzone: nobody can confirm what is to be written, as this is no terminal: add --yes, or --dry-run to see it"},
		{"a signal", interruptKey, false, 130, "spfzone: stopped by a signal: interrupt"},
		{"yes", "yes\n", false, exitYes, "spfzone: create x.test: "},
	}
	asked := 0
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			screen, tty := terminal(t)
			leaks.Use(t, "rfc2136.key", nameserver.Key)
			cmd := exec.Command("spfzone", "push", "--wait", "--resolver", "udp://"+ns.Address)
			cmd.Env = append(os.Environ(), "KEY="+nameserver.Key)
			var out bytes.Buffer
			cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, &out, tty
			if tt.piped {
				cmd.Stdin = strings.NewReader(tt.typed)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			tty.Close()
			var shown bytes.Buffer
			for b := make([]byte, 512); ; {
				n, err := screen.Read(b)
				shown.Write(b[:n])
				if err != nil {
					break // EIO: nobody has the terminal open any more
				}
				if !tt.piped && strings.HasSuffix(shown.String(), question) {
					asked++
					if got := s.spfOf(serverZone); got != "" {
						t.Errorf("%q is published before the answer", got)
					}
					if tt.typed == interruptKey { // which is no signal, as this is no terminal of a session
						_ = cmd.Process.Signal(syscall.SIGINT)
					} else if _, err := io.WriteString(screen, tt.typed); err != nil {
						t.Fatal(err)
					}
				}
			}
			_ = cmd.Wait()
			leaks.Look(t, "output", append(shown.Bytes(), out.Bytes()...))
			if got := exitCode(cmd.ProcessState.ExitCode()); got != tt.code || !strings.Contains(shown.String(), tt.says) {
				t.Errorf("exit code %d, want %d; the terminal shows\n%s\nwant %s", got, tt.code, &shown, tt.says)
			}
			if plan := "create x.test, TTL 1"; !tt.piped && !strings.Contains(shown.String(), plan) {
				t.Errorf("the terminal shows no %q:\n%s", plan, &shown)
			}
			want, written := "", exitYes == tt.code
			if written {
				want = "v=spf1 mx ip4:10.0.0.0/24 include:uk.x.test -all"
			}
			if got := s.spfOf(serverZone); got != want {
				t.Errorf("%q is published, want %q", got, want)
			}
			if _, err := os.Stat(".spfzone/journal"); (err == nil) != written {
				t.Errorf("the journal: %v", err)
			}
		})
	}
	if asked != len(tests)-1 {
		t.Errorf("asked %d times", asked)
	}
}
