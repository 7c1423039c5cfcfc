package providers

import (
	"slices"
	"strings"

	"github.com/spfzone/spfzone/spf"
)

// detour finds a way where the records cannot change at once: one after the
// other, or by way of records that hold what both versions do. Why they cannot is
// given back where there is none.
func (p *planner) detour(t *target) (Stage, error) {
	updates := p.updates(t)
	creates := p.creates(t)
	step := p.firstStep(t, updates)
	if step == nil {
		step = p.widened(t, updates)
	}
	switch {
	case step == nil:
		return Stage{}, p.why
	case len(creates) > 0:
		return Stage{Kind: Create, Changes: creates}, nil
	}
	to := versions{}
	for _, c := range step {
		to[c.Name] = p.after(c)
	}
	until, err := p.safeFrom(to, p.versions(t))
	if err != nil {
		return Stage{}, err
	}
	if until.After(p.now) {
		return Stage{Kind: Wait, After: until, Why: "receivers may hold records of an earlier change"}, nil
	}
	return Stage{Kind: Switch, Changes: step}, nil
}

// mostSteps bounds the records whose order is searched for.
const mostSteps = 8

// firstStep gives the first of an order of changes, one record at a time, each
// safe once the one before is out of caches; nil where there is none.
func (p *planner) firstStep(t *target, updates []Change) []Change {
	if len(updates) < 2 || len(updates) > mostSteps {
		return nil
	}
	dead := map[uint]bool{} // sets of changes made from which there is no way
	var search func(made uint) []Change
	search = func(made uint) []Change {
		if made == 1<<len(updates)-1 {
			return []Change{}
		}
		if dead[made] {
			return nil
		}
		at := p.assuming(t, updates, made)
		for i, c := range updates {
			if made&(1<<i) != 0 || at.safeAt(at.now, versions{c.Name: p.after(c)}, p.versions(t)) != nil {
				continue
			}
			if rest := search(made | 1<<i); rest != nil {
				return append([]Change{c}, rest...)
			}
		}
		dead[made] = true
		return nil
	}
	if order := search(0); len(order) > 0 {
		return order[:1]
	}
	return nil
}

// assuming gives the planner at a time when some changes are made, new parts
// are there, and nothing former is held.
func (p *planner) assuming(t *target, updates []Change, made uint) *planner {
	later := *p
	later.published = Published{}
	for name, is := range p.published {
		later.published[name] = PublishedName{Now: is.Now, TTL: is.TTL, List: is.List.settled()}
	}
	for _, c := range p.creates(t) {
		later.published[c.Name] = c.made()
	}
	for i, c := range updates {
		if made&(1<<i) != 0 {
			later.published[c.Name] = c.made()
		}
	}
	return &later
}

// settled gives a list of which nothing former is held.
func (l *PublishedList) settled() *PublishedList {
	if l == nil {
		return nil
	}
	return &PublishedList{Names: l.Names, TTL: l.TTL, Partial: l.Partial, Foreign: l.Foreign}
}

// made gives what a change leaves.
func (c Change) made() PublishedName {
	if c.List != nil {
		return PublishedName{List: &PublishedList{Names: c.List.To, TTL: c.TTL}}
	}
	return PublishedName{Now: only(c.New), TTL: c.TTL}
}

// widened gives changes to records that hold the terms of both versions, if
// that is safe, and the way on from there.
func (p *planner) widened(t *target, updates []Change) []Change {
	var wide []Change
	to := versions{}
	for _, c := range updates {
		if c.List != nil || len(c.Old) != 1 {
			return nil
		}
		text, ok := both(c.Old[0], c.New)
		if !ok || p.Fits != nil && !p.Fits(c.Name, text) {
			return nil
		}
		if text == c.Old[0] {
			continue
		}
		c.New = text
		wide = append(wide, c)
		to[c.Name] = version{texts: Version{text}}
	}
	before := p.assuming(t, updates, 0)
	if len(wide) == 0 || before.safeAt(p.now, to, p.versions(t)) != nil {
		return nil
	}
	after := p.assuming(t, updates, 0)
	for _, c := range wide {
		after.published[c.Name] = c.made()
	}
	if after.safeAt(p.now, p.versions(t), p.versions(t)) != nil {
		return nil
	}
	return wide
}

// both gives a record with the directives of two, of which each passes only or
// holds the same: those of the first, then those that the second adds, then the
// second's end.
func both(from, to string) (text string, ok bool) {
	a, err := spf.Parse(from)
	if err != nil {
		return "", false
	}
	b, err := spf.Parse(to)
	if err != nil {
		return "", false
	}
	r := &spf.Record{Redirect: b.Redirect, Exp: b.Exp, Unknown: b.Unknown}
	var end []spf.Directive
	for _, d := range slices.Concat(a.Directives, b.Directives) {
		if _, isAll := d.Mechanism.(spf.All); isAll {
			end = []spf.Directive{d}
			continue
		}
		if !slices.ContainsFunc(r.Directives, d.Equal) {
			r.Directives = append(r.Directives, d)
		}
	}
	r.Directives = append(r.Directives, end...)
	return strings.TrimSpace(r.String()), true
}
