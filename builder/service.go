package builder

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"go4.org/netipx"

	"github.com/spfzone/spfzone/spf"
)

// node is a term that asks the DNS, and what may stand in its place. A service
// is the node of its include; the terms of its record are nodes below it.
type node struct {
	mechanism spf.Mechanism // that says the same in any record
	kept      counts        // what a receiver counts where it stands as it is
	barrier   bool          // no other term may change places with it
	flat      *outline      // nil where addresses cannot say the same
	flatWhy   error         // why not
	open      *opening      // nil where its terms cannot stand in its place
	changes   float64       // that a prefix sees in a year
	static    bool          // it matches the same addresses whatever the message
	nobody    bool          // it matches no address, whatever the message

	known      shared[counts, []*choice] // the ways to treat it, by limit
	flattening sync.Once
	flattened  *choice
}

// opening is a record whose terms may stand in the place of its include.
type opening struct {
	set   *netipx.IPSet // of ip4 and ip6
	nodes []*node       // the other terms, in order
}

// counts are the counters of RFC 7208, Section 4.6.4. Void lookups are counted
// for a family, as a client has one.
type counts struct {
	lookups int
	voids   [2]int // by family
}

// String gives the lookups, and says which of them are void for whom.
func (c counts) String() string {
	switch v4, v6 := c.voids[spf.V4], c.voids[spf.V6]; {
	case v4 == 0 && v6 == 0:
		return fmt.Sprint(c.lookups)
	case v4 == 0:
		return fmt.Sprintf("%d (%d void for IPv6 clients)", c.lookups, v6)
	case v6 == 0:
		return fmt.Sprintf("%d (%d void for IPv4 clients)", c.lookups, v4)
	case v4 != v6:
		return fmt.Sprintf("%d (%d void for IPv4 clients, %d for IPv6)", c.lookups, v4, v6)
	default:
		return fmt.Sprintf("%d (%d void)", c.lookups, v4)
	}
}

func (c counts) plus(o counts) counts {
	c.lookups += o.lookups
	for f := range c.voids {
		c.voids[f] += o.voids[f]
	}
	return c
}

// most gives the larger of each counter.
func (c counts) most(o counts) counts {
	c.lookups = max(c.lookups, o.lookups)
	for f := range c.voids {
		c.voids[f] = max(c.voids[f], o.voids[f])
	}
	return c
}

// within reports whether the counters keep to limits.
func (c counts) within(l Limits) bool {
	return c.lookups <= l.Lookups-l.Reserve && max(c.voids[spf.V4], c.voids[spf.V6]) <= l.Voids
}

// countsOf gives the most that any address needs. A policy counts what is
// certain. A ptr, or an a or mx whose target depends on the message, may be
// void besides where it does not match.
func countsOf(p *spf.Policy) counts {
	var c counts
	for _, f := range [...]spf.Family{spf.V4, spf.V6} {
		known := map[*spf.Outcome][2]int{}
		for _, o := range p.Ranges(f) {
			most := mostOf(o, known)
			c.lookups = max(c.lookups, most[0])
			c.voids[f] = max(c.voids[f], most[1])
		}
	}
	return c
}

// mostOf gives the most lookups and void lookups on any way through a decision
// tree. known holds those of its nodes, as many ways may lead to one.
func mostOf(o *spf.Outcome, known map[*spf.Outcome][2]int) [2]int {
	if o.If == nil {
		return [2]int{o.Lookups, o.Voids}
	}
	if most, ok := known[o]; ok {
		return most
	}
	then, otherwise := mostOf(o.Then, known), mostOf(o.Else, known)
	most := [2]int{max(then[0], otherwise[0]), max(then[1], otherwise[1]+possibleVoid(o.If))}
	known[o] = most
	return most
}

// possibleVoid gives the void lookups of a condition that does not match, of
// which the policy counts none.
func possibleVoid(c *spf.Condition) int {
	if c.Directive != nil {
		switch c.Directive.Mechanism.(type) {
		case spf.PTR, spf.A, spf.MX:
			return 1
		}
	}
	return 0
}

// node works out what may stand in the place of a mechanism that asks the DNS.
// above holds the names of the includes around it, so that a record that
// includes itself is not opened for ever.
func (b *build) node(ctx context.Context, m spf.Mechanism, asked string, above []string) (*node, error) {
	d := spf.Directive{Mechanism: m}
	policy, err := b.policyOf(ctx, asked, closed(&spf.Record{Directives: []spf.Directive{d}}))
	if err != nil {
		return nil, err
	}
	if err := whole(policy); err != nil {
		return nil, fmt.Errorf("%v: %w", d, err)
	}
	n := &node{mechanism: m, kept: countsOf(policy)}
	n.static = policy.Static()
	n.nobody = n.static && len(policy.Prefixes(spf.Pass)) == 0
	for _, c := range policy.Conditions() {
		n.barrier = n.barrier || !commutes(c)
	}
	name, named := d.Domain().Name()
	switch m.(type) {
	case spf.Include:
		if !named {
			return n, nil
		}
		if n.flat, n.flatWhy = b.flatten(ctx, name, asked); n.flatWhy != nil {
			n.flat = nil
			if !errors.Is(n.flatWhy, errInexact) {
				return nil, n.flatWhy
			}
		}
		n.open, err = b.opening(ctx, name, asked, n.barrier, append(above, name))
	case spf.A, spf.MX:
		if named && len(policy.Conditions()) == 0 {
			n.flat = &outline{set: policy.Set(spf.Pass)}
		}
	}
	return n, err
}

// opening reads the record of name and gives its terms as nodes. It is nil
// where they cannot stand in another record: one has a qualifier, all matches,
// or another term may not change places with one of them.
func (b *build) opening(ctx context.Context, name, asked string, barrier bool, above []string) (*opening, error) {
	if barrier || repeats(above) {
		return nil, nil
	}
	r, err := b.record(ctx, name)
	if err != nil || r == nil {
		return nil, err
	}
	directives, ok := passing(r)
	if !ok {
		return nil, nil
	}
	var set netipx.IPSetBuilder
	o := &opening{}
	seen := map[string]bool{} // terms that match nobody where they stand once more
	for _, d := range directives {
		if p, ok := literal(d.Mechanism); ok {
			set.AddPrefix(p)
			continue
		}
		bound, err := d.Bind(name)
		if err != nil {
			return nil, nil
		}
		if seen[bound.Mechanism.String()] {
			continue
		}
		n, err := b.node(ctx, bound.Mechanism, asked, above)
		if err != nil {
			return nil, err
		}
		seen[bound.Mechanism.String()] = n.static
		o.nodes = append(o.nodes, n)
	}
	o.set = mustSet(&set)
	return o, nil
}

// repeats reports whether the last name stands among those before it.
func repeats(names []string) bool {
	last := len(names) - 1
	for _, n := range names[:last] {
		if n == names[last] {
			return true
		}
	}
	return false
}

// passing gives the directives of a record that passes what any of them
// matches and nothing else. redirect= is as good as an include there.
func passing(r *spf.Record) (directives []spf.Directive, ok bool) {
	for _, d := range r.Directives {
		if _, isAll := d.Mechanism.(spf.All); isAll {
			return directives, d.Qualifier != spf.QPass
		}
		if d.Qualifier != spf.QPass {
			return nil, false
		}
		directives = append(directives, d)
	}
	if !r.Redirect.IsZero() {
		directives = append(directives, spf.Directive{Mechanism: spf.Include{Domain: r.Redirect}})
	}
	return directives, true
}

// service is what is known of a listed mechanism, whoever lists it.
type service struct {
	node *node
	err  error
	over *build // looks at it where it depends on the domain that it is asked for; else nil
}

// service gives the node of a listed mechanism. Where its tree does not
// depend on the domain that it is asked for, it is worked out once for all.
func (b *build) service(ctx context.Context, m spf.Mechanism, asked string) (*node, error) {
	if bound(m) {
		return b.node(ctx, m, asked, nil) // which stays, so that nothing depends on its changes
	}
	s := b.services.get(m.String(), func() *service { return b.newService(ctx, m) })
	if s.over == nil {
		return s.node, s.err
	}
	n, err := s.over.node(ctx, m, asked, nil)
	if err == nil {
		n.setChanges(b.changes(m))
	}
	return n, err
}

func (b *build) newService(ctx context.Context, m spf.Mechanism) *service {
	reading := &reading{Resolver: b.resolver}
	if name, ok := includedBy(m); ok && b.domains[name] != nil {
		reading.Resolver = b.planned.known(name).contents.over(b.resolver)
	}
	watched := over(reading)
	n, err := watched.node(ctx, m, askedNobody, nil)
	if reading.usesSender.Load() || mentionsSender(m.String()) {
		return &service{over: watched}
	}
	if err == nil {
		n.setChanges(b.changes(m))
	}
	return &service{node: n, err: err}
}

// listNode gives the node of a mechanism in the list of a record, which is
// asked for by its own name and, if it is a region's, by the domain's too.
// What differs by that is left as it is.
func (b *build) listNode(ctx context.Context, m spf.Mechanism, name, domain string) (*node, error) {
	n, err := b.service(ctx, m, name)
	if err != nil || name == domain || bound(m) {
		return n, err
	}
	other, err := b.service(ctx, m, domain)
	if err != nil || other == n {
		return n, err
	}
	both := &node{mechanism: m, kept: n.kept.most(other.kept), barrier: n.barrier || other.barrier, flatWhy: errTwoDomains}
	return both, nil
}

// errTwoDomains says why a term of a region stays as it is.
var errTwoDomains = errors.New("what it says depends on the domain that it is asked for (%{o}), which may be the region or the domain above it")

// mentionsSender reports whether a record holds the macro letter o, whose
// meaning depends on the domain asked for.
func mentionsSender(text string) bool {
	return strings.Contains(text, "%{o") || strings.Contains(text, "%{O")
}
