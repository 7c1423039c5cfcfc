package main

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"go4.org/netipx"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/spf"
)

// known is what the rounds so far found out, for metrics. What a round could not
// find anew stays as it was. It is safe for concurrent use.
type known struct {
	mu       sync.Mutex
	started  time.Time
	patience time.Duration // in which a round should end

	rounds      map[outcome]int
	last        time.Time // end of the last round; zero if none has ended
	lastSuccess time.Time // of those that were done
	took        time.Duration
	next        time.Time // round

	sources map[knownSource]*sourceState
	domains map[string]*domainState // by canonical name

	refusals map[refusal]int
	pushes   map[outcome]int
	failed   map[string]int // lookups, by record type

	reloaded bool // the last reload of the configuration was a success
	loadedAt time.Time
}

// knownSource tells sources apart, as an update does.
type knownSource struct{ name, term, domain string }

// sourceState is what is known of a source.
type sourceState struct {
	prefixes int
	answered time.Time // by the DNS, the last time; zero if not since the start
	changed  time.Time // what it passes; the begin of its history if never
	alarm    builder.AlarmKind
}

// domainState is what is known of a domain.
type domainState struct {
	built         bool // since the start, so that the next four are known
	lookups       builder.Count
	voids         builder.Count
	sizes         map[string]int // octets of responses, by canonical name
	refused       builder.RefusalKind
	verified      *verifiedState // nil if never
	success       time.Time
	dnsFailures   int
	pushed, waits bool
	stage         time.Time // when the next stage may run, if it waits
}

// verifiedState is how what is published stands to the plan.
type verifiedState struct {
	state        string
	gained, lost int            // prefixes that pass as published and not as planned, and the reverse
	findings     map[string]int // by rule
}

func newVerifiedState(v *verification) *verifiedState {
	out := &verifiedState{state: v.state(), findings: map[string]int{}}
	var gained, lost netipx.IPSetBuilder
	for _, f := range v.findings {
		out.findings[f.rule.id]++
		for _, c := range f.changes {
			for _, p := range c.Prefixes {
				switch spf.Pass.String() {
				case c.To.Result:
					gained.AddPrefix(p)
				case c.From.Result:
					lost.AddPrefix(p)
				}
			}
		}
	}
	out.gained, out.lost = len(prefixesOf(&gained)), len(prefixesOf(&lost))
	return out
}

// prefixesOf gives the fewest that cover a set of valid ones.
func prefixesOf(b *netipx.IPSetBuilder) []netip.Prefix {
	set, err := b.IPSet()
	if err != nil {
		panic(err)
	}
	return set.Prefixes()
}

// refusal sorts refusals.
type refusal struct{ of, kind string }

// What is refused.
const (
	ofSource = "source"
	ofDomain = "domain"
	ofPush   = "push"
)

// refusals are all there can be, so that each is counted from zero on.
var refusals = []refusal{
	{ofSource, string(builder.SourceFailed)}, {ofSource, string(builder.SourceVanished)}, {ofSource, string(builder.SourceShrunk)},
	{ofDomain, string(builder.OverBudget)}, {ofDomain, string(builder.TooLarge)}, {ofDomain, string(builder.Unproven)},
	{ofDomain, string(builder.Broken)}, {ofDomain, string(builder.DNSFailure)}, {ofDomain, string(builder.Collision)},
	{ofDomain, string(builder.Vectors)},
	{ofPush, refusedSiblings}, {ofPush, refusedUnsafe},
}

// lookupTypes are the record types that are asked for.
var lookupTypes = []string{"A", "AAAA", "MX", "PTR", "TXT"}

func newKnown(now time.Time, o watchOptions) *known {
	k := &known{
		started: now, patience: 2 * (o.interval + o.jitter),
		rounds: map[outcome]int{}, pushes: map[outcome]int{}, refusals: map[refusal]int{}, failed: map[string]int{},
		sources: map[knownSource]*sourceState{}, domains: map[string]*domainState{},
	}
	for _, r := range refusals {
		k.refusals[r] = 0
	}
	for _, typ := range lookupTypes {
		k.failed[typ] = 0
	}
	for _, o := range [...]outcome{outcomeDone, outcomeRefused, outcomeFailed} {
		k.rounds[o], k.pushes[o] = 0, 0
	}
	return k
}

// loaded notes a configuration, and forgets the domains that it does not list.
func (k *known) loaded(c *builder.Config, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.reloaded, k.loadedAt = true, now
	domains := map[string]*domainState{}
	for _, d := range c.Domains {
		if domains[d.Name] = k.domains[d.Name]; domains[d.Name] == nil {
			domains[d.Name] = &domainState{}
		}
	}
	k.domains = domains
}

// broken notes that a configuration was not taken.
func (k *known) broken() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.reloaded = false
}

// failedLookup counts one.
func (k *known) failedLookup(typ string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.failed[typ]++
}

// ended notes what came of a round.
func (k *known) ended(r *round, pause time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	o := r.outcome()
	k.rounds[o]++
	k.last, k.took, k.next = r.ended, r.ended.Sub(r.began), r.ended.Add(pause)
	if o == outcomeDone {
		k.lastSuccess = r.ended
	}
	k.noteSources(r)
	if r.plan != nil {
		for i, d := range r.plan.Domains {
			k.noteDomain(d, r, i)
		}
	}
	for _, j := range r.jobs {
		k.noteJob(j)
	}
}

// noteSources takes over what an update saw. One that saw nothing, as it failed
// as a whole, changes nothing.
func (k *known) noteSources(r *round) {
	if r.sources == nil {
		return
	}
	sources := map[knownSource]*sourceState{}
	for _, s := range r.sources {
		key := knownSource{s.Name, s.Term, trimDot(s.Domain)}
		state := k.sources[key]
		if state == nil {
			state = &sourceState{}
		}
		sources[key] = state
		state.alarm = ""
		if s.Alarm != nil && !s.Kept {
			state.alarm = s.Alarm.Kind
			k.refusals[refusal{ofSource, string(s.Alarm.Kind)}]++
		}
		if s.Alarm == nil || s.Alarm.Kind != builder.SourceFailed {
			state.answered, state.prefixes = r.ended, s.Prefixes
		}
		if r.lock == nil {
			continue
		}
		if v, ok := r.lock.Volatility(s.Name); ok {
			if state.changed = v.Last; v.Changes == 0 {
				state.changed = v.Since
			}
		}
	}
	k.sources = sources
}

func (k *known) noteDomain(d *builder.DomainPlan, r *round, i int) {
	state := k.domains[d.Domain.Name]
	state.refused = ""
	if d.Err != nil {
		state.refused = d.Err.Kind
		k.refusals[refusal{ofDomain, string(d.Err.Kind)}]++
		if d.Err.Kind == builder.DNSFailure {
			state.dnsFailures++
		}
		// Drift is known all the same where what is published has become permerror.
		if r.found != nil && !r.found[i].has(ruleLookup) && (state.verified != nil || r.found[i].has(rulePermError)) {
			state.verified = newVerifiedState(r.found[i])
		}
		return
	}
	state.built, state.lookups, state.voids, state.sizes = true, d.Lookups, d.Voids, map[string]int{}
	for _, record := range d.Records {
		state.sizes[record.Name] = record.ResponseBytes
	}
	switch {
	case r.found == nil:
	case r.found[i].state() == stateUnknown:
		state.dnsFailures++
	default:
		state.verified, state.success = newVerifiedState(r.found[i]), r.ended
	}
}

func (k *known) noteJob(j *job) {
	state := k.domains[j.plan.Domain.Name]
	state.pushed, state.waits = true, false
	if kind, refused := refusalOfPush(j); refused {
		k.refusals[refusal{ofPush, kind}]++
	}
	switch {
	case j.err != nil && codeOfPush(j.err) == exitRefused:
		k.pushes[outcomeRefused]++
	case j.err != nil:
		k.pushes[outcomeFailed]++
	default:
		k.pushes[outcomeDone]++
		if j.step.Stage.Kind == providers.Wait {
			state.waits, state.stage = true, j.step.Stage.After
		}
	}
}

// health says whether rounds come to an end.
func (k *known) health(now time.Time) (ok bool, last time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	since := k.last
	if since.IsZero() {
		since = k.started
	}
	return now.Sub(since) <= k.patience, k.last
}

// countingResolver counts the lookups that fail.
type countingResolver struct {
	spf.Resolver
	known *known
}

// Unwrap gives the resolver that is asked.
func (r *countingResolver) Unwrap() spf.Resolver { return r.Resolver }

// countedLookup passes an answer on. That a round is over is no failure of the DNS.
func countedLookup[T any](ctx context.Context, r *countingResolver, typ string, a spf.Answer[T], err error) (spf.Answer[T], error) {
	if err != nil && ctx.Err() == nil {
		r.known.failedLookup(typ)
	}
	return a, err
}

// LookupTXT implements [spf.Resolver].
func (r *countingResolver) LookupTXT(ctx context.Context, name string) (spf.Answer[spf.TXT], error) {
	a, err := r.Resolver.LookupTXT(ctx, name)
	return countedLookup(ctx, r, "TXT", a, err)
}

// LookupIP implements [spf.Resolver].
func (r *countingResolver) LookupIP(ctx context.Context, name string, f spf.Family) (spf.Answer[netip.Addr], error) {
	a, err := r.Resolver.LookupIP(ctx, name, f)
	return countedLookup(ctx, r, [...]string{"A", "AAAA"}[f&1], a, err)
}

// LookupMX implements [spf.Resolver].
func (r *countingResolver) LookupMX(ctx context.Context, name string) (spf.Answer[spf.MailExchange], error) {
	a, err := r.Resolver.LookupMX(ctx, name)
	return countedLookup(ctx, r, "MX", a, err)
}

// LookupPTR implements [spf.Resolver].
func (r *countingResolver) LookupPTR(ctx context.Context, addr netip.Addr) (spf.Answer[string], error) {
	a, err := r.Resolver.LookupPTR(ctx, addr)
	return countedLookup(ctx, r, "PTR", a, err)
}

// ListAddresses implements [spf.AddressLister].
func (r *countingResolver) ListAddresses(below string, f spf.Family) (set *netipx.IPSet, ok bool) {
	if base, ok := r.Resolver.(spf.AddressLister); ok {
		return base.ListAddresses(below, f)
	}
	return nil, false
}
