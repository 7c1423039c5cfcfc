package builder

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"github.com/spfzone/spfzone/spf"
)

// ahead bounds the plans that are made while an earlier one is waited for.
const ahead = 256

// BuildEach plans domains as [Build] does, and gives each plan to deliver as
// soon as it and all before it are made: in the order of the configuration, or
// zone by zone. It keeps none that was delivered but what other domains lead
// to, so that the memory that it needs does not grow with their number. The
// services and networks that domains share are worked out once for all.
//
// deliver is called by one goroutine, the caller's. Its error ends the build
// and is BuildEach's; others are those of Build.
func BuildEach(ctx context.Context, cfg *Config, o Options, deliver func(*DomainPlan) error) error {
	domains, err := selected(cfg, o.Only)
	if err != nil {
		return err
	}
	if o.ByZone {
		domains = byZone(domains)
	}
	b := newBuild(cfg, o)
	ctx, cancel := context.WithCancel(ctx)
	plans := b.plans(ctx, domains)
	defer plans.wait()
	defer cancel()
	for done := range domains {
		p, err := plans.next(ctx)
		if err != nil {
			return err
		}
		if err := deliver(p); err != nil {
			return err
		}
		if o.Progress != nil {
			o.Progress(done+1, len(domains))
		}
	}
	return nil
}

// plans are made by several goroutines, and taken in order.
type plans struct {
	order chan chan *DomainPlan
	wait  func()
}

// plans makes the plans of domains until ctx is over. More are made at once
// than there are cores, as some wait for the DNS.
func (b *build) plans(ctx context.Context, domains []*Domain) plans {
	type job struct {
		domain *Domain
		done   chan<- *DomainPlan
	}
	jobs := make(chan job)
	order := make(chan chan *DomainPlan, ahead)
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(jobs)
		for _, d := range domains {
			done := make(chan *DomainPlan, 1)
			select {
			case order <- done:
			case <-ctx.Done():
				return
			}
			select {
			case jobs <- job{d, done}:
			case <-ctx.Done():
				return
			}
		}
	})
	for range min(max(runtime.GOMAXPROCS(0), inFlight), len(domains)) {
		wg.Go(func() {
			for j := range jobs {
				j.done <- b.outcome(ctx, j.domain).plan
			}
		})
	}
	return plans{order, wg.Wait}
}

// next gives the next plan, or the error of ctx if that is over.
func (p plans) next(ctx context.Context) (*DomainPlan, error) {
	select {
	case done := <-p.order:
		select {
		case plan := <-done:
			return plan, ctx.Err()
		case <-ctx.Done():
		}
	case <-ctx.Done():
	}
	return nil, ctx.Err()
}

// selected gives the domains to build, in the order of the configuration.
func selected(cfg *Config, only []string) ([]*Domain, error) {
	if only == nil {
		return cfg.Domains, nil
	}
	listed := map[string]bool{}
	for _, name := range only {
		listed[name] = false
	}
	var out []*Domain
	for _, d := range cfg.Domains {
		if _, ok := listed[d.Name]; ok {
			listed[d.Name] = true
			out = append(out, d)
		}
	}
	for _, name := range only {
		if !listed[name] {
			return nil, fmt.Errorf("%s is not among the domains of the configuration", trimDot(name))
		}
	}
	return out, nil
}

// byZone puts domains of one zone next to each other.
func byZone(domains []*Domain) []*Domain {
	var zones []string
	in := map[string][]*Domain{}
	for _, d := range domains {
		zone, err := spf.CanonicalName(d.Zone)
		if err != nil {
			panic(err) // Parse has checked it
		}
		if in[zone] == nil {
			zones = append(zones, zone)
		}
		in[zone] = append(in[zone], d)
	}
	out := make([]*Domain, 0, len(domains))
	for _, zone := range zones {
		out = append(out, in[zone]...)
	}
	return out
}
