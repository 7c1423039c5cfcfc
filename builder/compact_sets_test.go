package builder

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go4.org/netipx"

	"github.com/spfzone/spfzone/resolver"
	"github.com/spfzone/spfzone/spf"
)

// meaning gives the addresses that clusters match. Their terms are taken from
// the last to the first, as each overrides those behind it.
func meaning(clusters []cluster) *netipx.IPSet {
	var b netipx.IPSetBuilder
	for i := len(clusters) - 1; i >= 0; i-- {
		for k := len(clusters[i]) - 1; k >= 0; k-- {
			if block := clusters[i][k]; block.excluded {
				b.RemovePrefix(block.prefix)
			} else {
				b.AddPrefix(block.prefix)
			}
		}
	}
	return mustSet(&b)
}

// checkCompact holds the outcome for a set to what is promised of it, and gives
// its octets and those of the plain encoding.
func checkCompact(t testing.TB, set *netipx.IPSet, most int) (plain, short int) {
	t.Helper()
	holds := func(c cluster) bool { return octetsOf([]cluster{c}, spf.QPass) <= most }
	clusters := compact(classes{match: set, rest: mayExclude}, spf.QPass, holds)
	if got := meaning(clusters); !got.Equal(set) {
		t.Errorf("%v became %v, which is %v", set.Prefixes(), clusters, got.Prefixes())
	}
	for i, c := range clusters {
		top := c[len(c)-1]
		switch {
		case c.excludes() && !holds(c):
			t.Errorf("%v takes more than %d octets", c, most)
		case top.excluded || c.excludes() && !slices.ContainsFunc(c, func(b block) bool { return b.excluded }):
			t.Errorf("%v is no cluster", c)
		case i > 0 && clusters[i-1][len(clusters[i-1])-1].prefix.Overlaps(top.prefix):
			t.Errorf("%v and %v are two clusters", clusters[i-1], c)
		}
		for k, b := range c {
			for _, later := range c[k+1:] {
				if b.prefix.Contains(later.prefix.Addr()) && b.prefix.Bits() <= later.prefix.Bits() {
					t.Errorf("%v: %v stands before %v", c, b, later)
				}
			}
		}
	}
	plain, short = coverOctets(set), octetsOf(clusters, spf.QPass)
	if short > plain {
		t.Errorf("%v: %d octets, plain %d", set.Prefixes(), short, plain)
	}
	return plain, short
}

// shapedSet draws a set as networks have it: blocks in a few places, with
// neighbours, and holes in them.
func shapedSet(r *rand.Rand, prefixes int) *netipx.IPSet {
	var b netipx.IPSetBuilder
	for range prefixes {
		at := [...]point{{high: 10<<56 | uint64(r.IntN(1<<12))<<36}, {0x2001_0db8_0000_0000 | uint64(r.IntN(1<<8))<<12, 0}}
		f := spf.Family(r.IntN(2))
		bits := [...]int{20, 22, 24, 24, 25, 26, 28, 30, 32}[r.IntN(9)]
		if f == spf.V6 {
			bits = [...]int{40, 44, 48, 52, 56, 64, 96, 128}[r.IntN(8)]
		}
		block := netip.PrefixFrom(at[f].addr(f), bits).Masked()
		b.AddPrefix(block)
		for range r.IntN(3) {
			hole := at[f]
			hole.high |= uint64(r.IntN(1<<8)) << 32 >> (32 * f)
			b.RemovePrefix(netip.PrefixFrom(hole.addr(f), min(bits+1+r.IntN(8), width(f))).Masked())
		}
	}
	return mustSet(&b)
}

// The meaning of random sets of a real shape stays, and no encoding is longer
// than the plain one, however small the clusters must be.
func TestCompactOfRandomSets(t *testing.T) {
	const seed, rounds = 1, 400
	r := rand.New(rand.NewPCG(seed, 7))
	plain, short, saving := 0, 0, 0
	for range rounds {
		p, s := checkCompact(t, shapedSet(r, 1+r.IntN(120)), [...]int{60, 150, 450, 1 << 20}[r.IntN(4)])
		plain += p
		short += s
		if s < p {
			saving++
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("seed %d: %d sets, %d of them shorter; octets: plain %d, compact %d", seed, rounds, saving, plain, short)
	if saving < rounds/2 {
		t.Errorf("%d of %d sets became shorter", saving, rounds)
	}
}

// FuzzCompact takes prefixes from octets: a family and length, and whether to
// add or remove, then the address.
func FuzzCompact(f *testing.F) {
	seeds := [][]byte{{}, {24, 10, 0, 0, 0, 0x80 | 32, 10, 0, 0, 7}, {0, 0, 0, 0, 0, 0x80 | 1, 0, 0, 0, 0}, {64, 0x20, 1, 0xd, 0xb8, 0xff, 0x20, 1, 0xd, 0xb8}}
	for _, seed := range seeds {
		f.Add(uint16(100), seed)
	}
	f.Fuzz(func(t *testing.T, most uint16, data []byte) {
		var b netipx.IPSetBuilder
		for ; len(data) >= 5 && len(data) < 1000; data = data[5:] {
			change := b.AddPrefix
			if data[0]&0x80 != 0 {
				change = b.RemovePrefix
			}
			at := uint64(binary.BigEndian.Uint32(data[1:5]))
			if n := int(data[0] & 0x7f); n <= 32 {
				change(netip.PrefixFrom(point{high: at << 32}.addr(spf.V4), n).Masked())
			} else {
				change(netip.PrefixFrom(point{at << 32, at}.addr(spf.V6), n).Masked())
			}
		}
		checkCompact(t, mustSet(&b), int(most))
	})
}

// passSets gives the sets of addresses that the domains of the real world
// pass, without those that no domain could list.
func passSets(t testing.TB) []*netipx.IPSet {
	t.Helper()
	data := filepath.Join("..", "..", "shared", "data")
	f, err := os.Open(filepath.Join(data, "world-domains.txt.gz"))
	if os.IsNotExist(err) {
		t.Skip("the real-world data is not beside the project")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	world, err := resolver.LoadFiles(filepath.Join(data, "world.zone.gz"))
	if err != nil {
		t.Fatal(err)
	}
	c := &spf.Checker{Resolver: world}
	var sets []*netipx.IPSet
	n := 0
	for lines := bufio.NewScanner(z); lines.Scan(); n++ {
		if n%everyNth() != 0 {
			continue
		}
		p, err := c.Policy(t.Context(), lines.Text())
		if err != nil {
			t.Fatal(err)
		}
		if set := p.Set(spf.Pass); len(set.Ranges()) > 0 {
			sets = append(sets, set)
		}
	}
	return sets
}

// What the domains of the real world pass, flattened, in both encodings.
func TestCompactOfRealSets(t *testing.T) {
	t.Parallel()
	plain, short, saving, large, largeShort := 0, 0, 0, 0, 0
	sets := passSets(t)
	for _, set := range sets {
		p, s := checkCompact(t, set, 420)
		plain += p
		short += s
		if s < p {
			saving++
		}
		if p > 400 {
			large += p
			largeShort += s
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("%d sets, %d of them shorter; octets: plain %d, compact %d (%.1f%%); of sets above 400 octets: plain %d, compact %d (%.1f%%)",
		len(sets), saving, plain, short, 100*float64(short)/float64(plain), large, largeShort, 100*float64(largeShort)/float64(large))
	if len(sets) < 10000/everyNth() || saving == 0 {
		t.Errorf("%d sets, of them %d shorter", len(sets), saving)
	}
}

func benchmarkCompact(b *testing.B, set *netipx.IPSet) {
	b.ReportAllocs()
	var clusters []cluster
	for b.Loop() {
		clusters = compact(classes{match: set, rest: mayExclude}, spf.QPass, nil)
	}
	b.ReportMetric(float64(octetsOf(clusters, spf.QPass)), "octets")
	b.ReportMetric(float64(coverOctets(set)), "plain-octets")
	b.ReportMetric(float64(len(set.Prefixes())), "prefixes")
}

func BenchmarkCompact(b *testing.B) {
	b.Run("shaped", func(b *testing.B) { benchmarkCompact(b, shapedSet(rand.New(rand.NewPCG(1, 7)), 3000)) })
	for f, name := range [...]string{spf.V4: "IPv4 hosts", spf.V6: "IPv6 hosts"} {
		b.Run(name, func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 8))
			var set netipx.IPSetBuilder
			for range 10_000 {
				set.Add(point{[...]uint64{10 << 56, 0x2001_0db8 << 32}[f] | r.Uint64()>>8, r.Uint64()}.addr(spf.Family(f)))
			}
			benchmarkCompact(b, mustSet(&set))
		})
	}
	b.Run("plain", func(b *testing.B) {
		set := shapedSet(rand.New(rand.NewPCG(1, 7)), 3000)
		for b.Loop() {
			coverOctets(set)
		}
	})
}
