package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/providers/journal"
)

func newRollback(a *app) *cobra.Command {
	o := pushOptions{done: stateRestored}
	cmd := &cobra.Command{
		Use:   "rollback [ENTRY]",
		Short: "List what pushes replaced, or restore it",
		Long: `rollback lists the entries of the journal: one for each write of a push. With the
ID or the number of an entry it restores what its domain published before that
write: the record of the entry, and every other that was written since. It does so
in the same safe stages as push, asks as push does, and writes entries of its own,
so that a rollback can be rolled back.

It does not last by itself: the next push publishes what the configuration says,
so change that too, before whatever pushes runs again.`,
		Example: `  spfzone rollback
  spfzone rollback 12 --yes --wait`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("%s takes one ENTRY, and was given %d", cmd.CommandPath(), len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.limited(cmd.Context(), func(ctx context.Context) error {
				if len(args) == 0 {
					return a.listJournal(o)
				}
				return a.rollback(ctx, args[0], o)
			})
		},
	}
	o.flags(cmd.Flags(), 2*time.Minute)
	o.pushFlags(cmd)
	return cmd
}

func (a *app) rollback(ctx context.Context, id string, o pushOptions) error {
	j, err := openJournal(o.journal)
	if err != nil {
		return err
	}
	entry, err := j.Entry(id)
	if err != nil {
		return withCode(exitUsage, err)
	}
	if err := a.mayWrite(o); err != nil {
		return err
	}
	o.unguarded = true // nothing of the configuration's lists is published
	p, err := a.publishing(ctx, []string{entry.Domain}, o.publishOptions, o.dryRun)
	var unlisted *unlistedError
	switch {
	case errors.As(err, &unlisted):
		return withCode(exitUsage, fmt.Errorf("%w: put it back there, with its publish: {provider: %s}, to restore what it published", err, entry.Provider))
	case err != nil:
		return err
	}
	if entry, err = p.journal.Entry(entry.ID); err != nil {
		return err
	}
	d := p.domains()[0]
	d.Err, d.Notes = nil, nil // what is restored is not what is built
	one := &job{plan: d, provider: d.Domain.Publish, push: p.push(d)}
	one.push.Planned = nil
	one.push.Wanted = standing(d.Domain)
	if err := one.push.WantBefore(ctx, entry); err != nil {
		return withCode(codeOfPush(err), withoutServer(err))
	}
	return p.run(ctx, []*job{one}, o)
}

// openJournal opens a journal to be read. One that was named must be there.
func openJournal(dir string) (*journal.Journal, error) {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) && dir != defaultJournal {
		return nil, withCode(exitUsage, fmt.Errorf("--journal: there is no folder %s", dir))
	}
	return journal.Open(dir, writeFile)
}

// standing gives the names of the records of a domain that are no parts.
func standing(d *builder.Domain) []providers.Wanted {
	out := []providers.Wanted{{Name: d.Name}}
	for _, r := range d.Regions {
		if r.Domain == nil {
			out = append(out, providers.Wanted{Name: r.Name})
		}
	}
	return out
}

// journalDocument is what rollback prints as JSON without an entry.
type journalDocument struct {
	Version int            `json:"version"`
	Entries []entryOfWrite `json:"entries"`
}

// entryOfWrite is one write.
type entryOfWrite struct {
	ID       string         `json:"id"`
	Time     time.Time      `json:"time"`
	Domain   string         `json:"domain"`
	Name     string         `json:"name"`
	Provider string         `json:"provider"`
	Stage    string         `json:"stage"`
	Outcome  string         `json:"outcome"`
	Before   []string       `json:"before"` // the SPF records
	After    []string       `json:"after"`
	List     *namesDocument `json:"list,omitempty"` // of an address list
	Error    string         `json:"error,omitempty"`
}

func (a *app) listJournal(o pushOptions) error {
	j, err := openJournal(o.journal)
	if err != nil {
		return err
	}
	d := journalDocument{1, []entryOfWrite{}}
	for _, e := range j.Entries("") {
		w := entryOfWrite{
			ID: e.ID, Time: e.Time, Domain: trimDot(e.Domain), Name: trimDot(e.Name), Provider: e.Provider, Stage: e.Stage,
			Outcome: string(e.Outcome), Before: []string{}, After: []string{}, Error: e.Error,
		}
		for _, r := range e.Before.SPF() {
			w.Before = append(w.Before, r.Text())
		}
		for _, r := range e.After.SPF() {
			w.After = append(w.After, r.Text())
		}
		if l := e.List; l != nil {
			w.List = &namesDocument{Added: len(l.Added), Deleted: len(l.Deleted)}
		}
		d.Entries = append(d.Entries, w)
	}
	return a.answerWith(d, func(p *printer) { p.journal(d) })
}

// journal prints the entries, the latest last.
func (p *printer) journal(d journalDocument) {
	for _, e := range d.Entries {
		if e.Outcome == string(journal.Unchanged) {
			p.linef("%s  %s  %s of %s: failed, and nothing was changed", e.ID, e.Time.Format(timeForm), e.Stage, printable(e.Name))
			continue
		}
		p.linef("%s  %s  %s of %s: %s", e.ID, e.Time.Format(timeForm), e.Stage, printable(e.Name), e.Outcome)
		for _, text := range e.Before {
			p.linef("  %s", p.paint(red, "- "+printable(text)))
		}
		if e.List != nil {
			p.linef("  %s", e.List.text())
		}
		if slices.Equal(e.Before, e.After) {
			continue
		}
		for _, text := range e.After {
			p.linef("  %s", p.paint(green, "+ "+printable(text)))
		}
	}
	if len(d.Entries) == 0 {
		p.linef("the journal has no entries")
	}
}
