package spf

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
)

// number is an address as a number; an IPv4 address has hi zero.
type number struct{ hi, lo uint64 }

func numberOf(ip netip.Addr) number {
	if ip.Is4() {
		b := ip.As4()
		return number{0, uint64(binary.BigEndian.Uint32(b[:]))}
	}
	b := ip.As16()
	return number{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

func (n number) addr(f Family) netip.Addr {
	if f == V4 {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], uint32(n.lo))
		return netip.AddrFrom4(b)
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], n.hi)
	binary.BigEndian.PutUint64(b[8:], n.lo)
	return netip.AddrFrom16(b)
}

func (n number) less(o number) bool { return n.hi < o.hi || n.hi == o.hi && n.lo < o.lo }

func (n number) compare(o number) int {
	return cmp.Or(cmp.Compare(n.hi, o.hi), cmp.Compare(n.lo, o.lo))
}

func (n number) next() number {
	if n.lo++; n.lo == 0 {
		n.hi++
	}
	return n
}

func (n number) previous() number {
	if n.lo == 0 {
		n.hi--
	}
	n.lo--
	return n
}

// lastOf gives the highest address of a family.
func lastOf(f Family) number {
	if f == V4 {
		return number{0, 1<<32 - 1}
	}
	return number{^uint64(0), ^uint64(0)}
}

// bounds gives the first and last address of a prefix.
func bounds(p netip.Prefix) (first, last number) {
	first = numberOf(p.Masked().Addr())
	host := p.Addr().BitLen() - p.Bits()
	mask := number{}
	switch {
	case host >= 128:
		mask = number{^uint64(0), ^uint64(0)}
	case host >= 64:
		mask = number{1<<(host-64) - 1, ^uint64(0)}
	default:
		mask.lo = 1<<host - 1
	}
	return first, number{first.hi | mask.hi, first.lo | mask.lo}
}

// cell is a run of addresses that share a value: from start up to the start of
// the next cell, or to the last address of the family.
type cell[T any] struct {
	start number
	value T
}

// cells cover a family, in ascending order; the first starts at 0, and no two
// neighbours have the same value.
type cells[T comparable] []cell[T]

func (c cells[T]) add(start number, value T) cells[T] {
	if n := len(c); n > 0 {
		if c[n-1].value == value {
			return c
		}
		if c[n-1].start == start {
			c = c[:n-1]
			return c.add(start, value)
		}
	}
	return append(c, cell[T]{start, value})
}

// at gives the value for an address.
func (c cells[T]) at(n number) T {
	i, found := slices.BinarySearchFunc(c, n, func(c cell[T], n number) int { return c.start.compare(n) })
	if !found {
		i--
	}
	return c[i].value
}

// join puts two partitions of a family over each other.
func join[A, B, C comparable](a cells[A], b cells[B], f func(A, B) C) cells[C] {
	type pair struct {
		a A
		b B
	}
	var lastPair pair
	var lastValue C
	have := false
	out := make(cells[C], 0, len(a)+len(b))
	for i, j := 0, 0; i < len(a) && j < len(b); {
		p := pair{a[i].value, b[j].value}
		if !have || p != lastPair {
			lastPair, lastValue, have = p, f(p.a, p.b), true
		}
		start := a[i].start
		if start.less(b[j].start) {
			start = b[j].start
		}
		out = out.add(start, lastValue)
		switch {
		case i+1 == len(a):
			j++
		case j+1 == len(b) || a[i+1].start.less(b[j+1].start):
			i++
		case a[i+1].start == b[j+1].start:
			i, j = i+1, j+1
		default:
			j++
		}
	}
	return out
}

// block is a prefix in a list where the first match counts.
type block struct {
	first, last number
	index       int // place in the list
}

// firstMatches gives for each address the index of the first block that holds
// it, or -1. Prefixes are nested or apart, never overlapping in part, so that
// a stack of the blocks around a point is all that is needed.
func firstMatches(blocks []block, f Family) cells[int] {
	slices.SortFunc(blocks, func(a, b block) int {
		return cmp.Or(a.first.compare(b.first), b.last.compare(a.last), cmp.Compare(a.index, b.index))
	})
	type frame struct {
		last  number
		index int // the lowest of this block and those around it
	}
	out := cells[int]{{number{}, -1}}
	var stack []frame
	closeUntil := func(n number, all bool) {
		for len(stack) > 0 && (all || stack[len(stack)-1].last.less(n)) {
			top := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if top.last == lastOf(f) {
				continue
			}
			index := -1
			if len(stack) > 0 {
				index = stack[len(stack)-1].index
			}
			out = out.add(top.last.next(), index)
		}
	}
	for _, b := range blocks {
		closeUntil(b.first, false)
		index := b.index
		if len(stack) > 0 {
			index = min(index, stack[len(stack)-1].index)
		}
		out = out.add(b.first, index)
		stack = append(stack, frame{b.last, index})
	}
	closeUntil(number{}, true)
	return out
}
