package builder

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"go4.org/netipx"
)

// entryNotes says what an operator would want to be reminded of, by the list
// alone.
func (b *build) entryNotes(d *Domain) []string {
	var notes []string
	said := map[*Entry]bool{}
	for _, senders := range d.lists() {
		for _, s := range senders {
			e := s.Entry()
			if !said[e] && !e.Expires.IsZero() && !b.now.Before(e.Expires) {
				notes = append(notes, fmt.Sprintf("%v: %s expired on %s and is published all the same", e.Place, e.Name, e.Expires.Format(time.DateOnly)))
			}
			said[e] = true
		}
		notes = append(notes, shadowed(senders)...)
	}
	return notes
}

// lists gives the senders of the domain's own record, and of its regions'.
func (d *Domain) lists() [][]Sender {
	out := [][]Sender{d.Senders}
	for _, r := range d.Regions {
		out = append(out, r.Senders)
	}
	return out
}

// shadowed notes the addresses that can never match, as others before them with
// another qualifier hold them all.
func shadowed(senders []Sender) []string {
	first := slices.IndexFunc(senders, func(s Sender) bool { return s.addresses() != nil })
	if first < 0 || !slices.ContainsFunc(senders, func(s Sender) bool {
		return s.addresses() != nil && s.Qualifier != senders[first].Qualifier
	}) {
		return nil
	}
	var notes []string
	var before, others netipx.IPSetBuilder // all addresses so far, and those of other qualifiers than the sender's
	for i, s := range senders {
		own := s.addresses()
		if own == nil {
			continue
		}
		others = netipx.IPSetBuilder{}
		for _, o := range senders[:i] {
			if set := o.addresses(); set != nil && o.Qualifier != s.Qualifier {
				others.AddSet(set)
			}
		}
		if holds(mustSet(&before), own) && overlaps(mustSet(&others), own) {
			notes = append(notes, fmt.Sprintf("%v: %s%s never matches: senders before it, of another qualifier, hold all its addresses", s.Place, s.Qualifier, s.Entry().Name))
		}
		before.AddSet(own)
	}
	return notes
}

// addresses gives what a sender lists, or nil if it lists no addresses.
func (s Sender) addresses() *netipx.IPSet {
	switch source := s.Source.(type) {
	case *Network:
		return setOf(source.Prefixes)
	case *Term:
		if p, ok := literal(source.Mechanism); ok {
			return setOf([]netip.Prefix{p})
		}
	}
	return nil
}

func holds(all, some *netipx.IPSet) bool {
	return !slices.ContainsFunc(some.Prefixes(), func(p netip.Prefix) bool { return !all.ContainsPrefix(p) })
}

func overlaps(a, b *netipx.IPSet) bool {
	return slices.ContainsFunc(b.Prefixes(), a.OverlapsPrefix)
}

// notes says which terms that ask the DNS match nobody, and what became of the
// published choice of includes.
func (o *outlay) notes() []string {
	var notes []string
	for _, s := range o.slots() {
		if !s.node.nobody || s.repeated {
			continue
		}
		why := "the DNS has no address for it"
		if _, ok := includedBy(s.node.mechanism); ok {
			why = "its record passes no address"
		}
		notes = append(notes, fmt.Sprintf("%v: %v%s matches nobody: %s", s.sender.Place, s.node.mechanism, s.where(), why))
	}
	if o.choiceNote != "" {
		notes = append(notes, o.choiceNote)
	}
	return notes
}

// publishedNotes says what is wrong with what a name publishes now.
func (l *layout) publishedNotes() []string {
	if l.prior.alias != "" {
		return []string{fmt.Sprintf("a wildcard makes %s an alias of %s: a record of its own takes all away that it has by that (RFC 1034, Section 4.3.3)", trimDot(l.name), trimDot(l.prior.alias))}
	}
	if n := len(l.prior.records); n > 1 {
		return []string{fmt.Sprintf("%s publishes %d SPF records now, which is a permerror (RFC 7208, Section 4.5): this one takes the place of all of them", trimDot(l.name), n)}
	}
	return nil
}
