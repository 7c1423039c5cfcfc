package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/spfzone/spfzone/builder"
)

// The forms of watch's log.
const (
	logText = "text"
	logJSON = "json"
)

// watchOptions are the flags of watch.
type watchOptions struct {
	publishOptions
	interval time.Duration
	jitter   time.Duration
	grace    time.Duration
	listen   string
	log      choice
	push     bool
	also     []string
	shrink   percentage
}

// The shortest interval: what is asked changes no faster.
const shortestInterval = time.Second

func newWatch(a *app) *cobra.Command {
	o := watchOptions{log: choice{logText, "FORM", []string{logText, logJSON}}, shrink: builder.DefaultShrink}
	cmd := &cobra.Command{
		Use:   "watch",
		Short: "Refresh the lock file and compare what is published with the plan, again and again",
		Long: `watch stays, and does a round at once and then one in every --interval: it
refreshes the lock file as update does, builds the configuration with it, and
compares what is published with that as verify does. With --push it publishes
before, as push --yes does, and comes back when the next stage may run.

A source that fails, vanishes or shrinks stops the update: the lock file stays as
it was, and the domains that list the source, or lead to such domains, are not
pushed in that round; all others are, with what their own sources have. No flag
lets a source through: run 'spfzone update --accept SERVICE', and the next round
goes on from there. --push needs a lock file that is there before.

It logs to stderr. --listen serves /metrics to Prometheus, and /healthz, which
is 200 as long as rounds come to an end. docs/watch.md lists the metrics.

SIGHUP reads the configuration anew and begins a round; if it is broken, the
former one stays in use and the log says what is wrong. SIGTERM and SIGINT let a
round that is under way end, for as long as --grace. A second one kills. --timeout
bounds each round.

The exit code is 0 if it was stopped between rounds or the last one came to its
end, 143 or 130 if that had to be cut off, 2 for a configuration that is broken at
the start, and 3 if the address to listen on cannot be had.`,
		Example: `  spfzone watch --interval 15m
  spfzone watch --push --log json --listen 127.0.0.1:9153`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("jitter") {
				o.jitter = o.interval / 10
			}
			if cmd.Flags().Changed("propagation") && !o.push {
				return usagef("--propagation has a meaning with --push alone: add it")
			}
			if err := o.check(); err != nil {
				return err
			}
			return a.watch(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	a.lockFlag(f)
	f.DurationVar(&o.interval, "interval", time.Hour, "begin a round every `TIME`")
	f.DurationVar(&o.jitter, "jitter", 0, "wait at random up to this `TIME` longer (default a tenth of the interval)")
	f.DurationVar(&o.grace, "grace", 30*time.Second, "let a round go on for this `TIME` after SIGTERM or SIGINT")
	f.StringVar(&o.listen, "listen", "127.0.0.1:9153", "serve /metrics and /healthz at `HOST:PORT`; nowhere if empty")
	f.Var(&o.log, "log", "form of the log: text or json")
	f.BoolVar(&o.push, "push", false, "publish too, without asking")
	f.StringArrayVar(&o.also, "also", nil, "look at what this `RESOLVER` says too, in the form of --resolver; may be given several times")
	f.Var(&o.shrink, "shrink", "stop if more than this share of a service is lost")
	o.flags(f, 2*time.Minute)
	return cmd
}

func (o watchOptions) check() error {
	switch {
	case o.interval < shortestInterval:
		return usagef("--interval %v is shorter than %v", o.interval, shortestInterval)
	case o.jitter < 0:
		return usagef("--jitter %v is less than nothing", o.jitter)
	case o.grace < 0:
		return usagef("--grace %v is less than nothing", o.grace)
	}
	return nil
}

// watch is a configuration that is watched.
type watch struct {
	a      *app
	o      watchOptions
	config *builder.Config
	known  *known
}

// watch runs the daemon until ctx is over.
func (a *app) watch(ctx context.Context, o watchOptions) error {
	a.log = newLog(a, o.log.value)
	hangups, stop := a.hangups()
	defer stop()
	w := &watch{a: a, o: o, known: newKnown(a.now(), o)}
	var err error
	if w.config, err = w.load(); err != nil {
		return err
	}
	if _, err := a.dns(); err != nil {
		return err
	}
	if _, err := a.resolverViews(o.also); err != nil {
		return err
	}
	w.known.loaded(w.config, a.now())
	drain, err := w.serve()
	if err != nil {
		return err
	}
	defer drain()
	return w.rounds(ctx, hangups)
}

// newLog gives the log, of which --quiet silences what is no more than told.
func newLog(a *app, form string) *slog.Logger {
	o := &slog.HandlerOptions{Level: slog.LevelInfo, ReplaceAttr: func(groups []string, at slog.Attr) slog.Attr {
		if at.Key == slog.TimeKey && len(groups) == 0 {
			at.Value = slog.TimeValue(a.now())
		}
		return at
	}}
	if a.quiet {
		o.Level = slog.LevelWarn
	}
	if form == logJSON {
		return slog.New(slog.NewJSONHandler(a.stderr, o))
	}
	return slog.New(slog.NewTextHandler(a.stderr, o))
}

// load reads the configuration, and opens the providers that are to be used, so
// that what is wrong with it is found before it counts.
func (w *watch) load() (*builder.Config, error) {
	c, err := w.a.load()
	if err != nil {
		return nil, err
	}
	if _, err := w.a.openVerifying(c, w.o.publishOptions); err != nil || !w.o.push {
		return c, err
	}
	only, err := published(c, nil)
	if err != nil {
		return nil, err
	}
	_, err = w.a.openPublishing(c, only, w.o.publishOptions, false)
	return c, err
}

// reload puts a new configuration in the place of the old one, if nothing is
// wrong with it.
func (w *watch) reload() bool {
	c, err := w.load()
	if err != nil {
		w.a.log.Error("configuration not reloaded, the former one stays in use", "error", err)
		w.known.broken()
		return false
	}
	w.config = c
	w.known.loaded(c, w.a.now())
	w.a.log.Info("configuration reloaded", "domains", len(c.Domains))
	return true
}

// rounds does round after round, until ctx is over.
func (w *watch) rounds(ctx context.Context, hangups <-chan os.Signal) error {
	for {
		r, err := w.bounded(ctx)
		if err != nil {
			return err
		}
		pause := w.pause(r)
		w.known.ended(r, pause)
		r.report(w.a.log, pause)
		if !w.wait(ctx, pause, hangups) {
			w.a.log.Info("stopped", "cause", context.Cause(ctx).Error())
			return nil
		}
	}
}

// pause gives how long to wait for the next round: the interval, or less if a
// stage of a push may run before.
func (w *watch) pause(r *round) time.Duration {
	d := w.o.interval
	if w.o.jitter > 0 {
		d += w.a.random(w.o.jitter)
	}
	if next, waiting := earliest(r.jobs); waiting {
		d = min(d, max(next.step.Stage.After.Sub(w.a.now()), shortestInterval))
	}
	return d
}

// wait waits for the next round, and reports whether there is to be one. A new
// configuration ends the wait.
func (w *watch) wait(ctx context.Context, d time.Duration, hangups <-chan os.Signal) bool {
	sleeping, wake := context.WithCancel(ctx)
	defer wake()
	slept := make(chan error, 1)
	go func() { slept <- w.a.sleep(sleeping, d) }()
	for {
		select {
		case <-hangups:
			if w.reload() {
				return true
			}
		case err := <-slept:
			return err == nil
		}
	}
}

// bounded does a round. Once ctx is over, the round has as long as --grace to
// end; then it is cut off, and the error says so.
func (w *watch) bounded(ctx context.Context) (*round, error) {
	within, cut := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cut(nil)
	done := make(chan *round, 1)
	go func() { done <- w.round(within) }()
	select {
	case r := <-done:
		return r, nil
	case <-ctx.Done():
	}
	w.a.log.Info("stopping when the round ends", "cause", context.Cause(ctx).Error(), "grace", w.o.grace.String())
	go func() {
		if w.a.sleep(within, w.o.grace) == nil {
			cut(context.Cause(ctx))
		}
	}()
	r := <-done
	if cause := context.Cause(within); cause != nil {
		w.a.log.Warn("the round was cut off")
		return nil, cause
	}
	return r, nil
}

// serve answers HTTP, and gives what ends that: connections end first.
func (w *watch) serve() (drain func(), err error) {
	if w.o.listen == "" {
		return func() {}, nil
	}
	l, err := net.Listen("tcp", w.o.listen)
	if err != nil {
		return nil, withCode(exitFailure, fmt.Errorf("--listen: %w", err))
	}
	server := &http.Server{
		Handler:           w.handler(),
		ReadHeaderTimeout: 10 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(w.a.log.Handler(), slog.LevelWarn),
	}
	w.a.log.Info("listening", "address", l.Addr().String())
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			w.a.log.Error("no more metrics", "error", err)
		}
	}()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), drainTime)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			w.a.log.Warn("connections were cut off", "error", err)
			server.Close()
		}
		<-served
	}, nil
}

// drainTime is how long answers that are under way may take at the end.
const drainTime = 5 * time.Second
