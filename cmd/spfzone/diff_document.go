package main

import (
	"fmt"
	"math/big"
	"net/netip"
	"slices"

	"go4.org/netipx"

	"github.com/spfzone/spfzone/spf"
)

// diffDocument is what diff prints as JSON.
type diffDocument struct {
	Version    int                `json:"version"`
	Equal      bool               `json:"equal"`
	From       sideDocument       `json:"from"`
	To         sideDocument       `json:"to"`
	Results    []resultDocument   `json:"results"`
	Changes    []changeDocument   `json:"changes"`
	Conditions conditionsDocument `json:"conditions"`
}

// sideDocument is what is compared.
type sideDocument struct {
	Given  string `json:"given"`
	Domain string `json:"domain"`
}

// resultDocument counts the addresses that gained or lost a result.
type resultDocument struct {
	Result string          `json:"result"` // or "depends"
	Gained familiesNumbers `json:"gained"`
	Lost   familiesNumbers `json:"lost"`
}

// familiesNumbers is numbers of addresses, decimal as in policy.
type familiesNumbers struct {
	IPv4 string `json:"ipv4"`
	IPv6 string `json:"ipv6"`
}

// newFamiliesNumbers writes numbers, by family.
func newFamiliesNumbers(n [2]*big.Int) familiesNumbers {
	return familiesNumbers{n[spf.V4].String(), n[spf.V6].String()}
}

// numbers is what newFamiliesNumbers was given.
func (n familiesNumbers) numbers() [2]*big.Int {
	v4, ok4 := new(big.Int).SetString(n.IPv4, 10)
	v6, ok6 := new(big.Int).SetString(n.IPv6, 10)
	if !ok4 || !ok6 {
		panic(fmt.Sprintf("%v are no numbers", n))
	}
	return [2]*big.Int{v4, v6}
}

// changeDocument is addresses for which something else is decided.
type changeDocument struct {
	From     *decisionDocument `json:"from"`
	To       *decisionDocument `json:"to"`
	Numbers  familiesNumbers   `json:"addresses"`
	Prefixes []netip.Prefix    `json:"prefixes"`
}

// conditionsDocument is the terms that depend on the message.
type conditionsDocument struct {
	Gained []string `json:"gained"`
	Lost   []string `json:"lost"`
}

func newDiffDocument(sides []*side, from, to *spf.Policy) diffDocument {
	d := diffDocument{
		Version: 1,
		From:    sideDocument{sides[0].given, trimDot(sides[0].domain)},
		To:      sideDocument{sides[1].given, trimDot(sides[1].domain)},
		Changes: []changeDocument{},
	}
	gained, lost := map[string][2]*big.Int{}, map[string][2]*big.Int{}
	for _, c := range from.Diff(to) {
		n := addresses(c.Prefixes)
		d.Changes = append(d.Changes, changeDocument{newDecisionDocument(c.From), newDecisionDocument(c.To), newFamiliesNumbers(n), c.Prefixes})
		lost[decisionName(c.From)] = sum(lost[decisionName(c.From)], n)
		gained[decisionName(c.To)] = sum(gained[decisionName(c.To)], n)
	}
	d.Equal = len(d.Changes) == 0
	d.Results = []resultDocument{}
	for _, name := range decisionNames() {
		_, isGained := gained[name]
		_, isLost := lost[name]
		if isGained || isLost {
			none := [2]*big.Int{{}, {}}
			d.Results = append(d.Results, resultDocument{name, newFamiliesNumbers(sum(gained[name], none)), newFamiliesNumbers(sum(lost[name], none))})
		}
	}
	d.Conditions.Gained = conditionsBeside(to, from)
	d.Conditions.Lost = conditionsBeside(from, to)
	return d
}

// depends stands for a result where the message decides.
const depends = "depends"

func decisionName(o *spf.Outcome) string {
	if o.If != nil {
		return depends
	}
	return o.Result.String()
}

// decisionNames gives the results in the order in which they are shown.
func decisionNames() []string {
	var names []string
	for _, r := range shownResults {
		names = append(names, r.String())
	}
	return append(names, depends)
}

// sum adds numbers by family; none at all are zero.
func sum(a, b [2]*big.Int) [2]*big.Int {
	for f := range b {
		if a[f] == nil {
			a[f] = new(big.Int)
		}
		a[f] = new(big.Int).Add(a[f], b[f])
	}
	return a
}

// addresses counts those of prefixes, by family.
func addresses(prefixes []netip.Prefix) [2]*big.Int {
	n := [2]*big.Int{{}, {}}
	for _, p := range prefixes {
		f := spf.FamilyOf(p.Addr())
		n[f].Add(n[f], size(netipx.RangeOfPrefix(p)))
	}
	return n
}

// conditionsBeside gives the conditional terms of one policy that another one
// lacks.
func conditionsBeside(p, other *spf.Policy) []string {
	var known []string
	for _, c := range other.Conditions() {
		known = append(known, c.String())
	}
	list := []string{}
	for _, c := range p.Conditions() {
		if text := c.String(); !slices.Contains(known, text) {
			list = append(list, text)
		}
	}
	return list
}
