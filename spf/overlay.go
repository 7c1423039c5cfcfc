package spf

import (
	"context"
	"net/netip"
)

// Overlay answers TXT questions for some names out of a map, and everything
// else by asking Base: what the DNS would say if these records were
// published. It is safe for concurrent use while TXT does not change.
type Overlay struct {
	Base Resolver
	TXT  map[string][]TXT // by canonical name; a name without records answers NODATA
}

// LookupTXT implements [Resolver].
func (o *Overlay) LookupTXT(ctx context.Context, name string) (Answer[TXT], error) {
	if records, ok := o.TXT[name]; ok {
		return Answer[TXT]{Records: records, TTL: Forever, Source: "planned"}, nil
	}
	return o.Base.LookupTXT(ctx, name)
}

// LookupIP implements [Resolver].
func (o *Overlay) LookupIP(ctx context.Context, name string, f Family) (Answer[netip.Addr], error) {
	return o.Base.LookupIP(ctx, name, f)
}

// LookupMX implements [Resolver].
func (o *Overlay) LookupMX(ctx context.Context, name string) (Answer[MailExchange], error) {
	return o.Base.LookupMX(ctx, name)
}

// LookupPTR implements [Resolver].
func (o *Overlay) LookupPTR(ctx context.Context, addr netip.Addr) (Answer[string], error) {
	return o.Base.LookupPTR(ctx, addr)
}
