package main

import (
	"fmt"
	"strings"

	"github.com/spfzone/spfzone/spf"
)

// policy prints the addresses of both families by what is decided for them.
func (p *printer) policy(policy *spf.Policy, s *policySummary) {
	p.field("domain", trimDot(policy.Domain))
	p.field("lookups", p.worst(policy.MaxLookups(), rfcLimits.Lookups))
	p.field("voids", p.worst(policy.MaxVoids(), rfcLimits.Voids))
	for f, groups := range s.families {
		p.linef("\n%v", spf.Family(f))
		for _, g := range groups {
			p.group(g, len(groups) == 1)
		}
	}
}

// worst says how near a counter comes to its limit. A worst above the limit
// stands for any number above it.
func (p *printer) worst(n, limit int) string {
	if n > limit {
		return p.paint(red, fmt.Sprintf("over %d for the worst address", limit))
	}
	return fmt.Sprintf("%d of %d for the worst address", n, limit)
}

func (p *printer) group(g *addressGroup, alone bool) {
	name := "depends"
	paint := yellow
	if g.outcome.If == nil {
		name, paint = g.outcome.Result.String(), colorOf(g.outcome.Result)
	}
	number := grouped(g.addresses) + " addresses"
	if g.addresses.IsInt64() && g.addresses.Int64() == 1 {
		number = "1 address"
	}
	switch {
	case alone:
		number = "all addresses"
	case g.rest:
		number = "all others, " + number
	default:
		number += " in " + counted(len(g.prefixes), "prefix", "prefixes")
	}
	p.linef("  %s %s", p.paint(paint, fmt.Sprintf("%-10s", name)), number)
	for _, reason := range g.reasons {
		p.linef("    reason: %s", printable(reason))
	}
	if g.outcome.If != nil {
		p.decision(g.outcome, 4)
	}
	if !g.rest {
		for _, prefix := range g.prefixes {
			p.linef("    %v", prefix)
		}
	}
}

// decision prints a decision tree.
func (p *printer) decision(o *spf.Outcome, indent int) {
	space := strings.Repeat(" ", indent)
	if o.If == nil {
		p.linef("%s%s", space, p.result(o.Result))
		return
	}
	p.linef("%sif %s (in %s) matches", space, printable(o.If.String()), trimDot(o.If.Domain))
	p.decision(o.Then, indent+2)
	p.linef("%selse", space)
	p.decision(o.Else, indent+2)
}

// outcome prints what is decided for one address, and why.
func (p *printer) outcome(o *spf.Outcome) {
	if o.If != nil {
		p.field("result", p.paint(yellow, "depends on the message"))
		p.decision(o, 2)
		return
	}
	p.field("result", p.result(o.Result))
	p.field("matched", matchedText(o.Matched, o.MatchedIn, o.Err))
	p.field("lookups", fmt.Sprintf("%d of %d", o.Lookups, rfcLimits.Lookups))
	p.field("voids", fmt.Sprintf("%d of %d", o.Voids, rfcLimits.Voids))
	p.field("reason", p.paint(red, printable(errorText(o.Err))))
}
