package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/providers/push"
	"github.com/spfzone/spfzone/providers/txt"
	"github.com/spfzone/spfzone/resolver"
)

// parseFlag reads --authority.
func (p *publishing) parseFlag() (err error) {
	p.flag, err = parseAuthorities(p.o.authorities)
	if err != nil {
		return usagef("--authority: %w", err)
	}
	return nil
}

// authoritiesField is the field of every provider that names the authoritative
// servers of its zones.
const authoritiesField = "authorities"

func authoritiesOf(f builder.Field) ([]resolver.Authority, error) {
	servers, err := parseAuthorities(strings.Split(f.Value, ","))
	if err != nil {
		return nil, &providers.SettingsError{Place: f.Place.String(), Msg: authoritiesField + ": " + err.Error()}
	}
	return servers, nil
}

// parseAuthorities reads host:port texts; the port may be left out.
func parseAuthorities(list []string) (out []resolver.Authority, err error) {
	for _, text := range list {
		text = strings.TrimSpace(text)
		host, port, err := net.SplitHostPort(text)
		if err != nil {
			host, port = strings.Trim(text, "[]"), "53"
		}
		if host == "" || port == "" || strings.ContainsAny(host, "/ ") {
			return nil, fmt.Errorf("%q is not HOST:PORT", text)
		}
		out = append(out, resolver.Authority{Address: net.JoinHostPort(host, port)})
	}
	return out, nil
}

// zone finds the servers of a name's zone, unless they are given.
func (p *publishing) zone(ctx context.Context, by *publisher, name string) (*push.Zone, error) {
	var z *resolver.Zone
	var err error
	if len(by.servers) > 0 {
		z, err = resolver.ZoneAt(ctx, by.servers, name)
	} else {
		z, err = resolver.FindZone(ctx, p.resolver, name)
	}
	if err != nil {
		return nil, err
	}
	out := &push.Zone{Name: z.Name, Negative: z.Negative}
	for _, s := range z.Servers {
		out.Servers = append(out.Servers, authority{s})
	}
	return out, nil
}

// authority asks as a push does.
type authority struct{ resolver.Authority }

func (a authority) TXT(ctx context.Context, name string, tcp bool) (push.Answer, error) {
	via := resolver.UDP
	if tcp {
		via = resolver.TCP
	}
	r, err := a.LookupTXT(ctx, name, via)
	if err != nil {
		return push.Answer{}, err
	}
	return push.Answer{Set: rrset(r), NXDomain: r.NXDomain, Alias: r.Alias, Truncated: r.Truncated}, nil
}

// Lists implements [push.Server].
func (a authority) Lists(ctx context.Context, name string) (bool, error) {
	addresses, err := a.LookupA(ctx, name, resolver.UDP)
	return slices.Contains(addresses, listedAddress), err
}

// Serial implements [push.Server].
func (a authority) Serial(ctx context.Context, zone string) (uint32, error) {
	soa, err := a.LookupSOA(ctx, zone)
	return soa.Serial, err
}

func rrset(r resolver.TXTReply) txt.RRset {
	var set txt.RRset
	for _, t := range r.Records {
		set.Records = append(set.Records, txt.Record{Strings: t})
		set.TTL = uint32(r.TTL / time.Second)
	}
	return set
}

// publisherOf gives the provider of a domain or, where that need not be opened,
// the servers that are given for it.
func (p *publishing) publisherOf(d *builder.Domain) (*publisher, error) {
	if opened := p.publishers[d.Publish]; opened != nil {
		return opened, nil
	}
	out := &publisher{}
	for _, provider := range p.config.Providers {
		if f, given := provider.Fields[authoritiesField]; given && provider.Name == d.Publish {
			var err error
			if out.servers, err = authoritiesOf(f); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// withoutServer adds to a failure of one server among others how to go on without it.
func withoutServer(err error) error {
	var apart *push.DisagreementError
	var silent *push.SilentError
	var late *push.LagError
	if errors.As(err, &apart) || errors.As(err, &silent) && !silent.All || errors.As(err, &late) && !late.All {
		return fmt.Errorf("%w; --authority HOST:PORT names the servers to ask, and leaves the others out: docs/publishing.md says when that is right, and what it risks", err)
	}
	return err
}
