package resolver

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/spfzone/spfzone/spf"
)

// Recorder passes questions on to Base, and keeps each with what came of it.
// It is safe for concurrent use.
type Recorder struct {
	Base spf.Resolver
	Now  func() time.Time // nil is time.Now

	mu       sync.Mutex
	recorded map[recordKey]Recording
}

type recordKey struct{ name, typ string }

// Recording is a question with what came of it: the records of the one type
// that was asked for, or the error alone.
type Recording struct {
	Name  string // canonical; for PTR the name in the reverse zone
	Type  string // "TXT", "A", "AAAA", "MX" or "PTR"
	TXT   []spf.TXT
	Addrs []netip.Addr
	MX    []spf.MailExchange
	PTR   []string

	TTL      time.Duration // as in spf.Answer, at the time At
	NXDomain bool
	Alias    string // as in spf.Answer
	Source   string
	At       time.Time // when the answer was there
	Err      error
}

// Recordings gives what was recorded so far, sorted by name and type. A
// question that was asked several times stands there once, with what came of
// it last. One whose context ended before the answer was there is left out.
func (r *Recorder) Recordings() []Recording {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]Recording, 0, len(r.recorded))
	for _, rec := range r.recorded {
		list = append(list, rec)
	}
	slices.SortFunc(list, func(a, b Recording) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type))
	})
	return list
}

// record keeps what came of a question; set puts the records in their place.
func record[T any](ctx context.Context, r *Recorder, name, typ string, a spf.Answer[T], err error, set func(*Recording, []T)) (spf.Answer[T], error) {
	if err != nil && ctx.Err() != nil {
		return a, err
	}
	now := time.Now
	if r.Now != nil {
		now = r.Now
	}
	rec := Recording{Name: name, Type: typ, At: now(), Err: err}
	if err == nil {
		rec.TTL, rec.NXDomain, rec.Alias, rec.Source = a.TTL, a.NXDomain, a.Alias, a.Source
		set(&rec, slices.Clone(a.Records))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.recorded == nil {
		r.recorded = map[recordKey]Recording{}
	}
	r.recorded[recordKey{name, typ}] = rec
	return a, err
}

// LookupTXT implements [spf.Resolver].
func (r *Recorder) LookupTXT(ctx context.Context, name string) (spf.Answer[spf.TXT], error) {
	a, err := r.Base.LookupTXT(ctx, name)
	return record(ctx, r, name, "TXT", a, err, func(rec *Recording, txt []spf.TXT) { rec.TXT = txt })
}

// LookupIP implements [spf.Resolver].
func (r *Recorder) LookupIP(ctx context.Context, name string, f spf.Family) (spf.Answer[netip.Addr], error) {
	a, err := r.Base.LookupIP(ctx, name, f)
	typ := "A"
	if f == spf.V6 {
		typ = "AAAA"
	}
	return record(ctx, r, name, typ, a, err, func(rec *Recording, addrs []netip.Addr) { rec.Addrs = addrs })
}

// LookupMX implements [spf.Resolver].
func (r *Recorder) LookupMX(ctx context.Context, name string) (spf.Answer[spf.MailExchange], error) {
	a, err := r.Base.LookupMX(ctx, name)
	return record(ctx, r, name, "MX", a, err, func(rec *Recording, mx []spf.MailExchange) { rec.MX = mx })
}

// LookupPTR implements [spf.Resolver].
func (r *Recorder) LookupPTR(ctx context.Context, addr netip.Addr) (spf.Answer[string], error) {
	name, err := reverseName(addr)
	if err != nil {
		return spf.Answer[string]{}, err
	}
	a, err := r.Base.LookupPTR(ctx, addr)
	return record(ctx, r, name, "PTR", a, err, func(rec *Recording, ptr []string) { rec.PTR = ptr })
}
