package main

import (
	"context"
	"net/netip"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/resolver"
	"github.com/spfzone/spfzone/spf"
)

// sourced gives a resolver that asks no cache for the names that the
// configuration may bring into being, nor for what its domains publish. Whom it asks
// in its place is what the flag says, or the configuration does of the domain's
// provider, or the NS records.
func sourced(c *builder.Config, r spf.Resolver, flag []resolver.Authority) spf.Resolver {
	given := map[string][]resolver.Authority{} // by provider
	for _, p := range c.Providers {
		if f, ok := p.Fields[authoritiesField]; ok {
			given[p.Name], _ = authoritiesOf(f) // who opens the provider says what is wrong there
		}
	}
	at := map[string][]resolver.Authority{} // by zone, or record outside of its zone
	published := map[string]bool{}
	for _, d := range c.Domains {
		published[d.Name] = true
		if servers := given[d.Publish]; len(servers) > 0 {
			at[canonicalZone(d)], at[d.Name] = servers, servers
		}
	}
	return resolver.Sourced(r, resolver.NewNames{Above: c.NewNames(), Servers: func(above string) []resolver.Authority {
		if flag != nil {
			return flag
		}
		return at[above]
	}, Published: func(name string) bool { return published[name] }})
}

// considerate is a resolver of receivers, which is asked for no record that the
// servers of its zone do not have: it would hold that there is none when there is
// one.
type considerate struct {
	spf.Resolver
	source spf.Resolver // asks these servers for new names
	isNew  func(name string) (above string, ok bool)
}

// considerateOf gives the views with resolvers that are asked so.
func (p *publishing) considerateOf(views []view) []view {
	out := make([]view, len(views))
	for i, v := range views {
		v.resolver = &considerate{v.resolver, p.resolver, p.config.NewNames()}
		out[i] = v
	}
	return out
}

// LookupTXT implements [spf.Resolver].
func (c *considerate) LookupTXT(ctx context.Context, name string) (spf.Answer[spf.TXT], error) {
	if _, is := c.isNew(name); is {
		if a, err := c.source.LookupTXT(ctx, name); err != nil || len(a.Records) == 0 {
			return a, err
		}
	}
	return c.Resolver.LookupTXT(ctx, name)
}

// LookupIP implements [spf.Resolver].
func (c *considerate) LookupIP(ctx context.Context, name string, f spf.Family) (spf.Answer[netip.Addr], error) {
	if _, is := c.isNew(name); is {
		if a, err := c.source.LookupIP(ctx, name, f); err != nil || len(a.Records) == 0 {
			return a, err
		}
	}
	return c.Resolver.LookupIP(ctx, name, f)
}
