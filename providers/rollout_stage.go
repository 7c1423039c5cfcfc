package providers

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spfzone/spfzone/spf"
)

// advance gives the next stage on the way to a target whose records change at
// once. The error is an *UnsafeError where that is not safe.
func (p *planner) advance(t *target) (Stage, error) {
	updates := p.updates(t)
	if len(updates) > 0 {
		if unfit := p.unfit(t); unfit != "" {
			return Stage{}, &UnsafeError{Domain: unfit, Why: "with the names that its parts would have, the record is larger than limits.response or limits.record allows: raise that limit, or publish the change in two steps"}
		}
		until, err := p.safeFrom(p.versions(t), p.versions(t))
		if err != nil {
			return Stage{}, err
		}
		if creates := p.creates(t); len(creates) > 0 {
			return Stage{Kind: Create, Changes: creates}, nil
		}
		if until.After(p.now) {
			return Stage{Kind: Wait, After: until, Why: "receivers may hold records of an earlier change"}, nil
		}
		return Stage{Kind: Switch, Changes: updates}, nil
	}
	if creates := p.creates(t); len(creates) > 0 {
		return Stage{Kind: Create, Changes: creates}, nil
	}
	return p.removal(t)
}

// creates gives the records at names that have none, those of regions behind
// their parts. The domain's own record comes in a later stage, as others may refer
// to it that are not there yet.
func (p *planner) creates(t *target) []Change {
	var out, regions []Change
	for i, w := range t.records {
		switch {
		case w.List != nil:
			if c, differs := p.listChange(w); differs && !p.asked(w.Name, p.now) {
				out = append(out, c)
			}
		case i > 0 && len(p.published[w.Name].Now) == 0 && w.Text != "":
			c := Change{Name: w.Name, New: w.Text, TTL: w.TTL}
			if w.Of == "" {
				regions = append(regions, c)
			} else {
				out = append(out, c)
			}
		}
	}
	return append(out, regions...)
}

// updates gives the records that differ, and the domain's own if it has none.
func (p *planner) updates(t *target) []Change {
	var out []Change
	for i, w := range t.records {
		is := p.published[w.Name]
		switch {
		case w.List != nil:
			if c, differs := p.listChange(w); differs && p.asked(w.Name, p.now) {
				out = append(out, c)
			}
		case i > 0 && len(is.Now) == 0:
		case !slices.Equal(is.Now, only(w.Text)) || w.Text != "" && is.TTL != w.TTL:
			out = append(out, Change{Name: w.Name, Old: is.Now, New: w.Text, TTL: w.TTL})
		}
	}
	return out
}

// removal gives the deletion of parts that nothing refers to, once no receiver
// holds a record that did.
func (p *planner) removal(t *target) (Stage, error) {
	var changes []Change
	var after time.Time
	for name, is := range p.published {
		if _, stays := t.by[name]; stays {
			continue
		}
		switch l := is.List; {
		case l != nil && len(l.Names) > 0 && !l.Foreign:
			changes = append(changes, Change{Name: name, TTL: l.TTL, List: &ListChange{From: l.Names}})
		case len(is.Now) > 0:
			changes = append(changes, Change{Name: name, Old: is.Now})
		default:
			continue
		}
		if until := p.referred(name); until.After(after) {
			after = until
		}
	}
	slices.SortFunc(changes, func(a, b Change) int { return strings.Compare(a.Name, b.Name) })
	switch {
	case len(changes) == 0:
		return Stage{Kind: Done}, nil
	case after.After(p.now):
		return Stage{Kind: Wait, After: after, Why: fmt.Sprintf("receivers may hold a record that includes %s", strings.TrimSuffix(changes[0].Name, "."))}, nil
	}
	return Stage{Kind: Remove, Changes: changes}, nil
}

// referred gives the time until which a receiver may hold a record that
// includes a name.
func (p *planner) referred(name string) time.Time {
	var until time.Time
	for _, is := range p.published {
		for _, f := range p.former(is) {
			if f.Version.RefersTo(name) && f.Until.After(until) {
				until = f.Until
			}
		}
	}
	return until
}

// RefersTo reports whether a record refers to a name, or asks for the addresses
// of a list there.
func (v Version) RefersTo(name string) bool {
	for _, text := range v {
		r, _ := spf.ParseAll(text)
		if target, ok := r.Redirect.Name(); ok && target == name {
			return true
		}
		for _, d := range r.Directives {
			if target, ok := d.Domain().Name(); ok && target == name {
				return true
			}
			if target, ok := listAskedFor(d.Mechanism); ok && target == name {
				return true
			}
		}
	}
	return false
}

// unfit gives the name of a record that is too large, or "".
func (p *planner) unfit(t *target) string {
	for _, w := range t.records {
		if w.List == nil && p.Fits != nil && !p.Fits(w.Name, w.Text) {
			return w.Name
		}
	}
	return ""
}
