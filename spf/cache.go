package spf

import (
	"hash/maphash"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultCacheSize is how many answers of each kind a Checker keeps where
// Checker.CacheSize is zero.
const DefaultCacheSize = 1 << 17

// never is the instant at which an item that does not expire expires.
const never = int64(math.MaxInt64)

// shards spread the keys of a store, so that writers seldom wait for each
// other.
const shards = 16

// store maps keys to values that expire. It is safe for concurrent use, and
// bounded: a shard that is full drops an eighth of its items, any of them.
//
// Reading takes no lock and writes no memory, as every check reads and few
// write: a shard is a table of chains, and neither an entry nor the size of a
// table changes once readers can see it. A shard that nothing was put into has
// none, as many a Checker lives for a few evaluations only.
type store[V any] struct {
	seed   maphash.Seed
	shards [shards]shard[V]
}

type shard[V any] struct {
	table atomic.Pointer[table[V]]
	mu    sync.Mutex // held by writers
	count int
}

// table holds the entry of a hash in the chain hash % len(table), a power of
// two.
type table[V any] []atomic.Pointer[entry[V]]

type entry[V any] struct {
	key  string
	item item[V]
	next *entry[V]
}

type item[V any] struct {
	value   V
	expires int64 // nanoseconds of Unix time, or never
}

func newStore[V any]() *store[V] {
	return &store[V]{seed: maphash.MakeSeed()}
}

func newTable[V any](n int) *table[V] {
	t := make(table[V], n)
	return &t
}

// place gives where the hash belongs: the top bits choose the shard, the low
// ones the chain.
func (s *store[V]) place(hash uint64) *shard[V] { return &s.shards[hash>>60%shards] }

func (t *table[V]) chain(hash uint64) *atomic.Pointer[entry[V]] {
	return &(*t)[hash&uint64(len(*t)-1)]
}

// first gives the first entry of the chain of a hash, or nil.
func (sh *shard[V]) first(hash uint64) *entry[V] {
	t := sh.table.Load()
	if t == nil {
		return nil
	}
	return t.chain(hash).Load()
}

func (s *store[V]) get(key string) (it item[V], ok bool) {
	hash := maphash.String(s.seed, key)
	for e := s.place(hash).first(hash); e != nil; e = e.next {
		if e.key == key {
			return e.item, true
		}
	}
	return it, false
}

// getBytes is get for a key that lives on the caller's stack.
func (s *store[V]) getBytes(key []byte) (it item[V], ok bool) {
	hash := maphash.Bytes(s.seed, key)
	for e := s.place(hash).first(hash); e != nil; e = e.next {
		if e.key == string(key) {
			return e.item, true
		}
	}
	return it, false
}

// put keeps at most size items in all, or eight for each shard.
func (s *store[V]) put(key string, it item[V], size int) {
	hash := maphash.String(s.seed, key)
	sh := s.place(hash)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	t := sh.table.Load()
	if t == nil {
		t = newTable[V](8)
		sh.table.Store(t)
	}
	chain := t.chain(hash)
	others, had := chain.Load().without(key)
	if !had {
		if sh.count++; sh.count > max(size/shards, 8) {
			t = s.rebuild(sh, len(*t), 8)
		} else if sh.count > len(*t) {
			t = s.rebuild(sh, 2*len(*t), 0)
		}
		chain = t.chain(hash)
		others = chain.Load()
	}
	chain.Store(&entry[V]{key, it, others})
}

// rebuild gives the shard a table of n chains, without every drop-th of its
// items.
func (s *store[V]) rebuild(sh *shard[V], n, drop int) *table[V] {
	t := newTable[V](n)
	seen := 0
	for i := range *sh.table.Load() {
		for e := (*sh.table.Load())[i].Load(); e != nil; e = e.next {
			if seen++; drop > 0 && seen%drop == 0 {
				sh.count--
				continue
			}
			chain := t.chain(maphash.String(s.seed, e.key))
			chain.Store(&entry[V]{e.key, e.item, chain.Load()})
		}
	}
	sh.table.Store(t)
	return t
}

// without gives a chain that lacks a key, and whether the old one had it. The
// old one stays as it is.
func (e *entry[V]) without(key string) (chain *entry[V], had bool) {
	switch {
	case e == nil:
		return nil, false
	case e.key == key:
		return e.next, true
	}
	rest, had := e.next.without(key)
	if !had {
		return e, false
	}
	return &entry[V]{e.key, e.item, rest}, true
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
