package builder

import (
	"context"
	"slices"

	"github.com/spfzone/spfzone/spf"
)

// watched is a source: a service, a gateway, or a term that asks the DNS.
type watched struct {
	sourceKey
	entry     *Entry
	mechanism spf.Mechanism
	at        string   // canonical name of the record that it is looked at in
	guarded   bool     // addresses may stand in its place
	lists     []string // canonical names of the records that list it
	uses      []use
	probes    []probe

	asking *asking // what it asked
	passed *extent // under the old lock; nil where that does not have it
	change SourceChange
}

// use is a record that lists a source, and a domain whose records lead there.
type use struct {
	list   string // canonical name of the record
	domain *Domain
}

// probe is a vector of a domain whose record leads to a source. Which terms of
// the source a build asks for, to check the vector, depends on what is listed
// before it: so all of them are asked.
type probe struct {
	list         string // canonical name of the record that lists the source
	vector       Vector
	sender, helo string
}

// findSources gathers the sources of the configuration.
func (u *update) findSources(ctx context.Context) error {
	found := &sources{b: newBuild(u.cfg, Options{}), byKey: map[sourceKey]*watched{}}
	for _, d := range u.cfg.Domains {
		if u.only != nil && !slices.Contains(u.only, d.Name) {
			continue
		}
		for _, l := range d.own() {
			for _, s := range l.senders {
				if s := found.of(d, l.name, s); s != nil {
					s.lists = append(s.lists, l.name)
				}
			}
		}
		found.addUses(d, d, map[*Domain]bool{})
		if len(d.Expect) > 0 {
			found.addProbes(d, d, map[*Domain]bool{})
		}
	}
	all := make([]*watched, 0, len(found.byKey))
	for _, s := range found.byKey {
		all = append(all, s)
	}
	return u.byAsker(ctx, all)
}

// sources are those that were found.
type sources struct {
	b     *build // of the configuration
	byKey map[sourceKey]*watched
}

// of gives the source that a sender stands for, which is among those found
// afterwards. It is nil if the sender asks nothing, or leads to a domain of the
// configuration, whose record is what its own list says.
func (found *sources) of(d *Domain, at string, sender Sender) *watched {
	s := &watched{entry: sender.Source.entry(), at: askedNobody}
	switch source := sender.Source.(type) {
	case *Network:
		return nil
	case *Gateway:
		s.guarded = source.Pin
	case *Service:
		s.guarded = true
	case *Term:
		_, s.guarded = source.Mechanism.(spf.Include)
		_, isAll := source.Mechanism.(spf.All)
		if _, ok := literal(source.Mechanism); ok || isAll {
			return nil
		}
	}
	mechanisms, err := sender.mechanisms(d.Zone)
	if err != nil {
		return nil // the build says what is wrong with it
	}
	s.mechanism = mechanisms[0]
	if name, ok := includedBy(s.mechanism); ok && found.b.domains[name] != nil {
		return nil
	}
	if bound(s.mechanism) {
		directive, err := spf.Directive{Mechanism: s.mechanism}.Bind(at)
		if err != nil {
			s.at, s.domain = at, at
		} else {
			s.mechanism = directive.Mechanism
		}
	}
	s.name, s.term = s.entry.Name, s.mechanism.String()
	if _, isTerm := sender.Source.(*Term); isTerm {
		s.name = s.term
	}
	if found.byKey[s.sourceKey] == nil {
		found.byKey[s.sourceKey] = s
	}
	return found.byKey[s.sourceKey]
}

// own gives the lists of a domain, without those of regions that are domains of
// their own. The target of redirect= is listed like an include.
func (d *Domain) own() []list {
	senders := d.Senders
	if !d.Redirect.IsZero() {
		senders = append(slices.Clone(senders), Sender{Source: &Term{Mechanism: spf.Include{Domain: d.Redirect}}})
	}
	lists := []list{{name: d.Name, senders: senders}}
	for _, r := range d.Regions {
		if r.Domain == nil {
			lists = append(lists, list{name: r.Name, senders: r.Senders})
		}
	}
	return lists
}

// addUses notes which sources a domain uses, by the lists of d: the domain
// itself, or one that its records lead to.
func (found *sources) addUses(whose, d *Domain, seen map[*Domain]bool) {
	if seen[d] {
		return
	}
	seen[d] = true
	for _, l := range d.own() {
		for _, sender := range l.senders {
			if s := found.of(d, l.name, sender); s != nil {
				s.uses = append(s.uses, use{l.name, whose})
			}
		}
	}
	for _, n := range found.b.needs(d) {
		found.addUses(whose, n.domain, seen)
	}
}

// domains gives the names of those that use a source, in the order of the
// configuration.
func (s *watched) domains() []string {
	var names []string
	for _, u := range s.uses {
		if s.domain == "" || u.list == s.domain {
			names = append(names, u.domain.Name)
		}
	}
	return slices.Compact(names)
}

// addProbes has the sources looked at for the vectors of a domain that d lists:
// the domain itself, or one that its records lead to.
func (found *sources) addProbes(whose, d *Domain, seen map[*Domain]bool) {
	if seen[d] {
		return
	}
	seen[d] = true
	for _, l := range d.own() {
		for _, sender := range l.senders {
			s := found.of(d, l.name, sender)
			if s == nil {
				continue
			}
			for _, v := range whose.Expect {
				from, helo := v.identities(whose)
				s.probes = append(s.probes, probe{l.name, v, from, helo})
			}
		}
	}
	for _, n := range found.b.needs(d) {
		found.addProbes(whose, n.domain, seen)
	}
}

// byAsker makes one source for each record that lists it of those whose meaning
// depends on the domain asked for.
func (u *update) byAsker(ctx context.Context, all []*watched) error {
	depends := make([]bool, len(all))
	err := each(ctx, len(all), func(i int) error {
		reading := &reading{Resolver: u.snapshot}
		_, _, err := all[i].look(ctx, reading, nil)
		depends[i] = reading.usesSender.Load() || mentionsSender(all[i].term)
		return err
	})
	if err != nil {
		return err
	}
	for i, s := range all {
		if !depends[i] || s.domain != "" {
			u.sources = append(u.sources, s)
			continue
		}
		slices.Sort(s.lists)
		for _, list := range slices.Compact(s.lists) {
			one := *s
			one.at, one.domain = list, list
			one.probes = slices.DeleteFunc(slices.Clone(s.probes), func(p probe) bool { return p.list != list })
			u.sources = append(u.sources, &one)
		}
	}
	slices.SortFunc(u.sources, func(a, b *watched) int { return a.compare(b.sourceKey) })
	return nil
}

// record is what includes the source and nothing else.
func (s *watched) record() *spf.Record {
	return closed(&spf.Record{Directives: []spf.Directive{{Mechanism: s.mechanism}}})
}

// look gives the policy of the source, and what was asked for it and for probes.
func (s *watched) look(ctx context.Context, r spf.Resolver, probes []probe) (*spf.Policy, *asking, error) {
	a := &asking{Resolver: r}
	policy, err := over(a).policyOf(ctx, s.at, s.record())
	if err != nil || policy.Static() {
		return policy, a, err
	}
	for _, p := range probes {
		c := &spf.Checker{Resolver: overlay(a, map[string]*spf.Record{p.list: s.record()}), Limits: listLimits}
		if _, err := c.CheckHost(ctx, p.vector.IP, p.list, p.sender, p.helo); err != nil {
			return nil, nil, err
		}
	}
	return policy, a, nil
}
