package spf

import (
	"context"
	"encoding/binary"
	"errors"
	"math/bits"
	"net/netip"
	"strings"
	"sync/atomic"
)

// compiled is the decision of a domain for each address, worked out once the
// domain has been asked for a few times, and from answers that are at hand
// only: no check ever asks the DNS more than its own terms need.
type compiled struct {
	uses atomic.Uint32 // checks that found no decision here
	last atomic.Pointer[decisions]
}

// firstCompilation is the use at which a domain is compiled. It is compiled
// again at each power of two, as more answers are at hand by then.
const firstCompilation = 4

// decisions are the policy of a domain in a form that is quick to search. A
// leaf with temperror stands for what was not at hand.
type decisions struct {
	domain   string // canonical
	start4   []uint32
	value4   []*Outcome // for the addresses from start4 on
	cells6   cells[*Outcome]
	explains bool // a fail has an explanation to be fetched
	expires  int64
}

// errNotAtHand is the failure of a lookup that may not ask the DNS.
var errNotAtHand = errors.New("the answer is not at hand")

// decided gives the decision for a sender of the domain itself. It is nil
// where the answers at hand do not say.
func (c *Checker) decided(ip netip.Addr, r *request) (*Outcome, *decisions) {
	if !ip.IsValid() || r.domain == "" {
		return nil, nil
	}
	c.setUp()
	it, known := c.caches.compiled.get(r.domain)
	if !known {
		c.caches.compiled.put(strings.Clone(r.domain), item[*compiled]{&compiled{}, never}, c.size)
		return nil, nil
	}
	d := it.value.last.Load()
	if d != nil && !c.fresh(d.expires) {
		it.value.last.Store(nil)
		it.value.uses.Store(0)
		d = nil
	}
	if d != nil {
		o := d.at(ip)
		if o.If != nil {
			o = c.decide(o, ip, r, d.domain)
		}
		if o != nil && o.isReady(d) {
			return o, d
		}
	}
	c.recompile(it.value, r.domain)
	return nil, nil
}

// isReady reports whether an outcome is all that check_host would give. It is
// not where something was not at hand, where an explanation is to be fetched,
// and for permerror, of which a policy does not always know the first cause.
func (o *Outcome) isReady(d *decisions) bool {
	switch o.Result {
	case Fail:
		return !d.explains
	case TempError, PermError:
		return false
	}
	return true
}

// fill puts an outcome in the place of the evaluation that would lead to it.
func (v *Evaluation) fill(c *Checker, d *decisions, o *Outcome) {
	v.Result, v.Domain = o.Result, d.domain
	v.Matched, v.MatchedIn = o.Matched, o.MatchedIn
	v.Lookups, v.Voids, v.Err = o.Lookups, o.Voids, o.Err
	if o.Result == Fail {
		v.Explanation = c.DefaultExplanation
	}
}

func (d *decisions) at(ip netip.Addr) *Outcome {
	if ip.Is4In6() {
		ip = ip.Unmap()
	}
	if !ip.Is4() {
		return d.cells6.at(numberOf(ip))
	}
	b := ip.As4()
	n := binary.BigEndian.Uint32(b[:])
	low, high := 0, len(d.start4)
	for high-low > 1 {
		if middle := int(uint(low+high) >> 1); d.start4[middle] <= n {
			low = middle
		} else {
			high = middle
		}
	}
	return d.value4[low]
}

// decide walks a decision tree for one message. It gives nil where a
// condition is none that can be decided with the answers at hand.
func (c *Checker) decide(o *Outcome, ip netip.Addr, r *request, domain string) *Outcome {
	if !isASCII(r.local) || !isASCII(r.helo) {
		return nil
	}
	var msg message
	msg.ip, msg.local, msg.domain, msg.helo = plainIP(ip), r.local, trimDot(domain), r.helo
	for o.If != nil {
		if !o.If.isExact() || o.If.Target.Uses("p") {
			return nil
		}
		var buf [maxName + 2]byte
		name, ok := canonicalTarget(msg.appendMacros(buf[:0], o.If.Target, domain, nil))
		if !ok {
			return nil
		}
		it, ok := c.caches.addrs[V4].getBytes(name)
		switch {
		case !ok || !c.fresh(it.expires):
			return nil
		case len(it.value) > 0:
			o = o.Then
		default:
			o = o.Else
		}
	}
	return o
}

// recompile works out the decisions anew at certain uses.
func (c *Checker) recompile(to *compiled, domain string) {
	n := to.uses.Add(1)
	if n < firstCompilation || bits.OnesCount32(n) != 1 {
		return
	}
	name, err := senderDomain(domain)
	if err != nil {
		return
	}
	d := &decisions{domain: name}
	var expires int64
	intern := newInterner()
	for _, f := range [...]Family{V4, V6} {
		s := c.symbolic(context.Background(), f, name, intern)
		s.atHand = true
		sub := s.policyOf(name, c.limits.Lookups)
		if s.intern.overflow != nil {
			return
		}
		expires = earliest(expires, sub.expires)
		if f == V6 {
			d.cells6 = sub.cells
			d.explains = s.explains(name)
			continue
		}
		for _, cell := range sub.cells {
			d.start4 = append(d.start4, uint32(cell.start.lo))
			d.value4 = append(d.value4, cell.value)
		}
	}
	if d.expires = expires; expires == 0 {
		d.expires = never
	}
	to.last.Store(d)
}

// explains reports whether a record whose fail counts has exp=, or might: the
// domain's own, or one that it is redirected to.
func (s *symbolic) explains(name string) bool {
	for range s.c.limits.Lookups + 1 {
		p, err := s.record(name)
		switch {
		case err != nil || p.record != nil && !p.record.Exp.IsZero():
			return true
		case p.record == nil || p.record.Redirect.IsZero():
			return false
		}
		next, ok := p.record.Redirect.Name()
		if !ok {
			return true
		}
		name = next
	}
	return true
}
