package builder

import (
	"fmt"
	"strings"

	"github.com/spfzone/spfzone/spf"
)

// decisions says what became of each include, in the order of the
// configuration.
func (o *outlay) decisions(parts int) (flattened, keptWhole []Decision) {
	slots := o.slots()
	total := 0
	for _, s := range slots {
		total += s.chosen.cost
	}
	var next []int
	if total > 0 {
		next = o.nextBest(parts)
	}
	for i, s := range slots {
		if _, ok := s.node.mechanism.(spf.Include); !ok || s.repeated {
			continue
		}
		d := Decision{Include: strings.TrimPrefix(s.node.mechanism.String(), "include:"), In: s.in, Why: o.whyChosen(i, s), Cost: s.chosen.cost, Next: none}
		if next == nil {
			d.Next = s.otherwise()
		} else if next[i] != none {
			d.Next = max(next[i]-total+s.chosen.cost, 0) // less than nothing where what is published stands
		}
		if s.chosen.mode == kept {
			keptWhole = append(keptWhole, d)
			continue
		}
		d.Prefixes = len(s.chosen.outline().set.Prefixes())
		flattened = append(flattened, d)
	}
	return flattened, keptWhole
}

// otherwise gives what the cheapest other way to treat a slot costs, where no
// limit presses.
func (s *slot) otherwise() int {
	best := none
	for _, c := range s.ways(unlimited) {
		if c.mode != s.chosen.mode && (best == none || c.cost < best) {
			best = c.cost
		}
	}
	return best
}

// whyChosen says why the slot of an index is treated as it is.
func (o *outlay) whyChosen(i int, s *slot) string {
	if o.instead == nil || o.instead.chosen[i].sameAs(s.chosen) {
		return s.whyChosen()
	}
	return "as published; the best choice would " + o.instead.chosen[i].verb()
}

// verb says what the choice does with its node.
func (c *choice) verb() string {
	switch leaves := c.leaves(); {
	case c.mode == kept:
		return "keep it"
	case len(leaves) == 0:
		return "flatten it"
	default:
		return "flatten it" + staying(leaves)
	}
}

// noteStanding says that what was chosen stands as it is published, and what
// the best choice would be, if any fits.
func (o *outlay) noteStanding(best *attempt) {
	if o.instead = best; best == nil {
		return
	}
	cost := 0
	var others []string
	for i, s := range o.slots() {
		cost += s.chosen.cost
		if c := best.chosen[i]; !c.sameAs(s.chosen) {
			others = append(others, fmt.Sprintf("%v%s: %s", s.node.mechanism, s.where(), c.verb()))
		}
	}
	o.choiceNote = fmt.Sprintf("the includes stay flattened or kept as is published, at a cost of %d, so that few records change; the best choice costs %d (%s), and --repack makes it",
		cost, best.cost, strings.Join(others, ", "))
}

// whyChosen says why a slot is treated as it is, whatever is published.
func (s *slot) whyChosen() string {
	switch f := s.flatten(); {
	case s.chosen.mode == opened && len(s.chosen.outline().mechanisms) > 0:
		return "over budget otherwise" + staying(s.chosen.outline().mechanisms)
	case s.chosen.mode == flat && f == FlattenAlways:
		return "always"
	case s.chosen.mode != kept:
		return "over budget otherwise"
	case f == FlattenNever:
		return "never"
	case f == FlattenAlways && s.node.flatWhy != nil:
		return "cannot be flattened: " + s.node.flatWhy.Error()
	case f == FlattenAlways:
		return "cannot be flattened: its target depends on the message"
	}
	return "within budget"
}

// staying says which terms of a record stay that is not included any more.
func staying(mechanisms []spf.Mechanism) string {
	if len(mechanisms) == 0 {
		return ""
	}
	out := make([]string, len(mechanisms))
	for i, m := range mechanisms {
		out[i] = m.String()
	}
	return "; of its terms stay " + strings.Join(out, ", ")
}

// String says what a decision costs, and what the next best would.
func (d Decision) String() string {
	s := fmt.Sprintf("%s: cost %d", d.Why, d.Cost)
	switch {
	case d.Prefixes == 1:
		s = fmt.Sprintf("%s: 1 prefix, cost %d", d.Why, d.Cost)
	case d.Prefixes > 1:
		s = fmt.Sprintf("%s: %d prefixes, cost %d", d.Why, d.Prefixes, d.Cost)
	}
	if d.Next == none {
		return s + ", nothing else fits"
	}
	return fmt.Sprintf("%s, next best %d", s, d.Next)
}
