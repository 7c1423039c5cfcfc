package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/providers/push"
	"github.com/spfzone/spfzone/spf"
)

func newPlan(a *app) *cobra.Command {
	var o publishOptions
	cmd := &cobra.Command{
		Use:   "plan [DOMAIN...]",
		Short: "Show what push would write, in which stages, and when",
		Long: `plan builds the domains of the configuration that have a provider, or those named,
reads from the authoritative servers what is published, and shows what push would
create, change and delete at which name, and which addresses get another result:
first those that passed and do so no more, marked as lost.

Receivers hold what they were told until its TTL is over. So push writes in
stages: whatever mix of old and new records a receiver holds, mail that both the
old and the new records let through is let through. plan shows each stage with the
time from which it may run. It writes nothing.

If there is a lock file, a domain is refused of which a source fails, vanished or
lost more than --shrink against it, as 'spfzone update' would refuse that. With
--locked the answers in the lock file are planned with, whatever the DNS says now.

--authority names authoritative servers in place of those of the zone, as does the
field authorities of a provider: so one that is out of service is left out, whose
old records receivers may go on to get.

The exit code is 4 if a domain is refused, or no order of changes is safe, and 3
if a lookup failed or the authoritative servers do not agree.`,
		Example: `  spfzone plan
  spfzone plan x.com --output json`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.limited(cmd.Context(), func(ctx context.Context) error { return a.showPlan(ctx, args, o) })
		},
	}
	o.flags(cmd.Flags(), 10*time.Second)
	o.lockFlags(a, cmd.Flags())
	a.repackFlag(cmd.Flags())
	return cmd
}

func (a *app) showPlan(ctx context.Context, domains []string, o publishOptions) error {
	p, err := a.publishing(ctx, domains, o, true)
	if err != nil {
		return err
	}
	a.notePlans(p.domains())
	jobs := p.jobs()
	p.forecast(ctx, jobs)
	if err := ctx.Err(); err != nil {
		return err
	}
	d := newPlanDocument(jobs)
	if err := a.answerWith(d, func(out *printer) { out.plan(d, a.now(), statePublished) }); err != nil {
		return err
	}
	return a.failures(jobs)
}

// job is one domain on its way.
type job struct {
	plan     *builder.DomainPlan
	provider string
	push     *push.Push
	step     *push.Step
	stages   []push.Forecast
	now      *spf.Policy // what is published, and what is to be
	then     *spf.Policy
	written  []providers.Stage
	found    *verification
	err      error
}

// jobs gives a job for each domain, failed for those that are not built.
func (p *publishing) jobs() (jobs []*job) {
	for _, d := range p.domains() {
		j := &job{plan: d, provider: d.Domain.Publish}
		if d.Err != nil {
			j.err = d.Err
		} else {
			j.push = p.push(d)
		}
		jobs = append(jobs, j)
	}
	return jobs
}

// atOnce is how many domains are worked on at once if nothing is said.
const atOnce = 16

// forEach does some work for every job that has not failed.
func (p *publishing) forEach(jobs []*job, work func(*job) error) {
	progress := p.a.newProgress()
	defer progress.end()
	var mu sync.Mutex
	var wg sync.WaitGroup
	done := 0
	slots := make(chan struct{}, p.o.jobs)
	for _, j := range jobs {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if j.err == nil {
				j.err = work(j)
			}
			mu.Lock()
			defer mu.Unlock()
			done++
			progress.show(done, len(jobs))
		})
	}
	wg.Wait()
}

// forecast reads what is published, and finds all stages.
func (p *publishing) forecast(ctx context.Context, jobs []*job) {
	p.forEach(jobs, func(j *job) (err error) {
		if j.step, err = j.push.Next(ctx); err != nil {
			return withoutServer(err)
		}
		if j.stages, err = j.push.Forecast(ctx, j.step); err != nil {
			return err
		}
		if len(j.stages) > 0 { // a wrong key is to be known before push is run
			if err := j.push.Reach(ctx, j.step); err != nil {
				return err
			}
		}
		j.now, j.then, err = j.push.Policies(ctx, j.step)
		return err
	})
}

// notes gives all that is worth saying of a domain.
func (j *job) notes() []string {
	notes := j.plan.Notes
	if j.step != nil {
		notes = slices.Concat(notes, j.step.Notes, zoneNotes(j.plan.Domain, j.step.Zone(j.plan.Domain.Name)))
	}
	return notes
}

// zoneNotes says that a domain is in another zone than the configuration has.
// One without zone: is taken where it is.
func zoneNotes(d *builder.Domain, found string) []string {
	if given := canonicalZone(d); given != d.Name && given != found {
		return []string{fmt.Sprintf("it is in the zone %s, and %v has zone: %s, by which its names of one label are made whole: write zone: %[1]s", trimDot(found), d.Place, trimDot(d.Zone))}
	}
	return nil
}

// failures says why domains failed, and gives the exit code.
func (a *app) failures(jobs []*job) error {
	code := exitYes
	for _, j := range jobs {
		if j.step != nil {
			for _, n := range j.step.Notes {
				a.note("%s", n)
			}
			a.noteOf(j.plan.Domain, zoneNotes(j.plan.Domain, j.step.Zone(j.plan.Domain.Name)))
		}
		if j.err != nil {
			a.complain("%s", j.message())
			code = max(code, codeOfPush(j.err))
		}
	}
	if code == exitYes {
		return nil
	}
	return withCode(code, errSaid)
}
