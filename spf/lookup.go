package spf

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// caches are the answers of the DNS that a Checker keeps, by canonical name,
// and what it worked out from them.
type caches struct {
	records  *store[*published]
	addrs    [2]*store[[]netip.Addr]
	mx       *store[[]MailExchange]
	ptr      *store[[]string]
	parsed   *store[parsed]
	children [2]*store[*subpolicy]
	shared   [2]*store[*subpolicy] // that hold under any overlay without their names
	compiled *store[*compiled]
}

func newCaches() caches {
	return caches{
		records:  newStore[*published](),
		addrs:    [2]*store[[]netip.Addr]{newStore[[]netip.Addr](), newStore[[]netip.Addr]()},
		mx:       newStore[[]MailExchange](),
		ptr:      newStore[[]string](),
		parsed:   newStore[parsed](),
		children: [2]*store[*subpolicy]{newStore[*subpolicy](), newStore[*subpolicy]()},
		shared:   [2]*store[*subpolicy]{newStore[*subpolicy](), newStore[*subpolicy]()},
		compiled: newStore[*compiled](),
	}
}

// published is what a name publishes as SPF: a record, or why there is none.
type published struct {
	record *Record
	text   string
	result Result           // None or PermError where record is nil
	err    *EvaluationError // why
}

// parsed is the outcome of Parse, kept by text, as thousands of names publish
// the same one.
type parsed struct {
	record *Record
	err    *SyntaxError
}

// live answers questions out of the caches and else from the Resolver. It
// belongs to one evaluation and remembers when the first of its answers
// expires.
type live struct {
	c       *Checker
	ctx     context.Context    // the caller's
	timed   context.Context    // with the overall time limit, once it is needed
	cancel  context.CancelFunc // of timed
	expires int64              // of the answers so far; 0 stands for never
	atHand  bool               // the Resolver may not be asked
	asked   []string           // over another Checker: the names of the answers so far
	planned bool               // one of them is the overlay's
}

// query gives the context for a question to the Resolver. The time limit
// begins with the first question.
func (l *live) query() context.Context {
	if l.timed == nil {
		timeout := l.c.Timeout
		if timeout == 0 {
			timeout = DefaultTimeout
		}
		l.timed, l.cancel = context.WithTimeout(l.ctx, timeout)
	}
	return l.timed
}

// done releases what query took.
func (l *live) done() {
	if l.cancel != nil {
		l.cancel()
	}
}

// note keeps the earliest instant at which an answer expires.
func (l *live) note(expires int64) {
	if expires != never {
		l.expires = earliest(l.expires, expires)
	}
}

// earliest compares instants of which zero stands for never.
func earliest(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// LookupError says which question to the DNS failed. Check_host then gives
// temperror (RFC 7208, Section 2.6.6).
type LookupError struct {
	Name string // canonical
	Type string // "TXT", "A", "AAAA", "MX" or "PTR"
	Err  error  // the Resolver's
}

func (e *LookupError) Error() string {
	return fmt.Sprintf("the lookup of %s %s failed: %v", e.Name, e.Type, e.Err)
}

// Unwrap gives the error of the Resolver.
func (e *LookupError) Unwrap() error { return e.Err }

// ask gives a kept answer, or asks for one and keeps it. name is copied
// before it is kept or handed on.
func ask[V any](l *live, s *store[V], name []byte, typ string, lookup func(name string) (V, int64, error)) (V, error) {
	if l.c.base != nil {
		l.asks(string(name))
	}
	if it, ok := s.getBytes(name); ok && l.c.fresh(it.expires) {
		l.note(it.expires)
		return it.value, nil
	}
	key := string(name)
	if l.atHand {
		var none V
		return none, errNotAtHand
	}
	value, expires, err := lookup(key)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) && l.ctx.Err() == nil {
			err = fmt.Errorf("time limit of the evaluation (RFC 7208, Section 4.6.4): %w", err)
		}
		return value, &LookupError{key, typ, err}
	}
	s.put(key, item[V]{value, expires}, l.c.size)
	l.note(expires)
	return value, nil
}

// record gives what a canonical name publishes (RFC 7208, Sections 4.4 to
// 4.6).
func (l *live) record(name string) (*published, error) {
	owner := l.c.owner(name)
	if it, ok := owner.caches.records.get(name); ok && l.c.base == nil && l.c.fresh(it.expires) {
		l.note(it.expires)
		return it.value, nil
	}
	return ask(l, owner.caches.records, []byte(name), "TXT", func(name string) (*published, int64, error) {
		answer, err := l.c.Resolver.LookupTXT(l.query(), name)
		if err != nil {
			return nil, 0, err
		}
		return owner.selectRecord(name, answer), l.c.expiry(answer.TTL), nil
	})
}

// selectRecord picks the one SPF record out of an answer (RFC 7208, Section
// 4.5) and parses it.
func (c *Checker) selectRecord(name string, answer Answer[TXT]) *published {
	var texts []string
	for _, txt := range answer.Records {
		if text := txt.Join(); IsSPF(text) {
			texts = append(texts, text)
		}
	}
	switch {
	case len(texts) == 0 && answer.NXDomain:
		return &published{result: None, err: &EvaluationError{Domain: name, Msg: "the name does not exist", Section: "4.3"}}
	case len(texts) == 0:
		return &published{result: None, err: &EvaluationError{Domain: name, Msg: "no SPF record", Section: "4.5"}}
	case len(texts) > 1:
		return &published{result: PermError, err: &EvaluationError{Domain: name, Section: "4.5",
			Msg: fmt.Sprintf("%d SPF records where one belongs: merge them", len(texts))}}
	}
	p := c.parse(texts[0])
	if p.err != nil {
		return &published{text: texts[0], result: PermError, err: &EvaluationError{Domain: name, Err: p.err}}
	}
	return &published{record: p.record, text: texts[0]}
}

func (c *Checker) parse(text string) parsed {
	if it, ok := c.caches.parsed.get(text); ok {
		return it.value
	}
	record, err := Parse(text)
	p := parsed{record: record}
	if err != nil && !errors.As(err, &p.err) {
		p.err = &SyntaxError{Text: text, Msg: err.Error()}
	}
	c.caches.parsed.put(text, item[parsed]{p, never}, c.size)
	return p
}

// addresses gives the A or AAAA records of a canonical name.
func (l *live) addresses(name []byte, f Family) ([]netip.Addr, error) {
	return ask(l, l.c.ownerOf(name).caches.addrs[f], name, [...]string{"A", "AAAA"}[f], func(name string) ([]netip.Addr, int64, error) {
		answer, err := l.c.Resolver.LookupIP(l.query(), name, f)
		return answer.Records, l.c.expiry(answer.TTL), err
	})
}

// exchanges gives the MX records of a canonical name, by preference.
func (l *live) exchanges(name []byte) ([]MailExchange, error) {
	return ask(l, l.c.ownerOf(name).caches.mx, name, "MX", func(name string) ([]MailExchange, int64, error) {
		answer, err := l.c.Resolver.LookupMX(l.query(), name)
		byPreference := func(a, b MailExchange) int { return int(a.Preference) - int(b.Preference) }
		if !slices.IsSortedFunc(answer.Records, byPreference) {
			answer.Records = slices.Clone(answer.Records)
			slices.SortStableFunc(answer.Records, byPreference)
		}
		return answer.Records, l.c.expiry(answer.TTL), err
	})
}

// pointers gives the names that the reverse zone has for an address.
func (l *live) pointers(ip netip.Addr) ([]string, error) {
	return ask(l, l.c.caches.ptr, []byte(reverseName(ip)), "PTR", func(string) ([]string, int64, error) {
		answer, err := l.c.Resolver.LookupPTR(l.query(), ip)
		return answer.Records, l.c.expiry(answer.TTL), err
	})
}

// reverseName is the name in the reverse zone that stands for an address (RFC
// 1035, Section 3.5; RFC 3596, Section 2.5).
func reverseName(ip netip.Addr) string {
	labels := strings.Split(strings.ToLower(string(appendDotted(nil, ip))), ".")
	slices.Reverse(labels)
	return strings.Join(labels, ".") + "." + reverseZone(FamilyOf(ip)) + ".arpa."
}
