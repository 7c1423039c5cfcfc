package main

import (
	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/resolver"
	"github.com/spfzone/spfzone/spf"
)

// sourced gives a resolver that asks no cache for the names that the
// configuration may bring into being. Whom it asks in its place is what the flag
// says, or the configuration does of the domain's provider, or the NS records.
func sourced(c *builder.Config, r spf.Resolver, flag []resolver.Authority) spf.Resolver {
	given := map[string][]resolver.Authority{} // by provider
	for _, p := range c.Providers {
		if f, ok := p.Fields[authoritiesField]; ok {
			given[p.Name], _ = authoritiesOf(f) // who opens the provider says what is wrong there
		}
	}
	at := map[string][]resolver.Authority{} // by zone, or record outside of its zone
	for _, d := range c.Domains {
		if servers := given[d.Publish]; len(servers) > 0 {
			at[canonicalZone(d)], at[d.Name] = servers, servers
		}
	}
	return resolver.Sourced(r, resolver.NewNames{Above: c.NewNames(), Servers: func(above string) []resolver.Authority {
		if flag != nil {
			return flag
		}
		return at[above]
	}})
}
