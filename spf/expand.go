package spf

import (
	"bytes"
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
	switch {
	case p.Digits == 0 && !p.Reverse && p.Delimiters == "":
		return p.appendEscaped(dst, value)
	case p.Reverse:
		return p.appendReversed(dst, value)
	}
	value = value[p.lastParts(value):]
	for {
		end := p.nextDelimiter(value)
		dst = p.appendEscaped(dst, value[:end])
		if end == len(value) {
			return dst
		}
		dst = append(dst, '.')
		value = value[end+1:]
	}
}

// appendReversed appends the parts from the last to the first of those that
// are kept. The right-hand parts of the reversed list are the left-hand ones
// of value.
func (p *MacroPart) appendReversed(dst, value []byte) []byte {
	end := p.firstParts(value)
	for i := end - 1; i >= 0; i-- {
		if p.isDelimiter(value[i]) {
			dst = append(p.appendEscaped(dst, value[i+1:end]), '.')
			end = i
		}
	}
	return p.appendEscaped(dst, value[:end])
}

// lastParts gives where the right-hand parts that are kept start.
func (p *MacroPart) lastParts(value []byte) int {
	if p.Digits == 0 {
		return 0
	}
	i := len(value)
	for range p.Digits {
		if i = p.previousDelimiter(value[:i]); i < 0 {
			return 0
		}
	}
	return i + 1
}

// firstParts gives where the left-hand parts that are kept end.
func (p *MacroPart) firstParts(value []byte) int {
	if p.Digits == 0 {
		return len(value)
	}
	end := p.nextDelimiter(value)
	for range p.Digits - 1 {
		if end == len(value) {
			break
		}
		end += 1 + p.nextDelimiter(value[end+1:])
	}
	return end
}

// nextDelimiter gives the place of the first delimiter, or the length.
func (p *MacroPart) nextDelimiter(value []byte) int {
	for i, b := range value {
		if p.isDelimiter(b) {
			return i
		}
	}
	return len(value)
}

// previousDelimiter gives the place of the last delimiter, or -1.
func (p *MacroPart) previousDelimiter(value []byte) int {
	for i := len(value) - 1; i >= 0; i-- {
		if p.isDelimiter(value[i]) {
			return i
		}
	}
	return -1
}

func (p *MacroPart) isDelimiter(b byte) bool {
	if p.Delimiters == "" {
		return b == '.'
	}
	return strings.IndexByte(p.Delimiters, b) >= 0
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
// Section 7.3). It is not ok where that is no name to ask for: it has one label
// only, or one that is empty or too long.
func canonicalTarget(name []byte) (canonical []byte, ok bool) {
	if n := len(name); n == 0 || name[n-1] != '.' {
		name = append(name, '.')
	}
	for len(name) > maxName+1 {
		dot := bytes.IndexByte(name, '.')
		if dot == len(name)-1 {
			break
		}
		name = name[dot+1:]
	}
	labels, start := 0, 0
	ok = true
	for i, b := range name {
		if b == '.' {
			if i == start || i-start > maxLabel {
				ok = false
			}
			labels, start = labels+1, i+1
		} else if 'A' <= b && b <= 'Z' {
			name[i] = b + 'a' - 'A'
		}
	}
	return name, ok && labels > 1
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
