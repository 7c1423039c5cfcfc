package providers

import (
	"fmt"
	"strings"
	"time"

	"github.com/spfzone/spfzone/providers/addresslist"
	"github.com/spfzone/spfzone/spf"
)

// treeOf is a list at a name. A list is not changed once it is made, so its
// first name stands for all.
type treeOf struct {
	root  string
	first *string
	count int
}

// tree gives a list as the DNS answers for it, the same for the same list.
func (p *planner) tree(root string, l addresslist.List) *spf.AddressTree {
	key := treeOf{root: root, count: len(l)}
	if len(l) > 0 {
		key.first = &l[0]
	}
	if p.trees[key] == nil {
		p.trees[key] = l.Tree(root)
	}
	return p.trees[key]
}

// listAskedFor gives the name of the list that a term asks for as a build writes
// it: "exists:%{ir}.%{v}.NAME".
func listAskedFor(m spf.Mechanism) (name string, ok bool) {
	exists, isExists := m.(spf.Exists)
	if !isExists {
		return "", false
	}
	text, found := strings.CutPrefix(exists.Domain.String(), "%{ir}.%{v}.")
	if !found {
		return "", false
	}
	name, err := spf.CanonicalName(text)
	return name, err == nil
}

// Lists gives the names of the lists that records ask for.
func (v Version) Lists() (names []string) {
	for _, text := range v {
		if !strings.Contains(text, "%{") {
			continue
		}
		r, _ := spf.ParseAll(text)
		for _, d := range r.Directives {
			if name, ok := listAskedFor(d.Mechanism); ok {
				names = append(names, name)
			}
		}
	}
	return names
}

// askFor is the inverse.
func askFor(name string) (spf.Mechanism, error) {
	spec, err := spf.ParseDomainSpec("%{ir}.%{v}." + strings.TrimSuffix(name, "."))
	return spf.Exists{Domain: spec}, err
}

// asked reports whether receivers may hold an answer about a name of a list at
// a time, or ask for one.
func (p *planner) asked(name string, at time.Time) bool {
	if l := p.published[name].List; l != nil && l.Asked.After(at) {
		return true
	}
	for _, is := range p.published {
		if is.Now.RefersTo(name) {
			return true
		}
		for _, f := range is.Former {
			if f.Until.After(at) && f.Version.RefersTo(name) {
				return true
			}
		}
	}
	return false
}

// heldLists adds the lists at a name whose answers receivers may hold from a
// time on: none of those before a change where nobody has asked for them.
func (p *planner) heldLists(at time.Time, name string, from version, changes bool, add func(version)) {
	asked := p.asked(name, at)
	if from.list != nil && (!changes || asked) {
		add(from)
	}
	if l := p.published[name].List; l != nil && asked {
		for _, f := range l.Former {
			if f.Until.After(at) {
				add(version{list: p.tree(name, f.Names)})
			}
		}
	}
}

// listTimes gives the times at which receivers hold less of a list.
func (p *planner) listTimes(l *PublishedList) (times []time.Time) {
	if l == nil {
		return nil
	}
	for _, f := range l.Former {
		if f.Until.After(p.now) {
			times = append(times, f.Until)
		}
	}
	if l.Asked.After(p.now) {
		times = append(times, l.Asked)
	}
	return times
}

// listChange gives what has to change at the name of a list that is wanted.
func (p *planner) listChange(w Wanted) (c Change, differs bool) {
	c = Change{Name: w.Name, TTL: w.TTL, List: &ListChange{To: w.List}}
	if is := p.published[w.Name].List; is != nil {
		c.List.From = is.Names
	}
	return c, !c.List.From.Equal(c.List.To)
}

// nameLists names the lists. One that is published already keeps that name. Of
// the others, each takes the place of the list that a published record asks for
// and that differs least from it; a fresh one, that of a list that nobody has
// asked for, which may have been begun for it.
func (p *planner) nameLists(fresh bool, name map[string]string, taken map[string]bool) error {
	give := func(fits func(w Wanted, at string, is *PublishedList) bool) {
		for _, w := range p.wanted {
			if w.List == nil || name[w.Name] != "" {
				continue
			}
			if at := p.nearestList(w, taken, fits); at != "" {
				name[w.Name], taken[at] = at, true
			}
		}
	}
	give(func(w Wanted, _ string, is *PublishedList) bool { return is.Names.Equal(w.List) && is.TTL == w.TTL })
	if !fresh {
		give(func(w Wanted, at string, is *PublishedList) bool {
			return is.TTL == w.TTL && len(is.Names) > 0 && p.asked(at, p.now)
		})
	}
	give(func(w Wanted, at string, is *PublishedList) bool {
		return (is.TTL == w.TTL && !is.Foreign || len(is.Names) == 0) && !p.asked(at, p.now)
	})
	for _, w := range p.wanted {
		if w.List != nil && name[w.Name] == "" {
			return fmt.Errorf("%s: no name is free for its address list", strings.TrimSuffix(w.Of, "."))
		}
	}
	return nil
}

// nearestList gives the name of the list that differs least from the one wanted,
// among those that fit; "" if none does.
func (p *planner) nearestList(w Wanted, taken map[string]bool, fits func(w Wanted, at string, is *PublishedList) bool) (best string) {
	least := 0
	for number := 1; number <= p.highest(); number++ {
		at := p.names.List(w.Of, number)
		is := p.published[at].List
		if is == nil || is.Partial || taken[at] || !fits(w, at, is) {
			continue
		}
		if n := len(is.Names.Minus(w.List)) + len(w.List.Minus(is.Names)); best == "" || n < least {
			best, least = at, n
		}
	}
	return best
}
