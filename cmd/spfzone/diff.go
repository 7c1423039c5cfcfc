package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/spfzone/spfzone/spf"
)

// diffOptions are the flags of diff.
type diffOptions struct {
	domain string
}

func newDiff(a *app) *cobra.Command {
	var o diffOptions
	cmd := &cobra.Command{
		Use:   "diff A B",
		Short: "Compare two records by what they say of every address",
		Long: `diff compares the policies of two records: which addresses get another result
from B than from A. It looks at results alone: records that say the same in other
words are equal. A and B are each one of

  DOMAIN                      what it publishes
  "v=spf1 ..."                the text of a record; a, mx and macros in it mean the
                              domain of the other one, or that of --domain
  plan:DOMAIN                 what the configuration's build would publish
  lock:[FILE:]DOMAIN          the same, with the answers in the lock file alone; of
                              another domain, its record in the lock file
  file:PATH[,PATH...]:DOMAIN  its record in zone files. The TXT records at the domain
                              and below it are those of the files; what else they
                              lack is asked for

The exit code is 0 if they are equal, 1 if they differ, and 3 if a lookup failed,
so that neither can be told.`,
		Example: `  spfzone diff x.com plan:x.com
  spfzone diff lock:_spf.v.com _spf.v.com
  spfzone diff x.com file:zones/x.com.zone:x.com
  spfzone diff "v=spf1 mx -all" "v=spf1 a mx ~all" --domain x.com`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usagef("%s takes what it compares, A and B, and was given %d", cmd.CommandPath(), len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.limited(cmd.Context(), func(ctx context.Context) error { return a.diff(ctx, args, o) })
		},
	}
	f := cmd.Flags()
	a.lockFlag(f)
	f.StringVar(&o.domain, "domain", "", "the `DOMAIN` of records given as text")
	return cmd
}

func (a *app) diff(ctx context.Context, args []string, o diffOptions) error {
	sides := make([]*side, len(args))
	for i, arg := range args {
		var err error
		if sides[i], err = parseSide(arg, a.lock); err != nil {
			return err
		}
	}
	if err := nameTexts(sides, o.domain); err != nil {
		return err
	}
	policies := make([]*spf.Policy, len(sides))
	for i, s := range sides {
		var err error
		if policies[i], err = a.sidePolicy(ctx, s); err != nil {
			return err
		}
	}
	d := newDiffDocument(sides, policies[0], policies[1])
	if err := a.answerWith(d, func(p *printer) { p.diff(d) }); err != nil {
		return err
	}
	for _, p := range policies {
		if err := newPolicySummary(p).err(); err != nil {
			return err
		}
	}
	if !d.Equal {
		return withCode(exitNo, errSaid)
	}
	return nil
}

// sidePolicy computes what one side says.
func (a *app) sidePolicy(ctx context.Context, s *side) (*spf.Policy, error) {
	r, err := s.open(ctx, a)
	if err != nil {
		return nil, err
	}
	p, err := a.checker(r).Policy(ctx, s.domain)
	if err != nil && ctx.Err() == nil {
		return nil, &usageError{err}
	}
	return p, err
}
