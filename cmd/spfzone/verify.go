package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/providers/journal"
	"github.com/spfzone/spfzone/providers/push"
	"github.com/spfzone/spfzone/resolver"
	"github.com/spfzone/spfzone/spf"
)

// The forms of verify's answer beside text and JSON.
const (
	formatText  = "text"
	formatJUnit = "junit"
	formatSARIF = "sarif"
)

// verifyOptions are the flags of verify.
type verifyOptions struct {
	publishOptions
	format choice
	also   []string
}

func newVerify(a *app) *cobra.Command {
	o := verifyOptions{format: choice{formatText, "FORM", []string{formatText, formatJSON, formatJUnit, formatSARIF}}}
	cmd := &cobra.Command{
		Use:   "verify [DOMAIN...]",
		Short: "Compare what is published with what the configuration plans",
		Long: `verify builds the configuration, and compares what each authoritative server of
each domain publishes with that, as does every resolver that --also names: the same
texts, or the same result for every address, or the addresses that gain and lose a
result. It says too which servers disagree, which TTLs differ, which responses are
cut off for clients that take 512 or 1232 octets, where more than one SPF record
stands, which parts no record includes, and which expect: vectors do not come out.
Of an address list (strategy: exists) it asks for the planned names, up to 2000, and
for those that push has had there by the journal; the DNS does not tell what else is
in it.

What is planned is what push would publish: with --locked of the answers in the
lock file, and else of those of the DNS, held against the lock file if there is one.
Of a domain that is not built, or whose plan would do no better, it says for whom
what is published is permerror now.

It is made for cron and for CI: it writes nothing, needs no secret, and looks at many
domains at once. --format junit and --format sarif are what CI systems show.

The exit code is 1 if anything is found that is worth more than a note, and 3 if a
server does not answer, so that not all is known.`,
		Example: `  spfzone verify
  spfzone verify x.com --also udp://9.9.9.9
  spfzone verify --format junit > verify.xml`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			chosen := cmd.Flags().Changed("format")
			return a.limited(cmd.Context(), func(ctx context.Context) error { return a.verify(ctx, args, o, chosen) })
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.authorities, "authority", nil, "ask this authoritative server, `HOST:PORT`, in place of those of the zones; may be given several times")
	f.StringVar(&o.journal, "journal", defaultJournal, "`DIR` that holds what was replaced")
	o.lockFlags(a, f)
	o.jobsFlag(f)
	f.StringArrayVar(&o.also, "also", nil, "look at what this `RESOLVER` says too, in the form of --resolver; may be given several times")
	f.Var(&o.format, "format", "form of the answer: text, json, junit or sarif; json if --output is")
	return cmd
}

func (a *app) verify(ctx context.Context, domains []string, o verifyOptions, chosen bool) error {
	if a.output.value == outputJSON {
		if chosen && o.format.value != formatJSON {
			return usagef("--output json and --format %s both want stdout: leave one out", o.format.value)
		}
		o.format.value = formatJSON
	}
	p, err := a.verifying(ctx, domains, o.publishOptions)
	if err != nil {
		return err
	}
	views, err := a.resolverViews(o.also)
	if err != nil {
		return err
	}
	found := p.verifyAll(ctx, views)
	if err := context.Cause(ctx); err != nil {
		return err
	}
	for _, v := range found {
		a.noteOf(v.domain, v.notes)
	}
	if err := a.answerVerified(found, o.format.value); err != nil {
		return err
	}
	return verdictOf(found)
}

// verifyAll looks at every domain of the plan.
func (p *publishing) verifyAll(ctx context.Context, views []view) []*verification {
	views = p.considerateOf(views)
	var jobs []*job
	for _, d := range p.domains() {
		jobs = append(jobs, &job{plan: d, provider: d.Domain.Publish})
	}
	p.forEach(jobs, func(j *job) error {
		j.found = p.verify(ctx, j.plan, views)
		return nil
	})
	found := make([]*verification, len(jobs))
	for i, j := range jobs {
		found[i] = j.found
	}
	return found
}

// verifying is publishing without anything that could write.
func (a *app) verifying(ctx context.Context, domains []string, o publishOptions) (*publishing, error) {
	c, err := a.load()
	if err != nil {
		return nil, err
	}
	only, err := listed(c, domains)
	if err != nil {
		return nil, err
	}
	p, err := a.openVerifying(c, o)
	if err != nil {
		return nil, err
	}
	p.only = only
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

// openVerifying opens the journal, and finds out whom to ask.
func (a *app) openVerifying(c *builder.Config, o publishOptions) (*publishing, error) {
	p := &publishing{a: a, o: o, config: c, readOnly: true, publishers: map[string]*publisher{}}
	if err := p.findAuthorities(); err != nil {
		return nil, err
	}
	var err error
	p.journal, err = journal.Open(o.journal, writeFile)
	return p, err
}

// findAuthorities takes the authoritative servers that are given, and leaves
// the rest of the providers alone.
func (p *publishing) findAuthorities() error {
	err := p.parseFlag()
	if err != nil {
		return err
	}
	p.publishers[""] = &publisher{servers: p.flag} // of domains without a provider
	for _, provider := range p.config.Providers {
		opened := &publisher{kind: provider.Type, servers: p.flag}
		if f, given := provider.Fields[authoritiesField]; given && p.flag == nil {
			if opened.servers, err = authoritiesOf(f); err != nil {
				return withCode(exitUsage, err)
			}
		}
		p.publishers[provider.Name] = opened
	}
	return nil
}

// view is someone who tells what is published.
type view struct {
	name     string
	resolver spf.Resolver
	server   push.Server // nil for a resolver
}

func (a *app) resolverViews(specs []string) (views []view, err error) {
	for _, spec := range specs {
		r, err := a.openResolver([]string{spec}, resolver.Options{Now: a.now})
		if err != nil {
			return nil, withCode(exitUsage, fmt.Errorf("--also: %w", err))
		}
		views = append(views, view{name: spec, resolver: r})
	}
	return views, nil
}

// rule is something that verify looks for.
type rule struct {
	id    string
	level level
	about string
}

// level says how bad a finding is.
type level string

const (
	levelNote    level = "note"
	levelWarning level = "warning"
	levelError   level = "error"
	levelFailure level = "failure" // nothing can be said
)

// The rules, in the order in which they are shown.
var (
	ruleBuild     = rule{"build", levelError, "The domain can be built."}
	ruleLookup    = rule{"lookup", levelFailure, "Every server answers."}
	rulePolicy    = rule{"policy", levelError, "What is published gives every address the result that is planned."}
	ruleText      = rule{"text", levelNote, "What is published is, word by word, what is planned."}
	ruleRecords   = rule{"records", levelError, "No name has more than one SPF record (RFC 7208, Section 4.5)."}
	ruleServers   = rule{"servers", levelError, "All authoritative servers publish the same."}
	ruleTTL       = rule{"ttl", levelWarning, "The TTLs are those that are planned."}
	ruleTruncated = rule{"truncated", levelError, "No response is cut off for clients that take 1232 octets."}
	ruleSize      = rule{"size", levelWarning, "No response is larger than the limit of the configuration."}
	ruleStale     = rule{"stale", levelWarning, "Every part is included by a record."}
	ruleExpect    = rule{"expect", levelError, "The expect: vectors come out."}
	rulePermError = rule{"permerror", levelError, "What is published is permerror for no address."}
)

var verifyRules = []rule{ruleBuild, ruleLookup, rulePolicy, ruleText, ruleRecords, ruleServers, ruleTTL, ruleTruncated, ruleSize, ruleStale, ruleExpect, rulePermError}

// finding is something that is not as it should be.
type finding struct {
	rule    rule
	level   level  // mostly the rule's
	where   string // a server or resolver; empty for all
	message string
	changes []changeDocument
}

// verification is what was found of one domain.
type verification struct {
	domain   *builder.Domain
	notes    []string // on its plan
	findings []finding
	took     time.Duration
	silent   []string // servers that did not answer
}

func (v *verification) find(r rule, where, format string, args ...any) {
	v.findings = append(v.findings, finding{rule: r, level: r.level, where: where, message: fmt.Sprintf(format, args...)})
}

// has reports whether anything was found by a rule.
func (v *verification) has(r rule) bool {
	return slices.ContainsFunc(v.findings, func(f finding) bool { return f.rule == r })
}

// What can be said of a domain in one word.
const (
	stateUnknown   = "unknown"   // it is not built, or a server did not answer
	stateDifferent = "different" // some address gets another result than planned, or permerror
	stateEqual     = "equal"     // by the policy, in other words
	stateIdentical = "identical"
)

// state gives one word for all.
func (v *verification) state() string {
	switch {
	case v.has(rulePermError):
		return stateDifferent
	case v.has(ruleBuild), v.has(ruleLookup):
		return stateUnknown
	case v.has(rulePolicy):
		return stateDifferent
	case v.has(ruleText):
		return stateEqual
	}
	return stateIdentical
}

// verdictOf gives the exit code.
func verdictOf(list []*verification) error {
	code := exitYes
	for _, v := range list {
		for _, f := range v.findings {
			switch f.level {
			case levelFailure:
				code = exitFailure
			case levelError, levelWarning:
				code = max(code, exitNo)
			}
		}
	}
	if code == exitYes {
		return nil
	}
	return withCode(code, errSaid)
}
