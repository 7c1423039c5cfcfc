package providers

import (
	"slices"
	"time"

	"go4.org/netipx"

	"github.com/spfzone/spfzone/spf"
)

// versions are the records of names at one time.
type versions map[string]Version

func (t *target) versions() versions {
	v := versions{}
	for _, w := range t.records {
		v[w.Name] = only(w.Text)
	}
	return v
}

// current gives what is published.
func (p *planner) current() versions {
	v := versions{}
	for name, is := range p.published {
		v[name] = is.Now
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
func (p *planner) held(at time.Time, from, to versions) map[string][]Version {
	held := map[string][]Version{}
	for name := range from.with(to) {
		var list []Version
		add := func(v Version) {
			if !slices.ContainsFunc(list, func(o Version) bool { return slices.Equal(o, v) }) {
				list = append(list, v)
			}
		}
		after, changes := to[name]
		if changes {
			add(after)
		}
		if !changes || len(from[name]) > 0 || p.standsAlone(name) {
			add(from[name])
		}
		for _, f := range p.published[name].Former {
			if f.Until.After(at) {
				add(f.Version)
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
func (p *planner) mixes(domain string, from, final versions, held map[string][]Version) error {
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
	for name, list := range held {
		if len(list) > 1 {
			names = append(names, name)
			if count *= len(list); count > mostMixes {
				return &UnsafeError{Domain: domain}
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
	for name, texts := range v {
		o.TXT[name] = nil
		for _, text := range texts {
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
