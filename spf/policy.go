package spf

import (
	"context"
	"fmt"
	"iter"
	"net/netip"
	"slices"

	"go4.org/netipx"
)

// Policy is what a domain's record says about every address there is: the
// function from client address to result that check_host computes one address
// at a time. It is immutable.
//
// It is computed by running check_host on sets of addresses. At first the
// whole family is one set, open, with no lookup counted. Each directive in
// turn takes the open sets apart: the addresses that it matches get its
// result, and the rest stay open, with their own counters of lookups and void
// lookups. For an include the sets are those of the target's policy, which is
// computed in the same way, once, with its counters relative to its start: its
// pass is a match, its fail, softfail and neutral stay open, and its permerror
// and none are permerror. A counter that passes its limit makes permerror of
// the set that it belongs to, so that the policy shows which senders run into
// the eleventh lookup. What is open at the end goes to redirect=, or is
// neutral.
//
// The macro letters d, o and v stand for the same in every message, and terms
// that use only these are evaluated like any other. A term that depends on
// more of the message than the address is a [Condition]: the set is not taken
// apart, its outcome becomes a decision between match and no match. That its
// own lookups fail is not foreseen.
//
// The policy is that for senders of the domain itself, whose "%{o}" is the
// domain. IPv6 clients with an IPv4-mapped address count as IPv4 and have the
// IPv4 outcome.
type Policy struct {
	Domain string // canonical

	families [2]cells[*Outcome]
}

// Policy computes the policy of a domain. What goes wrong in the DNS is part
// of it: the result temperror for the addresses that are concerned. The error
// is not nil only if the domain is no domain name of two labels or more, ctx
// is over, or it is ErrTooComplex; ctx alone limits the time.
func (c *Checker) Policy(ctx context.Context, domain string) (*Policy, error) {
	c.setUp()
	name, err := senderDomain(domain)
	if err != nil {
		return nil, err
	}
	p := &Policy{Domain: name}
	intern := newInterner()
	for f := range p.families {
		s := c.symbolic(ctx, Family(f), name, intern)
		sub := s.policyOf(name, c.limits.Lookups)
		s.done()
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p.families[f] = s.reduce(sub.cells)
		if s.intern.overflow != nil {
			return nil, fmt.Errorf("policy of %s: %w", domain, ErrTooComplex)
		}
	}
	return p, nil
}

// reduce leaves out the conditions that make no difference, and joins
// neighbours that turn out equal. Cells without any are shared with the
// Checker's.
func (s *symbolic) reduce(c cells[*Outcome]) cells[*Outcome] {
	if slices.ContainsFunc(c, func(c cell[*Outcome]) bool { return c.value.If != nil }) {
		r := reduction{s.intern, newNumbering(), map[*Outcome]*Outcome{}, map[*Outcome]counters{}}
		c = join(c, cells[bool]{{number{}, true}}, func(o *Outcome, _ bool) *Outcome { return r.of(o) })
	}
	equal := func(a, b cell[*Outcome]) bool { return *a.value == *b.value }
	for i := 1; i < len(c); i++ {
		if equal(c[i-1], c[i]) {
			return slices.CompactFunc(slices.Clone(c), equal)
		}
	}
	return c
}

func (c *Checker) symbolic(ctx context.Context, f Family, asked string, intern *interner) *symbolic {
	return &symbolic{
		live:   &live{c: c, ctx: ctx, timed: ctx},
		family: f,
		asked:  asked,
		intern: intern,
		memo:   map[string]*subpolicy{},
	}
}

// At gives the outcome for an address, which must be valid.
func (p *Policy) At(ip netip.Addr) *Outcome {
	ip = ip.Unmap()
	return p.families[FamilyOf(ip)].at(numberOf(ip))
}

// Result gives the result for an address, which must be valid. It is not
// static where conditional terms decide; the result then says nothing.
func (p *Policy) Result(ip netip.Addr) (r Result, static bool) {
	o := p.At(ip)
	return o.Result, o.If == nil
}

// Ranges gives every address of a family with its outcome, in ascending
// order. Neighbouring ranges have different outcomes.
func (p *Policy) Ranges(f Family) iter.Seq2[netipx.IPRange, *Outcome] {
	return func(yield func(netipx.IPRange, *Outcome) bool) {
		eachRange(p.families[f], f, yield)
	}
}

func eachRange[T comparable](c cells[T], f Family, yield func(netipx.IPRange, T) bool) {
	for i := range c {
		last := lastOf(f)
		if i+1 < len(c) {
			last = c[i+1].start.previous()
		}
		if !yield(netipx.IPRangeFrom(c[i].start.addr(f), last.addr(f)), c[i].value) {
			return
		}
	}
}

// Set gives the addresses that have a result whatever the message.
func (p *Policy) Set(r Result) *netipx.IPSet {
	return p.where(func(o *Outcome) bool { return o.If == nil && o.Result == r })
}

// where gives the addresses whose outcome has a property.
func (p *Policy) where(has func(*Outcome) bool) *netipx.IPSet {
	var b netipx.IPSetBuilder
	for _, f := range [...]Family{V4, V6} {
		for addrs, o := range p.Ranges(f) {
			if has(o) {
				b.AddRange(addrs)
			}
		}
	}
	set, err := b.IPSet()
	if err != nil {
		panic(err) // every range above is valid
	}
	return set
}

// Prefixes gives the minimal CIDR cover of [Policy.Set]: IPv4 first, in
// ascending order.
func (p *Policy) Prefixes(r Result) []netip.Prefix { return p.Set(r).Prefixes() }

// Static reports whether no conditional term decides for any address.
func (p *Policy) Static() bool { return len(p.Conditions()) == 0 }

// Conditions gives the conditional terms, each once, in the order in which
// they come up for ascending addresses.
func (p *Policy) Conditions() []*Condition {
	var out []*Condition
	seen := map[string]bool{}
	visited := map[*Outcome]bool{}
	var walk func(*Outcome)
	walk = func(o *Outcome) {
		if o.If == nil || visited[o] {
			return
		}
		visited[o] = true
		if !seen[o.If.key] {
			seen[o.If.key] = true
			out = append(out, o.If)
		}
		walk(o.Then)
		walk(o.Else)
	}
	for _, family := range p.families {
		for i := range family {
			walk(family[i].value)
		}
	}
	return out
}

// MaxLookups gives the most lookups that any address needs, at most one above
// the limit. Targets that depend on the message are counted as one.
func (p *Policy) MaxLookups() int { return p.most(func(o *Outcome) int { return o.Lookups }) }

// MaxVoids gives the most void lookups that any address meets, at most one
// above the limit.
func (p *Policy) MaxVoids() int { return p.most(func(o *Outcome) int { return o.Voids }) }

func (p *Policy) most(counter func(*Outcome) int) int {
	n := 0
	seen := map[*Outcome]bool{}
	for _, family := range p.families {
		for i := range family {
			family[i].value.leaves(seen, func(leaf *Outcome) { n = max(n, counter(leaf)) })
		}
	}
	return n
}
