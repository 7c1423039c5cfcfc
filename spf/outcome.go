package spf

import "fmt"

// Outcome is what check_host gives for an address: a decision tree whose inner
// nodes are conditional terms, and whose leaves are results. For most
// addresses it is a single leaf. It is immutable.
type Outcome struct {
	If   *Condition // nil for a leaf
	Then *Outcome   // where the term matches
	Else *Outcome   // where it does not

	// Of a leaf. Where a conditional a, mx, include or redirect leads to it, the
	// counters are what is certain: the least.
	Result    Result
	Lookups   int
	Voids     int
	Matched   *Directive // that decided; nil if none did
	MatchedIn string     // canonical name of the record that evaluation ended in
	Err       error      // for none, temperror and permerror; an *EvaluationError

	open bool // no directive of the record in hand has matched: evaluation goes on
}

// Condition is a term whose match depends on more of the message than the
// client's address: ptr, or a target with one of the macro letters s, l, h, p
// and i.
type Condition struct {
	Directive *Directive  // nil for redirect=
	Domain    string      // canonical name of the record that it stands in
	Target    MacroString // d, o and v replaced by what they stand for

	key string
}

// String gives the term with its target bound, such as
// "exists:%{i}._spf.x.com". Equal conditions have the same text.
func (c *Condition) String() string { return c.key }

func newCondition(d *Directive, owner, asked string, redirect DomainSpec, f Family) *Condition {
	c := &Condition{Directive: d, Domain: owner}
	spec, kind, suffix := redirect, "redirect=", ""
	if d != nil {
		spec = d.Domain()
		switch m := d.Mechanism.(type) {
		case A:
			kind, suffix = "a:", m.CIDR.String()
		case MX:
			kind, suffix = "mx:", m.CIDR.String()
		case PTR:
			kind = "ptr:"
		case Include:
			kind = "include:"
		case Exists:
			kind = "exists:"
		}
	}
	if spec.IsZero() {
		spec = DomainSpec{macro: MacroString{[]MacroPart{{Literal: trimDot(owner)}}}}
	}
	c.Target = spec.macro.bind(owner, asked, f)
	c.key = kind + c.Target.String() + suffix
	return c
}

// isExact reports whether match and no match are all that can come of the
// condition. Only exists is so: include, mx and redirect= can end in permerror,
// and a, mx and ptr can be void or not where they do not match, which may
// decide a later term.
func (c *Condition) isExact() bool {
	if c.Directive == nil {
		return false
	}
	_, ok := c.Directive.Mechanism.(Exists)
	return ok
}

// String gives the result, or the decision tree in one line.
func (o *Outcome) String() string {
	if o.If == nil {
		return o.Result.String()
	}
	return fmt.Sprintf("(%v ? %v : %v)", o.If, o.Then, o.Else)
}

// interner makes equal outcomes of one computation the same pointer.
type interner map[Outcome]*Outcome

func (in interner) get(o Outcome) *Outcome {
	if p, ok := in[o]; ok {
		return p
	}
	p := &o
	in[o] = p
	return p
}

// branch gives a conditional outcome. Its open flag says that a leaf is open.
func (in interner) branch(c *Condition, then, otherwise *Outcome) *Outcome {
	return in.get(Outcome{If: c, Then: then, Else: otherwise, open: then.open || otherwise.open})
}

// mapLeaves replaces the leaves of a tree.
func (in interner) mapLeaves(o *Outcome, f func(*Outcome) *Outcome) *Outcome {
	if o.If == nil {
		return f(o)
	}
	return in.branch(o.If, in.mapLeaves(o.Then, f), in.mapLeaves(o.Else, f))
}

// mapOpen replaces the open leaves of a tree.
func (in interner) mapOpen(o *Outcome, f func(*Outcome) *Outcome) *Outcome {
	switch {
	case !o.open:
		return o
	case o.If == nil:
		return f(o)
	}
	return in.branch(o.If, in.mapOpen(o.Then, f), in.mapOpen(o.Else, f))
}

// reduce leaves out conditions that make no difference to the result.
func (in interner) reduce(o *Outcome) *Outcome {
	if o.If == nil {
		return o
	}
	then, otherwise := in.reduce(o.Then), in.reduce(o.Else)
	if o.If.isExact() && sameDecision(then, otherwise) {
		return otherwise
	}
	return in.branch(o.If, then, otherwise)
}

// sameDecision reports whether two trees ask the same conditions and lead to
// the same results. What counters and terms led there does not matter.
func sameDecision(a, b *Outcome) bool {
	if a == b {
		return true
	}
	if a.If == nil || b.If == nil {
		return a.If == nil && b.If == nil && a.Result == b.Result
	}
	return a.If.key == b.If.key && sameDecision(a.Then, b.Then) && sameDecision(a.Else, b.Else)
}

// least gives the smallest counter of lookups among the open leaves.
func (o *Outcome) leastLookups() int {
	if o.If == nil {
		return o.Lookups
	}
	switch {
	case !o.Then.open:
		return o.Else.leastLookups()
	case !o.Else.open:
		return o.Then.leastLookups()
	}
	return min(o.Then.leastLookups(), o.Else.leastLookups())
}

// most gives the largest of a counter among the leaves.
func (o *Outcome) most(counter func(*Outcome) int) int {
	if o.If == nil {
		return counter(o)
	}
	return max(o.Then.most(counter), o.Else.most(counter))
}
