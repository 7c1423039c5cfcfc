package spf

import (
	"hash/maphash"
	"math"
	"sync"
	"time"
)

// DefaultCacheSize is how many answers of each kind a Checker keeps where
// Checker.CacheSize is zero.
const DefaultCacheSize = 1 << 17

// never is the instant at which an item that does not expire expires.
const never = int64(math.MaxInt64)

// shards spread the keys of a store, so that goroutines seldom wait for each
// other.
const shards = 16

// store maps keys to values that expire. It is safe for concurrent use and
// bounded: a shard that is full drops an eighth of its items, any of them.
type store[V any] struct {
	seed   maphash.Seed
	shards [shards]shard[V]
}

type shard[V any] struct {
	mu    sync.RWMutex
	items map[string]item[V]
}

type item[V any] struct {
	value   V
	expires int64 // nanoseconds of Unix time, or never
}

func newStore[V any]() *store[V] {
	s := &store[V]{seed: maphash.MakeSeed()}
	for i := range s.shards {
		s.shards[i].items = make(map[string]item[V])
	}
	return s
}

func (s *store[V]) get(key string) (item[V], bool) {
	sh := &s.shards[maphash.String(s.seed, key)%shards]
	sh.mu.RLock()
	it, ok := sh.items[key]
	sh.mu.RUnlock()
	return it, ok
}

// getBytes is get for a key that lives on the caller's stack.
func (s *store[V]) getBytes(key []byte) (item[V], bool) {
	sh := &s.shards[maphash.Bytes(s.seed, key)%shards]
	sh.mu.RLock()
	it, ok := sh.items[string(key)]
	sh.mu.RUnlock()
	return it, ok
}

// put keeps at most size items in all.
func (s *store[V]) put(key string, it item[V], size int) {
	sh := &s.shards[maphash.String(s.seed, key)%shards]
	limit := max(size/shards, 8)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if len(sh.items) >= limit {
		drop := limit / 8
		for k := range sh.items {
			delete(sh.items, k)
			if drop--; drop <= 0 {
				break
			}
		}
	}
	sh.items[key] = it
}

func (s *store[V]) delete(key string) {
	sh := &s.shards[maphash.String(s.seed, key)%shards]
	sh.mu.Lock()
	delete(sh.items, key)
	sh.mu.Unlock()
}

// clock gives the present in nanoseconds of Unix time.
func (c *Checker) clock() int64 { return c.now().UnixNano() }

func (c *Checker) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}

// fresh reports whether an item may still be used. The clock is read only
// where the item can expire.
func (c *Checker) fresh(expires int64) bool {
	return expires == never || c.clock() < expires
}

// expiry gives the instant at which an answer with that TTL expires.
func (c *Checker) expiry(ttl time.Duration) int64 {
	if ttl < 0 {
		return never
	}
	return c.clock() + int64(ttl)
}
