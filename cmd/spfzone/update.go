package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/zonefile"
)

// updateOptions are the flags of update.
type updateOptions struct {
	accept []string
	shrink percentage
}

func newUpdate(a *app) *cobra.Command {
	o := updateOptions{shrink: builder.DefaultShrink}
	cmd := &cobra.Command{
		Use:   "update",
		Short: "Refresh the lock file, and say what has changed",
		Long: `update asks the DNS for everything that the configuration's records are built
of, and writes the answers to the lock file, which 'spfzone build --locked' then
uses alone. For each service, gateway and term it says which prefixes were gained
and lost, and through which records. The first run makes the file.

Nothing is written, and the exit code is 4, if a lookup for one of them fails, if
its record vanished or became permerror, or if more than --shrink of the addresses
that it passed, or of the prefixes, counted for IPv4 and IPv6 apart, are lost: at
once, or since it had the most in the last year, of which the lock file keeps the
last 24 changes. What --accept lets through is not counted again.

--accept lets one through all the same; of one whose lookups fail, or whose record
is gone or permerror, the former answers are kept, until it can be evaluated again.
It takes the name of a service or gateway, or a term with its domain, such as
mx:x.com.

The exit code is 3 if a lookup failed that belongs to none of them, such as that
of what a domain publishes now.`,
		Example: `  spfzone update
  spfzone update --accept sendgrid
  spfzone update --shrink 20% --output json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.limited(cmd.Context(), func(ctx context.Context) error { return a.update(ctx, o) })
		},
	}
	f := cmd.Flags()
	a.lockFlag(f)
	f.StringArrayVar(&o.accept, "accept", nil, "let this `SERVICE` through, whatever is lost; may be given several times")
	f.Var(&o.shrink, "shrink", "stop if more than this share of a service is lost")
	return cmd
}

// percentage is a flag such as 50%.
type percentage int

// String implements [pflag.Value].
func (p *percentage) String() string { return fmt.Sprintf("%d%%", int(*p)) }

// Type implements [pflag.Value].
func (p *percentage) Type() string { return "SHARE" }

// Set implements [pflag.Value].
func (p *percentage) Set(s string) error {
	n, err := strconv.ParseUint(strings.TrimSuffix(s, "%"), 10, 8)
	if err != nil || n < 1 || n > 100 {
		return errors.New("must be a whole number from 1% to 100%")
	}
	*p = percentage(n)
	return nil
}

func (a *app) update(ctx context.Context, o updateOptions) error {
	c, err := a.load()
	if err != nil {
		return err
	}
	old, err := a.formerLock()
	if err != nil {
		return err
	}
	r, err := a.dns()
	if err != nil {
		return err
	}
	refresh, changed, failed := a.relock(ctx, c, builder.UpdateOptions{Resolver: r, Old: old, Accept: o.accept, Shrink: int(o.shrink), Now: a.now})
	if refresh == nil {
		return failed
	}
	d := newUpdateDocument(refresh, a.lock, changed)
	d.Failed = failed != nil
	if err := a.answerWith(d, func(p *printer) { p.update(d) }); err != nil {
		return err
	}
	state := "left as it was"
	if old == nil {
		state = "not written"
	}
	return errors.Join(a.alarms(refresh, a.lock+" is "+state), failed)
}

// formerLock reads the lock file, and gives nil if there is none.
func (a *app) formerLock() (*builder.Lock, error) {
	old, err := a.readLock(a.lock)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return old, err
}

// relock asks the DNS and writes the lock file, unless the update is stopped. It
// reports whether the file has changed. refresh is nil if nothing is known, and
// not if no more than the writing failed.
func (a *app) relock(ctx context.Context, c *builder.Config, o builder.UpdateOptions) (refresh *builder.Refresh, changed bool, err error) {
	if refresh, err = a.refresh(ctx, c, o); err != nil {
		return nil, false, err
	}
	if refresh.Stopped() {
		return refresh, false, nil
	}
	if changed, err = zonefile.ReplaceFile(a.lock, refresh.Lock.Encode()); err != nil {
		return refresh, false, fmt.Errorf("the lock file is not written: %w", err)
	}
	return refresh, changed, nil
}

// refresh is builder.Update, with what the operator has got wrong told from what
// the DNS has.
func (a *app) refresh(ctx context.Context, c *builder.Config, o builder.UpdateOptions) (*builder.Refresh, error) {
	p := a.newProgress()
	defer p.end()
	o.Progress, o.Resolver = p.show, sourced(c, o.Resolver, nil)
	refresh, err := builder.Update(ctx, c, o)
	if err != nil {
		return nil, refreshError(err)
	}
	return refresh, ctx.Err()
}

// refreshError tells what the operator has got wrong.
func refreshError(err error) error {
	var unknown *builder.UnknownSource
	var broken *builder.LockError
	switch {
	case errors.As(err, &unknown):
		return &usageError{fmt.Errorf("--accept: %w", err)}
	case errors.As(err, &broken):
		return withCode(exitUsage, err)
	}
	return err
}

// alarms says what is wrong with the sources, and what that means for the lock
// file or the build.
func (a *app) alarms(r *builder.Refresh, lock string) error {
	for _, s := range r.Sources {
		placed := placedSource(s)
		switch {
		case s.Alarm == nil:
		case s.Kept:
			a.note("%s: the former answers are kept: %s", placed, s.Alarm.Msg)
		case s.Accepted:
			a.note("%s: accepted: %s", placed, s.Alarm.Msg)
		default:
			a.complain("%s: %s", placed, s.Alarm.Msg)
		}
	}
	if r.Stopped() {
		a.complain("%s: see what is wrong, and let a service through with --accept if it is right so", lock)
		return withCode(exitRefused, errSaid)
	}
	a.notePlans(r.Plan.Domains)
	for _, d := range r.Plan.Domains {
		if d.Err != nil {
			a.note("'spfzone build --locked' will refuse %v", d.Err)
		}
	}
	return nil
}

// readLock reads a lock file. The error for a file that is not there is
// [fs.ErrNotExist].
func (a *app) readLock(path string) (*builder.Lock, error) {
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, withCode(exitUsage, fmt.Errorf("there is no lock file: run 'spfzone update': %w", err))
	case err != nil:
		return nil, withCode(exitFailure, err)
	}
	l, err := builder.ReadLock(path, text)
	if err != nil {
		return nil, withCode(exitUsage, fmt.Errorf("%w\ntake one side of a merge conflict whole, or remove %s, and run 'spfzone update'", err, path))
	}
	return l, nil
}

// updateDocument is what update prints as JSON.
type updateDocument struct {
	Version int              `json:"version"`
	Stopped bool             `json:"stopped"`
	Lock    string           `json:"lock"`
	Changed bool             `json:"changed"`
	Failed  bool             `json:"failed,omitempty"`
	Sources []sourceDocument `json:"sources"`
	Removed []string         `json:"removed"`
	Own     []string         `json:"own,omitempty"`
	Notes   []string         `json:"notes,omitempty"`
}

// sourceDocument is what has changed of a service, gateway or term.
type sourceDocument struct {
	Name     string            `json:"name"`
	Term     string            `json:"term"`
	Domain   string            `json:"domain,omitempty"`
	Owner    string            `json:"owner,omitempty"`
	Ticket   string            `json:"ticket,omitempty"`
	Domains  usersDocument     `json:"domains"`
	New      bool              `json:"new"`
	Kept     bool              `json:"kept"`
	Prefixes int               `json:"prefixes"`
	Gained   []throughDocument `json:"gained"`
	Lost     []throughDocument `json:"lost"`
	Depends  []dependsDocument `json:"depends,omitempty"`
	Alarm    *alarmDocument    `json:"alarm,omitempty"`
}

// usersDocument is the domains that a source touches, the first few by name.
type usersDocument struct {
	Count int      `json:"count"`
	First []string `json:"first"`
}

func newUsersDocument(s builder.SourceChange) usersDocument {
	d := usersDocument{len(s.Domains), []string{}}
	for _, name := range s.Domains[:min(len(s.Domains), mostNamed)] {
		d.First = append(d.First, trimDot(name))
	}
	return d
}

// text gives the names, and how many more there are.
func (d usersDocument) text() string { return someOfMany(d.First, d.Count) }

// placedSource gives the name of a source with whose it is, where it stands and
// which domains it touches.
func placedSource(s builder.SourceChange) string {
	return fmt.Sprintf("%s (%s, in %s)", s.Name, s.Entry.Whose(), newUsersDocument(s).text())
}

// throughDocument is prefixes with the records that they come through.
type throughDocument struct {
	Path     []string       `json:"path"`
	Prefixes []netip.Prefix `json:"prefixes"`
}

// dependsDocument is prefixes for which messages decided before, or decide now.
type dependsDocument struct {
	From     *decisionDocument `json:"from"`
	To       *decisionDocument `json:"to"`
	Prefixes []netip.Prefix    `json:"prefixes"`
}

// alarmDocument is why a source stops the update.
type alarmDocument struct {
	Kind     builder.AlarmKind `json:"kind"`
	Message  string            `json:"message"`
	Accepted bool              `json:"accepted"`
}

func newUpdateDocument(r *builder.Refresh, path string, changed bool) updateDocument {
	d := updateDocument{Version: 1, Stopped: r.Stopped(), Lock: path, Changed: changed, Sources: []sourceDocument{}, Removed: append([]string{}, r.Removed...)}
	for _, name := range r.Own {
		d.Own = append(d.Own, trimDot(name))
	}
	if r.Plan != nil {
		for _, p := range r.Plan.Domains {
			for _, n := range p.Notes {
				d.Notes = append(d.Notes, trimDot(p.Domain.Name)+": "+n)
			}
		}
	}
	for _, s := range r.Sources {
		source := sourceDocument{
			Name: s.Name, Term: s.Term, Domain: trimDot(s.Domain), Owner: s.Entry.Owner, Ticket: s.Entry.Ticket, Domains: newUsersDocument(s), New: s.New, Kept: s.Kept, Prefixes: s.Prefixes,
			Gained: throughDocuments(s.Gained), Lost: throughDocuments(s.Lost),
		}
		for _, c := range s.Depends {
			source.Depends = append(source.Depends, dependsDocument{newDecisionDocument(c.From), newDecisionDocument(c.To), c.Prefixes})
		}
		if s.Alarm != nil {
			source.Alarm = &alarmDocument{s.Alarm.Kind, s.Alarm.Msg, s.Accepted}
		}
		d.Sources = append(d.Sources, source)
	}
	return d
}

func throughDocuments(list []builder.Through) []throughDocument {
	out := []throughDocument{}
	for _, t := range list {
		path := []string{}
		for _, name := range t.Path {
			path = append(path, trimDot(name))
		}
		out = append(out, throughDocument{path, t.Prefixes})
	}
	return out
}
