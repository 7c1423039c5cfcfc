package builder

import (
	"net/netip"

	"go4.org/netipx"

	"github.com/spfzone/spfzone/spf"
)

// networkOf gives the mechanism that matches the addresses of a prefix.
func networkOf(p netip.Prefix) spf.Mechanism {
	if p.Addr().Is4() {
		return spf.IP4{Prefix: p}
	}
	return spf.IP6{Prefix: p}
}

// setOf gives the addresses of prefixes.
func setOf(prefixes []netip.Prefix) *netipx.IPSet {
	var b netipx.IPSetBuilder
	for _, p := range prefixes {
		b.AddPrefix(p)
	}
	return mustSet(&b)
}

// union gives the addresses of sets.
func union(sets ...*netipx.IPSet) *netipx.IPSet {
	var b netipx.IPSetBuilder
	for _, s := range sets {
		b.AddSet(s)
	}
	return mustSet(&b)
}

// mustSet ends a builder that was given valid prefixes and sets only, for
// which it cannot fail.
func mustSet(b *netipx.IPSetBuilder) *netipx.IPSet {
	set, err := b.IPSet()
	if err != nil {
		panic(err)
	}
	return set
}
