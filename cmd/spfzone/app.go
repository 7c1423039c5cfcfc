package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/resolver"
	"github.com/spfzone/spfzone/spf"
)

// app is everything that the commands share: what they are given from outside,
// and the global flags.
//
// The rules of what is printed: the answer goes to stdout, whole, when the
// work is done. Everything else goes to stderr, each line behind "spfzone: ".
// Nothing that comes from the DNS or a file reaches a terminal without its
// control characters taken out.
type app struct {
	stdin        io.Reader
	stdout       io.Writer
	stderr       io.Writer
	env          func(name string) (value string, ok bool)
	now          func() time.Time
	openResolver func(specs []string, o resolver.Options) (spf.Resolver, error)
	isTerminal   func(stream any) bool
	sleep        func(ctx context.Context, d time.Duration) error
	hangups      func() (signals <-chan os.Signal, stop func())
	random       func(below time.Duration) time.Duration

	log *slog.Logger // of a daemon, in the place of stderr; nil for everybody else

	config    []string
	lock      string // of those commands that have the flag
	repack    bool   // likewise
	resolvers []string
	output    choice
	color     choice
	timeout   time.Duration
	quiet     bool
}

// defaultConfig is the configuration where --config is not given.
const defaultConfig = "spfzone.yaml"

// run runs one command line, and gives the exit code.
func (a *app) run(ctx context.Context, args []string) exitCode {
	root := newRoot(a)
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	err := root.ExecuteContext(ctx)
	a.report(err)
	return codeOf(err)
}

// report says on stderr why the command failed.
func (a *app) report(err error) {
	if err == nil || errors.Is(err, errSaid) {
		return
	}
	a.complainOf(err)
	var usage *usageError
	if errors.As(err, &usage) {
		a.complain("see 'spfzone --help', or 'spfzone COMMAND --help'")
	}
}

// complainOf prints an error. What is several, such as the mistakes of a
// configuration, has a message on each line; those of a vector each say of
// which domain it is.
func (a *app) complainOf(err error) {
	text := err.Error()
	var refusal *builder.Refusal
	var several interface{ Unwrap() []error }
	switch {
	case errors.As(err, &refusal) && refusal.Kind == builder.Vectors:
		for line := range strings.Lines(refusal.Msg) {
			a.complain("%s: %s", trimDot(refusal.Domain), line)
		}
	case errors.As(err, &several) && several.(error).Error() == text:
		for line := range strings.Lines(text) {
			a.complain("%s", line)
		}
	default:
		a.complain("%s", text)
	}
}

// complain prints a message on stderr, each line behind the program's name, and
// those from the second on indented.
func (a *app) complain(format string, args ...any) {
	if a.log != nil {
		a.log.Error("failed", "error", strings.TrimSuffix(fmt.Sprintf(format, args...), "\n"))
		return
	}
	indent := ""
	for line := range strings.Lines(fmt.Sprintf(format, args...)) {
		fmt.Fprintf(a.stderr, "spfzone: %s%s\n", indent, printable(strings.TrimSuffix(line, "\n")))
		indent = "  "
	}
}

// note is complain for what --quiet silences.
func (a *app) note(format string, args ...any) {
	switch {
	case a.log != nil:
		a.log.Info("note", "note", fmt.Sprintf(format, args...))
	case !a.quiet:
		a.complain(format, args...)
	}
}

// answer prints what the command was asked for.
func (a *app) answer(text []byte) error {
	if _, err := a.stdout.Write(text); err != nil {
		return withCode(exitFailure, fmt.Errorf("the answer could not be written: %w", err))
	}
	return nil
}

// answerWith gives the answer in the form that --output asks for.
func (a *app) answerWith(document any, text func(*printer)) error {
	if a.output.value == outputJSON {
		return a.answerJSON(document)
	}
	p := a.printer()
	text(p)
	return a.answer(p.Bytes())
}

// answerJSON prints a document.
func (a *app) answerJSON(document any) error {
	var b bytes.Buffer
	if err := encodeJSON(&b, document); err != nil {
		return err
	}
	return a.answer(b.Bytes())
}

// dns opens the resolver that --resolver names.
func (a *app) dns() (spf.Resolver, error) {
	r, err := a.openResolver(a.resolvers, resolver.Options{Now: a.now})
	var file *resolver.ZoneFileError
	switch {
	case errors.As(err, &file):
		return nil, withCode(exitFailure, fmt.Errorf("--resolver: %w", err))
	case err != nil:
		return nil, withCode(exitUsage, fmt.Errorf("--resolver: %w", err))
	}
	return r, nil
}

// limited does the work of a command within --timeout. What ended the work
// early, be it that or a signal, is the error.
func (a *app) limited(ctx context.Context, work func(context.Context) error) error {
	if a.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, a.timeout, fmt.Errorf("not done within %v, as --timeout wants", a.timeout))
		defer cancel()
	}
	err := work(ctx)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}

// checker evaluates as receivers do.
func (a *app) checker(r spf.Resolver) *spf.Checker {
	return &spf.Checker{Resolver: r, Timeout: a.timeout, Now: a.now}
}

// load reads the configuration.
func (a *app) load() (*builder.Config, error) {
	files := a.config
	if len(files) == 0 {
		files = []string{defaultConfig}
	}
	c, err := builder.Load(files...)
	switch {
	case errors.Is(err, fs.ErrNotExist) && len(a.config) == 0:
		return nil, withCode(exitUsage, fmt.Errorf("there is no %s here: write one, or name the configuration with --config", defaultConfig))
	case err != nil:
		return nil, withCode(exitUsage, err)
	}
	for _, n := range c.Notes {
		a.note("%v: %s", n.Place, n.Text)
	}
	return c, nil
}

// canonical gives the canonical name of a domain that the operator wrote.
func canonical(domain string) (string, error) {
	if err := plain(domain); err != nil {
		return "", err
	}
	name, err := spf.CanonicalName(domain)
	if err != nil {
		return "", &usageError{err}
	}
	return name, nil
}

// plain refuses what is no domain but a slip: the DNS allows any octet in a
// name, and a record could be asked for, but what addresses are written with
// (the specials of RFC 5322, Section 3.2.3) was meant for something else.
func plain(domain string) error {
	if i := strings.IndexAny(domain, `<>()[]",;:@\`); i >= 0 {
		return usagef("%q is no domain: it holds %q", domain, domain[i])
	}
	return nil
}
