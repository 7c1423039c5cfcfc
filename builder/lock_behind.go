package builder

import (
	"context"
	"net/netip"

	"github.com/spfzone/spfzone/spf"
)

// Behind gives a resolver that asks r and, where a lookup fails, takes what the
// lock has of a source: what was known of it when it last answered. What belongs
// to no source, such as the names of parts, is for r alone to say.
func (l *Lock) Behind(r spf.Resolver) spf.Resolver { return &behind{r, l} }

type behind struct {
	spf.Resolver
	lock *Lock
}

// remembered gives the answer of a lookup that was made, or that of the lock if
// it failed.
func remembered[T any](ctx context.Context, l *Lock, q question, a spf.Answer[T], err error, records func(*lockedAnswer) []T) (spf.Answer[T], error) {
	if known := l.answers[q]; err != nil && ctx.Err() == nil && known != nil && len(known.of) > 0 {
		return lookUp(l, q, records)
	}
	return a, err
}

// LookupTXT implements [spf.Resolver].
func (b *behind) LookupTXT(ctx context.Context, name string) (spf.Answer[spf.TXT], error) {
	a, err := b.Resolver.LookupTXT(ctx, name)
	return remembered(ctx, b.lock, question{name, "TXT"}, a, err, func(a *lockedAnswer) []spf.TXT { return a.txt })
}

// LookupIP implements [spf.Resolver].
func (b *behind) LookupIP(ctx context.Context, name string, f spf.Family) (spf.Answer[netip.Addr], error) {
	a, err := b.Resolver.LookupIP(ctx, name, f)
	return remembered(ctx, b.lock, question{name, addressType(f)}, a, err, func(a *lockedAnswer) []netip.Addr { return a.addrs })
}

// LookupMX implements [spf.Resolver].
func (b *behind) LookupMX(ctx context.Context, name string) (spf.Answer[spf.MailExchange], error) {
	a, err := b.Resolver.LookupMX(ctx, name)
	return remembered(ctx, b.lock, question{name, "MX"}, a, err, func(a *lockedAnswer) []spf.MailExchange { return a.mx })
}

// LookupPTR implements [spf.Resolver].
func (b *behind) LookupPTR(ctx context.Context, addr netip.Addr) (spf.Answer[string], error) {
	a, err := b.Resolver.LookupPTR(ctx, addr)
	return remembered(ctx, b.lock, pointerOf(addr), a, err, func(a *lockedAnswer) []string { return a.ptr })
}
