package spf

import (
	"net/netip"
	"strings"
)

// ParseDirective reads one mechanism with its qualifier, such as "~a:x.com/24"
// (RFC 7208, Section 4.6.2). The error is a [*SyntaxError].
func ParseDirective(term string) (Directive, error) {
	r := Record{}
	if _, _, ok := modifierOf(term); ok {
		return Directive{}, &SyntaxError{0, term, "4.6.2", "a mechanism is wanted here, and this is a modifier"}
	}
	if strings.ContainsRune(term, ' ') {
		return Directive{}, &SyntaxError{0, term, "4.6.2", "one mechanism is wanted here, without spaces"}
	}
	if err := r.addTerm(term); err != nil {
		return Directive{}, err
	}
	return r.Directives[0], nil
}

func parseDirective(term string) (Directive, *SyntaxError) {
	d := Directive{}
	rest := term
	if rest != "" {
		if i := strings.IndexByte("+-~?", rest[0]); i >= 0 {
			d.Qualifier, rest = Qualifier(i), rest[1:]
		}
	}
	at := len(term) - len(rest)
	end := strings.IndexAny(rest, ":/=")
	if end < 0 {
		end = len(rest)
	}
	m, err := parseMechanism(strings.ToLower(rest[:end]), rest[end:], term)
	if err != nil {
		if err.Text != term {
			err.Offset += at + end
		}
		return d, err
	}
	d.Mechanism = m
	return d, nil
}

// parseMechanism reads what follows the name, from its ":" or "/" on.
func parseMechanism(name, rest, term string) (Mechanism, *SyntaxError) {
	switch name {
	case "all":
		if rest != "" {
			return nil, &SyntaxError{0, term, "5.1", "all takes no argument"}
		}
		return All{}, nil
	case "include":
		spec, err := requiredSpec(rest, term, "5.2")
		return Include{spec}, err
	case "exists":
		spec, err := requiredSpec(rest, term, "5.7")
		return Exists{spec}, err
	case "ptr":
		spec, err := optionalSpec(rest, term, "5.5")
		return PTR{spec}, err
	case "a":
		spec, cidr, err := specAndCIDR(rest, term, "5.3")
		return A{spec, cidr}, err
	case "mx":
		spec, cidr, err := specAndCIDR(rest, term, "5.4")
		return MX{spec, cidr}, err
	case "ip4":
		return parseIP4(rest, term)
	case "ip6":
		return parseIP6(rest, term)
	}
	return nil, &SyntaxError{0, term, "4.6.1", unknownMechanism(name, term)}
}

func requiredSpec(rest, term, section string) (DomainSpec, *SyntaxError) {
	if rest == "" || rest == ":" {
		return DomainSpec{}, &SyntaxError{0, term, section, "a domain is missing: write it behind a colon"}
	}
	return optionalSpec(rest, term, section)
}

func optionalSpec(rest, term, section string) (DomainSpec, *SyntaxError) {
	if rest == "" {
		return DomainSpec{}, nil
	}
	if rest[0] != ':' {
		msg := "a prefix length has no place here"
		if rest[0] == '=' {
			msg = "a mechanism takes its argument behind a colon, not an equals sign"
		}
		return DomainSpec{}, &SyntaxError{0, term, section, msg}
	}
	if rest == ":" {
		return DomainSpec{}, &SyntaxError{0, term, section, "a domain is missing behind the colon"}
	}
	spec, err := parseDomainSpec(rest[1:])
	if err != nil {
		return spec, err.within(term, 1)
	}
	return spec, nil
}

// specAndCIDR reads [":" domain-spec] [dual-cidr-length].
func specAndCIDR(rest, term, section string) (DomainSpec, DualCIDR, *SyntaxError) {
	spec, tail := splitCIDR(rest)
	cidr, msg := parseDualCIDR(tail)
	if msg != "" {
		return DomainSpec{}, cidr, &SyntaxError{0, term, "5.6", msg}
	}
	domain, err := optionalSpec(spec, term, section)
	return domain, cidr, err
}

// splitCIDR splits off "/n", "//n" or "/n//m" at the end. A slash elsewhere
// belongs to the domain-spec.
func splitCIDR(s string) (spec, tail string) {
	i := skipDigits(s, len(s))
	if i == 0 || s[i-1] != '/' {
		return s, ""
	}
	i--
	if i == 0 || s[i-1] != '/' {
		return s[:i], s[i:]
	}
	i--
	if j := skipDigits(s, i); j < i && j > 0 && s[j-1] == '/' {
		return s[:j-1], s[j-1:]
	}
	return s[:i], s[i:]
}

// skipDigits gives the start of the digits that end at i.
func skipDigits(s string, i int) int {
	for i > 0 && '0' <= s[i-1] && s[i-1] <= '9' {
		i--
	}
	return i
}

// parseDualCIDR reads a dual-cidr-length (Section 5.6), or says what is wrong.
func parseDualCIDR(s string) (c DualCIDR, msg string) {
	if s == "" {
		return c, ""
	}
	text4, text6, ok6 := strings.Cut(s, "//")
	if text4 != "" {
		n, ok := prefixLength(text4[1:], 32)
		if !ok {
			return c, "an IPv4 prefix length is a number from 0 to 32, without leading zeros"
		}
		c.host4 = uint8(32 - n)
	}
	if ok6 {
		n, ok := prefixLength(text6, 128)
		if !ok {
			return c, "an IPv6 prefix length is a number from 0 to 128, without leading zeros"
		}
		c.host6 = uint8(128 - n)
	}
	return c, ""
}

func prefixLength(s string, most int) (int, bool) {
	if s == "" || len(s) > 3 || s[0] == '0' && len(s) > 1 {
		return 0, false
	}
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, n <= most
}

func parseIP4(rest, term string) (Mechanism, *SyntaxError) {
	p, msg := parseNetwork(rest, 32)
	if msg == "" && !p.Addr().Is4() {
		msg = "an IPv6 address belongs behind ip6:"
	}
	if msg != "" {
		return nil, &SyntaxError{0, term, "5.6", msg}
	}
	return IP4{p}, nil
}

func parseIP6(rest, term string) (Mechanism, *SyntaxError) {
	p, msg := parseNetwork(rest, 128)
	if msg == "" && p.Addr().Is4() {
		msg = "an IPv4 address belongs behind ip4:"
	}
	if msg != "" {
		return nil, &SyntaxError{0, term, "5.6", msg}
	}
	return IP6{p}, nil
}

// parseNetwork reads ":" address ["/" length].
func parseNetwork(rest string, most int) (p netip.Prefix, msg string) {
	if rest == "" || rest == ":" {
		return p, "an address is missing: write it behind a colon"
	}
	if rest[0] != ':' {
		return p, "a mechanism takes its argument behind a colon"
	}
	addr, length, hasLength := strings.Cut(rest[1:], "/")
	ip, err := netip.ParseAddr(addr)
	if err != nil || ip.Zone() != "" {
		return p, notAnAddress(addr, most)
	}
	bits := ip.BitLen()
	if hasLength {
		n, ok := prefixLength(length, bits)
		if !ok {
			if bits == 32 {
				return p, "an IPv4 prefix length is a number from 0 to 32, without leading zeros"
			}
			return p, "an IPv6 prefix length is a number from 0 to 128, without leading zeros"
		}
		bits = n
	}
	return netip.PrefixFrom(ip, bits), ""
}

func notAnAddress(addr string, most int) string {
	switch {
	case strings.Contains(addr, ","):
		return "one address or network a term, without commas"
	case strings.Contains(addr, "-"):
		return "a range is no network: write the prefixes that cover it"
	case most == 32:
		return "not an IPv4 address of four numbers"
	}
	return "not an IPv6 address"
}
