package builder

import (
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// randomSizes gives sizes as terms have them, or any that fit.
func randomSizes(r *rand.Rand, n, capacity int) []int {
	sizes := make([]int, n)
	for i := range sizes {
		if sizes[i] = 13 + r.IntN(12); r.IntN(4) == 0 {
			sizes[i] = 1 + r.IntN(min(capacity, 45))
		}
		sizes[i] = min(sizes[i], capacity)
	}
	return sizes
}

// checkBins says what is wrong with bins, or "".
func checkBins(sizes []int, capacity int, bins []bin) string {
	seen := make([]int, len(sizes))
	for _, b := range bins {
		size := 0
		for _, i := range b.pieces {
			seen[i]++
			size += sizes[i]
		}
		switch {
		case size != b.size:
			return "a bin has another size than it says"
		case size > capacity:
			return "a bin is over its capacity"
		case size == 0:
			return "a bin is empty"
		case !slices.IsSorted(b.pieces):
			return "the pieces of a bin are not in order"
		}
	}
	if slices.ContainsFunc(seen, func(n int) bool { return n != 1 }) {
		return "a piece is not in exactly one bin"
	}
	return ""
}

func sum(sizes []int) int {
	n := 0
	for _, s := range sizes {
		n += s
	}
	return n
}

// Sizes as those of terms are packed into the fewest bins there can be, but
// for a handful of a thousand lists.
func TestPackMeetsTheLowerBound(t *testing.T) {
	t.Parallel()
	const lists = 2000
	above := 0
	for seed := range uint64(lists) {
		r := rand.New(rand.NewPCG(seed, 5))
		capacity := [...]int{243, 440, 1150}[r.IntN(3)]
		sizes := randomSizes(r, 1+r.IntN(300), capacity)
		bins := pack(sizes, capacity)
		if wrong := checkBins(sizes, capacity, bins); wrong != "" {
			t.Fatalf("seed %d: %s: %v into %d: %v", seed, wrong, sizes, capacity, bins)
		}
		if diff := cmp.Diff(bins, pack(slices.Clone(sizes), capacity), cmp.AllowUnexported(bin{})); diff != "" {
			t.Fatalf("seed %d: packed again (-first +second):\n%s", seed, diff)
		}
		least := lowerBound(sum(sizes), capacity)
		if len(bins) < least {
			t.Fatalf("seed %d: %d bins, fewer than the %d that are needed", seed, len(bins), least)
		}
		if len(bins) > least {
			above++
		}
	}
	t.Logf("%d of %d lists need more bins than the lower bound", above, lists)
	if above > lists/200 {
		t.Errorf("%d of %d lists are packed into more bins than the lower bound", above, lists)
	}
}

// fewestBins tries everything.
func fewestBins(sizes []int, capacity int) int {
	fits := make([]bool, 1<<len(sizes))
	for set := range fits {
		n := 0
		for i, s := range sizes {
			n += s * (set >> i & 1)
		}
		fits[set] = n <= capacity
	}
	fewest := make([]int, len(fits))
	for set := 1; set < len(fits); set++ {
		fewest[set] = len(sizes)
		first := set & -set
		for sub := set; sub > 0; sub = (sub - 1) & set {
			if sub&first != 0 && fits[sub] {
				fewest[set] = min(fewest[set], fewest[set&^sub]+1)
			}
		}
	}
	return fewest[len(fits)-1]
}

func TestPackAgainstEveryPacking(t *testing.T) {
	const lists = 1500
	above := 0
	for seed := range uint64(lists) {
		r := rand.New(rand.NewPCG(seed, 6))
		capacity := 30 + r.IntN(60)
		sizes := randomSizes(r, 1+r.IntN(9), capacity)
		bins := pack(sizes, capacity)
		if wrong := checkBins(sizes, capacity, bins); wrong != "" {
			t.Fatalf("seed %d: %s: %v into %d: %v", seed, wrong, sizes, capacity, bins)
		}
		if len(bins) > fewestBins(sizes, capacity) {
			above++
			if above <= 3 {
				t.Logf("seed %d: %v into %d: %d bins, of %d", seed, sizes, capacity, len(bins), fewestBins(sizes, capacity))
			}
		}
	}
	t.Logf("%d of %d short lists take more bins than they need", above, lists)
	if above > lists/100 {
		t.Errorf("%d of %d short lists take more bins than they need", above, lists)
	}
}

// The subset that comes nearest to a room is as near as any.
func TestNearest(t *testing.T) {
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 7))
		sizes := randomSizes(r, 1+r.IntN(10), 60)
		room := r.IntN(200)
		var pieces []int
		for i := range sizes {
			if r.IntN(4) > 0 {
				pieces = append(pieces, i)
			}
		}
		best := 0
		for set := range 1 << len(pieces) {
			n := 0
			for rest := set; rest > 0; rest &= rest - 1 {
				n += sizes[pieces[bits.TrailingZeros(uint(rest))]]
			}
			if n <= room {
				best = max(best, n)
			}
		}
		got := nearest(sizes, pieces, room)
		n := 0
		for k, i := range got {
			n += sizes[i]
			if !slices.Contains(pieces, i) || slices.Contains(got[:k], i) {
				t.Fatalf("seed %d: %v is no subset of %v", seed, got, pieces)
			}
		}
		if n != best {
			t.Fatalf("seed %d: %v of %v come to %d of room %d, where %d can be had", seed, got, sizes, n, room, best)
		}
	}
}

func TestPackNothing(t *testing.T) {
	if bins := pack(nil, 10); bins != nil {
		t.Errorf("%v", bins)
	}
}
