package main

import (
	"slices"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/spf"
)

// ledTo gives domains with those of the configuration that their records lead
// to, directly or by others: what is published of those decides what the records
// say. The order is that of the configuration.
func ledTo(c *builder.Config, domains []string) (names []string) {
	owner := map[string]*builder.Domain{} // of each record
	for _, d := range c.Domains {
		for _, r := range d.Regions {
			owner[r.Name] = d
		}
	}
	for _, d := range c.Domains {
		owner[d.Name] = d
	}
	found := map[string]bool{}
	var add func(d *builder.Domain)
	add = func(d *builder.Domain) {
		if found[d.Name] {
			return
		}
		found[d.Name] = true
		for _, name := range leads(d) {
			if other := owner[name]; other != nil {
				add(other)
			}
		}
	}
	only := setOf(domains)
	for _, d := range c.Domains {
		if only[d.Name] {
			add(d)
		}
	}
	for _, d := range c.Domains {
		if found[d.Name] {
			names = append(names, d.Name)
		}
	}
	return names
}

func setOf(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, n := range names {
		set[n] = true
	}
	return set
}

// leads gives the names of the records that a domain's lead to.
func leads(d *builder.Domain) (names []string) {
	if name, ok := d.Redirect.Name(); ok {
		names = append(names, name)
	}
	lists := [][]builder.Sender{d.Senders}
	for _, r := range d.Regions {
		if r.Domain != nil {
			names = append(names, r.Name)
		}
		lists = append(lists, r.Senders)
	}
	for _, s := range slices.Concat(lists...) {
		switch source := s.Source.(type) {
		case *builder.Service:
			names = append(names, source.Include)
		case *builder.Term:
			if include, ok := source.Mechanism.(spf.Include); ok {
				if name, ok := include.Domain.Name(); ok {
					names = append(names, name)
				}
			}
		}
	}
	return names
}
