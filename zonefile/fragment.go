// Package zonefile writes zone-file fragments and edits zone files (RFC 1035,
// Section 5).
package zonefile

import (
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"strings"

	"github.com/spfzone/spfzone/spf"
)

// Fragment is a part of a zone file that holds TXT and A records below one
// origin.
type Fragment struct {
	// Origin is an absolute name. The $ORIGIN line keeps its letter case.
	Origin string
	// Header is written above the $ORIGIN line, a comment a line.
	Header []string
	// Records are written in their order.
	Records []Record
}

// Record is a TXT record, or an A record where Address is valid.
type Record struct {
	// Name is an absolute name, at or below the fragment's origin in any
	// letter case.
	Name string
	// TTL is in seconds, at most 2147483647 (RFC 2181, Section 8).
	TTL uint32
	// Strings are the character-strings as octets, unescaped: at least one,
	// each of at most 255 octets.
	Strings []string
	// Address is that of an A record, which has no Strings.
	Address netip.Addr
	// Comments are written above the record, a comment a line.
	Comments []string
}

// Write writes the fragment. A record stands on one line, or in parentheses
// with a line for each string if it has several. The same fragment gives the
// same octets. Control characters in comments are written as spaces, so that
// no comment can end its line. A fragment that cannot be written whole is an
// error, and then nothing is written.
func Write(w io.Writer, f Fragment) error {
	origin, err := newOrigin(f.Origin)
	if err != nil {
		return err
	}
	owners, width, err := origin.owners(f.Records)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	writeComments(&b, f.Header)
	fmt.Fprintf(&b, "$ORIGIN %s\n", origin.written)
	for i, r := range f.Records {
		writeComments(&b, r.Comments)
		fmt.Fprintf(&b, "%-*s %s\n", width, owners[i], r.behindOwner())
	}
	_, err = w.Write(b.Bytes())
	return err
}

// behindOwner is a record but for its owner field.
func (r Record) behindOwner() string {
	return fmt.Sprintf("%d IN %s %s", r.TTL, r.typ(), r.rdata())
}

func (r Record) typ() string {
	if r.Address.IsValid() {
		return "A"
	}
	return "TXT"
}

// rdata is the presentation form of the address or the character-strings.
func (r Record) rdata() string {
	if r.Address.IsValid() {
		return r.Address.String()
	}
	texts := r.Strings
	if len(texts) == 1 {
		return quote(texts[0])
	}
	var b strings.Builder
	b.WriteString("(\n")
	for _, s := range texts {
		b.WriteString("\t" + quote(s) + "\n")
	}
	b.WriteString("\t)")
	return b.String()
}

// origin is the name that the others are written relative to.
type origin struct {
	written   string // as it stands in the $ORIGIN line
	canonical string // with escapes
}

func newOrigin(name string) (origin, error) {
	if name == "." {
		return origin{".", "."}, nil
	}
	canonical, err := absolute(name)
	if err != nil {
		return origin{}, fmt.Errorf("the origin %w", err)
	}
	if !strings.EqualFold(name, canonical) {
		name = canonical // it was written in U-labels
	}
	return origin{escapeName(name), escapeName(canonical)}, nil
}

// owners checks the records and gives the owner field of each, with the width
// of the widest.
func (o origin) owners(records []Record) (owners []string, width int, err error) {
	ttls := make(map[string]uint32)
	for _, r := range records {
		name, err := absolute(r.Name)
		if err != nil {
			return nil, 0, fmt.Errorf("the owner %w", err)
		}
		if err := r.check(); err != nil {
			return nil, 0, fmt.Errorf("%s %s: %w", r.Name, r.typ(), err)
		}
		rrset := name + " " + r.typ()
		if ttl, ok := ttls[rrset]; ok && ttl != r.TTL {
			return nil, 0, fmt.Errorf("%s %s: the TTLs %d and %d in one RRset (RFC 2181, Section 5.2)", r.Name, r.typ(), ttl, r.TTL)
		}
		ttls[rrset] = r.TTL
		owner, ok := o.relative(escapeName(name))
		if !ok {
			return nil, 0, fmt.Errorf("%s is not at or below the origin %s", r.Name, o.written)
		}
		owners = append(owners, owner)
		width = max(width, len(owner))
	}
	return owners, width, nil
}

// relative is the owner field for a canonical name with its escapes.
func (o origin) relative(name string) (owner string, ok bool) {
	if name == o.canonical {
		return "@", true
	}
	suffix := "."
	if o.canonical != "." {
		suffix += o.canonical
	}
	return strings.CutSuffix(name, suffix)
}

func absolute(name string) (canonical string, err error) {
	if !strings.HasSuffix(name, ".") {
		return "", fmt.Errorf("%q is not absolute: it has no final dot", name)
	}
	return spf.CanonicalName(name)
}

const (
	maxString = 255
	maxRDATA  = 65535
	maxTTL    = 1<<31 - 1
)

// check holds a record to the sizes of RFC 1035, Section 3.3.14, and RFC
// 2181, Section 8.
func (r Record) check() error {
	switch {
	case r.Address.IsValid() && (!r.Address.Is4() || len(r.Strings) > 0):
		return fmt.Errorf("an A record holds one IPv4 address and nothing else")
	case r.Address.IsValid() && r.TTL <= maxTTL:
		return nil
	case len(r.Strings) == 0 && !r.Address.IsValid():
		return fmt.Errorf("no string, where RFC 1035, Section 3.3.14, wants one or more")
	}
	if r.TTL > maxTTL {
		return fmt.Errorf("the TTL %d is over %d (RFC 2181, Section 8)", r.TTL, maxTTL)
	}
	size := 0
	for i, s := range r.Strings {
		if len(s) > maxString {
			return fmt.Errorf("string %d has %d octets, of which %d are allowed (RFC 1035, Section 3.3)", i+1, len(s), maxString)
		}
		size += 1 + len(s)
	}
	if size > maxRDATA {
		return fmt.Errorf("%d octets of data, of which %d are allowed (RFC 1035, Section 3.2.1)", size, maxRDATA)
	}
	return nil
}
