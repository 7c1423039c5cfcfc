package spf

import "slices"

// Over gives a Checker for what the DNS would say if the records of an overlay
// were published: its Resolver is the overlay over that of c, whatever Base
// says, and all else is as c has it. Both share what they work out, which makes
// it cheap to ask for the policies of thousands of domains, each with records
// of its own in front of it, that include the same names.
//
// What comes out is what a Checker alone would give. The policy of a name is a
// function of the limits, of the domain asked for where "%{o}" is used, of the
// lookups that are left, and of the answers to the questions that it took; and
// which questions those are follows from the answers to those before. So it is
// taken over from another overlay only if none of the names that it depends on,
// down to the last include, is one that either overlay answers for: a service
// that includes a planned name is worked out anew. Nor is it if it uses "%{o}",
// holds a failure, or was worked out with another number of lookups left than
// there are and counts up to either, as then not even the texts of errors could
// differ. ErrTooComplex alone may spare a policy much of which was at hand.
func (c *Checker) Over(o Overlay) *Checker {
	c.setUp()
	o.Base = c.Resolver
	return &Checker{
		Resolver: &o, Limits: c.Limits, Timeout: c.Timeout, Receiver: c.Receiver,
		DefaultExplanation: c.DefaultExplanation, CacheSize: c.CacheSize, Now: c.Now,
		base: c, overlay: &o,
	}
}

// answers reports whether the overlay answers for a canonical name by itself.
func (o *Overlay) answers(name string) bool {
	_, ok := o.TXT[name]
	return ok || o.tree(name) != nil
}

// owner gives the Checker whose caches have the answers for a name: c itself,
// or the one below where the overlay passes all questions on.
func (c *Checker) owner(name string) *Checker {
	if c.base == nil || c.overlay.answers(name) {
		return c
	}
	return c.base
}

// ownerOf is owner for a name that lives on the caller's stack.
func (c *Checker) ownerOf(name []byte) *Checker {
	if c.base == nil {
		return c
	}
	return c.owner(string(name))
}

// asks notes that what is worked out depends on a name.
func (l *live) asks(name string) {
	if l.c.base == nil {
		return
	}
	l.planned = l.planned || l.c.overlay.answers(name)
	if !l.planned && !slices.Contains(l.asked, name) {
		l.asked = append(l.asked, name)
	}
}

// dependsOn notes that what is worked out depends on all that a policy does.
func (l *live) dependsOn(p *subpolicy) {
	if l.c.base == nil {
		return
	}
	l.planned = l.planned || p.planned
	if l.planned {
		return // such a policy is not shared, so its names do not matter
	}
	for _, name := range p.asked {
		l.asks(name)
	}
}

// sharedOf gives the policy of a name as another overlay left it, if it is the
// same here.
func (s *symbolic) sharedOf(name string, budget int) *subpolicy {
	if s.c.base == nil || s.c.overlay.answers(name) {
		return nil
	}
	it, ok := s.c.base.caches.shared[s.family].get(name)
	p := it.value
	if !ok || !s.c.fresh(it.expires) || budget != p.budget && (p.most > budget || p.most > p.budget) {
		return nil
	}
	if slices.ContainsFunc(p.asked, s.c.overlay.answers) {
		return nil
	}
	return p
}

// share leaves a policy to other overlays, if it may be.
func (s *symbolic) share(name string, p *subpolicy) bool {
	if s.c.base == nil || p.planned || p.usesO {
		return false
	}
	seen := map[*Outcome]bool{}
	for i := range p.cells {
		p.cells[i].value.leaves(seen, func(leaf *Outcome) { p.most = max(p.most, leaf.Lookups) })
	}
	s.c.base.caches.shared[s.family].put(name, item[*subpolicy]{p, expiryOf(p)}, s.c.base.size)
	return true
}
