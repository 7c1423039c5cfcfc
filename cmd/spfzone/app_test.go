package main

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go4.org/netipx"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/internal/leaks"
	"github.com/spfzone/spfzone/resolver"
	"github.com/spfzone/spfzone/spf"
)

// testApp is an app whose streams are kept, and whose DNS is a zone file given
// as text.
type testApp struct {
	app
	out, err bytes.Buffer
}

// patience is for how long a test waits for what must come, on a machine that is
// busy with other things.
const patience = 2 * time.Minute

// await waits until a condition holds.
func await(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func newTestApp(t *testing.T, zone string) *testApp {
	t.Helper()
	world, err := resolver.ParseZone(strings.NewReader(zone), "world")
	if err != nil {
		t.Fatal(err)
	}
	return newTestAppOver(world)
}

func newTestAppOver(r spf.Resolver) *testApp {
	a := &testApp{}
	a.app = app{
		stdin:        strings.NewReader(""),
		stdout:       &a.out,
		stderr:       &a.err,
		env:          func(string) (string, bool) { return "", false },
		now:          func() time.Time { return time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC) },
		openResolver: func([]string, resolver.Options) (spf.Resolver, error) { return r, nil },
		isTerminal:   func(any) bool { return false },
		lock:         builder.DefaultLock,
		sleep:        sleep,
	}
	return a
}

// inFolder makes a new folder with the files the current one. What is left there
// in the end, but for configurations, may hold no secret.
func inFolder(t *testing.T, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	t.Cleanup(func() { leaks.LookBelow(t, dir, defaultConfig) })
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// mustRun runs a command line that must succeed in silence, and gives its
// answer.
func (a *testApp) mustRun(t *testing.T, args ...string) []byte {
	t.Helper()
	if code := a.run(t.Context(), args); code != exitYes || a.err.Len() > 0 {
		t.Fatalf("spfzone %s: exit code %d, stderr:\n%s", strings.Join(args, " "), code, &a.err)
	}
	return a.out.Bytes()
}

// blocked is a DNS that never answers. It says that it was asked.
type blocked struct {
	dnstest.Zonedata
	asked chan struct{}
}

func (b *blocked) LookupTXT(ctx context.Context, _ string) (spf.Answer[spf.TXT], error) {
	close(b.asked)
	<-ctx.Done()
	return spf.Answer[spf.TXT]{}, ctx.Err()
}

func TestInterrupted(t *testing.T) {
	tests := []struct {
		name string
		args []string
		end  error
		code exitCode
		want string
	}{
		{"SIGINT", []string{"policy", "x.test"}, interrupted{os.Interrupt}, 130, "spfzone: stopped by a signal: interrupt\n"},
		{"SIGTERM", []string{"check", "--ip", "192.0.2.1", "--from", "x.test"}, interrupted{syscall.SIGTERM}, 143, "spfzone: stopped by a signal: terminated\n"},
		{"explain", []string{"explain", "x.test"}, interrupted{os.Interrupt}, 130, "spfzone: stopped by a signal: interrupt\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inFolder(t, nil)
			r := &blocked{asked: make(chan struct{})}
			ctx, cancel := context.WithCancelCause(t.Context())
			go func() {
				<-r.asked
				cancel(tt.end)
			}()
			a := newTestAppOver(r)
			if code := a.run(ctx, tt.args); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			if diff := cmp.Diff(tt.want, a.err.String()); diff != "" || a.out.Len() > 0 {
				t.Errorf("stderr (-want +got):\n%s\nstdout:\n%s", diff, &a.out)
			}
		})
	}
}

func TestTimeout(t *testing.T) {
	config := map[string]string{"spfzone.yaml": "defaults: {all: fail}\ndomains: {x.test: {senders: [mx]}}\n"}
	for _, args := range [][]string{
		{"policy", "x.test"},
		{"check", "--ip", "192.0.2.1", "--from", "x.test"},
		{"explain", "x.test"},
		{"build"},
	} {
		t.Run(args[0], func(t *testing.T) {
			inFolder(t, config)
			a := newTestAppOver(&blocked{asked: make(chan struct{})})
			if code := a.run(t.Context(), append(args, "--timeout", "1ms")); code != exitFailure {
				t.Errorf("exit code %d, want %d", code, exitFailure)
			}
			want := "spfzone: not done within 1ms, as --timeout wants\n"
			if diff := cmp.Diff(want, a.err.String()); diff != "" || a.out.Len() > 0 {
				t.Errorf("stderr (-want +got):\n%s\nstdout:\n%s", diff, &a.out)
			}
		})
	}
}

// brokenWriter takes nothing.
type brokenWriter struct{}

var errPipe = errors.New("broken pipe")

func (brokenWriter) Write([]byte) (int, error) { return 0, errPipe }

func TestAnswerCannotBeWritten(t *testing.T) {
	inFolder(t, map[string]string{"spfzone.yaml": "defaults: {all: fail}\ndomains: {x.test: {senders: [mx]}}\n"})
	commands := [][]string{
		{"build"}, {"build", "--format", "json"}, {"build", "-o", "out"},
		{"check", "--ip", "192.0.2.1", "--from", "x.test"},
		{"policy", "x.test"}, {"policy", "x.test", "--ip", "192.0.2.1"},
		{"explain", "x.test"}, {"update"}, {"diff", "x.test", "x.test"},
		{"version"}, {"completion", "bash"},
	}
	for _, args := range commands {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			a := newTestApp(t, "x.test. TXT \"v=spf1 mx -all\"\nx.test. MX 10 mail.x.test.\n")
			a.stdout = brokenWriter{}
			if code := a.run(t.Context(), args); code != exitFailure {
				t.Errorf("exit code %d, want %d", code, exitFailure)
			}
			if diff := cmp.Diff("spfzone: the answer could not be written: broken pipe\n", a.err.String()); diff != "" {
				t.Errorf("stderr (-want +got):\n%s", diff)
			}
		})
	}
}

func TestColor(t *testing.T) {
	tests := []struct {
		name     string
		flag     string
		terminal bool
		env      map[string]string
		colored  bool
	}{
		{"a pipe", "auto", false, nil, false},
		{"a terminal", "auto", true, nil, true},
		{"a terminal, NO_COLOR", "auto", true, map[string]string{"NO_COLOR": "1"}, false},
		{"a terminal, NO_COLOR empty", "auto", true, map[string]string{"NO_COLOR": ""}, true},
		{"a dumb terminal", "auto", true, map[string]string{"TERM": "dumb"}, false},
		{"always, NO_COLOR", "always", false, map[string]string{"NO_COLOR": "1"}, true},
		{"never", "never", true, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := newTestApp(t, "x.test. TXT \"v=spf1 -all\"\n")
			a.isTerminal = func(any) bool { return tt.terminal }
			a.env = func(name string) (string, bool) { v, ok := tt.env[name]; return v, ok }
			got := string(a.mustRun(t, "policy", "x.test", "--ip", "192.0.2.1", "--color", tt.flag))
			result := "fail"
			if tt.colored {
				result = "\x1b[31mfail\x1b[0m"
			}
			want := "ip           192.0.2.1\ndomain       x.test\nresult       " + result +
				"\nmatched      -all in x.test\nlookups      0 of 10\nvoids        0 of 2\n"
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

// TestHostileText holds the text output to lines of its own: what the DNS
// says may not move the cursor, end a line or color it.
func TestHostileText(t *testing.T) {
	a := newTestApp(t, `x.test. TXT "v=spf1 exp=why.x.test -all"
why.x.test. TXT "go \027[2J away"
y.test. TXT "v=spf1 \027]0;title\007 -all"
z.test. TXT "v=spf1 \r\n\226\128\174 -all"
`)
	for _, args := range [][]string{
		{"check", "--ip", "192.0.2.1", "--from", "x.test", "--trace", "--received-spf"},
		{"check", "--ip", "192.0.2.1", "--from", "y.test", "--trace", "--received-spf"},
		{"check", "--ip", "192.0.2.1", "--from", "\x1b[31mz.test", "--trace"},
		{"check", "--ip", "192.0.2.1", "--from", "z.test", "--trace"},
		{"policy", "y.test"}, {"policy", "z.test"}, {"explain", "y.test"}, {"explain", "z.test"}, {"explain", "\x1b[31m"},
	} {
		a.out.Reset()
		a.err.Reset()
		a.run(t.Context(), args)
		text := a.out.String() + a.err.String()
		if text == "" {
			t.Errorf("%q prints nothing", args)
		}
		for line := range strings.Lines(text) {
			if body := strings.TrimSuffix(line, "\n"); body != printable(body) {
				t.Errorf("%q prints the line %q", args, line)
			}
		}
	}
}

func TestProgress(t *testing.T) {
	tests := []struct {
		name     string
		terminal bool
		quiet    bool
		tick     time.Duration // that the clock moves on with each look at it
		want     string
	}{
		{"long, on a terminal", true, false, time.Second,
			"\rspfzone: 1 of 3 domains\rspfzone: 2 of 3 domains\rspfzone: 3 of 3 domains\r\x1b[K"},
		{"not too often", true, false, 300 * time.Millisecond, "\rspfzone: 3 of 3 domains\r\x1b[K"},
		{"short", true, false, time.Millisecond, ""},
		{"no terminal", false, false, time.Second, ""},
		{"quiet", true, true, time.Second, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inFolder(t, map[string]string{"spfzone.yaml": `
defaults: {all: fail}
domains: {a.test: {senders: [mx]}, b.test: {senders: [mx]}, c.test: {senders: [mx]}}
`})
			a := newTestApp(t, "")
			a.isTerminal = func(any) bool { return tt.terminal }
			a.quiet = tt.quiet
			c, err := a.load()
			if err != nil {
				t.Fatal(err)
			}
			r, err := a.dns()
			if err != nil {
				t.Fatal(err)
			}
			now := a.now()
			a.now = func() time.Time { now = now.Add(tt.tick); return now }
			if _, err := a.plan(t.Context(), c, r, nil); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, a.err.String()); diff != "" {
				t.Errorf("stderr (-want +got):\n%s", diff)
			}
		})
	}
}

func TestGrouped(t *testing.T) {
	tests := []struct{ prefix, want string }{
		{"192.0.2.1/32", "1"},
		{"192.0.2.0/24", "256"},
		{"10.0.0.0/8", "16,777,216"},
		{"2001:db8::/80", "281,474,976,710,656"},
		{"2001:db8::/64", "2^64"},
		{"::/0", "2^128"},
	}
	for _, tt := range tests {
		if got := grouped(size(netipx.RangeOfPrefix(netip.MustParsePrefix(tt.prefix)))); got != tt.want {
			t.Errorf("%s has %s addresses, want %s", tt.prefix, got, tt.want)
		}
	}
}
