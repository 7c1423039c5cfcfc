package spf

import (
	"fmt"
	"strings"
)

// Outcome is what check_host gives for an address: a decision tree whose inner
// nodes are conditional terms, and whose leaves are results. For most
// addresses it is a single leaf. It is immutable. Branches that agree are one
// Outcome with several ways to it, so that a tree with many ways through it
// has few nodes: visit each but once.
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

	open  bool // no directive of the record in hand has matched: evaluation goes on
	least int  // of an inner node: the lookups of the open leaf that has the fewest
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

// String gives the result, or the decision tree in one line, such as
// "(exists:%{i}.x.com ? pass : fail)", with "…" for what is too long to read.
func (o *Outcome) String() string {
	var b strings.Builder
	o.write(&b)
	return b.String()
}

// readable bounds the text of a decision tree.
const readable = 4096

func (o *Outcome) write(b *strings.Builder) {
	switch {
	case b.Len() > readable:
		b.WriteString("…")
		return
	case o.If == nil:
		b.WriteString(o.Result.String())
		return
	}
	fmt.Fprintf(b, "(%v ? ", o.If)
	o.Then.write(b)
	b.WriteString(" : ")
	o.Else.write(b)
	b.WriteByte(')')
}

// leaves calls f for the leaves of a tree, once for each inner node that they
// stand at. seen holds the inner nodes visited before.
func (o *Outcome) leaves(seen map[*Outcome]bool, f func(*Outcome)) {
	switch {
	case o.If == nil:
		f(o)
	case !seen[o]:
		seen[o] = true
		o.Then.leaves(seen, f)
		o.Else.leaves(seen, f)
	}
}
