package builder

import (
	"context"
	"net/netip"
	"sync"

	"go4.org/netipx"

	"github.com/spfzone/spfzone/spf"
)

// settled passes questions on, and makes of what it hears one state of the DNS
// for a whole build: no answer expires, and a lookup that failed is not tried
// again, or each of thousands of domains would wait for the same dead server.
// It is safe for concurrent use.
type settled struct {
	base   spf.Resolver
	mu     sync.Mutex
	failed map[question]error
}

// failure gives the error of a question that failed before.
func (s *settled) failure(q question) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed[q]
}

// settle asks a question, if it has not failed yet. An evaluation that ran out
// of time says nothing of the question.
func settle[T any](ctx context.Context, s *settled, q question, ask func() (spf.Answer[T], error)) (spf.Answer[T], error) {
	if err := s.failure(q); err != nil {
		return spf.Answer[T]{}, err
	}
	answer, err := ask()
	answer.TTL = spf.Forever
	if err != nil && ctx.Err() == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.failed == nil {
			s.failed = map[question]error{}
		}
		s.failed[q] = err
	}
	return answer, err
}

// LookupTXT implements [spf.Resolver].
func (s *settled) LookupTXT(ctx context.Context, name string) (spf.Answer[spf.TXT], error) {
	return settle(ctx, s, question{name, "TXT"}, func() (spf.Answer[spf.TXT], error) { return s.base.LookupTXT(ctx, name) })
}

// LookupIP implements [spf.Resolver].
func (s *settled) LookupIP(ctx context.Context, name string, f spf.Family) (spf.Answer[netip.Addr], error) {
	return settle(ctx, s, question{name, addressType(f)}, func() (spf.Answer[netip.Addr], error) { return s.base.LookupIP(ctx, name, f) })
}

// LookupMX implements [spf.Resolver].
func (s *settled) LookupMX(ctx context.Context, name string) (spf.Answer[spf.MailExchange], error) {
	return settle(ctx, s, question{name, "MX"}, func() (spf.Answer[spf.MailExchange], error) { return s.base.LookupMX(ctx, name) })
}

// LookupPTR implements [spf.Resolver].
func (s *settled) LookupPTR(ctx context.Context, addr netip.Addr) (spf.Answer[string], error) {
	return settle(ctx, s, pointerOf(addr), func() (spf.Answer[string], error) { return s.base.LookupPTR(ctx, addr) })
}

// ListAddresses implements [spf.AddressLister].
func (s *settled) ListAddresses(below string, f spf.Family) (set *netipx.IPSet, ok bool) {
	if base, ok := s.base.(spf.AddressLister); ok {
		return base.ListAddresses(below, f)
	}
	return nil, false
}
