package spf

import (
	"errors"
	"net/netip"
	"slices"
)

// symbolic runs check_host for all addresses of a family at once. It belongs
// to one computation.
type symbolic struct {
	*live
	family Family
	asked  string // canonical name of the domain whose policy is wanted, "%{o}"
	intern *interner
	memo   map[string]*subpolicy // of this computation
}

// subpolicy is what a record says, with counters relative to its start. It
// holds wherever the record is included or redirected to.
type subpolicy struct {
	cells   cells[*Outcome]
	budget  int   // lookups that were allowed
	cut     bool  // some addresses would have needed more
	usesO   bool  // it depends on the domain asked for
	expires int64 // 0 stands for never
	passing bool  // it holds no temperror, and so may be kept

	asked   []string // over another Checker: the names that it depends on
	planned bool     // one of them is the overlay's
	most    int      // of a shared one: the lookups that it counts at the most

	entries entries // how its decisions look from the records that lead to it
}

// policyOf gives the policy of a canonical name with budget lookups left.
func (s *symbolic) policyOf(name string, budget int) *subpolicy {
	kept := s.c.caches.children[s.family]
	for _, key := range [...]string{name, name + " " + s.asked} {
		if p := s.memo[key]; p != nil && p.covers(budget) {
			return p
		}
		if it, ok := kept.get(key); ok && it.value.covers(budget) && s.c.fresh(it.expires) {
			return it.value
		}
	}
	if p := s.sharedOf(name, budget); p != nil {
		s.memo[name] = p
		return p
	}
	outer := s.live
	inner := *outer
	inner.expires, inner.asked, inner.planned = 0, nil, false
	s.live = &inner
	p := s.compute(name, budget)
	p.expires, p.asked, p.planned = inner.expires, inner.asked, inner.planned
	outer.timed, outer.cancel = inner.timed, inner.cancel
	s.live = outer

	key := name
	if p.usesO {
		key += " " + s.asked
	}
	s.memo[key] = p
	if !p.passing || s.intern.overflow != nil || s.share(name, p) {
		return p
	}
	kept.put(key, item[*subpolicy]{p, expiryOf(p)}, s.c.size)
	return p
}

// expiryOf gives when a policy expires, as the stores have it.
func expiryOf(p *subpolicy) int64 {
	if p.expires == 0 {
		return never
	}
	return p.expires
}

func (p *subpolicy) covers(budget int) bool { return !p.cut || budget <= p.budget }

// all gives one outcome for every address.
func all(o *Outcome) cells[*Outcome] { return cells[*Outcome]{{number{}, o}} }

func (s *symbolic) leaf(r Result, err *EvaluationError) *Outcome {
	return s.intern.get(Outcome{Result: r, MatchedIn: err.Domain, Err: err})
}

// run is the evaluation of one record.
type run struct {
	*symbolic
	name   string
	out    *subpolicy
	record *Record
	cells  cells[*Outcome]
}

func (s *symbolic) compute(name string, budget int) *subpolicy {
	out := &subpolicy{budget: budget, passing: true}
	p, err := s.record(name)
	switch {
	case err != nil:
		out.passing = false
		out.cells = all(s.leaf(TempError, &EvaluationError{Domain: name, Err: err}))
		return out
	case p.record == nil:
		out.cells = all(s.leaf(p.result, p.err))
		return out
	}
	r := &run{symbolic: s, name: name, out: out, record: p.record, cells: all(s.intern.get(Outcome{open: true}))}
	r.directives()
	r.finish()
	out.cells = slices.Clone(r.cells) // to its true length, as it is kept
	return out
}

// directives takes the directives in order, ip4 and ip6 by runs.
func (r *run) directives() {
	ds := r.record.Directives
	for i := 0; i < len(ds) && r.open(); {
		n := 0
		var blocks []block
		for ; i+n < len(ds); n++ {
			p, ok := literalNetwork(ds[i+n].Mechanism)
			if !ok {
				break
			}
			if f := familyOfPrefix(p); f == r.family {
				first, last := bounds(p)
				blocks = append(blocks, block{first, last, i + n})
			}
		}
		switch {
		case n == 0:
			r.directive(&ds[i])
			i++
		case len(blocks) > 0:
			r.cells = join(r.cells, firstMatches(blocks, r.family), r.matchNetwork)
			fallthrough
		default:
			i += n
		}
	}
}

// literalNetwork gives the prefix of ip4 and ip6.
func literalNetwork(m Mechanism) (netip.Prefix, bool) {
	switch m := m.(type) {
	case IP4:
		return m.Prefix, true
	case IP6:
		return m.Prefix, true
	}
	return netip.Prefix{}, false
}

// familyOfPrefix is the family of a prefix as its mechanism has it: an IPv4-mapped
// one is IPv6.
func familyOfPrefix(p netip.Prefix) Family {
	if p.Addr().Is4() {
		return V4
	}
	return V6
}

// open reports whether evaluation goes on for some address.
func (r *run) open() bool {
	for i := range r.cells {
		if r.cells[i].value.open {
			return true
		}
	}
	return false
}

func (r *run) matchNetwork(o *Outcome, index int) *Outcome {
	if index < 0 || !o.open {
		return o
	}
	d := &r.record.Directives[index]
	return r.intern.mapOpen(o, func(o *Outcome) *Outcome { return r.decide(d, o.Lookups, o.Voids) })
}

// decide is the outcome of a directive that matches.
func (r *run) decide(d *Directive, lookups, voids int) *Outcome {
	return r.intern.get(Outcome{Result: d.Qualifier.Result(), Lookups: lookups, Voids: voids, Matched: d, MatchedIn: r.name})
}

// goOn is the outcome of a directive that does not match.
func (r *run) goOn(lookups, voids int) *Outcome {
	return r.intern.get(Outcome{Lookups: lookups, Voids: voids, open: true})
}

func (r *run) fail(result Result, lookups, voids int, err *EvaluationError) *Outcome {
	if result == TempError {
		r.out.passing = false
	}
	return r.intern.get(Outcome{Result: result, Lookups: lookups, Voids: voids, MatchedIn: r.name, Err: r.intern.failure(*err)})
}

// everywhere replaces the open leaves for all addresses.
func (r *run) everywhere(f func(*Outcome) *Outcome) {
	r.cells = join(r.cells, cells[bool]{{number{}, true}}, func(o *Outcome, _ bool) *Outcome { return r.intern.mapOpen(o, f) })
}

// within holds counters to the limits: it gives the outcome where one is
// passed, and nil where none is.
func (r *run) within(lookups, voids int, term string) *Outcome {
	limits := r.c.limits
	limits.Lookups = min(limits.Lookups, r.out.budget)
	switch {
	case lookups > limits.Lookups:
		r.out.cut = true
		return r.fail(PermError, limits.Lookups+1, min(voids, limits.Voids), tooManyLookups(r.c.limits, r.name, term))
	case voids > limits.Voids:
		return r.fail(PermError, lookups, limits.Voids+1, tooManyVoids(r.c.limits, r.name, term))
	}
	return nil
}

func (r *run) directive(d *Directive) {
	switch m := d.Mechanism.(type) {
	case All:
		r.everywhere(func(o *Outcome) *Outcome { return r.decide(d, o.Lookups, o.Voids) })
	case Include:
		r.include(d, m)
	default:
		switch listed, ok := r.listed(d); {
		case ok:
			r.lookup(d, func() found { return listed })
		case d.Conditional():
			r.conditional(d)
		default:
			r.lookup(d, func() found { return r.find(d, d.Domain()) })
		}
	}
}

// conditional leaves a, mx, ptr or exists for each message to decide.
func (r *run) conditional(d *Directive) {
	term := d.String()
	if d.Domain().macro.Uses("o") {
		r.out.usesO = true
	}
	c := r.intern.condition(newCondition(d, r.name, r.asked, DomainSpec{}, r.family))
	void := 0
	if _, ok := d.Mechanism.(Exists); ok {
		void = 1
	}
	r.everywhere(func(o *Outcome) *Outcome {
		if over := r.within(o.Lookups+1, o.Voids, term); over != nil {
			return over
		}
		otherwise := r.within(o.Lookups+1, o.Voids+void, term)
		if otherwise == nil {
			otherwise = r.goOn(o.Lookups+1, o.Voids+void)
		}
		return r.intern.branch(c, r.decide(d, o.Lookups+1, o.Voids), otherwise)
	})
}

// target gives the canonical name that a static domain-spec stands for.
func (r *run) target(spec DomainSpec) (name string, ok bool) {
	if spec.IsZero() {
		return r.name, true
	}
	if name, literal := spec.Name(); literal {
		return name, isTarget(name)
	}
	if spec.macro.Uses("o") {
		r.out.usesO = true
	}
	bound := spec.macro.bind(r.name, r.asked, r.family)
	canonical, ok := canonicalTarget([]byte(bound.parts[0].Literal))
	return string(canonical), ok
}

// found is what the DNS has for a static term, in order: addresses that match,
// then perhaps an error for all others.
type found struct {
	blocks []block
	all    bool // every address matches
	void   bool
	err    error
}

// lookup evaluates a, mx and exists where the addresses that match can be
// found.
func (r *run) lookup(d *Directive, find func() found) {
	least := leastOpen(r.cells)
	var f found
	if least+1 <= min(r.c.limits.Lookups, r.out.budget) {
		f = find()
	}
	const no, yes = -1, 0
	matches := firstMatches(f.blocks, r.family)
	if f.all {
		matches = cells[int]{{number{}, yes}}
	}
	term := d.String()
	r.cells = join(r.cells, matches, func(o *Outcome, match int) *Outcome {
		return r.intern.mapOpen(o, func(o *Outcome) *Outcome {
			lookups, voids := o.Lookups+1, o.Voids
			if f.void {
				voids++
			}
			over := r.within(lookups, o.Voids, term)
			switch {
			case over != nil:
				return over
			case match != no:
				return r.decide(d, lookups, o.Voids)
			case f.err != nil:
				return r.lookupFailure(f.err, term, lookups, o.Voids)
			}
			if over := r.within(lookups, voids, term); over != nil {
				return over
			}
			return r.goOn(lookups, voids)
		})
	})
}

// lookupFailure is temperror, or permerror for a broken limit.
func (r *run) lookupFailure(err error, term string, lookups, voids int) *Outcome {
	var broken *EvaluationError
	if errors.As(err, &broken) {
		return r.fail(PermError, lookups, voids, broken)
	}
	return r.fail(TempError, lookups, voids, &EvaluationError{Domain: r.name, Term: term, Err: err})
}

// leastOpen gives the smallest counter of lookups where evaluation goes on.
func leastOpen(c cells[*Outcome]) int {
	least := -1
	for i := range c {
		if o := c[i].value; o.open {
			if n := o.leastLookups(); least < 0 || n < least {
				least = n
			}
		}
	}
	return least
}

// find asks the DNS for what a, mx or exists match.
func (r *run) find(d *Directive, spec DomainSpec) found {
	name, ok := r.target(spec)
	if !ok {
		return found{}
	}
	switch m := d.Mechanism.(type) {
	case A:
		addrs, err := r.addresses([]byte(name), r.family)
		return found{blocks: r.blocks(nil, addrs, m.CIDR), void: len(addrs) == 0, err: err}
	case MX:
		return r.findMX(d, m, name)
	}
	addrs, err := r.addresses([]byte(name), V4)
	return found{all: len(addrs) > 0, void: len(addrs) == 0, err: err}
}

func (r *run) findMX(d *Directive, m MX, name string) found {
	exchanges, err := r.exchanges([]byte(name))
	if err != nil {
		return found{err: err}
	}
	if len(exchanges) > r.c.limits.MX {
		return found{err: tooManyMX(r.c.limits, r.name, d.String(), len(exchanges))}
	}
	f := found{void: len(exchanges) == 0}
	for _, x := range exchanges {
		if x.Host == "." {
			continue
		}
		addrs, err := r.addresses([]byte(x.Host), r.family)
		if err != nil {
			f.err = err
			return f
		}
		f.blocks = r.blocks(f.blocks, addrs, m.CIDR)
	}
	return f
}

func (r *run) blocks(to []block, addrs []netip.Addr, c DualCIDR) []block {
	for _, a := range addrs {
		if p := netip.PrefixFrom(a, c.Bits(r.family)); a.Is4() == (r.family == V4) {
			first, last := bounds(p)
			to = append(to, block{first, last, 0})
		}
	}
	return to
}
