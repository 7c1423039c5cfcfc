package spf

import (
	"context"
	"net/netip"
	"strings"
	"time"
)

// Family is an address family.
type Family uint8

// The two address families.
const (
	V4 Family = iota
	V6
)

// String gives "IPv4" or "IPv6".
func (f Family) String() string { return [...]string{"IPv4", "IPv6"}[f&1] }

// FamilyOf gives the family of an address; an IPv4-mapped one is IPv4.
func FamilyOf(ip netip.Addr) Family {
	if ip.Unmap().Is4() {
		return V4
	}
	return V6
}

// Forever as a TTL says that an answer does not expire, as those from a file.
const Forever time.Duration = -1

// Answer is what the DNS says to one question. An answer without records is
// no error: the name does not exist (NXDomain), or it has no record of that
// type (NODATA).
type Answer[T any] struct {
	Records  []T           // never changed by whoever receives them
	TTL      time.Duration // for how long the answer holds; [Forever] if it does not expire
	NXDomain bool          // RFC 8020: neither the name nor anything below it exists; of an alias, what it leads to
	Alias    string        // canonical: where the CNAME at the name leads, be it the name's own or from a wildcard or DNAME; empty if there is none
	Source   string        // who answered, for messages: a server or a file; may be empty
}

// TXT is the character-strings of one TXT record, in raw octets: nothing is
// escaped.
type TXT []string

// Join gives the text of the record: its strings put together with nothing
// between them (RFC 7208, Section 3.3).
func (t TXT) Join() string {
	if len(t) == 1 {
		return t[0]
	}
	return strings.Join(t, "")
}

// MailExchange is one MX record. Host is canonical; the null MX of RFC 7505
// has the host ".".
type MailExchange struct {
	Preference uint16
	Host       string
}

// Resolver asks the DNS. Names are canonical (absolute, lower case, final dot)
// and in raw octets, without the escapes of zone files: a label may hold any
// octet but a dot. A CNAME is followed.
//
// NXDOMAIN and NODATA are an [Answer] without records and a nil error; every
// other failure (time-out, SERVFAIL, REFUSED, a broken answer, a CNAME loop)
// is an error, which check_host turns into temperror (RFC 7208, Section 5). An
// implementation must be safe for concurrent use.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) (Answer[TXT], error)
	LookupIP(ctx context.Context, name string, family Family) (Answer[netip.Addr], error)
	LookupMX(ctx context.Context, name string) (Answer[MailExchange], error)
	LookupPTR(ctx context.Context, addr netip.Addr) (Answer[string], error)
}
