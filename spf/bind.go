package spf

import "fmt"

// Domain gives the domain-spec of the mechanism. It is zero for all, ip4 and
// ip6, and for a, mx and ptr without one.
func (d Directive) Domain() DomainSpec {
	switch m := d.Mechanism.(type) {
	case A:
		return m.Domain
	case MX:
		return m.Domain
	case PTR:
		return m.Domain
	case Exists:
		return m.Domain
	case Include:
		return m.Domain
	}
	return DomainSpec{}
}

// Conditional reports whether a match depends on more than the client's
// address and the record's place: whether the mechanism is ptr, or its
// domain-spec holds one of the macro letters s, l, h, p and i. What an
// include leads to is not looked at.
func (d Directive) Conditional() bool {
	_, isPTR := d.Mechanism.(PTR)
	return isPTR || d.Domain().macro.Uses(messageLetters)
}

// Bind gives the directive that means in any record what d means in the
// record of owner: "%{d}" is replaced by what it stands for there, and a, mx
// and ptr without a domain-spec get the owner's. The other letters stay, as
// they do not depend on the record.
//
// It fails where no record can say that: the owner is no name that a
// domain-spec may end in, or the domain-spec has "%{p}", which prefers names
// below the owner (RFC 7208, Section 7.3).
func (d Directive) Bind(owner string) (Directive, error) {
	spec := d.Domain()
	switch d.Mechanism.(type) {
	case All, IP4, IP6:
		return d, nil
	}
	bound, err := spec.Bind(owner)
	if err != nil {
		return Directive{}, fmt.Errorf("%v cannot leave the record of %s: %w", d, trimDot(owner), err)
	}
	switch m := d.Mechanism.(type) {
	case A:
		m.Domain = bound
		d.Mechanism = m
	case MX:
		m.Domain = bound
		d.Mechanism = m
	case PTR:
		d.Mechanism = PTR{bound}
	case Exists:
		d.Mechanism = Exists{bound}
	case Include:
		d.Mechanism = Include{bound}
	}
	return d, nil
}

// Bind gives the domain-spec that stands in any record for what d stands for
// in the record of owner, as [Directive.Bind] does; a zero d becomes the owner.
// What it gives is equal to its own text, parsed.
func (d DomainSpec) Bind(owner string) (DomainSpec, error) {
	name, err := CanonicalName(owner)
	switch {
	case err != nil:
		return DomainSpec{}, err
	case d.IsZero():
		return DomainName(name)
	case d.macro.Uses("p"):
		return DomainSpec{}, fmt.Errorf("%v holds %%{p}, which depends on the record that it stands in (RFC 7208, Section 7.3)", d)
	case !d.macro.Uses("d"):
		return d, nil
	}
	return ParseDomainSpec((&message{}).replaceMacros(d.macro, "d", name).String())
}
