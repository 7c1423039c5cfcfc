package providers

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"go4.org/netipx"

	"github.com/spfzone/spfzone/spf"
)

// version is the records of one name at one time, or an address list.
type version struct {
	texts Version
	list  *spf.AddressTree
}

// same reports whether two versions give the same answers.
func (v version) same(o version) bool {
	if v.list == nil || o.list == nil || v.list == o.list {
		return v.list == o.list && slices.Equal(v.texts, o.texts)
	}
	return v.list.Equal(o.list)
}

// versions are those of names at one time.
type versions map[string]version

func (p *planner) versions(t *target) versions {
	v := versions{}
	for _, w := range t.records {
		v[w.Name] = version{texts: only(w.Text)}
		if w.List != nil {
			v[w.Name] = version{list: p.tree(w.Name, w.List)}
		}
	}
	return v
}

// after gives the version that a change leaves.
func (p *planner) after(c Change) version {
	if c.List != nil {
		return version{list: p.tree(c.Name, c.List.To)}
	}
	return version{texts: only(c.New)}
}

// current gives what is published. Lists of which not all is known are left to
// the resolver.
func (p *planner) current() versions {
	v := versions{}
	for name, is := range p.published {
		switch {
		case is.List == nil:
			v[name] = version{texts: is.Now}
		case !is.List.Partial:
			v[name] = version{list: p.tree(name, is.List.Names)}
		}
	}
	return v
}

// with gives v with other versions in their place.
func (v versions) with(o versions) versions {
	out := versions{}
	for name, version := range v {
		out[name] = version
	}
	for name, version := range o {
		out[name] = version
	}
	return out
}

// safeFrom gives the time from which changing what is published to what is
// given, on the way to the final versions, is safe: at once, or when versions
// that receivers may hold now are out of their caches. The error is an
// *UnsafeError where it never is.
func (p *planner) safeFrom(to, final versions) (time.Time, error) {
	times := []time.Time{p.now}
	for _, is := range p.published {
		for _, f := range p.former(is) {
			times = append(times, f.Until)
		}
		times = append(times, p.listTimes(is.List)...)
	}
	slices.SortFunc(times, time.Time.Compare)
	// What is safe while more is held is safe when less is: the last time decides
	// whether it ever is.
	last := times[len(times)-1]
	if err := p.safeAt(last, to, final); err != nil {
		return last, err
	}
	for _, at := range slices.Compact(times) {
		if at == last || p.safeAt(at, to, final) == nil {
			return at, nil
		}
	}
	return last, nil
}

// mostMixes bounds the mixes of versions that are looked at. A change with more
// of them counts as unsafe: there is one with fewer.
const mostMixes = 512

// safeAt looks at every mix of versions that receivers may hold from a time
// on, while what is published changes to what is given. Whom the published and
// the final versions pass must pass in all of them.
func (p *planner) safeAt(at time.Time, to, final versions) error {
	from := p.current()
	held := p.held(at, from, to)
	for i := range p.wanted {
		if p.wanted[i].Of != "" {
			continue
		}
		if err := p.mixes(p.wanted[i].Name, from, from.with(final), held); err != nil {
			return err
		}
	}
	return p.ctx.Err()
}

// held gives for each name the versions that receivers may hold, where there
// is more than one. A name that is to be created is held as it will be: nobody
// has asked for it, or else it has a former version.
func (p *planner) held(at time.Time, from, to versions) map[string][]version {
	held := map[string][]version{}
	for name := range from.with(to) {
		var list []version
		add := func(v version) {
			if !slices.ContainsFunc(list, v.same) {
				list = append(list, v)
			}
		}
		after, changes := to[name]
		if changes {
			add(after)
		}
		if is := p.published[name].List; is != nil || after.list != nil {
			if p.heldLists(at, name, from[name], changes, add); len(list) > 0 {
				held[name] = list
			}
			continue
		}
		if !changes || len(from[name].texts) > 0 || p.standsAlone(name) {
			add(from[name])
		}
		for _, f := range p.published[name].Former {
			if f.Until.After(at) {
				add(version{texts: f.Version})
			}
		}
		held[name] = list
	}
	return held
}

// standsAlone reports whether receivers ask for a name of their own accord, as
// its domain sends mail.
func (p *planner) standsAlone(name string) bool { return name == p.wanted[0].Name }

// mixes evaluates a domain for every mix.
func (p *planner) mixes(domain string, from, final versions, held map[string][]version) error {
	before, err := p.policy(domain, from)
	if err != nil {
		return err
	}
	after, err := p.policy(domain, final)
	if err != nil {
		return err
	}
	need := newNeed(before, after)
	var names []string
	count := 1
	for _, name := range slices.Sorted(maps.Keys(held)) {
		list := held[name]
		if len(list) > 1 {
			names = append(names, name)
			if count *= len(list); count > mostMixes {
				return &UnsafeError{Domain: domain, Why: fmt.Sprintf("receivers may hold more than %d mixes of its records while so many of them change: publish the change in two steps", mostMixes)}
			}
		}
	}
	mix := versions{}
	for name, list := range held {
		mix[name] = list[0]
	}
	for n := range count {
		for _, name := range names {
			mix[name] = held[name][n%len(held[name])]
			n /= len(held[name])
		}
		if len(mix[domain].texts) == 0 && len(from[domain].texts) > 0 {
			continue // who holds that there is no record has none of the others either
		}
		policy, err := p.policy(domain, mix)
		if err != nil {
			return err
		}
		if err := need.check(policy); err != nil {
			return err
		}
	}
	return nil
}

func (p *planner) policy(domain string, v versions) (*spf.Policy, error) {
	o := &spf.Overlay{Base: p.Resolver, TXT: map[string][]spf.TXT{}}
	for name, is := range v {
		if is.list != nil {
			o.Trees = append(o.Trees, is.list)
			continue
		}
		o.TXT[name] = nil
		for _, text := range is.texts {
			o.TXT[name] = append(o.TXT[name], spf.TXT{text})
		}
	}
	c := &spf.Checker{Resolver: o, Limits: p.Limits}
	return c.Policy(p.ctx, domain)
}

// need is what every mix must give: pass where the records pass before and
// after, and no permerror but where one of them has it.
type need struct {
	domain        string
	before, after *spf.Policy
	pass          *netipx.IPSet
	broken        *netipx.IPSet
}

func newNeed(before, after *spf.Policy) *need {
	return &need{
		domain: before.Domain, before: before, after: after,
		pass:   intersection(before.Set(spf.Pass), after.Set(spf.Pass)),
		broken: union(before.Set(spf.PermError), after.Set(spf.PermError)),
	}
}

// check compares a mix. Where conditional terms decide, it must decide as
// before or as after.
func (n *need) check(mix *spf.Policy) error {
	lost := difference(n.pass, mix.Set(spf.Pass))
	broken := difference(mix.Set(spf.PermError), n.broken)
	if !empty(lost) || !empty(broken) {
		return &UnsafeError{Domain: n.domain, Lost: lost.Prefixes(), Broken: broken.Prefixes()}
	}
	for _, f := range [...]spf.Family{spf.V4, spf.V6} {
		for _, policy := range [...]*spf.Policy{n.before, n.after, mix} {
			for addrs := range policy.Ranges(f) {
				ip := addrs.From()
				b, a, m := n.before.At(ip), n.after.At(ip), mix.At(ip)
				if b.If == nil && a.If == nil && m.If == nil {
					continue
				}
				if s := m.String(); b.Result == spf.Pass && a.Result == spf.Pass || s != b.String() && s != a.String() {
					return &UnsafeError{Domain: n.domain, Lost: addrs.Prefixes()}
				}
			}
		}
	}
	return nil
}
