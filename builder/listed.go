package builder

import (
	"fmt"

	"github.com/spfzone/spfzone/spf"
)

// listLimits are those under which the list itself is evaluated: it may need
// any number of lookups, though not run in circles for ever.
var listLimits = spf.Limits{Lookups: 1000, Voids: 1000, MX: 1000}

// listed gives the list of a domain as records that nobody could publish, by
// canonical name: each sender a term, in order, each region an include. The
// lists of the domains that it leads to are among them.
func (b *build) listed(d *Domain) (map[string]*spf.Record, error) {
	records := map[string]*spf.Record{}
	if err := b.addListed(records, d); err != nil {
		return nil, err
	}
	return records, nil
}

func (b *build) addListed(to map[string]*spf.Record, d *Domain) error {
	if to[d.Name] != nil {
		return nil
	}
	if err := d.addListed(to); err != nil {
		return err
	}
	for _, n := range b.needs(d) {
		if err := b.addListed(to, n.domain); err != nil {
			return err
		}
	}
	return nil
}

func (d *Domain) addListed(to map[string]*spf.Record) error {
	own := &spf.Record{Exp: d.Exp, Redirect: d.Redirect}
	to[d.Name] = own
	if err := addSenders(own, d.Senders, d.Zone); err != nil {
		return err
	}
	for _, r := range d.Regions {
		if err := addRegion(to, own, d, r); err != nil {
			return err
		}
	}
	d.close(own)
	return nil
}

func addRegion(to map[string]*spf.Record, own *spf.Record, d *Domain, r *Region) error {
	include, err := includeOf(r.Name)
	if err != nil {
		return err
	}
	own.Directives = append(own.Directives, spf.Directive{Mechanism: include})
	if r.Domain != nil {
		return nil
	}
	record := &spf.Record{Exp: d.Exp}
	to[r.Name] = record
	if err := addSenders(record, r.Senders, d.Zone); err != nil {
		return err
	}
	d.close(record)
	return nil
}

// close puts all at the end of a record, where no redirect= is.
func (d *Domain) close(r *spf.Record) {
	if r.Redirect.IsZero() {
		r.Directives = append(r.Directives, spf.Directive{Qualifier: d.closing(), Mechanism: spf.All{}})
	}
}

// closing gives the qualifier of all. Where redirect= stands in its place, no
// part may match what it does not list.
func (d *Domain) closing() spf.Qualifier {
	if d.Redirect.IsZero() {
		return d.All
	}
	return spf.QFail
}

func addSenders(to *spf.Record, senders []Sender, zone string) error {
	for _, s := range senders {
		mechanisms, err := s.mechanisms(zone)
		if err != nil {
			return err
		}
		for _, m := range mechanisms {
			to.Directives = append(to.Directives, spf.Directive{Qualifier: s.Qualifier, Mechanism: m})
		}
	}
	return nil
}

// mechanisms gives what a sender says, in a zone.
func (s Sender) mechanisms(zone string) ([]spf.Mechanism, error) {
	switch source := s.Source.(type) {
	case *Network:
		out := make([]spf.Mechanism, len(source.Prefixes))
		for i, p := range source.Prefixes {
			out[i] = networkOf(p)
		}
		return out, nil
	case *Gateway:
		spec, err := spf.DomainName(source.HostIn(zone))
		if err != nil {
			return nil, fmt.Errorf("%v: gateway %s: %w", source.Place, source.Name, err)
		}
		return []spf.Mechanism{spf.A{Domain: spec}}, nil
	case *Service:
		include, err := includeOf(source.Include)
		if err != nil {
			return nil, fmt.Errorf("%v: service %s: %w", source.Place, source.Name, err)
		}
		return []spf.Mechanism{include}, nil
	case *Term:
		return []spf.Mechanism{source.Mechanism}, nil
	}
	return nil, fmt.Errorf("%v: a sender of type %T", s.Place, s.Source)
}

func includeOf(name string) (spf.Include, error) {
	spec, err := spf.DomainName(name)
	return spf.Include{Domain: spec}, err
}

// overlay puts records over another resolver.
func overlay(base spf.Resolver, records map[string]*spf.Record) *spf.Overlay {
	o := &spf.Overlay{Base: base, TXT: make(map[string][]spf.TXT, len(records))}
	for name, r := range records {
		o.TXT[name] = []spf.TXT{{r.String()}}
	}
	return o
}
