package main

import (
	"cmp"
	"fmt"
	"math/big"
	"net/netip"
	"slices"

	"go4.org/netipx"

	"github.com/spfzone/spfzone/spf"
)

// policySummary is a policy sorted by what is decided.
type policySummary struct {
	families [2][]*addressGroup // in the order in which they are shown
}

// addressGroup is the addresses of one family for which the same is decided.
type addressGroup struct {
	outcome   *spf.Outcome // of the first of them; the counters of the others may differ
	prefixes  []netip.Prefix
	addresses *big.Int
	reasons   []string // why the result is an error, or none
	rest      bool     // the largest group of the family, which is shown as all others
	temporary error    // the first failed lookup
}

func newPolicySummary(p *spf.Policy) *policySummary {
	s := &policySummary{}
	for _, f := range [...]spf.Family{spf.V4, spf.V6} {
		s.families[f] = groups(p, f)
	}
	return s
}

// groups sorts the addresses of a family by what is decided for them.
func groups(p *spf.Policy, f spf.Family) []*addressGroup {
	byDecision := map[string]*addressGroup{}
	sets := map[string]*netipx.IPSetBuilder{}
	var list []*addressGroup
	for addrs, o := range p.Ranges(f) {
		key := o.String()
		g := byDecision[key]
		if g == nil {
			g = &addressGroup{outcome: o, addresses: new(big.Int)}
			byDecision[key], sets[key] = g, &netipx.IPSetBuilder{}
			list = append(list, g)
		}
		sets[key].AddRange(addrs)
		g.addresses.Add(g.addresses, size(addrs))
		g.note(o)
	}
	for key, g := range byDecision {
		set, err := sets[key].IPSet()
		if err != nil {
			panic(err) // every range of a policy is valid
		}
		g.prefixes = set.Prefixes()
	}
	slices.SortStableFunc(list, func(a, b *addressGroup) int {
		return cmp.Or(cmp.Compare(place(a.outcome), place(b.outcome)), a.prefixes[0].Addr().Compare(b.prefixes[0].Addr()))
	})
	return restLast(list)
}

// place gives the order in which outcomes are shown: what passes first, what
// depends on the message last.
func place(o *spf.Outcome) int {
	if o.If != nil {
		return len(spf.Results())
	}
	return slices.Index(shownResults, o.Result)
}

// shownResults are the results in the order in which they are shown.
var shownResults = []spf.Result{spf.Pass, spf.SoftFail, spf.Neutral, spf.Fail, spf.PermError, spf.TempError, spf.None}

// restLast marks the largest group and puts it at the end.
func restLast(list []*addressGroup) []*addressGroup {
	largest := slices.MaxFunc(list, func(a, b *addressGroup) int { return a.addresses.Cmp(b.addresses) })
	largest.rest = true
	i := slices.Index(list, largest)
	return append(slices.Delete(list, i, i+1), largest)
}

// note keeps why a leaf is an error or none.
func (g *addressGroup) note(o *spf.Outcome) {
	if o.If != nil {
		g.note(o.Then)
		g.note(o.Else)
		return
	}
	if o.Err == nil {
		return
	}
	if text := o.Err.Error(); !slices.Contains(g.reasons, text) {
		g.reasons = append(g.reasons, text)
	}
	if g.temporary == nil {
		g.temporary = temporary(o)
	}
}

// size counts the addresses of a range.
func size(r netipx.IPRange) *big.Int {
	n := new(big.Int).Sub(asNumber(r.To()), asNumber(r.From()))
	return n.Add(n, big.NewInt(1))
}

func asNumber(ip netip.Addr) *big.Int { return new(big.Int).SetBytes(ip.AsSlice()) }

// err gives the failed lookup that keeps the policy from being whole.
func (s *policySummary) err() error {
	for _, family := range s.families {
		for _, g := range family {
			if g.temporary != nil {
				return g.temporary
			}
		}
	}
	return nil
}

// temporary gives the failed lookup in an outcome, if there is one.
func temporary(o *spf.Outcome) error {
	if err := errorOf(o, spf.TempError); err != nil {
		return withCode(exitFailure, err)
	}
	return nil
}

// errorOf gives why an outcome may be temperror or permerror; nil if it is not.
func errorOf(o *spf.Outcome, result spf.Result) error {
	switch {
	case o.If != nil:
		return cmp.Or(errorOf(o.Then, result), errorOf(o.Else, result))
	case o.Result == result:
		return cmp.Or(o.Err, fmt.Errorf("the result is %v", result))
	}
	return nil
}

// brokenText says how many addresses may get permerror, and why; nothing if none do.
func brokenText(p *spf.Policy) string {
	numbers := [2]*big.Int{new(big.Int), new(big.Int)}
	why := ""
	errs := map[*spf.Outcome]error{}
	for _, f := range [...]spf.Family{spf.V4, spf.V6} {
		for addrs, o := range p.Ranges(f) {
			err, known := errs[o]
			if !known {
				err = errorOf(o, spf.PermError)
				errs[o] = err
			}
			if err != nil {
				numbers[f].Add(numbers[f], size(addrs))
				why = cmp.Or(why, err.Error())
			}
		}
	}
	if why == "" {
		return ""
	}
	return fmt.Sprintf("permerror for %s: %s", newFamiliesNumbers(numbers).text(), why)
}
