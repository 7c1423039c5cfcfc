package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/providers/push"
)

// pushOptions are the flags of push.
type pushOptions struct {
	publishOptions
	yes    bool
	dryRun bool
	wait   bool
	done   string // the state of a domain that nothing is left to do for
}

func newPush(a *app) *cobra.Command {
	o := pushOptions{done: statePublished}
	cmd := &cobra.Command{
		Use:   "push [DOMAIN...]",
		Short: "Publish the records of the configuration, without ever breaking mail",
		Long: `push does what plan shows. At a terminal it asks first; elsewhere it writes only
with --yes.

It runs the stages that may run now, and ends; with --wait it sleeps until the
next one may, and ends when all is done. Run again it goes on from what it finds,
however it ended. Before each write the TXT records of the name go into the
journal, from which 'spfzone rollback' restores them. After it every authoritative
server is asked by UDP and TCP until all have the change, and the records are
evaluated as each of them gives them. Where one shows something else, or they do
not say what they are to, the change is taken back. The other TXT records at a
name are left as they are, octet by octet, or the change is refused. The names of
an address list (strategy: exists) are added and deleted in steps, each of which
lets through whom both the old and the new list do.

If there is a lock file, a domain is refused of which a source fails, vanished or
lost more than --shrink against it, as 'spfzone update' would refuse that: let it
through with 'spfzone update --accept', or publish with --locked what the lock file
has.

Domains of different zones are written at once, as many as --jobs says. Those of
one zone are written one after the other in the order of the configuration, and
those whose records lead to other domains after these. What is said keeps to that
order too.

A domain that is refused stays as it is published, and the others are written all
the same. The exit code is 0 if all is written that may be written now, 4 if a domain
is refused for safety, 1 if that is for its expect: vectors, and 3 if a lookup or a
write failed.`,
		Example: `  spfzone push
  spfzone push --yes --wait
  spfzone push x.com --dry-run`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.limited(cmd.Context(), func(ctx context.Context) error { return a.push(ctx, args, o) })
		},
	}
	o.flags(cmd.Flags(), 2*time.Minute)
	o.lockFlags(a, cmd.Flags())
	a.repackFlag(cmd.Flags())
	o.pushFlags(cmd)
	return cmd
}

func (o *pushOptions) pushFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.yes, "yes", false, "write without asking")
	f.BoolVar(&o.dryRun, "dry-run", false, "show what would be written, as plan does, and write nothing")
	f.BoolVar(&o.wait, "wait", false, "wait for the stages that may not run yet")
}

// mayWrite refuses early what nobody can confirm.
func (a *app) mayWrite(o pushOptions) error {
	if o.yes || o.dryRun || a.isTerminal(a.stdin) && a.isTerminal(a.stderr) {
		return nil
	}
	return usagef("nobody can confirm what is to be written, as this is no terminal: add --yes, or --dry-run to see it")
}

func (a *app) push(ctx context.Context, domains []string, o pushOptions) error {
	if err := a.mayWrite(o); err != nil {
		return err
	}
	p, err := a.publishing(ctx, domains, o.publishOptions, o.dryRun)
	if err != nil {
		return err
	}
	a.notePlans(p.domains())
	return p.run(ctx, p.jobs(), o)
}

// run shows what is to be written, has it confirmed, and writes it.
func (p *publishing) run(ctx context.Context, jobs []*job, o pushOptions) error {
	a := p.a
	if o.dryRun || !o.yes {
		p.forecast(ctx, jobs)
		if err := context.Cause(ctx); err != nil {
			return err
		}
		d := newPlanDocument(jobs)
		if o.dryRun {
			if err := a.answerWith(d, func(out *printer) { out.plan(d, a.now(), o.done) }); err != nil {
				return err
			}
			return a.failures(jobs)
		}
		if err := a.confirm(ctx, d, jobs, o.done); err != nil {
			return err
		}
	}
	ended := p.write(ctx, jobs, o.wait)
	d := newPushDocument(jobs, ended, o.done)
	if err := a.answerWith(d, func(out *printer) { out.pushed(d) }); err != nil {
		return errors.Join(ended, err)
	}
	if ended != nil {
		return ended
	}
	return a.failures(jobs)
}

// confirm asks at the terminal, if anything is to be written. A signal is an
// answer too.
func (a *app) confirm(ctx context.Context, d planDocument, jobs []*job, done string) error {
	p := a.printer()
	p.plan(d, a.now(), done)
	if _, err := a.stderr.Write(p.Bytes()); err != nil {
		return err
	}
	writes := 0
	for _, j := range jobs {
		writes += len(j.stages)
	}
	if writes == 0 {
		return nil
	}
	fmt.Fprint(a.stderr, "Write this? [yes/no] ")
	confirmed := make(chan bool, 1)
	go func() {
		line, err := bufio.NewReader(a.stdin).ReadString('\n')
		confirmed <- err == nil && strings.TrimSpace(line) == "yes"
	}()
	select {
	case yes := <-confirmed:
		if yes {
			return nil
		}
	case <-ctx.Done():
		fmt.Fprintln(a.stderr)
		return context.Cause(ctx)
	}
	return withCode(exitUsage, errors.New("not confirmed: nothing is written"))
}

// write runs stages until none may run. Domains whose records lead to others
// that are not written yet come after those.
func (p *publishing) write(ctx context.Context, jobs []*job, wait bool) error {
	for {
		did, err := p.pass(ctx, jobs)
		if err != nil {
			return err
		}
		if did {
			continue
		}
		next, waiting := earliest(jobs)
		if !wait || !waiting {
			return nil
		}
		p.a.note("next stage from %s on: %s", next.step.Stage.After.UTC().Format(timeForm), next.step.Stage.Why)
		if err := p.a.sleep(ctx, next.step.Stage.After.Sub(p.a.now())); err != nil {
			return err
		}
	}
}

// advance runs the stages of a domain that may run, and reports whether there
// was one. The error is that of ctx.
func (p *publishing) advance(ctx context.Context, j *job) (did bool, err error) {
	var depends *push.DependencyError
	if j.err != nil && !errors.As(j.err, &depends) || j.finished() {
		return false, nil
	}
	if j.err == nil && j.step != nil && j.step.Stage.Kind == providers.Wait && j.step.Stage.After.After(p.a.now()) {
		return false, nil
	}
	for {
		j.step, j.err = j.push.Next(ctx)
		if j.err == nil && len(j.step.Stage.Changes) > 0 && j.stages == nil {
			j.stages, j.err = j.push.Forecast(ctx, j.step) // what plan refuses is not begun
		}
		if j.err == nil && len(j.step.Stage.Changes) > 0 {
			j.err = j.push.Do(ctx, j.step)
			if len(j.step.Made) > 0 {
				made := j.step.Stage
				made.Changes = j.step.Made
				j.written = append(j.written, made)
			}
			if j.err == nil {
				did = true
				continue
			}
		}
		if j.err == nil && j.step.Stage.Kind == providers.Wait && len(j.written) == 0 {
			j.err = j.push.Reach(ctx, j.step)
		}
		j.err = withoutServer(j.err)
		return did, context.Cause(ctx)
	}
}

func (j *job) finished() bool {
	return j.step != nil && j.err == nil && j.step.Stage.Kind == providers.Done
}

// earliest gives the job that has to wait for the shortest time.
func earliest(jobs []*job) (first *job, waiting bool) {
	for _, j := range jobs {
		if j.err != nil || j.step.Stage.Kind != providers.Wait {
			continue
		}
		if first == nil || j.step.Stage.After.Before(first.step.Stage.After) {
			first = j
		}
	}
	return first, first != nil
}
