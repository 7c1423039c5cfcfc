// Command spfzone builds SPF records (RFC 7208) from a list of senders, proves
// them, and says what any published record means.
package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spfzone/spfzone/resolver"
)

func main() { os.Exit(int(runProcess())) }

// runProcess runs the command line of the process. The first SIGINT or SIGTERM
// ends the work in order; the second ends the process at once.
func runProcess() exitCode {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		s := <-signals
		signal.Stop(signals)
		cancel(interrupted{s})
	}()
	a := &app{
		stdin:        os.Stdin,
		stdout:       os.Stdout,
		stderr:       os.Stderr,
		env:          os.LookupEnv,
		now:          time.Now,
		openResolver: resolver.Open,
		isTerminal:   isTerminal,
		sleep:        sleep,
		hangups:      hangups,
		random:       rand.N[time.Duration],
	}
	return a.run(ctx, os.Args[1:])
}

// interrupted is the cause of a context that a signal ended.
type interrupted struct{ signal os.Signal }

func (i interrupted) Error() string { return fmt.Sprintf("stopped by a signal: %v", i.signal) }

// code is that of a process that the signal killed, as shells give it.
func (i interrupted) code() exitCode {
	if s, ok := i.signal.(syscall.Signal); ok {
		return exitSignal + exitCode(s)
	}
	return exitSignal + exitCode(syscall.SIGINT)
}

// isTerminal reports whether a stream is a terminal, or another device that
// people look at.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	if !ok {
		return false
	}
	stat, err := f.Stat()
	return err == nil && stat.Mode()&os.ModeCharDevice != 0
}

// sleep waits, or gives the cause of a context that ends before.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// hangups gives the hang-up signals that the process gets from now on.
func hangups() (signals <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c, func() { signal.Stop(c) }
}
