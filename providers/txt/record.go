// Package txt holds TXT records as octets: what a name server has, not what
// one API or another makes of it.
package txt

import (
	"slices"
	"strings"

	"github.com/spfzone/spfzone/spf"
)

// Record is the data of a TXT record: character-strings of at most 255 octets
// each, unescaped (RFC 1035, Section 3.3.14).
type Record struct {
	Strings []string
}

// New gives the record for the text of an SPF record, cut between terms.
func New(text string) Record { return Record{spf.SplitStrings(text, 0)} }

// Chunk gives the record that most APIs publish for octets in one piece:
// strings of 255 octets, the last one shorter.
func Chunk(octets string) Record {
	var parts []string
	for len(octets) > spf.MaxString {
		parts = append(parts, octets[:spf.MaxString])
		octets = octets[spf.MaxString:]
	}
	return Record{append(parts, octets)}
}

// Text gives the strings as one, with nothing between them (RFC 7208, Section
// 3.3).
func (r Record) Text() string { return strings.Join(r.Strings, "") }

// IsSPF reports whether the record is an SPF record (RFC 7208, Section 4.5).
func (r Record) IsSPF() bool { return spf.IsSPF(r.Text()) }

// Equal reports whether both have the same strings, octet by octet.
func (r Record) Equal(o Record) bool { return slices.Equal(r.Strings, o.Strings) }

// RRset is the TXT records of one name. Their order means nothing. Without
// records there is no RRset, and its TTL is 0.
type RRset struct {
	// TTL is in seconds. Where a provider keeps a TTL for each record, it is
	// that of the SPF record, or else the longest.
	TTL     uint32   `json:"ttl"`
	Records []Record `json:"records"`
}

// Equal reports whether both have the same TTL and the same records in any
// order.
func (s RRset) Equal(o RRset) bool {
	return (s.TTL == o.TTL || len(s.Records) == 0) && len(s.Records) == len(o.Records) && len(Minus(s.Records, o.Records)) == 0
}

// SPF gives the SPF records of the set.
func (s RRset) SPF() []Record { return s.filter(true) }

// Siblings gives all other records of the set.
func (s RRset) Siblings() []Record { return s.filter(false) }

func (s RRset) filter(isSPF bool) (out []Record) {
	for _, r := range s.Records {
		if r.IsSPF() == isSPF {
			out = append(out, r)
		}
	}
	return out
}

// With gives the set with text as its only SPF record and with this TTL, or
// without SPF records and with the TTL that it has if text is empty. A record
// of the set that has this text already stays as it is.
func (s RRset) With(text string, ttl uint32) RRset {
	out := RRset{TTL: s.TTL, Records: s.Siblings()}
	if text != "" {
		out.TTL = ttl
		want := New(text)
		for _, r := range s.SPF() {
			if r.Text() == text {
				want = r
			}
		}
		out.Records = append(out.Records, want)
	}
	if len(out.Records) == 0 {
		out.TTL = 0
	}
	return out
}

// Minus gives the records of a that are not in b. A record that is in a twice
// and in b once remains once.
func Minus(a, b []Record) (out []Record) {
	b = slices.Clone(b)
	for _, r := range a {
		if i := slices.IndexFunc(b, r.Equal); i >= 0 {
			b = slices.Delete(b, i, i+1)
			continue
		}
		out = append(out, r)
	}
	return out
}
