package builder

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spfzone/spfzone/spf"
)

// need is a configured domain whose records those of another one lead to. They
// are taken as they are planned, whatever is published under their names.
type need struct {
	domain *Domain
	how    string // in the words of a message, such as "its region uk.x.com"
}

// needs gives the domains that the records of d lead to: its regions, and the
// targets of its includes and of its redirect=. Each comes once.
func (b *build) needs(d *Domain) []need {
	var out []need
	add := func(to *Domain, how, name string) {
		if to != nil && !slices.ContainsFunc(out, func(n need) bool { return n.domain == to }) {
			out = append(out, need{to, how + " " + trimDot(name)})
		}
	}
	includes := func(senders []Sender) {
		for _, s := range senders {
			if name, ok := s.included(); ok {
				add(b.domains[name], "its include of", name)
			}
		}
	}
	includes(d.Senders)
	for _, r := range d.Regions {
		add(r.Domain, "its region", r.Name)
		includes(r.Senders)
	}
	if name, ok := d.Redirect.Name(); ok {
		add(b.domains[name], "its redirect to", name)
	}
	return out
}

// included gives the canonical name of what a sender includes.
func (s Sender) included() (name string, ok bool) {
	switch source := s.Source.(type) {
	case *Service:
		return source.Include, true
	case *Term:
		return includedBy(source.Mechanism)
	}
	return "", false
}

func includedBy(m spf.Mechanism) (name string, ok bool) {
	if include, isInclude := m.(spf.Include); isInclude {
		return include.Domain.Name()
	}
	return "", false
}

// circle gives the way on which a domain leads to itself, or nil.
func (b *build) circle(d *Domain) []*Domain {
	seen := map[*Domain]bool{}
	var find func(at *Domain, way []*Domain) []*Domain
	find = func(at *Domain, way []*Domain) []*Domain {
		way = append(way, at)
		for _, n := range b.needs(at) {
			if n.domain == d {
				return append(way, d)
			}
			if seen[n.domain] {
				continue
			}
			seen[n.domain] = true
			if found := find(n.domain, way); found != nil {
				return found
			}
		}
		return nil
	}
	return find(d, nil)
}

// inCircle is the refusal of a domain that leads to itself.
func inCircle(way []*Domain) error {
	names := make([]string, len(way))
	for i, d := range way {
		names[i] = trimDot(d.Name)
	}
	return &Refusal{Kind: Broken, Msg: fmt.Sprintf("%v: the records lead in a circle: %s", way[0].Place, strings.Join(names, " → "))}
}
