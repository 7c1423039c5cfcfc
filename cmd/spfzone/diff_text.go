package main

import (
	"fmt"
	"math/big"
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"

	"github.com/spfzone/spfzone/spf"
)

// diff prints what differs: numbers by result, then the prefixes.
func (p *printer) diff(d diffDocument) {
	p.field("from", sideText(d.From))
	p.field("to", sideText(d.To))
	if d.Equal {
		p.field("equal", p.paint(green, "yes"))
		return
	}
	p.field("equal", p.paint(red, "no"))
	for _, r := range d.Results {
		var parts []string
		for _, n := range []struct {
			word    string
			numbers familiesNumbers
		}{{"gained", r.Gained}, {"lost", r.Lost}} {
			if text := n.numbers.text(); text != "" {
				parts = append(parts, n.word+" "+text)
			}
		}
		p.field(r.Result, strings.Join(parts, ", "))
	}
	for _, c := range d.Conditions.Gained {
		p.field("new term", printable(c))
	}
	for _, c := range d.Conditions.Lost {
		p.field("lost term", printable(c))
	}
	for _, c := range d.Changes {
		p.linef("\n%s, now %s: %s in %s", c.From.text(), c.To.text(), c.Numbers.text(), counted(len(c.Prefixes), "prefix", "prefixes"))
		p.prefixes("  ", c)
	}
}

// prefixes lists those of a change, or what they leave out where that is shorter.
func (p *printer) prefixes(indent string, c changeDocument) {
	if c.Numbers.most() {
		p.linef("%sthese are most addresses: --output json lists them", indent)
		return
	}
	for _, f := range [...]spf.Family{spf.V4, spf.V6} {
		list := slices.DeleteFunc(slices.Clone(c.Prefixes), func(p netip.Prefix) bool { return spf.FamilyOf(p.Addr()) != f })
		if whole, but := allBut(list); len(but)+mostLines < len(list) {
			p.linef("%s%v, all but", indent, whole)
			for _, prefix := range but {
				p.linef("%s  %v", indent, prefix)
			}
			continue
		}
		for _, prefix := range list {
			p.linef("%s%v", indent, prefix)
		}
	}
}

// mostLines is how many lines longer than the other way a list of prefixes may be.
const mostLines = 4

// allBut gives the smallest prefix that holds all of a list of one family, and
// what it holds beside.
func allBut(list []netip.Prefix) (whole netip.Prefix, but []netip.Prefix) {
	if len(list) == 0 {
		return netip.Prefix{}, nil
	}
	last := netipx.PrefixLastIP(list[len(list)-1])
	whole = list[0]
	for !whole.Contains(last) {
		whole = netip.PrefixFrom(whole.Addr(), whole.Bits()-1).Masked()
	}
	var left netipx.IPSetBuilder
	left.AddPrefix(whole)
	for _, prefix := range list {
		left.RemovePrefix(prefix)
	}
	return whole, prefixesOf(&left)
}

// most reports whether more than half of a family is counted: what is left of
// it is what one reads, and stands elsewhere in the answer.
func (n familiesNumbers) most() bool {
	numbers := n.numbers()
	return numbers[spf.V4].BitLen() > 31 || numbers[spf.V6].BitLen() > 127
}

func sideText(s sideDocument) string {
	if s.Given == s.Domain {
		return s.Domain
	}
	if strings.HasSuffix(s.Given, ":"+s.Domain) {
		return printable(s.Given)
	}
	return fmt.Sprintf("%s at %s", printable(s.Given), s.Domain)
}

// text gives the numbers of those families that have any.
func (n familiesNumbers) text() string {
	var parts []string
	for i, number := range n.numbers() {
		switch f := spf.Family(i); {
		case number.Sign() == 0:
		case number.Cmp(big.NewInt(1)) == 0:
			parts = append(parts, fmt.Sprintf("1 %v address", f))
		default:
			parts = append(parts, fmt.Sprintf("%s %v addresses", grouped(number), f))
		}
	}
	return strings.Join(parts, " and ")
}
