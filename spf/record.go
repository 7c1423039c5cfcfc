package spf

import (
	"net/netip"
)

// Version is the text that every record starts with (RFC 7208, Section 4.5).
const Version = "v=spf1"

// Record is one SPF record, parsed (RFC 7208, Section 4.6). Directives are in
// the order of evaluation. Where modifiers stand among them has no meaning
// (Section 6), so that place is not kept.
type Record struct {
	Directives []Directive
	Redirect   DomainSpec // zero when the record has no redirect=
	Exp        DomainSpec // zero when the record has no exp=
	Unknown    []Modifier // modifiers that RFC 7208 does not define, in order
}

// Directive is a mechanism with its qualifier (RFC 7208, Section 4.6.2).
type Directive struct {
	Qualifier Qualifier
	Mechanism Mechanism
}

// Modifier is a modifier that RFC 7208 does not define. Its name is kept as it
// was written; its value is a macro-string (Section 6).
type Modifier struct {
	Name  string
	Value MacroString
}

// Mechanism is one of [All], [Include], [A], [MX], [PTR], [IP4], [IP6] and
// [Exists] (RFC 7208, Section 5). String gives its canonical text.
type Mechanism interface {
	String() string
	isMechanism()
}

// All matches every sender (RFC 7208, Section 5.1).
type All struct{}

// Include matches when check_host for its domain gives pass (RFC 7208,
// Section 5.2).
type Include struct{ Domain DomainSpec }

// A matches an address of the target name (RFC 7208, Section 5.3). A zero
// Domain stands for the domain that owns the record.
type A struct {
	Domain DomainSpec
	CIDR   DualCIDR
}

// MX matches an address of a mail exchange of the target name (RFC 7208,
// Section 5.4). A zero Domain stands for the domain that owns the record.
type MX struct {
	Domain DomainSpec
	CIDR   DualCIDR
}

// PTR matches a validated host name of the sender below the target name
// (RFC 7208, Section 5.5, which says not to publish it). A zero Domain stands
// for the domain that owns the record.
type PTR struct{ Domain DomainSpec }

// IP4 matches the addresses of an IPv4 block (RFC 7208, Section 5.6). Prefix
// is valid and of that family; host bits stand as they were written, and count
// for nothing.
type IP4 struct{ Prefix netip.Prefix }

// IP6 matches the addresses of an IPv6 block (RFC 7208, Section 5.6). Prefix
// is valid and of that family; host bits stand as they were written, and count
// for nothing.
type IP6 struct{ Prefix netip.Prefix }

// Exists matches when the target name has an A record (RFC 7208, Section 5.7).
type Exists struct{ Domain DomainSpec }

func (All) isMechanism()     {}
func (Include) isMechanism() {}
func (A) isMechanism()       {}
func (MX) isMechanism()      {}
func (PTR) isMechanism()     {}
func (IP4) isMechanism()     {}
func (IP6) isMechanism()     {}
func (Exists) isMechanism()  {}

// DualCIDR is the dual-cidr-length of a and mx (RFC 7208, Section 5.3). The
// zero value is /32//128, a host of either family.
type DualCIDR struct{ host4, host6 uint8 } // lengths of the host parts, in bits

// NewDualCIDR takes prefix lengths of 0 to 32 and 0 to 128. It panics on
// others.
func NewDualCIDR(ip4, ip6 int) DualCIDR {
	if ip4 < 0 || ip4 > 32 || ip6 < 0 || ip6 > 128 {
		panic("spf: prefix length out of range")
	}
	return DualCIDR{uint8(32 - ip4), uint8(128 - ip6)}
}

// IP4 gives the prefix length for IPv4, 0 to 32.
func (c DualCIDR) IP4() int { return 32 - int(c.host4) }

// IP6 gives the prefix length for IPv6, 0 to 128.
func (c DualCIDR) IP6() int { return 128 - int(c.host6) }

// Bits gives the prefix length for a family.
func (c DualCIDR) Bits(f Family) int {
	if f == V4 {
		return c.IP4()
	}
	return c.IP6()
}

// Equal reports whether both have the same prefix lengths.
func (c DualCIDR) Equal(o DualCIDR) bool { return c == o }
