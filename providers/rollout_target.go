package providers

import (
	"context"
	"slices"
	"time"

	"github.com/spfzone/spfzone/spf"
)

// planner is the work of one [Rollout.Next].
type planner struct {
	*Rollout
	ctx       context.Context
	now       time.Time
	published Published
	wanted    []Wanted
	names     Names
	trees     map[treeOf]*spf.AddressTree
	why       *UnsafeError // why the ways before this one are none
}

// target is what is wanted, with the names that its parts are to have.
type target struct {
	records []Wanted // in the order of those wanted
	by      map[string]Wanted
}

// target names the parts. A part that is published already keeps that name. The
// others get the names that are wanted, unless a fresh name is wanted.
func (p *planner) target(f fresh) (*target, error) {
	name := map[string]string{} // by wanted name
	taken := map[string]bool{}
	for _, w := range p.wanted {
		if w.Of == "" {
			name[w.Name], taken[w.Name] = w.Name, true
		}
	}
	for _, w := range p.wanted {
		if w.Of == "" || w.List != nil {
			continue
		}
		if at := p.holding(w, taken); at != "" {
			name[w.Name], taken[at] = at, true
		}
	}
	if err := p.nameLists(f.lists, name, taken); err != nil {
		return nil, err
	}
	for _, w := range p.wanted {
		if name[w.Name] != "" {
			continue
		}
		at := w.Name
		if taken[at] || !p.unused(at) && (f.parts || len(p.published[at].Now) == 0) {
			at = p.freshName(w.Of, taken)
		}
		name[w.Name], taken[at] = at, true
	}
	t := &target{by: map[string]Wanted{}}
	for _, w := range p.wanted {
		text, err := renamed(w.Text, name)
		if err != nil {
			return nil, err
		}
		w.Name, w.Text = name[w.Name], text
		t.records = append(t.records, w)
		t.by[w.Name] = w
	}
	return t, nil
}

// holding gives the name that publishes a part's text already, best its own.
func (p *planner) holding(w Wanted, taken map[string]bool) string {
	has := func(name string) bool {
		return !taken[name] && slices.Equal(p.published[name].Now, Version{w.Text})
	}
	if has(w.Name) {
		return w.Name
	}
	for number := 1; number <= p.highest(); number++ {
		if name := p.names.Part(w.Of, number); has(name) {
			return name
		}
	}
	return ""
}

// highest bounds the numbers of published parts: there are at most as many
// names, and each push takes the lowest that are free.
func (p *planner) highest() int { return 2 * (len(p.published) + len(p.wanted)) }

// unused reports whether a name publishes nothing, and no receiver holds
// anything of it.
func (p *planner) unused(name string) bool {
	n := p.published[name]
	return len(n.Now) == 0 && len(p.former(n)) == 0
}

// former gives the versions of a name that receivers may still hold.
func (p *planner) former(n PublishedName) []Former {
	return slices.DeleteFunc(slices.Clone(n.Former), func(f Former) bool { return !f.Until.After(p.now) })
}

func (p *planner) freshName(of string, taken map[string]bool) string {
	for number := 1; ; number++ {
		if name := p.names.Part(of, number); !taken[name] && p.unused(name) && !p.isWanted(name) {
			return name
		}
	}
}

func (p *planner) isWanted(name string) bool {
	return slices.ContainsFunc(p.wanted, func(w Wanted) bool { return w.Name == name })
}

// renamed gives a record with other names in its includes, and of other lists.
func renamed(text string, names map[string]string) (string, error) {
	if text == "" {
		return "", nil
	}
	r, err := spf.Parse(text)
	if err != nil {
		return "", err
	}
	changed := false
	for i, d := range r.Directives {
		led, err := ledTo(d.Mechanism, names)
		if err != nil {
			return "", err
		}
		if led != nil {
			r.Directives[i].Mechanism = led
			changed = true
		}
	}
	if !changed {
		return text, nil
	}
	return r.String(), nil
}

// ledTo gives an include, or a term that asks for an address list, with another
// name; nil where it is as it is to be.
func ledTo(m spf.Mechanism, names map[string]string) (spf.Mechanism, error) {
	if list, ok := listAskedFor(m); ok {
		if to := names[list]; to != "" && to != list {
			return askFor(to)
		}
		return nil, nil
	}
	include, ok := m.(spf.Include)
	if !ok {
		return nil, nil
	}
	name, _ := include.Domain.Name()
	to := names[name]
	if to == "" || to == name {
		return nil, nil
	}
	spec, err := spf.DomainName(to)
	if err != nil {
		return nil, err
	}
	return spf.Include{Domain: spec}, nil
}
