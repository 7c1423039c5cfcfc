package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/providers/addresslist"
	"github.com/spfzone/spfzone/providers/journal"
	"github.com/spfzone/spfzone/providers/push"
	"github.com/spfzone/spfzone/resolver"
	"github.com/spfzone/spfzone/spf"
	"github.com/spfzone/spfzone/zonefile"
)

// publishOptions are the flags of the commands that publish.
type publishOptions struct {
	lockOptions
	authorities []string
	journal     string
	jobs        int
	propagation time.Duration
}

const defaultJournal = ".spfzone/journal"

func (o *publishOptions) flags(f *pflag.FlagSet, propagation time.Duration) {
	f.StringArrayVar(&o.authorities, "authority", nil, "ask this authoritative server, `HOST:PORT`, in place of those of the zone; may be given several times")
	f.StringVar(&o.journal, "journal", defaultJournal, "`DIR` that holds what was replaced")
	o.jobsFlag(f)
	f.DurationVar(&o.propagation, "propagation", propagation, "each wait for all authoritative servers to have the same lasts this `TIME` at most")
}

func (o *publishOptions) jobsFlag(f *pflag.FlagSet) {
	o.jobs = atOnce
	f.Var((*atLeastOne)(&o.jobs), "jobs", "work on this many domains at once")
}

// publishing is a plan on its way into the DNS.
type publishing struct {
	a          *app
	o          publishOptions
	config     *builder.Config
	plan       *builder.Plan // of those too that the domains' records lead to
	only       []string      // the domains, by name; nil for all of the plan
	flag       []resolver.Authority
	resolver   spf.Resolver
	known      spf.Resolver // what others publish, as far as that is known
	journal    *journal.Journal
	readOnly   bool
	publishers map[string]*publisher
	reserved   map[string]bool
}

// publisher is a provider, and the servers that are given for its zones.
type publisher struct {
	push.Publisher
	kind    string
	servers []resolver.Authority
}

// publishing builds the domains named, or all that have a provider.
func (a *app) publishing(ctx context.Context, domains []string, o publishOptions, readOnly bool) (*publishing, error) {
	c, err := a.load()
	if err != nil {
		return nil, err
	}
	only, err := published(c, domains)
	if err != nil {
		return nil, err
	}
	p, err := a.openPublishing(c, only, o, readOnly)
	if err != nil {
		return nil, err
	}
	r, err := a.dns()
	if err != nil {
		return nil, err
	}
	r = sourced(c, r, p.flag)
	plan, known, err := a.guardedPlan(ctx, c, r, ledTo(c, only), o.lockOptions)
	if err != nil {
		return nil, err
	}
	return p.of(plan, r, known), nil
}

// openPublishing opens the journal, and the providers of domains.
func (a *app) openPublishing(c *builder.Config, only []string, o publishOptions, readOnly bool) (*publishing, error) {
	p := &publishing{a: a, o: o, config: c, only: only, readOnly: readOnly, publishers: map[string]*publisher{}}
	if err := p.openPublishers(only); err != nil {
		return nil, err
	}
	var err error
	p.journal, err = journal.Open(o.journal, writeFile)
	return p, err
}

// of is the publication of a plan that has the domains that were opened. known is
// r, or that with a lock behind it.
func (p *publishing) of(plan *builder.Plan, r, known spf.Resolver) *publishing {
	p.plan, p.resolver, p.known = plan, sourced(p.config, r, p.flag), known
	p.reserve()
	return p
}

func writeFile(path string, data []byte) error {
	_, err := zonefile.ReplaceFile(path, data)
	return err
}

// published gives the canonical names of those domains that have a provider.
// One that was named must.
func published(c *builder.Config, domains []string) ([]string, error) {
	named, err := listed(c, domains)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, d := range c.Domains {
		switch {
		case named != nil && !slices.Contains(named, d.Name):
		case d.Publish != "":
			out = append(out, d.Name)
		case named != nil:
			return nil, withCode(exitUsage, fmt.Errorf("%v: %s has no provider: add publish: {provider: NAME}", d.Place, trimDot(d.Name)))
		}
	}
	if len(out) == 0 {
		return nil, withCode(exitUsage, errors.New("no domain of the configuration has a provider: add publish: {provider: NAME}"))
	}
	return out, nil
}

// openPublishers opens the providers of domains.
func (p *publishing) openPublishers(domains []string) error {
	if err := p.parseFlag(); err != nil {
		return err
	}
	var mistakes []error
	only := setOf(domains)
	for _, d := range p.config.Domains {
		if !only[d.Name] || p.publishers[d.Publish] != nil {
			continue
		}
		i := slices.IndexFunc(p.config.Providers, func(pr *builder.Provider) bool { return pr.Name == d.Publish })
		opened, err := p.a.openProvider(p.config.Providers[i])
		if err != nil {
			mistakes = append(mistakes, err)
			opened = &publisher{}
		}
		if p.flag != nil {
			opened.servers = p.flag
		}
		p.publishers[d.Publish] = opened
	}
	return withCode(exitUsage, errors.Join(mistakes...))
}

func (a *app) openProvider(provider *builder.Provider) (*publisher, error) {
	s := settingsOf(provider)
	out := &publisher{kind: provider.Type}
	if f, given := provider.Fields[authoritiesField]; given {
		var err error
		if out.servers, err = authoritiesOf(f); err != nil {
			return nil, err
		}
	}
	opened, err := providers.Open(s, providers.Env{Lookup: a.env, ReadFile: os.ReadFile, Stderr: a.stderr, ZoneFile: a.editZone})
	if err != nil {
		return nil, err
	}
	out.Publisher = opened
	return out, nil
}

// settingsOf gives the settings of a provider that belong to its type.
func settingsOf(provider *builder.Provider) providers.Settings {
	s := providers.Settings{Place: provider.Place.String(), Name: provider.Name, Type: provider.Type, Fields: map[string]providers.Field{}}
	for name, f := range provider.Fields {
		if name != authoritiesField {
			s.Fields[name] = providers.Field{Place: f.Place.String(), Value: f.Value}
		}
	}
	return s
}

// noteProviders says what is wrong with the providers, which push will refuse.
// Their values, which may be secrets that are not here, are not looked at.
func (a *app) noteProviders(c *builder.Config) {
	for _, p := range c.Providers {
		if err := providers.Check(settingsOf(p)); err != nil {
			for line := range strings.Lines(err.Error()) {
				a.note("%s", line)
			}
		}
	}
}

// domains gives the plans of those that are published.
func (p *publishing) domains() (out []*builder.DomainPlan) {
	if p.only == nil {
		return p.plan.Domains
	}
	only := setOf(p.only)
	for _, d := range p.plan.Domains {
		if only[d.Domain.Name] {
			out = append(out, d)
		}
	}
	return out
}

// reserve finds the names that are no part's: those that the configuration
// uses, and those that its records lead to.
func (p *publishing) reserve() {
	p.reserved = map[string]bool{}
	for _, d := range p.config.Domains {
		p.reserved[d.Name] = true
		for _, r := range d.Regions {
			p.reserved[r.Name] = true
		}
		for _, g := range p.config.Gateways {
			p.reserved[g.HostIn(d.Zone)] = true
		}
		for _, s := range d.Senders {
			if t, ok := s.Source.(*builder.Term); ok {
				if name, ok := (spf.Directive{Mechanism: t.Mechanism}).Domain().Name(); ok {
					p.reserved[name] = true
				}
			}
		}
	}
	for _, s := range p.config.Services {
		p.reserved[s.Include] = true
	}
}

// partsOfOthers gives the names of the parts of all other domains.
func (p *publishing) partsOfOthers(domain *builder.DomainPlan) map[string]bool {
	names := map[string]bool{}
	for _, d := range p.plan.Domains {
		if d == domain {
			continue
		}
		for _, r := range d.Records {
			names[r.Name] = true
		}
	}
	return names
}

// push prepares the publication of one domain, which must be built.
func (p *publishing) push(d *builder.DomainPlan) *push.Push {
	publisher := p.publishers[d.Domain.Publish]
	others := p.partsOfOthers(d)
	fresh := &freshResolver{Resolver: p.known, p: p, publisher: publisher, names: others}
	out := &push.Push{
		Domain:    d.Domain.Name,
		Publisher: publisher,
		Journal:   p.journal,
		ReadOnly:  p.readOnly,
		Planned:   p.plan.Overlay(p.known),
		PartName:  d.Domain.PartName,
		ListName:  d.Domain.ListName,
		Reserved:  func(name string) bool { return p.reserved[name] || others[name] },
		ZoneOf:    func(ctx context.Context, name string) (*push.Zone, error) { return p.zone(ctx, publisher, name) },
		Now:       p.a.now,
		Sleep:     p.a.sleep,
		Patience:  p.o.propagation,
		Report:    func(format string, args ...any) { p.a.note(format, args...) },
		Rollout:   providers.Rollout{Resolver: fresh, Limits: d.Domain.Limits.Evaluation(), Fits: fits(d)},
	}
	for _, r := range d.Records {
		out.Wanted = append(out.Wanted, providers.Wanted{Name: r.Name, Text: r.Text, TTL: r.TTL, Of: r.Of})
	}
	for _, l := range d.Lists {
		out.Wanted = append(out.Wanted, providers.Wanted{Name: l.Name, TTL: l.TTL, Of: l.Of, List: addresslist.Of(l.Name, l.Owners)})
	}
	return out
}

// fits gives whether a record keeps to the domain's size limits, beside what
// else stands at its name.
func fits(d *builder.DomainPlan) func(name, text string) bool {
	beside := map[string]int{} // octets that the other TXT records take
	for _, r := range d.Records {
		beside[r.Name] = r.ResponseBytes - spf.TXTResponseSize(r.Name, []spf.TXT{r.Strings})
	}
	limits := d.Domain.Limits
	return func(name, text string) bool {
		size := spf.TXTResponseSize(name, []spf.TXT{spf.SplitStrings(text, 0)}) + beside[name]
		return size <= limits.Response && (limits.Record == 0 || len(text) <= limits.Record)
	}
}

// codeOfPush gives the exit code of a publication that failed.
func codeOfPush(err error) exitCode {
	var unsafe *providers.UnsafeError
	var refused *builder.Refusal
	var coded *exitError
	switch {
	case errors.As(err, &coded):
		return coded.code
	case errors.As(err, &refused):
		return codeOfRefusal(refused)
	case errors.As(err, &unsafe), errors.Is(err, providers.ErrSiblings), errors.Is(err, providers.ErrUnsafe):
		return exitRefused
	}
	return exitFailure
}
