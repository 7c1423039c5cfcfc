package providers

import (
	"math"
	"slices"

	"github.com/spfzone/spfzone/providers/txt"
)

// Way is how an SPF record is put in the place of another.
type Way int

const (
	// Refuse never replaces it.
	Refuse Way = iota
	// CompareAndSwap does it in one request that fails if the RRset is not
	// what was read.
	CompareAndSwap
	// ReadAndSwap does it in one request, after a look whether the RRset is
	// what was read. A change by others between the two is lost.
	ReadAndSwap
	// SetRRset does it by libdns' SetRecords with all records of the RRset,
	// where that has been seen to change the one that differs only, at one
	// moment. Else it is as ReadAndSwap.
	SetRRset
	// EditRecord does it by SetRecords with the object that was read, in one
	// request about that object.
	EditRecord
	// AppendDelete adds the new record and then deletes the object that was
	// read. In between both are published, which receivers take for permerror
	// (RFC 7208, Section 4.5). If deleting fails, the new one is taken back.
	AppendDelete
)

// Strategy is what a type of provider can be trusted with.
type Strategy struct {
	// Alone is how an SPF record is replaced where no other TXT record stands,
	// Beside how next to others, which may be SPF records too. Where it is replaced, it is also created and
	// deleted. Whoever refuses to replace may still create, where CreateAlone.
	Alone, Beside Way
	CreateAlone   bool
	// Rewrites says that even to add or delete a record the whole RRset is
	// written back, so that a change that others make at that moment is lost.
	Rewrites bool
	// WholeZone says that so is the whole zone, which is refused where it holds
	// what a write cannot say, and looked at as a whole before and after.
	WholeZone bool
	// TTL is what TTLs can be had.
	TTL TTLs
	// Why says why something is refused.
	Why   string
	Lists ListWay
}

// ListWay is how the names of an address list are added and deleted.
type ListWay struct {
	// Most is how many names go into one request, or one call of a module, that
	// makes a request for each; 0 where lists are refused.
	Most int
	// Atomic says that a request is carried out whole or not at all, and Checked
	// that it fails if a name to add has records, or one to delete has not the
	// one that it is to have.
	Atomic, Checked bool
	Why             string // lists are refused
}

// TTLs says which TTLs a provider publishes. Zero values mean no limit.
type TTLs struct {
	Least uint32
	Most  uint32
	Steps []uint32 // the only ones, ascending
	// Shared says that the TTL belongs to the RRset, not to the record.
	Shared bool
	// Kept says that a record keeps the TTL of the RRset that it joins.
	Kept bool
	// Stiff says that a TTL does not change unless the text does. Where records
	// are added and deleted that is so too, unless Again says that adding what
	// is there already changes the TTL.
	Stiff, Again bool
	// Zone says that the TTL is the zone's, whatever is asked for.
	Zone bool
}

// nearest gives the TTL that stands for the one wanted.
func (t TTLs) nearest(ttl uint32) uint32 {
	most := t.Most
	if most == 0 {
		most = math.MaxInt32 // RFC 2181, Section 8
	}
	ttl = min(max(ttl, t.Least), most)
	if len(t.Steps) == 0 {
		return ttl
	}
	i, _ := slices.BinarySearch(t.Steps, ttl)
	return t.Steps[min(i, len(t.Steps)-1)]
}

// attainable gives the TTL of new when it takes the place of old.
func (s Strategy) attainable(old, new txt.RRset) uint32 {
	way := s.way(old)
	switch {
	case len(new.Records) == 0:
		return 0
	case len(old.Records) == 0:
		return s.TTL.nearest(new.TTL)
	case s.TTL.Zone, len(new.SPF()) == 0 && way != CompareAndSwap && way != ReadAndSwap:
		return old.TTL // nothing is written but a deletion
	case s.TTL.Kept && (beside(old) || way == AppendDelete):
		return old.TTL
	case (s.TTL.Stiff || way == AppendDelete && !s.TTL.Again) && sameTexts(old.SPF(), new.SPF()):
		return old.TTL
	case old.TTL == new.TTL:
		return old.TTL
	}
	return s.TTL.nearest(new.TTL)
}

// way gives how an SPF record in the RRset is replaced, or one added.
func (s Strategy) way(old txt.RRset) Way {
	if beside(old) {
		return s.Beside
	}
	return s.Alone
}

// beside reports whether any TXT record stands beside one SPF record.
func beside(set txt.RRset) bool {
	return len(set.Siblings()) > 0 || len(set.Records) > 1
}

func sameTexts(a, b []txt.Record) bool {
	return slices.Equal(texts(a), texts(b))
}

// texts gives the sorted texts of records.
func texts(records []txt.Record) (out []string) {
	for _, r := range records {
		out = append(out, r.Text())
	}
	slices.Sort(out)
	return out
}
