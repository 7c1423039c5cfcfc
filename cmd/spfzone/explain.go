package main

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/spf"
)

func newExplain(a *app) *cobra.Command {
	var planned bool
	cmd := &cobra.Command{
		Use:   "explain DOMAIN",
		Short: "Draw the tree of a domain's record, with its costs",
		Long: `explain draws the record of a domain with all that it includes: the lookups and
void lookups of each term and what is below it, the size of each response, and
what the DNS has for a, mx and exists. Where a configuration lists the domain,
each of its terms carries the entry behind it, with owner and ticket, and each
include says why it was kept.

The counts on each line are those of a sender that no term matches, who goes
everywhere. The worst that any address meets stands at the top.

The exit code is 3 if a lookup failed, so that the tree is not whole.`,
		Example: `  spfzone explain x.com
  spfzone explain x.com --planned`,
		Args: oneDomain,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.limited(cmd.Context(), func(ctx context.Context) error { return a.explain(ctx, args[0], planned) })
		},
	}
	a.lockFlag(cmd.Flags())
	cmd.Flags().BoolVar(&planned, "planned", false, "explain what the configuration would publish")
	return cmd
}

func (a *app) explain(ctx context.Context, domain string, planned bool) error {
	name, err := canonical(domain)
	if err != nil {
		return err
	}
	w, err := a.worldAndPlan(ctx, planned, name)
	if err != nil {
		return err
	}
	tree, err := builder.Explain(ctx, w.resolver, name, spf.Limits{})
	if err != nil {
		return err
	}
	if planned {
		setSizes(tree, w.plan)
	}
	policy, err := a.checker(w.resolver).Policy(ctx, name)
	switch {
	case err != nil && ctx.Err() == nil:
		return &usageError{err}
	case err != nil:
		return err
	}
	x := newExplanation(tree, policy, w.plan, planned)
	if err := a.answerWith(newExplainDocument(x), func(p *printer) { p.explanation(x) }); err != nil {
		return err
	}
	return withCode(exitFailure, failedLookup(tree))
}

// worldAndPlan gives what to explain, and the plan that its terms come from if
// there is one.
func (a *app) worldAndPlan(ctx context.Context, planned bool, name string) (world, error) {
	if planned {
		return a.planned(ctx, name)
	}
	r, err := a.dns()
	if err != nil {
		return world{}, err
	}
	c, err := a.loadIfThere()
	if c == nil || err != nil {
		return world{resolver: r}, err
	}
	listed := domainOf(c, name)
	if listed == nil {
		return world{resolver: r}, nil
	}
	plan, err := a.plan(ctx, c, r, []string{listed.Name})
	if err != nil {
		return world{}, err
	}
	if d := plan.Domains[0]; d.Tried != nil {
		plan.Domains[0] = tried(d)
	} else if d.Err != nil {
		a.note("the terms carry no entries, as the domain is not built: %v", d.Err)
	}
	return world{r, plan}, nil
}

// loadIfThere reads the configuration, and gives nil where none was named and
// none lies in the folder.
func (a *app) loadIfThere() (*builder.Config, error) {
	if len(a.config) == 0 {
		if _, err := os.Stat(defaultConfig); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
	}
	return a.load()
}

// domainOf gives the configured domain that a canonical name is, or is a
// region of; nil if there is none.
func domainOf(c *builder.Config, name string) *builder.Domain {
	var around *builder.Domain
	for _, d := range c.Domains {
		if d.Name == name {
			return d
		}
		for _, r := range d.Regions {
			if r.Name == name {
				around = d
			}
		}
	}
	return around
}

// failedLookup gives the first lookup of a tree that failed.
func failedLookup(n *builder.Node) error {
	var failed *spf.LookupError
	if errors.As(n.Err, &failed) {
		return failed
	}
	for _, t := range n.Terms {
		if errors.As(t.Err, &failed) {
			return failed
		}
		if t.Child != nil {
			if err := failedLookup(t.Child); err != nil {
				return err
			}
		}
	}
	return nil
}
