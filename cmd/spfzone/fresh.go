package main

import (
	"context"
	"slices"
	"sync"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/providers/push"
	"github.com/spfzone/spfzone/spf"
)

// freshResolver asks the authoritative servers for the records of other
// domains of the configuration, which may have been written a moment ago.
type freshResolver struct {
	spf.Resolver
	p         *publishing
	publisher *publisher
	names     map[string]bool

	mu    sync.Mutex
	zones map[string]*push.Zone
}

// LookupTXT implements [spf.Resolver].
func (f *freshResolver) LookupTXT(ctx context.Context, name string) (spf.Answer[spf.TXT], error) {
	if !f.names[name] {
		return f.Resolver.LookupTXT(ctx, name)
	}
	z, err := f.zone(ctx, name)
	if err != nil {
		return spf.Answer[spf.TXT]{}, err
	}
	for _, s := range z.Servers {
		var a push.Answer
		if a, err = s.TXT(ctx, name, true); err == nil {
			answer := spf.Answer[spf.TXT]{NXDomain: a.NXDomain, Source: s.String()}
			for _, r := range a.Set.Records {
				answer.Records = append(answer.Records, r.Strings)
			}
			return answer, nil
		}
	}
	return spf.Answer[spf.TXT]{}, err
}

func (f *freshResolver) zone(ctx context.Context, name string) (*push.Zone, error) {
	f.mu.Lock()
	z := f.zones[name]
	f.mu.Unlock()
	if z != nil {
		return z, nil
	}
	by := f.publisher
	for _, d := range f.p.plan.Domains {
		if slices.ContainsFunc(d.Records, func(r builder.Record) bool { return r.Name == name }) {
			var err error
			if by, err = f.p.publisherOf(d.Domain); err != nil {
				return nil, err
			}
		}
	}
	z, err := f.p.zone(ctx, by, name)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.zones == nil {
		f.zones = map[string]*push.Zone{}
	}
	f.zones[name] = z
	return z, nil
}
