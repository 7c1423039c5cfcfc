package zonefile

import (
	"errors"
	"strconv"
	"strings"
)

// record reads all of a record but most of its data, and gives its owner.
func (z *zone) record(it *item, last *owner) (*owner, error) {
	it.kind = resourceRecord
	rest := it.tokens
	if it.blank {
		if last == nil {
			return nil, z.fail(it.line, "the record has no owner, and none stands above it")
		}
	} else {
		field := z.text(rest[0])
		written, canonical, err := it.origin.nameOf(field)
		if rest[0].quoted {
			err = errors.New("it stands in quotes")
		}
		if err != nil {
			return nil, z.fail(it.line, "%s is not an owner: %v", z.src[rest[0].start:rest[0].end], err)
		}
		last = &owner{canonical, written, field, it.origin}
		rest = rest[1:]
	}
	it.owner = last
	if len(rest) > 0 {
		it.behind = rest[0].start
	}
	n, err := z.header(it, rest)
	if err != nil {
		return nil, err
	}
	it.typAt = len(it.tokens) - len(rest) + n
	it.rdata = rest[n+1:]
	if it.typ == "TXT" {
		if it.strings, err = z.charStrings(it); err != nil {
			return nil, err
		}
	}
	if it.typ != "TXT" && it.typ != "SOA" {
		it.rdata, it.tokens = nil, nil // to hold less of large zones
	}
	return last, nil
}

// header reads TTL and class, in either order, and the type, and gives how many
// tokens stand before the type.
func (z *zone) header(it *item, tokens []token) (n int, err error) {
	class := ""
	for n, t := range tokens {
		text := strings.ToUpper(z.text(t))
		switch {
		case t.quoted:
			return 0, z.fail(t.line, "a string in quotes where the type belongs")
		case isDigit(text[0]) && it.ttlAt < 0:
			ttl, ok := parseTTL(text)
			if !ok {
				return 0, z.fail(t.line, "%s is not a TTL of at most 2147483647 seconds (RFC 2181, Section 8)", text)
			}
			it.value, it.ttlAt = ttl, len(it.tokens)-len(tokens)+n
		case isClass(text) && class == "":
			if class = text; class != "IN" && class != "CLASS1" {
				return 0, z.fail(t.line, "the class is %s, where SPF stands in class IN", class)
			}
		default:
			it.typ = text
			if text == "TYPE16" {
				it.typ = "TXT"
			}
			return n, nil
		}
	}
	return 0, z.fail(it.line, "the record has no type")
}

func isClass(text string) bool {
	switch text {
	case "IN", "CS", "CH", "HS":
		return true
	}
	return strings.HasPrefix(text, "CLASS")
}

// charStrings gives the data of a TXT record as octets.
func (z *zone) charStrings(it *item) (out []string, err error) {
	if z.isGeneric(it) {
		return z.genericStrings(it)
	}
	for _, t := range it.rdata {
		s, err := unescape(z.text(t))
		if err != nil {
			return nil, z.fail(t.line, "%v", err)
		}
		out = append(out, s)
	}
	return out, nil
}

// isGeneric reports whether data are written in the way for unknown types (RFC
// 3597, Section 5).
func (z *zone) isGeneric(it *item) bool {
	return len(it.rdata) > 0 && !it.rdata[0].quoted && z.text(it.rdata[0]) == `\#`
}

func (z *zone) genericStrings(it *item) (out []string, err error) {
	var digits strings.Builder
	for _, t := range it.rdata[min(2, len(it.rdata)):] {
		digits.WriteString(z.text(t))
	}
	hex := digits.String()
	octets := make([]byte, 0, len(hex)/2)
	for i := 0; i+1 < len(hex); i += 2 {
		n, err := strconv.ParseUint(hex[i:i+2], 16, 8)
		if err != nil {
			return nil, z.fail(it.line, "the data are not hexadecimal (RFC 3597, Section 5)")
		}
		octets = append(octets, byte(n))
	}
	for len(octets) > 0 {
		n := int(octets[0])
		if n >= len(octets) {
			return nil, z.fail(it.line, "the data are not character-strings (RFC 1035, Section 3.3.14)")
		}
		out = append(out, string(octets[1:1+n]))
		octets = octets[1+n:]
	}
	return out, nil
}
