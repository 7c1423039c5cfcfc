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
	names     func(of string, number int) string
}

// target is what is wanted, with the names that its parts are to have.
type target struct {
	records []Wanted // in the order of those wanted
	by      map[string]Wanted
}

// target names the parts. A part that is published already keeps that name. The
// others get the names that are wanted, unless fresh says that a name must not
// have published anything else.
func (p *planner) target(fresh bool) (*target, error) {
	name := map[string]string{} // by wanted name
	taken := map[string]bool{}
	for _, w := range p.wanted {
		if w.Of == "" {
			name[w.Name], taken[w.Name] = w.Name, true
		}
	}
	for _, w := range p.wanted {
		if at := p.holding(w, taken); w.Of != "" && at != "" {
			name[w.Name], taken[at] = at, true
		}
	}
	for _, w := range p.wanted {
		if name[w.Name] != "" {
			continue
		}
		at := w.Name
		if taken[at] || !p.unused(at) && (fresh || len(p.published[at].Now) == 0) {
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
		if name := p.names(w.Of, number); has(name) {
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
		if name := p.names(of, number); !taken[name] && p.unused(name) && !p.isWanted(name) {
			return name
		}
	}
}

func (p *planner) isWanted(name string) bool {
	return slices.ContainsFunc(p.wanted, func(w Wanted) bool { return w.Name == name })
}

// renamed gives a record with other names in its includes.
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
		include, ok := d.Mechanism.(spf.Include)
		if !ok {
			continue
		}
		name, _ := include.Domain.Name()
		if to := names[name]; to != "" && to != name {
			spec, err := spf.DomainName(to)
			if err != nil {
				return "", err
			}
			r.Directives[i].Mechanism = spf.Include{Domain: spec}
			changed = true
		}
	}
	if !changed {
		return text, nil
	}
	return r.String(), nil
}
