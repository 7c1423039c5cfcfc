package builder

import "sync"

// shared keeps what several domains need, by key. Each item is made once: who
// wants it meanwhile waits. It is safe for concurrent use.
type shared[K comparable, V any] struct {
	mu    sync.Mutex
	items map[K]func() V
}

// get gives an item, and makes it if it is not there.
func (s *shared[K, V]) get(key K, make func() V) V {
	s.mu.Lock()
	item := s.items[key]
	if item == nil {
		if s.items == nil {
			s.items = map[K]func() V{}
		}
		item = sync.OnceValue(make)
		s.items[key] = item
	}
	s.mu.Unlock()
	return item()
}

// known gives an item that was made already.
func (s *shared[K, V]) known(key K) V {
	s.mu.Lock()
	item := s.items[key]
	s.mu.Unlock()
	return item()
}
