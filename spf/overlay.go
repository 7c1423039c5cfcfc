package spf

import (
	"context"
	"net/netip"

	"go4.org/netipx"
)

// Overlay answers TXT questions for some names out of a map, address questions
// for the names of some trees, and everything else by asking Base: what the
// DNS would say if these records were published. It is safe for concurrent use
// while its fields do not change.
type Overlay struct {
	Base  Resolver
	TXT   map[string][]TXT // by canonical name; a name without records answers NODATA
	Trees []*AddressTree   // whose names are those of the trees alone, as far as A records go
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
	t := o.tree(name)
	switch {
	case t == nil:
		return o.Base.LookupIP(ctx, name, f)
	case f == V4 && t.Has(name):
		return Answer[netip.Addr]{Records: listedAddress, TTL: Forever, Source: "planned"}, nil
	}
	return Answer[netip.Addr]{TTL: Forever, Source: "planned"}, nil
}

// listedAddress is what the A records of a tree hold (RFC 5782, Section 2.1).
var listedAddress = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 2})}

func (o *Overlay) tree(name string) *AddressTree {
	for _, t := range o.Trees {
		if t.Holds(name) {
			return t
		}
	}
	return nil
}

// ListAddresses implements [AddressLister].
func (o *Overlay) ListAddresses(below string, f Family) (set *netipx.IPSet, ok bool) {
	if t := o.tree(below); t != nil {
		return t.Addresses(below, f), true
	}
	if base, ok := o.Base.(AddressLister); ok {
		return base.ListAddresses(below, f)
	}
	return nil, false
}

// LookupMX implements [Resolver].
func (o *Overlay) LookupMX(ctx context.Context, name string) (Answer[MailExchange], error) {
	return o.Base.LookupMX(ctx, name)
}

// LookupPTR implements [Resolver].
func (o *Overlay) LookupPTR(ctx context.Context, addr netip.Addr) (Answer[string], error) {
	return o.Base.LookupPTR(ctx, addr)
}
