package builder

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"go4.org/netipx"

	"github.com/spfzone/spfzone/spf"
)

// labelling says for each address of a small block which label it has, as a
// number to a base: the digit of the first address is the lowest.
type labelling = int

// leastOctets gives what the cheapest list takes in a record that leads to each
// labelling of a block, and knows nothing of trees: a list is made by putting
// terms in front of an empty one, in any order, each of which overrides what
// those behind it say of its addresses. To base 3 the digits are labels; to
// base 2, an exclusion is the same as no term at all.
func leastOctets(block netip.Prefix, base int, qualifier spf.Qualifier) []int {
	type term struct{ first, count, digit, octets int }
	var terms []term
	addresses := 1 << (width(spf.FamilyOf(block.Addr())) - block.Bits())
	for bits, count := block.Bits(), addresses; count > 0; bits, count = bits+1, count/2 {
		for first, at := 0, block.Addr(); first < addresses; first++ {
			if first%count == 0 {
				text := " " + networkOf(netip.PrefixFrom(at, bits)).String()
				terms = append(terms,
					term{first, count, int(matched), len(qualifier.String() + text)},
					term{first, count, int(excluded) % base, len("-" + text)})
			}
			at = at.Next()
		}
	}
	least := make([]int, power(base, addresses))
	queue := [][]labelling{{0}} // by octets, which begin with one for the empty list, so that 0 is none
	for octets := 0; octets < len(queue); octets++ {
		for _, at := range queue[octets] {
			if least[at] > 0 {
				continue
			}
			least[at] = octets + 1
			for _, t := range terms {
				to := at
				for i := t.first; i < t.first+t.count; i++ {
					to += (t.digit - digit(at, base, i)) * power(base, i)
				}
				for len(queue) <= octets+t.octets {
					queue = append(queue, nil)
				}
				if least[to] == 0 {
					queue[octets+t.octets] = append(queue[octets+t.octets], to)
				}
			}
		}
	}
	for i := range least {
		least[i]--
	}
	return least
}

func power(base, n int) int {
	p := 1
	for range n {
		p *= base
	}
	return p
}

func digit(n, base, i int) int { return n / power(base, i) % base }

// addressesWith gives those of a block whose digit is among some.
func addressesWith(block netip.Prefix, n, base int, digits ...int) *netipx.IPSet {
	var b netipx.IPSetBuilder
	for at := block.Addr(); block.Contains(at); at = at.Next() {
		for _, d := range digits {
			if n%base == d {
				b.Add(at)
			}
		}
		n /= base
	}
	return mustSet(&b)
}

func (b block) String() string {
	if b.excluded {
		return "-" + networkOf(b.prefix).String()
	}
	return networkOf(b.prefix).String()
}

// octetsOf gives what clusters take in a record.
func octetsOf(clusters []cluster, qualifier spf.Qualifier) int {
	n := 0
	for _, c := range clusters {
		for _, b := range c {
			if n += len(" " + b.String()); !b.excluded {
				n += len(qualifier.String())
			}
		}
	}
	return n
}

// sample is a small block, and what stands before its matches. The texts of
// the prefixes differ much in length.
type sample struct {
	block     string
	qualifier spf.Qualifier
}

var (
	blocksOf16 = []sample{{"192.0.2.96/28", spf.QPass}, {"0.0.0.0/28", spf.QSoftFail}, {"2001:db8::fff0/124", spf.QSoftFail}, {"::/124", spf.QPass}}
	blocksOf8  = []sample{{"192.0.2.96/29", spf.QSoftFail}, {"0.0.0.0/29", spf.QPass}, {"2001:db8::fff8/125", spf.QPass}, {"::/125", spf.QSoftFail}}
)

// everyNth says which of all small sets to look at: each of them, and under the
// race detector every 17th, which has all digits in all places.
func everyNth() int {
	if RaceDetector {
		return 17
	}
	return 1
}

func eachBlock(t *testing.T, samples []sample, test func(*testing.T, netip.Prefix, spf.Qualifier)) {
	for _, s := range samples {
		t.Run(fmt.Sprintf("%s,qualifier=%s", s.block, s.qualifier.Result()), func(t *testing.T) {
			t.Parallel()
			test(t, netip.MustParsePrefix(s.block), s.qualifier)
		})
	}
}

// Every set of addresses of a block of 16 is written in the fewest octets that
// there are for it.
func TestCompactOfAllSubsets(t *testing.T) {
	t.Parallel()
	eachBlock(t, blocksOf16, func(t *testing.T, block netip.Prefix, qualifier spf.Qualifier) {
		count, shorter := 0, 0
		for set, want := range leastOctets(block, 2, qualifier) {
			if set%everyNth() != 0 {
				continue
			}
			match := addressesWith(block, set, 2, 1)
			got := octetsOf(compact(classes{match: match, rest: mayExclude}, qualifier, nil), qualifier)
			if got != want {
				t.Fatalf("%v: %d octets, of the shortest list %d", match.Prefixes(), got, want)
			}
			plain := coverOctets(match) + len(qualifier.String())*len(match.Prefixes())
			if got > plain {
				t.Fatalf("%v: %d octets, plain %d", match.Prefixes(), got, plain)
			}
			if got < plain {
				shorter++
			}
			count++
		}
		if count != (65536+everyNth()-1)/everyNth() {
			t.Errorf("%d sets, want %d", count, (65536+everyNth()-1)/everyNth())
		}
		t.Logf("%d sets, each as short as can be; %d of them shorter than plain", count, shorter)
	})
}

// Every way to give the classes to the addresses of a block of 8 is written in
// the fewest octets that there are for it.
func TestCompactOfAllClasses(t *testing.T) {
	t.Parallel()
	all := [...]labels{mayExclude, mustMatch, mustLeave, doNotCare}
	eachBlock(t, blocksOf8, func(t *testing.T, block netip.Prefix, qualifier spf.Qualifier) {
		count := 0
		for n, want := range leastOfClasses(leastOctets(block, 3, qualifier), all[:]) {
			if n%everyNth() != 0 {
				continue
			}
			c := classes{
				rest:  mayExclude,
				match: addressesWith(block, n, 4, 1),
				leave: addressesWith(block, n, 4, 2),
				open:  addressesWith(block, n, 4, 3),
			}
			got := octetsOf(compact(c, qualifier, nil), qualifier)
			if got != want {
				t.Fatalf("match %v, leave %v, open %v: %d octets, of the shortest list %d", c.match.Prefixes(), c.leave.Prefixes(), c.open.Prefixes(), got, want)
			}
			count++
		}
		if count != (65536+everyNth()-1)/everyNth() {
			t.Errorf("%d ways, want %d", count, (65536+everyNth()-1)/everyNth())
		}
		t.Logf("%d ways, each as short as can be", count)
	})
}

// leastOfClasses takes what every labelling of eight addresses costs, and gives
// the least for all ways to give them classes, numbers to base 4. It replaces
// the digits one by one, from the highest: each class has the least of its
// labels.
func leastOfClasses(least []int, all []labels) []int {
	for i := 7; i >= 0; i-- {
		below := power(3, i)
		next := make([]int, 0, len(least)/3*4)
		for above := 0; above < len(least); above += 3 * below {
			for _, class := range all {
				for rest := range below {
					best := -1
					for l := range label(3) {
						if n := least[above+int(l)*below+rest]; class.has(l) && (best < 0 || n < best) {
							best = n
						}
					}
					next = append(next, best)
				}
			}
		}
		least = next
	}
	return least
}

// Random ways to give classes to 16 addresses, where neither what is open nor
// what may not be excluded is rare.
func TestCompactOfRandomClasses(t *testing.T) {
	const seed, rounds = 3, 300
	t.Logf("seed %d", seed)
	eachBlock(t, blocksOf16, func(t *testing.T, block netip.Prefix, qualifier spf.Qualifier) {
		random := rand.New(rand.NewPCG(seed, uint64(qualifier)))
		least := leastOctets(block, 2, qualifier)
		open, count := 0, 0
		for range rounds {
			set, free := random.IntN(65536), random.IntN(65536)&random.IntN(65536)
			want := least[set&^free]
			for more := free; more > 0; more = (more - 1) & free {
				want = min(want, least[set&^free|more])
			}
			c := classes{match: addressesWith(block, set, 2, 1), open: addressesWith(block, free, 2, 1), rest: mayExclude}
			if got := octetsOf(compact(c, qualifier, nil), qualifier); got != want {
				t.Fatalf("match %v, open %v: %d octets, of the shortest list %d", c.match.Prefixes(), c.open.Prefixes(), got, want)
			}
			if count++; free != 0 {
				open++
			}
		}
		if count != rounds || open == 0 {
			t.Errorf("%d ways, %d with open addresses", count, open)
		}
	})
}
