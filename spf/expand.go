package spf

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// message holds what the macro letters stand for in one evaluation (RFC 7208,
// Section 7.2), save "d", which changes with the record, and "p", which asks
// the DNS.
type message struct {
	ip       netip.Addr // never IPv4-mapped
	local    string     // of the sender: "postmaster" if it has none
	domain   string     // of the sender, without final dot
	helo     string
	receiver string
	clock    func() time.Time
}

// staticLetters depend on nothing but the record's place and the family; the
// others on the message too.
const (
	staticLetters  = "dov"
	messageLetters = "slhpicrt"
)

// appendMacros expands m behind dst. d is the owner of the record, canonical.
// p is called for "%{p}" only.
func (msg *message) appendMacros(dst []byte, m MacroString, d string, p func() string) []byte {
	for i := range m.parts {
		part := &m.parts[i]
		if part.Letter == 0 {
			dst = append(dst, part.Literal...)
			continue
		}
		var buf [256]byte
		var value []byte
		if part.Letter == 'p' {
			value = append(buf[:0], p()...)
		} else {
			value = msg.appendLetter(buf[:0], part.Letter, d)
		}
		dst = part.appendTransformed(dst, value)
	}
	return dst
}

func (msg *message) appendLetter(dst []byte, letter byte, d string) []byte {
	switch letter {
	case 's':
		dst = append(dst, msg.local...)
		dst = append(dst, '@')
		return append(dst, msg.domain...)
	case 'l':
		return append(dst, msg.local...)
	case 'o':
		return append(dst, msg.domain...)
	case 'd':
		return append(dst, trimDot(d)...)
	case 'i':
		return appendDotted(dst, msg.ip)
	case 'v':
		return append(dst, reverseZone(FamilyOf(msg.ip))...)
	case 'h':
		return append(dst, msg.helo...)
	case 'c':
		return msg.ip.AppendTo(dst)
	case 'r':
		return append(dst, msg.receiver...)
	case 't':
		return strconv.AppendInt(dst, msg.clock().Unix(), 10)
	}
	return dst
}

// reverseZone is what "%{v}" stands for.
func reverseZone(f Family) string {
	if f == V4 {
		return "in-addr"
	}
	return "ip6"
}

// appendDotted appends "%{i}": the dotted quad, or 32 nibbles with dots, in
// upper case as the openspf test suite has them.
func appendDotted(dst []byte, ip netip.Addr) []byte {
	if ip.Is4() {
		return ip.AppendTo(dst)
	}
	const hex = "0123456789ABCDEF"
	for i, b := range ip.As16() {
		if i > 0 {
			dst = append(dst, '.')
		}
		dst = append(dst, hex[b>>4], '.', hex[b&15])
	}
	return dst
}

// appendTransformed appends value after the transformers of Section 7.3: split
// at the delimiters, reversed, cut to the right-hand parts, joined with dots,
// and escaped.
func (p *MacroPart) appendTransformed(dst, value []byte) []byte {
	if p.Digits == 0 && !p.Reverse && p.Delimiters == "" {
		return p.appendEscaped(dst, value)
	}
	delimiters := p.Delimiters
	if delimiters == "" {
		delimiters = "."
	}
	var buf [64][]byte
	parts := buf[:0]
	for start, i := 0, 0; i <= len(value); i++ {
		if i == len(value) || strings.IndexByte(delimiters, value[i]) >= 0 {
			parts = append(parts, value[start:i])
			start = i + 1
		}
	}
	first := 0
	if p.Digits > 0 && p.Digits < len(parts) {
		first = len(parts) - p.Digits
	}
	for i := first; i < len(parts); i++ {
		part := parts[i]
		if p.Reverse {
			part = parts[len(parts)-1-i]
		}
		if i > first {
			dst = append(dst, '.')
		}
		dst = p.appendEscaped(dst, part)
	}
	return dst
}

// appendEscaped appends value, URL-escaped if the macro letter was written in
// upper case: all but the unreserved characters of RFC 3986, Section 2.3.
func (p *MacroPart) appendEscaped(dst, value []byte) []byte {
	if !p.URLEscape {
		return append(dst, value...)
	}
	const hex = "0123456789ABCDEF"
	for _, b := range value {
		if isAlphanumeric(b) || strings.IndexByte("-._~", b) >= 0 {
			dst = append(dst, b)
		} else {
			dst = append(dst, '%', hex[b>>4], hex[b&15])
		}
	}
	return dst
}

func isAlphanumeric(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9'
}

// maxName is the most octets of a domain name in text form, final dot
// excluded.
const maxName = 253

// canonicalTarget makes an expanded domain-spec a canonical name in place:
// lower case, final dot, and left-hand labels removed until it fits (RFC 7208,
// Section 7.3).
func canonicalTarget(name []byte) []byte {
	if n := len(name); n == 0 || name[n-1] != '.' {
		name = append(name, '.')
	}
	for len(name) > maxName+1 {
		dot := strings.IndexByte(string(name), '.')
		if dot == len(name)-1 {
			break
		}
		name = name[dot+1:]
	}
	for i, b := range name {
		if 'A' <= b && b <= 'Z' {
			name[i] = b + 'a' - 'A'
		}
	}
	return name
}

// bind replaces the static letters of m by what they stand for, so that the
// text means the same in any record.
func (m MacroString) bind(d, o string, f Family) MacroString {
	msg := message{domain: trimDot(o)}
	if f == V6 {
		msg.ip = netip.IPv6Unspecified()
	} else {
		msg.ip = netip.IPv4Unspecified()
	}
	return msg.replaceMacros(m, staticLetters, d)
}

// replaceMacros expands the macros with one of the letters, and leaves the
// others as they are. d is the owner of the record, canonical.
func (msg *message) replaceMacros(m MacroString, letters, d string) MacroString {
	var parts []MacroPart
	for _, part := range m.parts {
		if part.Letter != 0 && strings.IndexByte(letters, part.Letter) >= 0 {
			text := msg.appendMacros(nil, MacroString{[]MacroPart{part}}, d, nil)
			part = MacroPart{Literal: string(text)}
		}
		if n := len(parts); n > 0 && parts[n-1].Letter == 0 && part.Letter == 0 {
			parts[n-1].Literal += part.Literal
			continue
		}
		parts = append(parts, part)
	}
	return MacroString{parts}
}
