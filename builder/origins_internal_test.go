package builder

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"go4.org/netipx"
)

// The items that a prefix comes from are those whose set it overlaps, one by
// one.
func TestOriginsAreTheOverlaps(t *testing.T) {
	found := 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 9))
		items := make([]item, 1+r.IntN(8))
		for i := range items {
			var set netipx.IPSetBuilder
			for range r.IntN(5) {
				set.AddPrefix(smallPrefix(r))
			}
			items[i] = item{set: mustSet(&set), source: &Entry{Weight: i}}
			if r.IntN(5) == 0 {
				items[i].source = nil
			}
		}
		from := originsOf(items)
		for range 20 {
			p := smallPrefix(r)
			var want []*Entry
			for _, it := range items {
				if it.source != nil && it.set.OverlapsPrefix(p) {
					want = append(want, it.source)
				}
			}
			if diff := cmp.Diff(want, from.of(p)); diff != "" {
				t.Fatalf("seed %d, %v (-want +got):\n%s", seed, p, diff)
			}
			found += len(want)
		}
	}
	if found < 1000 {
		t.Errorf("only %d overlaps", found)
	}
}

func smallPrefix(r *rand.Rand) netip.Prefix {
	if r.IntN(3) == 0 {
		return netip.PrefixFrom(netip.AddrFrom16([16]byte{15: byte(r.IntN(256))}), 120+r.IntN(9)).Masked()
	}
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(r.IntN(256))}), 24+r.IntN(9)).Masked()
}
