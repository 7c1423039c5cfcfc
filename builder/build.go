package builder

import (
	"context"
	"errors"
	"strings"
	"time"

	"go4.org/netipx"

	"github.com/spfzone/spfzone/spf"
)

// Options are what [Build] needs besides the configuration.
type Options struct {
	Resolver spf.Resolver          // whom to ask for services, pinned gateways and what is published; required
	Only     []string              // canonical names of the domains to build; nil for all
	ByZone   bool                  // for BuildEach: zone by zone, in the order of their first domains
	Progress func(done, total int) // called as domains are done, by one goroutine at a time; may be nil
	Now      func() time.Time      // nil is time.Now
	Repack   bool                  // choose includes and lay parts out afresh, whatever is published
	Lock     *Lock                 // whose history says how services change; may be nil
}

// Build plans the records of a configuration's domains. What stops one domain
// is in its plan ([DomainPlan.Err]) and does not stop the others. The error is
// not nil only if ctx is over, or Only names a domain that is not listed.
func Build(ctx context.Context, cfg *Config, o Options) (*Plan, error) {
	plan := &Plan{}
	o.ByZone = false
	err := BuildEach(ctx, cfg, o, func(p *DomainPlan) error {
		plan.Domains = append(plan.Domains, p)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return plan, nil
}

// build is the state of one Build. It is safe for concurrent use.
type build struct {
	resolver spf.Resolver
	now      time.Time
	repack   bool
	domains  map[string]*Domain // by canonical name
	lock     *Lock

	serviceNames map[string]string // by the text of the include; of several the first
	used         *usedNames
	needed       map[string]bool // canonical names of domains that others lead to
	sets         shared[*Network, *netipx.IPSet]
	checkers     shared[spf.Limits, *spf.Checker] // over which each domain's records are laid
	services     shared[string, *service]
	planned      shared[string, *outcome] // of the domains that are needed
}

func newBuild(cfg *Config, o Options) *build {
	b := &build{resolver: &settled{base: o.Resolver}, repack: o.Repack, lock: o.Lock, serviceNames: map[string]string{}, now: time.Now(), domains: map[string]*Domain{}, used: newUsedNames(cfg), needed: map[string]bool{}}
	if o.Now != nil {
		b.now = o.Now()
	}
	for _, s := range cfg.Services {
		if text := "include:" + trimDot(s.Include); b.serviceNames[text] == "" {
			b.serviceNames[text] = s.Name
		}
	}
	for _, d := range cfg.Domains {
		b.domains[d.Name] = d
	}
	for _, d := range cfg.Domains {
		for _, n := range b.needs(d) {
			b.needed[n.domain.Name] = true
		}
	}
	return b
}

// over gives a build of nothing but policies, over another resolver.
func over(r spf.Resolver) *build { return &build{resolver: r} }

// outcome is a plan and what other domains need of it.
type outcome struct {
	plan     *DomainPlan
	contents contents // those of the plans that it leads to too
	counts   counts
}

// outcome plans a domain, after those that its records lead to. It is kept only
// if another domain leads there, so that memory does not grow with the domains.
// Nobody waits for what waits for him, as domains in a circle need no other.
func (b *build) outcome(ctx context.Context, d *Domain) *outcome {
	if !b.needed[d.Name] {
		return b.newOutcome(ctx, d)
	}
	return b.planned.get(d.Name, func() *outcome { return b.newOutcome(ctx, d) })
}

func (b *build) newOutcome(ctx context.Context, d *Domain) *outcome {
	o := &outcome{plan: &DomainPlan{Domain: d, Notes: b.entryNotes(d)}, contents: contents{records: map[string]*spf.Record{}}}
	if err := b.makePlan(ctx, o); err != nil {
		o.plan.Err = refusalOf(err, d.Name)
		b.look(ctx, o)
	}
	return o
}

// look finds out what can be said of a domain that was refused before any
// records were made.
func (b *build) look(ctx context.Context, o *outcome) {
	p := o.plan
	if p.Tried != nil || ctx.Err() != nil {
		return
	}
	var failed []failure
	if (p.Err.Kind == Broken || p.Err.Kind == DNSFailure) && b.circle(p.Domain) == nil {
		failed = b.failures(ctx, p.Domain, o.contents)
	}
	p.Err.blame(failed)
	p.Tried = p.Domain.triedList(failed)
}

func (b *build) makePlan(ctx context.Context, o *outcome) error {
	d := o.plan.Domain
	if way := b.circle(d); way != nil {
		return inCircle(way)
	}
	for _, n := range b.needs(d) {
		below := b.outcome(ctx, n.domain)
		if below.plan.Err != nil {
			return &Refusal{Kind: below.plan.Err.Kind, Msg: n.how + " is refused", Err: below.plan.Err}
		}
		for name, record := range below.contents.records {
			o.contents.records[name] = record
		}
		o.contents.trees = append(o.contents.trees, below.contents.trees...)
	}
	return b.fillPlan(ctx, o)
}

// fillPlan builds and proves.
func (b *build) fillPlan(ctx context.Context, o *outcome) error {
	p, d := o.plan, o.plan.Domain
	listed, err := b.listed(d)
	if err != nil {
		return err
	}
	lists := b.under(contents{records: listed}, listLimits)
	want, err := lists.Policy(ctx, d.Name)
	if err != nil {
		return err
	}
	if err := whole(want); err != nil {
		return err
	}
	outlay, err := b.newOutlay(ctx, d, o.contents)
	if err != nil {
		return err
	}
	draft, err := outlay.decide(ctx)
	if draft != nil {
		p.Tried = &Tried{Records: draft.records, Lists: draft.lists}
	}
	p.Notes = append(p.Notes, outlay.notes()...)
	if err != nil {
		return err
	}
	p.Notes = append(p.Notes, draft.notes...)
	for _, r := range draft.records {
		o.contents.records[r.Name] = r.Record
	}
	for _, l := range draft.lists {
		o.contents.trees = append(o.contents.trees, l.tree)
	}
	built := b.under(o.contents, d.Limits.Evaluation())
	got, err := prove(ctx, d, lists, built)
	if err != nil {
		return err
	}
	if err := vectors(ctx, d, built); err != nil {
		return err
	}
	if p.Queries, err = b.queries(ctx, d, contents{records: listed}, o.contents); err != nil {
		return err
	}
	o.counts = countsOf(got)
	p.Tried = nil
	p.Records, p.Lists, p.Parts = draft.records, draft.lists, draft.parts
	p.Lookups = Count{o.counts.lookups, d.Limits.Lookups - d.Limits.Reserve}
	p.Voids = Count{max(o.counts.voids[spf.V4], o.counts.voids[spf.V6]), d.Limits.Voids}
	p.Flattened, p.Kept = outlay.decisions(p.Parts.Count)
	return nil
}

// refusalOf makes any error a refusal of a domain. Its message does not begin
// with the domain, as the refusal says that itself.
func refusalOf(err error, domain string) *Refusal {
	out := &Refusal{Kind: DNSFailure, Domain: domain, Msg: err.Error(), Err: err}
	var r *Refusal
	var broken *spf.EvaluationError
	switch {
	case errors.As(err, &r):
		out.Kind, out.Err = r.Kind, r.Err
		if err == error(r) {
			out.Msg = r.Msg
		}
	case errors.As(err, &broken):
		out.Kind = Broken
	}
	out.Msg = strings.TrimPrefix(out.Msg, trimDot(domain)+": ")
	return out
}
