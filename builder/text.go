package builder

import (
	"go4.org/netipx"

	"github.com/spfzone/spfzone/spf"
)

// octets gives what a term takes in a record, the space before it included.
func octets(term string) int { return 1 + len(term) }

// coverOctets gives what a set of addresses takes in a record, as the fewest
// prefixes that cover it.
func coverOctets(set *netipx.IPSet) int {
	n := 0
	if set != nil {
		for _, p := range set.Prefixes() {
			n += octets(networkOf(p).String())
		}
	}
	return n
}

// holds reports whether a text, published at name beside other TXT records,
// keeps to the size limits.
func (l Limits) holds(name, text string, siblings []spf.TXT) bool {
	return (l.Record == 0 || len(text) <= l.Record) && responseSize(name, text, siblings) <= l.Response
}

// responseSize gives the octets of the response that carries a text and its
// siblings.
func responseSize(name, text string, siblings []spf.TXT) int {
	rrset := append(siblings[:len(siblings):len(siblings)], spf.TXT(spf.SplitStrings(text, 0)))
	return spf.TXTResponseSize(name, rrset)
}

// capacity gives the most octets of text that may keep to the size limits:
// less will do where strings end early, as terms are not cut.
func (l Limits) capacity(name string, siblings []spf.TXT) int {
	left := l.Response - responseSize(name, "", siblings) + 1
	most := left - (left+spf.MaxString)/(spf.MaxString+1)
	if l.Record > 0 {
		most = min(most, l.Record)
	}
	return max(most, 0)
}
