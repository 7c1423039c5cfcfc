package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/providers/push"
	"github.com/spfzone/spfzone/resolver"
	"github.com/spfzone/spfzone/spf"
)

// servers compares the servers with each other, and looks at what fits into
// their responses.
func (v *verification) servers(ctx context.Context, d *builder.DomainPlan, zone *push.Zone) {
	for _, r := range d.Records {
		var answering []push.Server
		var answers []push.Answer
		for _, s := range zone.Servers {
			if slices.Contains(v.silent, s.String()) {
				continue // it is not waited for again
			}
			a, err := s.TXT(ctx, r.Name, true)
			if err != nil {
				continue // said already
			}
			answering, answers = append(answering, s), append(answers, a)
			v.sizes(ctx, d, r, s)
		}
		if e := push.Disagreement(ctx, zone.Name, r.Name, answering, answers); e != nil {
			v.find(ruleServers, "", "%v", e)
		}
	}
}

// sizes asks by UDP as clients of each kind do.
func (v *verification) sizes(ctx context.Context, d *builder.DomainPlan, r builder.Record, s push.Server) {
	a, ok := s.(authority)
	if !ok {
		return
	}
	edns, err := a.LookupTXT(ctx, r.Name, resolver.UDP)
	if err != nil {
		v.find(ruleLookup, s.String(), "%v", err)
		return
	}
	if edns.Truncated {
		v.find(ruleTruncated, s.String(), "the response for %s is cut off for clients that take 1232 octets", trimDot(r.Name))
		return
	}
	// What a server adds about the zone, it leaves out where there is no room.
	if limit, octets := d.Domain.Limits.Response, spf.TXTResponseSize(r.Name, edns.Records); octets > limit {
		plain, err := a.LookupTXT(ctx, r.Name, resolver.PlainUDP)
		cut := ""
		if err == nil && plain.Truncated {
			cut = ", and is cut off for clients that take 512"
		}
		v.find(ruleSize, s.String(), "the response for %s has %d octets, where limits.response is %d%s", trimDot(r.Name), octets, limit, cut)
	}
}

// authorityResolver asks one authoritative server for the TXT records of its
// zone, and somebody else for all else.
type authorityResolver struct {
	spf.Resolver
	zone   string
	server push.Server
}

// LookupTXT implements [spf.Resolver].
func (r *authorityResolver) LookupTXT(ctx context.Context, name string) (spf.Answer[spf.TXT], error) {
	if name != r.zone && !strings.HasSuffix(name, "."+r.zone) {
		return r.Resolver.LookupTXT(ctx, name)
	}
	a, err := r.server.TXT(ctx, name, true)
	switch {
	case errors.Is(err, resolver.ErrLame), err == nil && a.Alias: // below a delegation, or at an alias
		return r.Resolver.LookupTXT(ctx, name)
	case err != nil:
		return spf.Answer[spf.TXT]{}, err
	}
	answer := spf.Answer[spf.TXT]{NXDomain: a.NXDomain, TTL: time.Duration(a.Set.TTL) * time.Second, Source: r.server.String()}
	for _, t := range a.Set.Records {
		answer.Records = append(answer.Records, t.Strings)
	}
	return answer, nil
}
