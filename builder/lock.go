package builder

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/spfzone/spfzone/spf"
)

// DefaultLock is the usual name of a lock file.
const DefaultLock = "spfzone.lock"

// Lock is what the DNS said when [Update] asked it last: all that [Build] asks
// for a configuration, so that a build over it needs no network and gives the
// same octets each time. It is a [spf.Resolver], whose answers do not expire.
// A question that it has no answer for is a [*NotLocked], never "no such
// name". It is immutable, and safe for concurrent use.
//
// Which part names a build asks for depends on how much is listed. So a lock
// knows of more of them than the build needs that it was made with: see
// [spare].
type Lock struct {
	name    string // of the file
	sources []lockedSource
	answers map[question]*lockedAnswer
	spares  map[string]spare // by owner
}

// question is what a name server is asked. For PTR the name is the address, as
// that is what people read.
type question struct{ name, typ string }

func (q question) String() string { return trimDot(q.name) + " " + q.typ }

// addressType gives the record type of a family's addresses.
func addressType(f spf.Family) string { return [...]string{"A", "AAAA"}[f&1] }

// lockedAnswer is an answer, of whose records only those of the question's
// type are there, sorted.
type lockedAnswer struct {
	txt      []spf.TXT
	addrs    []netip.Addr
	mx       []spf.MailExchange
	ptr      []string
	nxdomain bool
	alias    string // as in spf.Answer

	ttl   time.Duration // when it was first seen
	since time.Time     // when it was first seen
	of    []string      // names of the sources that ask the question, sorted
}

// empty reports whether there is no record.
func (a *lockedAnswer) empty() bool {
	return len(a.txt)+len(a.addrs)+len(a.mx)+len(a.ptr) == 0
}

// same reports whether the records are the same, and come by the same alias.
func (a *lockedAnswer) same(o *lockedAnswer) bool {
	return a.nxdomain == o.nxdomain && a.alias == o.alias &&
		slices.EqualFunc(a.txt, o.txt, func(x, y spf.TXT) bool { return slices.Equal(x, y) }) &&
		slices.Equal(a.addrs, o.addrs) && slices.Equal(a.mx, o.mx) && slices.Equal(a.ptr, o.ptr)
}

// NotLocked is the failure of a question that a lock has no answer for.
type NotLocked struct {
	Lock string // name of the file
	Name string // canonical; for PTR the address
	Type string // "TXT", "A", "AAAA", "MX" or "PTR"
}

func (e *NotLocked) Error() string {
	return fmt.Sprintf("%s has no answer for %v: run 'spfzone update'", e.Lock, question{e.Name, e.Type})
}

// find gives the answer to a question.
func (l *Lock) find(q question) (*lockedAnswer, error) {
	if a := l.answers[q]; a != nil {
		return a, nil
	}
	if absent, ok := l.spareOf(q.name); ok {
		return l.nothing(absent, q.typ), nil
	}
	return nil, &NotLocked{l.name, q.name, q.typ}
}

func lookUp[T any](l *Lock, q question, records func(*lockedAnswer) []T) (spf.Answer[T], error) {
	a, err := l.find(q)
	if err != nil {
		return spf.Answer[T]{}, err
	}
	return spf.Answer[T]{Records: records(a), TTL: spf.Forever, NXDomain: a.nxdomain, Alias: a.alias, Source: l.name}, nil
}

// LookupTXT implements [spf.Resolver].
func (l *Lock) LookupTXT(_ context.Context, name string) (spf.Answer[spf.TXT], error) {
	return lookUp(l, question{name, "TXT"}, func(a *lockedAnswer) []spf.TXT { return a.txt })
}

// LookupIP implements [spf.Resolver].
func (l *Lock) LookupIP(_ context.Context, name string, f spf.Family) (spf.Answer[netip.Addr], error) {
	return lookUp(l, question{name, addressType(f)}, func(a *lockedAnswer) []netip.Addr { return a.addrs })
}

// LookupMX implements [spf.Resolver].
func (l *Lock) LookupMX(_ context.Context, name string) (spf.Answer[spf.MailExchange], error) {
	return lookUp(l, question{name, "MX"}, func(a *lockedAnswer) []spf.MailExchange { return a.mx })
}

// LookupPTR implements [spf.Resolver].
func (l *Lock) LookupPTR(_ context.Context, addr netip.Addr) (spf.Answer[string], error) {
	return lookUp(l, pointerOf(addr), func(a *lockedAnswer) []string { return a.ptr })
}

// pointerOf is the question for the names of an address.
func pointerOf(addr netip.Addr) question {
	return question{addr.Unmap().WithZone("").String(), "PTR"}
}

// compareQuestions sorts names by their labels from the right (RFC 4034,
// Section 6.1), so that what belongs to one owner stands together, and types
// by the alphabet.
func compareQuestions(a, b question) int {
	if c := compareNames(a.name, b.name); c != 0 {
		return c
	}
	return strings.Compare(a.typ, b.typ)
}

func compareNames(a, b string) int {
	for a != "" && b != "" {
		var x, y string
		a, x = cutLast(trimDot(a))
		b, y = cutLast(trimDot(b))
		if c := strings.Compare(x, y); c != 0 {
			return c
		}
	}
	return strings.Compare(a, b)
}

// cutLast takes the last label off a name without final dot.
func cutLast(name string) (rest, label string) {
	dot := strings.LastIndexByte(name, '.')
	return name[:dot+1], name[dot+1:]
}
