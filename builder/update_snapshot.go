package builder

import (
	"context"
	"iter"
	"maps"
	"net/netip"
	"slices"
	"sync"

	"github.com/spfzone/spfzone/spf"
)

// snapshot asks each question once, and keeps the answer or the failure, so
// that whatever is looked at in the course of an update is the same DNS. The
// records of an answer come sorted, as in a lock. It is safe for concurrent use.
type snapshot struct {
	base spf.Resolver
	old  *Lock

	mu      sync.Mutex
	entries map[question]*snapshotEntry
	kept    map[question]bool // those that the old lock answers
}

type snapshotEntry struct {
	once   sync.Once
	answer *lockedAnswer
	err    error
}

func newSnapshot(base spf.Resolver, old *Lock) *snapshot {
	return &snapshot{base: base, old: old, entries: map[question]*snapshotEntry{}, kept: map[question]bool{}}
}

// known gives the answer to a question that was asked without failure.
func (s *snapshot) known(q question) *lockedAnswer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept[q] {
		return s.old.answers[q]
	}
	return s.entries[q].answer
}

// keep has questions answered by the old lock, which must have the answers.
func (s *snapshot) keep(questions iter.Seq[question]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for q := range questions {
		if s.old.answers[q] != nil {
			s.kept[q] = true
		}
	}
}

// entry gives the place of a question's answer, and the old lock's answer where
// that counts.
func (s *snapshot) entry(q question) (*snapshotEntry, *lockedAnswer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept[q] {
		return nil, s.old.answers[q]
	}
	if s.entries[q] == nil {
		s.entries[q] = &snapshotEntry{}
	}
	return s.entries[q], nil
}

// snapped gives the kept answer to a question, or asks it. set puts its records
// where they belong, and get takes them from there.
func snapped[T any](s *snapshot, q question, ask func() (spf.Answer[T], error), set func(*lockedAnswer, []T), get func(*lockedAnswer) []T) (spf.Answer[T], error) {
	e, answer := s.entry(q)
	if e != nil {
		e.once.Do(func() {
			a, err := ask()
			if err != nil {
				e.err = err
				return
			}
			e.answer = &lockedAnswer{nxdomain: a.NXDomain && len(a.Records) == 0, alias: a.Alias, ttl: a.TTL}
			set(e.answer, slices.Clone(a.Records))
			e.answer.sort()
		})
		if e.err != nil {
			return spf.Answer[T]{}, e.err
		}
		answer = e.answer
	}
	return spf.Answer[T]{Records: get(answer), TTL: spf.Forever, NXDomain: answer.nxdomain, Alias: answer.alias}, nil
}

// LookupTXT implements [spf.Resolver].
func (s *snapshot) LookupTXT(ctx context.Context, name string) (spf.Answer[spf.TXT], error) {
	return snapped(s, question{name, "TXT"},
		func() (spf.Answer[spf.TXT], error) { return s.base.LookupTXT(ctx, name) },
		func(a *lockedAnswer, txt []spf.TXT) { a.txt = txt },
		func(a *lockedAnswer) []spf.TXT { return a.txt })
}

// LookupIP implements [spf.Resolver].
func (s *snapshot) LookupIP(ctx context.Context, name string, f spf.Family) (spf.Answer[netip.Addr], error) {
	return snapped(s, question{name, addressType(f)},
		func() (spf.Answer[netip.Addr], error) { return s.base.LookupIP(ctx, name, f) },
		func(a *lockedAnswer, addrs []netip.Addr) { a.addrs = addrs },
		func(a *lockedAnswer) []netip.Addr { return a.addrs })
}

// LookupMX implements [spf.Resolver].
func (s *snapshot) LookupMX(ctx context.Context, name string) (spf.Answer[spf.MailExchange], error) {
	return snapped(s, question{name, "MX"},
		func() (spf.Answer[spf.MailExchange], error) { return s.base.LookupMX(ctx, name) },
		func(a *lockedAnswer, mx []spf.MailExchange) { a.mx = mx },
		func(a *lockedAnswer) []spf.MailExchange { return a.mx })
}

// LookupPTR implements [spf.Resolver].
func (s *snapshot) LookupPTR(ctx context.Context, addr netip.Addr) (spf.Answer[string], error) {
	return snapped(s, pointerOf(addr),
		func() (spf.Answer[string], error) { return s.base.LookupPTR(ctx, addr) },
		func(a *lockedAnswer, names []string) { a.ptr = names },
		func(a *lockedAnswer) []string { return a.ptr })
}

// asking passes questions on, and takes note of them and of the first failure.
// It is safe for concurrent use.
type asking struct {
	spf.Resolver

	mu     sync.Mutex
	asked  map[question]bool
	failed error
}

// questions gives those that were asked and answered.
func (a *asking) questions() iter.Seq[question] {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Keys(a.asked)
}

// failure gives the first failure.
func (a *asking) failure() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.failed
}

func (a *asking) note(q question, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil {
		if a.failed == nil {
			a.failed = &spf.LookupError{Name: q.name, Type: q.typ, Err: err}
		}
		return
	}
	if a.asked == nil {
		a.asked = map[question]bool{}
	}
	a.asked[q] = true
}

// LookupTXT implements [spf.Resolver].
func (a *asking) LookupTXT(ctx context.Context, name string) (spf.Answer[spf.TXT], error) {
	answer, err := a.Resolver.LookupTXT(ctx, name)
	a.note(question{name, "TXT"}, err)
	return answer, err
}

// LookupIP implements [spf.Resolver].
func (a *asking) LookupIP(ctx context.Context, name string, f spf.Family) (spf.Answer[netip.Addr], error) {
	answer, err := a.Resolver.LookupIP(ctx, name, f)
	a.note(question{name, addressType(f)}, err)
	return answer, err
}

// LookupMX implements [spf.Resolver].
func (a *asking) LookupMX(ctx context.Context, name string) (spf.Answer[spf.MailExchange], error) {
	answer, err := a.Resolver.LookupMX(ctx, name)
	a.note(question{name, "MX"}, err)
	return answer, err
}

// LookupPTR implements [spf.Resolver].
func (a *asking) LookupPTR(ctx context.Context, addr netip.Addr) (spf.Answer[string], error) {
	answer, err := a.Resolver.LookupPTR(ctx, addr)
	a.note(pointerOf(addr), err)
	return answer, err
}
