package builder

import (
	"context"
	"net/netip"
	"slices"

	"go4.org/netipx"

	"github.com/spfzone/spfzone/spf"
)

// compare notes what a source has gained and lost. before is nil where all that
// passes now is new.
func (u *update) compare(ctx context.Context, s *watched, before, now *spf.Policy) (err error) {
	passed := &netipx.IPSet{}
	if before != nil {
		passed = before.Set(spf.Pass)
		for _, c := range before.Diff(now) {
			if c.From.If != nil || c.To.If != nil {
				s.change.Depends = append(s.change.Depends, c)
			}
		}
	}
	passes := now.Set(spf.Pass)
	if s.change.Gained, err = s.through(ctx, u.snapshot, now, minus(passes, passed)); err != nil || before == nil {
		return err
	}
	s.change.Lost, err = s.through(ctx, u.options.Old, before, minus(passed, passes))
	return err
}

// through sorts addresses that pass by the records that pass them. Of two ways
// to one record the first counts, as it does in check_host.
func (s *watched) through(ctx context.Context, r spf.Resolver, policy *spf.Policy, set *netipx.IPSet) ([]Through, error) {
	if empty(set) {
		return nil, nil
	}
	var order []string
	builders := map[string]*netipx.IPSetBuilder{}
	for _, f := range [...]spf.Family{spf.V4, spf.V6} {
		for addrs, o := range policy.Ranges(f) {
			if o.If != nil || o.Result != spf.Pass {
				continue
			}
			if builders[o.MatchedIn] == nil {
				builders[o.MatchedIn] = &netipx.IPSetBuilder{}
				order = append(order, o.MatchedIn)
			}
			builders[o.MatchedIn].AddRange(addrs)
		}
	}
	var out []Through
	for _, name := range order {
		builders[name].Intersect(set)
		prefixes := mustSet(builders[name]).Prefixes()
		if len(prefixes) == 0 {
			continue
		}
		path, err := s.path(ctx, r, prefixes[0].Addr())
		if err != nil {
			return nil, err
		}
		out = append(out, Through{path, prefixes})
	}
	return out, nil
}

// path gives the records that lead to the term that matches an address: those
// of the steps that are open when the last one ends.
func (s *watched) path(ctx context.Context, r spf.Resolver, ip netip.Addr) ([]string, error) {
	c := &spf.Checker{Resolver: overlay(r, map[string]*spf.Record{s.at: s.record()}), Limits: listLimits}
	v, err := c.Trace(ctx, ip, "postmaster@"+trimDot(s.at), trimDot(s.at))
	if err != nil {
		return nil, err
	}
	var path []string
	for _, step := range v.Trace {
		path = append(path[:min(step.Depth, len(path))], step.Domain)
	}
	return slices.Delete(path, 0, 1), nil
}
