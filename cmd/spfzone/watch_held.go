package main

import (
	"context"

	"github.com/spfzone/spfzone/builder"
)

// besides puts into the plan, which is by the former lock, what the DNS has now
// for all domains but those that a stopped source concerns: these are held back.
// All are if another look fails.
func (w *watch) besides(ctx context.Context, r *round, o builder.UpdateOptions) {
	r.held = map[string]bool{}
	guarded, err := w.a.guard(ctx, w.config, o, nil)
	var fresh *builder.Plan
	if err == nil {
		fresh, err = w.a.plan(ctx, w.config, guarded, nil)
	}
	for i, d := range r.plan.Domains {
		if err != nil || guarded.Refusal(d.Domain) != nil {
			r.held[d.Domain.Name] = true
			r.heldNames = append(r.heldNames, trimDot(d.Domain.Name))
			continue
		}
		r.plan.Domains[i] = fresh.Domains[i]
	}
}
