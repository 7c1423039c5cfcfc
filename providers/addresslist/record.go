package addresslist

import (
	"fmt"
	"slices"
	"strings"
)

// Record is a record at or below the name of a list.
type Record struct {
	Name string // canonical
	Type string // "A"
	Data string // of an A record the address
	TTL  uint32
}

// Subtree is what stands at and below a name.
type Subtree struct {
	Records []Record
	Whole   bool // nothing else stands there
}

// Batch is names of the list at a name to add and to delete at once, absolute:
// their A records with [Address]. A name that is added has no records, and one
// that is deleted that one alone.
type Batch struct {
	Root        string
	Add, Delete []string
	TTL         uint32
}

// Standing gives what a batch finds wrong in a subtree: names to add that have
// records, and names to delete that have not the one alone that they are to
// have. It is "" where nothing is.
func (b Batch) Standing(s Subtree) string {
	at := map[string][]Record{}
	for _, r := range s.Records {
		if !harmless(r, b.Root) {
			at[r.Name] = append(at[r.Name], r)
		}
	}
	for _, name := range b.Add {
		if there := at[name]; len(there) > 0 {
			return fmt.Sprintf("%s has the %s record %s already", strings.TrimSuffix(name, "."), there[0].Type, there[0].Data)
		}
	}
	for _, name := range b.Delete {
		if there := at[name]; len(there) != 1 || there[0].Type != "A" || there[0].Data != Address {
			return fmt.Sprintf("%s has not the A record %s alone", strings.TrimSuffix(name, "."), Address)
		}
	}
	return ""
}

// Made reports whether a subtree is as a batch is to leave it.
func (b Batch) Made(s Subtree) bool {
	return Batch{Root: b.Root, Add: b.Delete, Delete: b.Add}.Standing(s) == ""
}

// Names gives the names of a batch.
func (b Batch) Names() []string { return slices.Concat(b.Add, b.Delete) }

// OtherError says that something stands in a subtree that no list has.
type OtherError struct {
	Root   string
	Record Record
}

func (e *OtherError) Error() string {
	trim := func(name string) string { return strings.TrimSuffix(name, ".") }
	what := e.Record.Type + " record"
	if e.Record.Type == "A" {
		what += " " + e.Record.Data
	}
	if e.Record.Name == e.Root {
		return fmt.Sprintf("%s: it has the %s, so that the names of an address list below it would not be served: delete that first", trim(e.Root), what)
	}
	return fmt.Sprintf("%s: %s has the %s, and below the name of an address list only A records %s of addresses may stand, as any other name stands in the way of wildcards (RFC 4592): delete that first", trim(e.Root), trim(e.Record.Name), what, Address)
}

// harmless reports whether a record does not matter to a list: at its own name,
// where nobody asks for addresses, or as one of DNSSEC's.
func harmless(r Record, root string) bool {
	switch r.Type {
	case "RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "DNSKEY", "CDS", "CDNSKEY":
		return true
	case "DNAME", "NS":
		return false
	}
	return r.Name == root
}

// List gives the list that stands in a subtree, and the longest TTL of its
// records. The error is an [*OtherError].
func (s Subtree) List(root string) (l List, ttl uint32, err error) {
	var names []string
	for _, r := range s.Records {
		name, below := strings.CutSuffix(r.Name, "."+root)
		switch {
		case harmless(r, root):
		case !below || r.Type != "A" || r.Data != Address || !IsName(name):
			return nil, 0, &OtherError{root, r}
		default:
			names = append(names, name)
			ttl = max(ttl, r.TTL)
		}
	}
	return New(names...), ttl, nil
}

// Below reports whether a canonical name is the root or below it.
func Below(name, root string) bool { return name == root || strings.HasSuffix(name, "."+root) }
