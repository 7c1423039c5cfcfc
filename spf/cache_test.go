package spf

import (
	"fmt"
	"sync"
	"testing"
)

func TestStoreIsBounded(t *testing.T) {
	const size = 320 // twenty a shard
	s := newStore[int]()
	for i := range 10 * size {
		s.put(fmt.Sprint(i), item[int]{i, never}, size)
	}
	kept := 0
	for i := range 10 * size {
		if it, ok := s.get(fmt.Sprint(i)); ok {
			kept++
			if it.value != i {
				t.Errorf("%d has the value %d", i, it.value)
			}
		}
	}
	if kept < size/2 || kept > size {
		t.Errorf("%d items kept, of at most %d", kept, size)
	}
	if _, ok := s.get(fmt.Sprint(10*size - 1)); !ok {
		t.Error("the last item is not kept")
	}
}

func TestStoreReplaces(t *testing.T) {
	s := newStore[int]()
	for round := range 3 {
		for i := range 1000 {
			s.put(fmt.Sprint(i), item[int]{i + round, int64(round)}, 1<<20)
		}
	}
	for i := range 1000 {
		want := item[int]{i + 2, 2}
		if it, _ := s.get(fmt.Sprint(i)); it != want {
			t.Errorf("%d has %v, want %v", i, it, want)
		}
		if it, _ := s.getBytes([]byte(fmt.Sprint(i))); it != want {
			t.Errorf("%d has %v by octets, want %v", i, it, want)
		}
	}
	if it, ok := s.get("none"); ok {
		t.Errorf("a key that was never put has %v", it)
	}
	count := 0
	for i := range s.shards {
		count += s.shards[i].count
	}
	if count != 1000 {
		t.Errorf("%d items counted, want 1000", count)
	}
}

// A reader sees a value that belongs to its key, whatever writers do.
func TestStoreIsSafeForConcurrentUse(t *testing.T) {
	s := newStore[string]()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 20_000 {
				key := fmt.Sprint(i * 7 % 500)
				if i%3 == 0 {
					s.put(key, item[string]{key, never}, 200)
				} else if it, ok := s.get(key); ok && it.value != key {
					t.Errorf("%s has the value %s", key, it.value)
				}
			}
		})
	}
	wg.Wait()
}
