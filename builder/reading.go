package builder

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/spfzone/spfzone/spf"
)

// reading passes questions on and takes note of records that depend on the
// domain asked for.
type reading struct {
	spf.Resolver
	usesSender atomic.Bool
}

// LookupTXT implements [spf.Resolver].
func (r *reading) LookupTXT(ctx context.Context, name string) (spf.Answer[spf.TXT], error) {
	answer, err := r.Resolver.LookupTXT(ctx, name)
	for _, txt := range answer.Records {
		if mentionsSender(txt.Join()) {
			r.usesSender.Store(true)
		}
	}
	return answer, err
}

// shared keeps what several domains need, by key. It is safe for concurrent
// use.
type shared[V any] struct {
	mu    sync.Mutex
	items map[string]V
}

func (s *shared[V]) get(key string) (v V) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.items[key]
}

func (s *shared[V]) put(key string, v V) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.items == nil {
		s.items = map[string]V{}
	}
	s.items[key] = v
}
