package builder

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// strQuote quotes a text in an error.
func strQuote(s string) string { return strconv.Quote(cut(s)) }

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// parsePrefix reads an address or a prefix, or says what is wrong with it.
func parsePrefix(text string) (p netip.Prefix, msg string) {
	address, length, ok := strings.Cut(text, "/")
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return p, "neither an address nor a prefix such as 192.0.2.0/24 or 2001:db8::/32"
	}
	if addr.Zone() != "" {
		return p, "an address with a zone has a meaning on one machine only"
	}
	p = netip.PrefixFrom(addr, addr.BitLen())
	if ok {
		n, err := strconv.ParseUint(length, 10, 8)
		if err != nil || int(n) > addr.BitLen() || length[0] == '0' && len(length) > 1 {
			return p, fmt.Sprintf("the prefix length is a number from 0 to %d, without leading zeros", addr.BitLen())
		}
		p = netip.PrefixFrom(addr, int(n))
	}
	if addr.Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(addr.Unmap(), p.Bits()-96)
		return p, fmt.Sprintf("an IPv4 address in IPv6 form: write %s", printPrefix(p.Masked()))
	}
	if p.Masked() != p {
		return p, fmt.Sprintf("bits are set behind the prefix length: write %s for the network, or %s for the address alone", p.Masked(), addr)
	}
	return p, ""
}

// printPrefix gives the mere address where that is all of the prefix.
func printPrefix(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

// maxTTL is the greatest TTL (RFC 2181, Section 8).
const maxTTL = math.MaxInt32

// parseTTL reads seconds, or a duration as Go or zone files write it: 3600,
// 1h, 1h30m, 1d, 2w.
func parseTTL(text string) (time.Duration, bool) {
	seconds, ok := zoneSeconds(text)
	if !ok {
		d, err := time.ParseDuration(text)
		if err != nil || d < 0 || d%time.Second != 0 {
			return 0, false
		}
		seconds = int64(d / time.Second)
	}
	return time.Duration(seconds) * time.Second, seconds <= maxTTL
}

// zoneSeconds reads a TTL as zone files write it: a number of seconds, or
// numbers with the units w, d, h, m and s.
func zoneSeconds(text string) (seconds int64, ok bool) {
	n, digits := int64(0), 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		if '0' <= c && c <= '9' {
			if n, digits = n*10+int64(c-'0'), digits+1; n > maxTTL {
				return 0, false
			}
			continue
		}
		unit := map[byte]int64{'w': 7 * 24 * 3600, 'd': 24 * 3600, 'h': 3600, 'm': 60, 's': 1}[c|0x20]
		if unit == 0 || digits == 0 {
			return 0, false
		}
		seconds += n * unit
		n, digits = 0, 0
	}
	if digits > 0 && seconds > 0 {
		return 0, false // a number without unit behind one with a unit
	}
	return seconds + n, text != ""
}
