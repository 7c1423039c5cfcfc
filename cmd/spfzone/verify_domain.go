package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/providers/journal"
	"github.com/spfzone/spfzone/providers/txt"
	"github.com/spfzone/spfzone/spf"
)

// verify looks at one domain.
func (p *publishing) verify(ctx context.Context, d *builder.DomainPlan, views []view) *verification {
	v := &verification{domain: d.Domain, notes: d.Notes}
	start := p.a.now()
	defer func() { v.took = p.a.now().Sub(start) }()
	if d.Err != nil {
		v.find(ruleBuild, "", "%s", strings.ReplaceAll(d.Err.Msg, "\n", "; "))
		if failed(d.Err) {
			v.findings[0].level = levelFailure
		}
	}
	zone, err := p.zone(ctx, p.publishers[d.Domain.Publish], d.Domain.Name)
	if err != nil {
		v.find(ruleLookup, "", "%v", err)
		return v
	}
	v.notes = append(v.notes[:len(v.notes):len(v.notes)], zoneNotes(d.Domain, zone.Name)...)
	for _, s := range zone.Servers {
		r := &authorityResolver{Resolver: p.resolver, zone: zone.Name, server: s}
		views = append(views[:len(views):len(views)], view{s.String(), r, s})
	}
	if d.Err != nil {
		for _, at := range views {
			v.published(ctx, d.Domain, at)
		}
		return v
	}
	planned := p.plan.Overlay(p.resolver)
	for _, at := range views {
		if err := v.compare(ctx, p, d, planned, at); err != nil {
			v.find(ruleLookup, at.name, "%v", err)
		}
	}
	v.servers(ctx, d, zone)
	v.stale(ctx, p, d)
	v.underWay(p.journal)
	return v
}

// underWay says, where what is published is not what is planned, when push has
// last written there: it may not have come to its end.
func (v *verification) underWay(j *journal.Journal) {
	if !v.has(rulePolicy) && !v.has(ruleText) {
		return
	}
	entries := j.Entries(v.domain.Name)
	for _, e := range slices.Backward(entries) {
		if e.Provider == "" || e.Outcome != journal.Published {
			continue
		}
		v.notes = append(v.notes, fmt.Sprintf("push last wrote at %s, stage %s of %s: if stages are left, push goes on with them, and plan says when", e.Time.UTC().Format(timeForm), e.Stage, trimDot(e.Name)))
		return
	}
}

// published says of a domain that is not built what is wrong with what it publishes.
func (v *verification) published(ctx context.Context, d *builder.Domain, at view) {
	names := []string{d.Name}
	for _, r := range d.Regions {
		names = append(names, r.Name)
	}
	for _, name := range names {
		c := &spf.Checker{Resolver: at.resolver, Limits: d.Limits.Evaluation()}
		p, err := c.Policy(ctx, name)
		if err != nil {
			v.find(ruleLookup, at.name, "%v", err)
			return
		}
		v.broken(name, p, at)
	}
}

// broken says for whom what a name publishes is permerror.
func (v *verification) broken(name string, published *spf.Policy, at view) {
	if text := brokenText(published); text != "" {
		v.find(rulePermError, at.name, "what %s publishes is %s", trimDot(name), text)
	}
}

// failed reports whether a domain is refused for a lookup that failed.
func failed(r *builder.Refusal) bool {
	var alarm *builder.Alarm
	return r.Kind == builder.DNSFailure || errors.As(r.Err, &alarm) && alarm.Kind == builder.SourceFailed
}

// compare holds what one view says against the plan.
func (v *verification) compare(ctx context.Context, p *publishing, d *builder.DomainPlan, planned spf.Resolver, at view) error {
	var differ []string
	var held time.Time
	names := map[string]string{} // of lists as they are published, by their planned names
	for _, r := range d.Records {
		answer, err := at.resolver.LookupTXT(ctx, r.Name)
		if err != nil {
			v.silent = append(v.silent, at.name)
			return err
		}
		var texts []string
		for _, t := range answer.Records {
			if text := t.Join(); spf.IsSPF(text) {
				texts = append(texts, text)
			}
		}
		if len(texts) > 1 {
			v.find(ruleRecords, at.name, "%s has %d SPF records", trimDot(r.Name), len(texts))
		}
		namesOfLists(d, r.Text, texts, names)
		if !slices.Equal(texts, []string{inNamesOf(r.Text, names)}) {
			differ = append(differ, trimDot(r.Name))
			if until := heldUntil(p.journal.Entries(d.Domain.Name), r.Name, texts, p.a.now()); until.After(held) {
				held = until
			}
		} else if at.server != nil {
			v.ttl(p.publishers[d.Domain.Publish].kind, r, answer, at.name)
		}
	}
	if at.server == nil && !held.IsZero() {
		v.notes = append(v.notes, fmt.Sprintf("%s holds %s as before a push, as receivers may until %s", at.name, someOf(differ), held.UTC().Format(timeForm)))
		return nil
	}
	listed, whole, err := v.lists(ctx, d, p.journal, names, at)
	if err != nil {
		return err
	}
	equal := whole
	for _, r := range d.Records {
		if r.Of != "" {
			continue
		}
		same, err := v.policies(ctx, d, r.Name, planned, listed)
		if err != nil {
			return err
		}
		equal = equal && same
	}
	if equal && len(differ) > 0 {
		v.find(ruleText, at.name, "%s published in other words", isOrAre(differ))
	}
	c := &spf.Checker{Resolver: at.resolver, Limits: d.Domain.Limits.Evaluation(), Now: p.a.now}
	wrong, err := d.Domain.Unmet(ctx, c)
	for _, w := range wrong {
		v.find(ruleExpect, at.name, "%s", w)
	}
	return err
}

// heldUntil gives until when receivers may hold these SPF records of a name, which it
// had before a push; zero where none may.
func heldUntil(entries []*journal.Entry, name string, texts []string, now time.Time) (until time.Time) {
	for _, e := range entries {
		if e.Name != name || e.List != nil {
			continue
		}
		for _, h := range e.Held(now) {
			var was []string
			for _, r := range h.Set.SPF() {
				was = append(was, r.Text())
			}
			if slices.Equal(was, texts) && h.Until.After(now) && h.Until.After(until) {
				until = h.Until
			}
		}
	}
	return until
}

// ttl compares the TTL of a record with the one that push gives it through a type
// of provider: an RRset has one TTL (RFC 2181, Section 5.2), and beside other TXT
// records that may be theirs.
func (v *verification) ttl(kind string, r builder.Record, answer spf.Answer[spf.TXT], at string) {
	if answer.TTL == r.TTL {
		return
	}
	set := txt.RRset{TTL: uint32(answer.TTL / time.Second)}
	for _, t := range answer.Records {
		set.Records = append(set.Records, txt.Record{Strings: t})
	}
	attained := providers.Attainable(kind, set, set.With(r.Text, uint32(r.TTL/time.Second))).TTL
	if attained != set.TTL {
		v.find(ruleTTL, at, "%s has the TTL %v, where %v is planned", trimDot(r.Name), answer.TTL, time.Duration(attained)*time.Second)
		return
	}
	why := "the provider publishes no other"
	if len(set.Siblings()) > 0 {
		why = "it is that of the other TXT records, and an RRset has one (RFC 2181, Section 5.2)"
	}
	v.find(ruleTTL, at, "%s has the TTL %v, where the configuration has %v: push leaves it so, as %s", trimDot(r.Name), answer.TTL, r.TTL, why)
	v.findings[len(v.findings)-1].level = levelNote
}

func isOrAre(names []string) string {
	if len(names) == 1 {
		return names[0] + " is"
	}
	return someOf(names) + " are"
}

// policies compares what a record says with what it is planned to say.
func (v *verification) policies(ctx context.Context, d *builder.DomainPlan, name string, planned spf.Resolver, at view) (same bool, err error) {
	policy := func(r spf.Resolver) (*spf.Policy, error) {
		c := &spf.Checker{Resolver: r, Limits: d.Domain.Limits.Evaluation()}
		p, err := c.Policy(ctx, name)
		if err == nil {
			err = newPolicySummary(p).err()
		}
		return p, err
	}
	now, err := policy(at.resolver)
	if err != nil {
		return false, err
	}
	then, err := policy(planned)
	if err != nil {
		return false, err
	}
	changes := then.Diff(now)
	if len(changes) == 0 {
		v.broken(name, now, at)
		return true, nil
	}
	f := finding{rule: rulePolicy, level: rulePolicy.level, where: at.name}
	var parts []string
	for _, c := range changes {
		doc := newChangeDocument(c)
		f.changes = append(f.changes, doc)
		parts = append(parts, fmt.Sprintf("%s where %s is planned: %s", doc.To.text(), doc.From.text(), doc.prefixes()))
	}
	f.message = trimDot(name) + " is published with another meaning: " + strings.Join(parts, "; ")
	v.findings = append(v.findings, f)
	return false, nil
}

// prefixes gives the first few.
func (d changeDocument) prefixes() string {
	if d.Numbers.most() {
		return d.Numbers.text()
	}
	var list []string
	for _, p := range d.Prefixes {
		list = append(list, p.String())
	}
	return someOf(list)
}

// stale looks for parts that nobody includes.
func (v *verification) stale(ctx context.Context, p *publishing, d *builder.DomainPlan) {
	if v.has(ruleServers) || v.has(ruleLookup) {
		return // it cannot be said
	}
	reading := p.push(d)
	reading.Patience = time.Second // which is too short for a word
	stale, waiting, err := reading.Stale(ctx)
	if err != nil {
		v.find(ruleLookup, "", "%v", err)
		return
	}
	for _, name := range stale {
		v.find(ruleStale, "", "no record includes %s", trimDot(name))
	}
	for _, name := range waiting {
		v.find(ruleStale, "", "no record includes %s any more: a push removes it when no receiver can hold one that did", trimDot(name))
		v.findings[len(v.findings)-1].level = levelNote
	}
}
