package builder

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spfzone/spfzone/spf"
)

// domainDraft is a domain as it is listed.
type domainDraft struct {
	zone, senders, redirect, exp, regions, expect, publish value
	all, ttl, limits, split, encoding, strategy, siblings  value
}

var domainFields = []field[*domainDraft]{
	keep("senders", func(d *domainDraft) *value { return &d.senders }),
	keep("zone", func(d *domainDraft) *value { return &d.zone }),
	keep("all", func(d *domainDraft) *value { return &d.all }),
	keep("redirect", func(d *domainDraft) *value { return &d.redirect }),
	keep("exp", func(d *domainDraft) *value { return &d.exp }),
	keep("ttl", func(d *domainDraft) *value { return &d.ttl }),
	keep("limits", func(d *domainDraft) *value { return &d.limits }),
	keep("split", func(d *domainDraft) *value { return &d.split }),
	keep("encoding", func(d *domainDraft) *value { return &d.encoding }),
	keep("strategy", func(d *domainDraft) *value { return &d.strategy }),
	keep("siblings", func(d *domainDraft) *value { return &d.siblings }),
	keep("regions", func(d *domainDraft) *value { return &d.regions }),
	keep("expect", func(d *domainDraft) *value { return &d.expect }),
	keep("publish", func(d *domainDraft) *value { return &d.publish }),
}

// domains reads the domains, when all that they may name is known.
func (l *loader) domains(values []value) {
	seen := make(map[string]position)
	names := make(map[string]domainAt)
	var wildcards []func() // once their parents are read
	for _, v := range values {
		for _, p := range l.pairs(v, "a mapping of domains by name", seen) {
			name, ok := l.domainName(p.key, p.name)
			if !ok {
				continue
			}
			if first, ok := names[name]; ok {
				l.fail(p.key.at(), "the domain %q stands already at %s", p.name, first.at.place())
				continue
			}
			d := &Domain{Place: p.key.place(), Name: name, Zone: l.spelled(p.name, name)}
			names[name] = domainAt{d, p.key.at()}
			l.config.Domains = append(l.config.Domains, d)
			parent, isWildcard := strings.CutPrefix(name, "*.")
			if !isWildcard {
				l.domain(p, d)
				continue
			}
			wildcards = append(wildcards, func() {
				d.Zone = l.spelled(strings.TrimPrefix(p.name, "*."), parent)
				if of := names[parent].domain; of != nil {
					d.Zone = of.Zone
				}
				l.domain(p, d)
			})
		}
	}
	for _, read := range wildcards {
		read()
	}
	l.linkRegions(names)
}

// domainAt is a domain, and where it is listed.
type domainAt struct {
	domain *Domain
	at     position
}

// domainName gives the canonical name of a domain that SPF can be published
// for.
func (l *loader) domainName(key value, text string) (string, bool) {
	name, msg := hostName(strings.TrimPrefix(text, "*."))
	if msg == "" && name != "" && strings.HasPrefix(text, "*.") {
		name = "*." + name
	}
	if msg == "" {
		msg = checkLabels(text, name)
	}
	if msg != "" {
		l.fail(key.at(), "%s", msg)
		return "", false
	}
	return name, true
}

// domain reads the settings of a domain whose zone, unless they name one, is
// there already.
func (l *loader) domain(p pair, d *Domain) {
	draft := &domainDraft{}
	if !p.val.isMapping() {
		l.wanted(p.val, "a domain's senders and settings")
		return
	}
	before := l.mistakes.total
	readFields(l, p.val, "a domain", domainFields, draft)
	unread := l.mistakes.total > before
	if draft.zone.given() {
		l.zone(draft.zone, d)
	}
	l.domainSettings(draft, d)
	l.ending(p.key, draft, d)
	if draft.exp.given() {
		d.Exp = l.domainSpec(draft.exp, d.Zone)
	}
	switch {
	case draft.senders.given():
		d.Senders = l.senders(draft.senders, d.Zone)
	case !draft.redirect.given() && !draft.regions.given() && !unread:
		l.fail(p.key.at(), `the domain %q has no "senders": write [] for a domain that sends no mail`, p.name)
	}
	if draft.regions.given() {
		l.regions(draft.regions, d)
	}
	if draft.expect.given() {
		l.vectors(draft.expect, d)
	}
	if draft.publish.given() {
		l.publish(draft.publish, d)
	}
}

// spelled gives an absolute name in the case that it was written in.
func (l *loader) spelled(text, canonical string) string {
	if isASCII(text) {
		return trimDot(text) + "."
	}
	return canonical
}

func (l *loader) zone(v value, d *Domain) {
	text, ok := l.scalar(v, "the name of a zone")
	if !ok {
		return
	}
	zone, msg := hostName(text)
	if msg != "" {
		l.fail(v.at(), "%s", msg)
		return
	}
	if !isBelow(d.Name, zone) && d.Name != zone {
		l.fail(v.at(), "the domain %q is outside the zone %q", trimDot(d.Name), trimDot(zone))
		return
	}
	d.Zone = l.spelled(text, zone)
}

// isBelow reports whether a canonical name is below another.
func isBelow(name, above string) bool {
	return len(name) > len(above) && strings.HasSuffix(name, above) && name[len(name)-len(above)-1] == '.'
}

// domainSettings reads what the defaults may give otherwise.
func (l *loader) domainSettings(draft *domainDraft, d *Domain) {
	s := l.settings
	if draft.ttl.given() {
		s.ttl = l.ttl(draft.ttl)
	}
	if draft.limits.given() {
		readFields(l, draft.limits, "limits", limitFields, &s.limits)
	}
	if draft.regions.given() {
		s.split.By = SplitByRegion
	}
	if draft.split.given() {
		readFields(l, draft.split, "split", splitFields, &s.split)
		switch {
		case draft.regions.given() && s.split.By != SplitByRegion:
			l.fail(draft.split.at(), "a domain with regions is split by region: remove the regions, or by: %s", s.split.By)
		case !draft.regions.given() && s.split.By == SplitByRegion:
			l.fail(draft.split.at(), `by: region needs "regions"`)
		}
	}
	if draft.encoding.given() {
		s.encoding = l.encoding(draft.encoding)
	}
	if draft.strategy.given() {
		s.strategy = l.strategy(draft.strategy)
	}
	if draft.siblings.given() {
		d.Siblings = l.siblings(draft.siblings)
	}
	if s.limits.Reserve >= s.limits.Lookups {
		at := d.Place
		l.mistakes.add(position{l.files[at.File], at.Line, at.Column}, fmt.Sprintf("limits.reserve: %d leaves none of %d lookups", s.limits.Reserve, s.limits.Lookups), nil)
	}
	d.TTL, d.Limits, d.Split, d.Encoding, d.Strategy = s.ttl, s.limits, s.split, s.encoding, s.strategy
}

// siblings reads the other TXT records at the domain's name.
func (l *loader) siblings(v value) []string {
	items, ok := l.list(v, "a list of texts, one for each other TXT record at the name")
	if !ok {
		return nil
	}
	texts := []string{}
	for _, item := range items {
		text, ok := l.scalar(item, "the text of a TXT record")
		if ok && spf.IsSPF(text) {
			l.fail(item.at(), "%q is an SPF record: there may be only one, and it is built", cut(text))
		}
		texts = append(texts, text)
	}
	return texts
}

// ending reads what the record ends in: all or redirect=.
func (l *loader) ending(key value, draft *domainDraft, d *Domain) {
	var all *spf.Qualifier
	if draft.all.given() {
		all = l.all(draft.all)
	}
	switch {
	case draft.redirect.given() && draft.all.given():
		l.fail(draft.redirect.at(), `"redirect" counts for nothing beside "all" (RFC 7208, Section 6.1): remove one`)
	case draft.redirect.given():
		d.Redirect = l.domainSpec(draft.redirect, d.Zone)
		if name, ok := d.Redirect.Name(); ok && name == d.Name {
			l.fail(draft.redirect.at(), `"redirect" leads to the domain itself`)
		}
	case all != nil:
		d.All = *all
	case l.settings.all != nil:
		d.All = *l.settings.all
	default:
		l.fail(key.at(), `the domain %q has no "all": write fail, softfail or neutral, here or under defaults`, key.node.Value)
	}
}

// domainSpec reads the value of redirect or exp.
func (l *loader) domainSpec(v value, zone string) spf.DomainSpec {
	text, ok := l.scalar(v, "a domain")
	if !ok {
		return spf.DomainSpec{}
	}
	text, msg := absoluteSpec(text, zone)
	if msg != "" {
		l.fail(v.at(), "%s", msg)
		return spf.DomainSpec{}
	}
	spec, err := spf.ParseDomainSpec(text)
	if err != nil {
		l.fail(v.at(), "%s: %s", strQuote(text), syntaxMessage(err))
	}
	return spec
}

var publishFields = []field[*value]{keep("provider", func(to *value) *value { return to })}

func (l *loader) publish(v value, d *Domain) {
	if v.isMapping() {
		var provider value
		readFields(l, v, "publish", publishFields, &provider)
		if !provider.given() {
			l.fail(v.at(), `publish has no "provider"`)
			return
		}
		v = provider
	}
	text, ok := l.scalar(v, "the name of a provider")
	if !ok {
		return
	}
	if d.Publish = text; !l.providers[text] {
		l.failNear(v.at(), text, func() []string { return slices.Sorted(maps.Keys(l.providers)) }, "unknown provider %s", strQuote(text))
	}
}
