package spf

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// String gives the canonical text of the record: directives, then redirect=,
// exp= and unknown modifiers, single spaces between them, names in lower case,
// no "+", no prefix length that says nothing. Parsing it gives an equal
// record.
func (r *Record) String() string {
	var b strings.Builder
	b.WriteString(Version)
	for _, d := range r.Directives {
		b.WriteByte(' ')
		b.WriteString(d.String())
	}
	if !r.Redirect.IsZero() {
		b.WriteString(" redirect=")
		b.WriteString(r.Redirect.String())
	}
	if !r.Exp.IsZero() {
		b.WriteString(" exp=")
		b.WriteString(r.Exp.String())
	}
	for _, m := range r.Unknown {
		b.WriteByte(' ')
		b.WriteString(m.String())
	}
	return b.String()
}

// Equal reports whether both have the same terms in the same order.
func (r *Record) Equal(o *Record) bool {
	return slices.EqualFunc(r.Directives, o.Directives, Directive.Equal) &&
		r.Redirect.Equal(o.Redirect) && r.Exp.Equal(o.Exp) &&
		slices.EqualFunc(r.Unknown, o.Unknown, Modifier.Equal)
}

// String gives the canonical text of the directive.
func (d Directive) String() string { return d.Qualifier.String() + d.Mechanism.String() }

// Equal reports whether both have the same canonical text.
func (d Directive) Equal(o Directive) bool { return d.String() == o.String() }

// String gives the modifier as name=value.
func (m Modifier) String() string { return m.Name + "=" + m.Value.String() }

// Equal reports whether both have the same name and value. Names know no case.
func (m Modifier) Equal(o Modifier) bool {
	return strings.EqualFold(m.Name, o.Name) && m.Value.Equal(o.Value)
}

func (All) String() string       { return "all" }
func (m Include) String() string { return "include:" + m.Domain.String() }
func (m A) String() string       { return "a" + argument(m.Domain) + m.CIDR.String() }
func (m MX) String() string      { return "mx" + argument(m.Domain) + m.CIDR.String() }
func (m PTR) String() string     { return "ptr" + argument(m.Domain) }
func (m IP4) String() string     { return "ip4:" + network(m.Prefix) }
func (m IP6) String() string     { return "ip6:" + network(m.Prefix) }
func (m Exists) String() string  { return "exists:" + m.Domain.String() }

func argument(d DomainSpec) string {
	if d.IsZero() {
		return ""
	}
	return ":" + d.String()
}

// network gives a prefix, and the mere address where that is all of it.
func network(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

// String gives the dual-cidr-length, empty for /32//128.
func (c DualCIDR) String() string {
	s := ""
	if c.host4 != 0 {
		s = "/" + strconv.Itoa(c.IP4())
	}
	if c.host6 != 0 {
		s += "//" + strconv.Itoa(c.IP6())
	}
	return s
}

// String gives the domain-spec as it stands in a record.
func (d DomainSpec) String() string { return d.macro.String() }

// Equal reports whether both have the same text.
func (d DomainSpec) Equal(o DomainSpec) bool { return d.macro.Equal(o.macro) }

// Equal reports whether both have the same parts.
func (m MacroString) Equal(o MacroString) bool { return slices.Equal(m.parts, o.parts) }

// String gives the macro-string as it stands in a record: "%" and space
// escaped in literals.
func (m MacroString) String() string {
	if len(m.parts) == 1 && m.parts[0].Letter == 0 && !strings.ContainsAny(m.parts[0].Literal, "% ") {
		return m.parts[0].Literal
	}
	var b strings.Builder
	for i := range m.parts {
		m.parts[i].write(&b)
	}
	return b.String()
}

// literalEscapes turn literal text into that of a record. "%20" comes first,
// as "%-" may end a domain-spec and "%%20" may not.
var literalEscapes = strings.NewReplacer("%20", "%-", "%", "%%", " ", "%_")

func (p *MacroPart) write(b *strings.Builder) {
	if p.Letter == 0 {
		literalEscapes.WriteString(b, p.Literal)
		return
	}
	letter := p.Letter
	if p.URLEscape {
		letter -= 'a' - 'A'
	}
	b.WriteString("%{")
	b.WriteByte(letter)
	if p.Digits > 0 {
		b.WriteString(strconv.Itoa(p.Digits))
	}
	if p.Reverse {
		b.WriteByte('r')
	}
	b.WriteString(p.Delimiters)
	b.WriteByte('}')
}
