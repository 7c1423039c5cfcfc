package builder

import (
	"context"
	"errors"
	"fmt"

	"go4.org/netipx"

	"github.com/spfzone/spfzone/spf"
)

// outline is what stands in the place of an include: addresses, and mechanisms
// that must be kept, in this order unless last says that the addresses come
// behind.
type outline struct {
	set        *netipx.IPSet
	last       bool
	mechanisms []spf.Mechanism
	barriers   map[string]bool // of the mechanisms, by text, those that others must not pass
	counts     counts
}

func (o *outline) items() []item {
	var items []item
	for _, m := range o.mechanisms {
		items = append(items, item{mechanism: m, barrier: o.barriers[m.String()]})
	}
	if o.set == nil || len(o.set.Ranges()) == 0 {
		return items
	}
	addresses := item{set: o.set}
	if o.last {
		return append(items, addresses)
	}
	return append([]item{addresses}, items...)
}

// record gives the outline as a record that passes what it holds.
func (o *outline) record() *spf.Record {
	r := &spf.Record{}
	for _, it := range o.items() {
		if it.mechanism != nil {
			r.Directives = append(r.Directives, spf.Directive{Mechanism: it.mechanism})
			continue
		}
		for _, p := range it.set.Prefixes() {
			r.Directives = append(r.Directives, spf.Directive{Mechanism: networkOf(p)})
		}
	}
	return closed(r)
}

func closed(r *spf.Record) *spf.Record {
	r.Directives = append(r.Directives, spf.Directive{Qualifier: spf.QFail, Mechanism: spf.All{}})
	return r
}

// askedNobody is the domain for which a service's policy is computed where it
// does not depend on whom it is asked for.
const askedNobody = "spfzone.invalid."

// passPolicy gives the policy of a record that includes name and nothing else,
// asked for by a domain.
func (b *build) passPolicy(ctx context.Context, name, asked string) (*spf.Policy, error) {
	include, err := includeOf(name)
	if err != nil {
		return nil, err
	}
	return b.policyOf(ctx, asked, closed(&spf.Record{Directives: []spf.Directive{{Mechanism: include}}}))
}

func (b *build) policyOf(ctx context.Context, domain string, r *spf.Record) (*spf.Policy, error) {
	return b.under(contents{records: map[string]*spf.Record{domain: r}}, listLimits).Policy(ctx, domain)
}

// errInexact says that no list of terms means what an include means.
var errInexact = errors.New("what its record says cannot be written as terms of another one")

// flatten gives what may stand in the place of include:name: the addresses
// that the target's policy passes, and those of its terms that each message
// decides. The error is errInexact where that would not be the same.
func (b *build) flatten(ctx context.Context, name, asked string) (*outline, error) {
	policy, err := b.passPolicy(ctx, name, asked)
	if err != nil {
		return nil, err
	}
	if err := whole(policy); err != nil {
		return nil, err
	}
	o := &outline{set: passesAtLast(policy), barriers: map[string]bool{}}
	for _, c := range policy.Conditions() {
		if c.Directive == nil {
			return nil, errInexact
		}
		d, err := c.Directive.Bind(c.Domain)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errInexact, err)
		}
		text := d.Mechanism.String()
		if _, listed := o.barriers[text]; !listed {
			o.mechanisms = append(o.mechanisms, d.Mechanism)
			o.barriers[text] = !commutes(c)
		}
	}
	return o, b.sameAs(ctx, o, policy, asked)
}

// passesAtLast gives the addresses that pass where no conditional term
// matches.
func passesAtLast(p *spf.Policy) *netipx.IPSet {
	var set netipx.IPSetBuilder
	for _, f := range [...]spf.Family{spf.V4, spf.V6} {
		for addrs, o := range p.Ranges(f) {
			for o.If != nil {
				o = o.Else
			}
			if o.Result == spf.Pass {
				set.AddRange(addrs)
			}
		}
	}
	return mustSet(&set)
}

// sameAs tries both orders of an outline against the policy that it is to
// have.
func (b *build) sameAs(ctx context.Context, o *outline, want *spf.Policy, asked string) error {
	for _, o.last = range []bool{false, true} {
		got, err := b.policyOf(ctx, asked, o.record())
		if err != nil {
			return err
		}
		if got.Equal(want) {
			o.counts = countsOf(got)
			return nil
		}
	}
	return errInexact
}

// commutes reports whether a conditional term may change places with others of
// its qualifier: exists either matches or does not; all others can end in an
// error too.
func commutes(c *spf.Condition) bool {
	if c.Directive == nil {
		return false
	}
	_, ok := c.Directive.Mechanism.(spf.Exists)
	return ok
}

// whole says why a policy cannot be relied on: some address gets temperror,
// permerror or none.
func whole(p *spf.Policy) error {
	for _, f := range [...]spf.Family{spf.V4, spf.V6} {
		known := map[*spf.Outcome]bool{}
		for _, o := range p.Ranges(f) {
			if err := wholeOutcome(o, known); err != nil {
				return err
			}
		}
	}
	return nil
}

// wholeOutcome looks at a decision tree. known holds those of its nodes that
// are whole, as many ways may lead to one.
func wholeOutcome(o *spf.Outcome, known map[*spf.Outcome]bool) error {
	if known[o] {
		return nil
	}
	if o.If != nil {
		if err := wholeOutcome(o.Then, known); err != nil {
			return err
		}
		if err := wholeOutcome(o.Else, known); err != nil {
			return err
		}
		known[o] = true
		return nil
	}
	switch o.Result {
	case spf.TempError:
		return &Refusal{Kind: DNSFailure, Msg: o.Err.Error(), Err: o.Err}
	case spf.PermError, spf.None:
		return &Refusal{Kind: Broken, Msg: o.Err.Error(), Err: o.Err}
	}
	return nil
}
