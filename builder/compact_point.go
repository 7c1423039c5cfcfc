package builder

import (
	"encoding/binary"
	"math/bits"
	"net/netip"

	"github.com/spfzone/spfzone/spf"
)

// point is an address as a number, its highest bit that of high. Of an IPv4
// address, the bits behind the first 32 are zero.
type point struct{ high, low uint64 }

func pointOf(ip netip.Addr) point {
	if ip.Is4() {
		b := ip.As4()
		return point{high: uint64(binary.BigEndian.Uint32(b[:])) << 32}
	}
	b := ip.As16()
	return point{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

func (p point) addr(f spf.Family) netip.Addr {
	if f == spf.V4 {
		return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, uint32(p.high>>32))))
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], p.high)
	binary.BigEndian.PutUint64(b[8:], p.low)
	return netip.AddrFrom16(b)
}

func (p point) less(o point) bool {
	return p.high < o.high || p.high == o.high && p.low < o.low
}

// upper gives the first address of the upper half of the prefix of n bits that
// begins at p.
func (p point) upper(n int) point {
	if n < 64 {
		p.high |= 1 << (63 - n)
	} else {
		p.low |= 1 << (127 - n)
	}
	return p
}

// after gives the address that follows p in a family, and whether there is one.
func (p point) after(f spf.Family) (point, bool) {
	if f == spf.V4 {
		p.high += 1 << 32
		return p, p.high != 0
	}
	var carry uint64
	p.low, carry = bits.Add64(p.low, 1, 0)
	p.high, carry = bits.Add64(p.high, 0, carry)
	return p, carry == 0
}

// width gives the bits of an address.
func width(f spf.Family) int {
	if f == spf.V4 {
		return 32
	}
	return 128
}
