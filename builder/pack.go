package builder

import (
	"slices"
)

// bin is a list of pieces, by index.
type bin struct {
	pieces []int
	size   int
}

// lowerBound is the fewest bins of a capacity that could hold a total size.
func lowerBound(total, capacity int) int { return (total + capacity - 1) / capacity }

// pack puts pieces of given sizes into the fewest bins of a capacity that it
// finds. In turn it tries the order of the pieces as it is, and bins filled as
// full as the sizes allow, and ends where the lower bound is met. Each size is
// at most the capacity. Bins have their pieces in ascending order.
func pack(sizes []int, capacity int) []bin {
	total := 0
	for _, s := range sizes {
		total += s
	}
	if total == 0 {
		return nil
	}
	best := inOrder(sizes, capacity)
	if len(best) > lowerBound(total, capacity) {
		if full := filled(sizes, capacity); len(full) < len(best) {
			best = full
		}
	}
	return best
}

// inOrder fills one bin after the other.
func inOrder(sizes []int, capacity int) []bin {
	bins := []bin{{}}
	for i, s := range sizes {
		last := &bins[len(bins)-1]
		if last.size+s > capacity {
			bins = append(bins, bin{})
			last = &bins[len(bins)-1]
		}
		last.pieces = append(last.pieces, i)
		last.size += s
	}
	return bins
}

// filled makes each bin in turn as full as the pieces that are left allow: it
// takes the largest piece, and for the rest a subset of the others whose sum
// comes nearest to the room, by dynamic programming.
func filled(sizes []int, capacity int) []bin {
	left := make([]int, len(sizes))
	for i := range left {
		left[i] = i
	}
	slices.SortStableFunc(left, func(a, b int) int { return sizes[b] - sizes[a] })
	var bins []bin
	for len(left) > 0 {
		chosen := append(nearest(sizes, left[1:], capacity-sizes[left[0]]), left[0])
		b := bin{}
		for _, i := range chosen {
			b.size += sizes[i]
		}
		left = slices.DeleteFunc(left, func(i int) bool { return slices.Contains(chosen, i) })
		slices.Sort(chosen)
		b.pieces = chosen
		bins = append(bins, b)
	}
	return bins
}

// nearest gives a subset of pieces with the largest sum of sizes that is at
// most room. Among such it takes pieces that come early.
func nearest(sizes, pieces []int, room int) []int {
	// by[s] is the last piece of a subset of sum s, plus one; the piece before it
	// stands at s minus its size.
	by := make([]int, room+1)
	reached := make([]bool, room+1)
	reached[0] = true
	for k, i := range pieces {
		if reached[room] {
			break
		}
		for s := room; s >= sizes[i]; s-- {
			if !reached[s] && reached[s-sizes[i]] {
				reached[s], by[s] = true, k+1
			}
		}
	}
	s := room
	for !reached[s] {
		s--
	}
	var chosen []int
	for s > 0 {
		i := pieces[by[s]-1]
		chosen = append(chosen, i)
		s -= sizes[i]
	}
	return chosen
}
