package zonefile

// ttls is the TTL that a record takes which has none.
type ttls struct {
	value uint32
	fixed bool // by $TTL (RFC 2308, Section 4), else by the last record that has one (RFC 1035, Section 5.1)
}

// behind gives the state behind an item.
func (s ttls) behind(it *item) ttls {
	switch {
	case it.kind == directiveTTL:
		return ttls{it.value, true}
	case it.kind == resourceRecord && it.ttlAt >= 0 && !s.fixed:
		return ttls{it.value, false}
	}
	return s
}

// of gives the TTL of a record.
func (s ttls) of(it *item) uint32 {
	if it.ttlAt >= 0 {
		return it.value
	}
	return s.value
}

// inheritTTLs gives every record its TTL. What an included file says of TTLs
// ends with it.
func (z *zone) inheritTTLs(s ttls) {
	for i := range z.items {
		it := &z.items[i]
		switch it.kind {
		case resourceRecord:
			it.ttl = s.of(it)
		case directiveInclude:
			it.included.inheritTTLs(s)
		}
		s = s.behind(it)
	}
}

// parseTTL reads seconds, or numbers with the units that most name servers
// know.
func parseTTL(text string) (uint32, bool) {
	total, number := uint64(0), uint64(0)
	for i := 0; i < len(text); i++ {
		if c := text[i]; isDigit(c) {
			if number = 10*number + uint64(c-'0'); number > maxTTL {
				return 0, false
			}
			continue
		}
		unit := unitOf(text[i])
		if unit == 0 || i == 0 {
			return 0, false
		}
		total, number = total+unit*number, 0
	}
	if total += number; total > maxTTL {
		return 0, false
	}
	return uint32(total), true
}

func unitOf(c byte) uint64 {
	switch c | 0x20 {
	case 's':
		return 1
	case 'm':
		return 60
	case 'h':
		return 3600
	case 'd':
		return 86400
	case 'w':
		return 604800
	}
	return 0
}
