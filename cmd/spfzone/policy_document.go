package main

import (
	"net/netip"

	"github.com/spfzone/spfzone/spf"
)

// policyDocument is what policy prints as JSON.
type policyDocument struct {
	Version int             `json:"version"`
	Domain  string          `json:"domain"`
	Lookups countDocument   `json:"lookups"`
	Voids   countDocument   `json:"voids"`
	IPv4    []groupDocument `json:"ipv4"`
	IPv6    []groupDocument `json:"ipv6"`
}

// countDocument is a counter of RFC 7208, Section 4.6.4.
type countDocument struct {
	Worst int `json:"worst"`
	Limit int `json:"limit"`
}

// groupDocument is the addresses of one family for which the same is decided.
type groupDocument struct {
	Decision  decisionDocument `json:"decision"`
	Addresses string           `json:"addresses"` // a decimal number, too large for many a JSON reader
	Prefixes  []netip.Prefix   `json:"prefixes"`
	Reasons   []string         `json:"reasons,omitempty"`
}

// decisionDocument is a result, or a term that depends on the message, with
// what is decided where it matches and where it does not.
type decisionDocument struct {
	Result string            `json:"result,omitempty"`
	If     string            `json:"if,omitempty"`
	Then   *decisionDocument `json:"then,omitempty"`
	Else   *decisionDocument `json:"else,omitempty"`
}

// policyAtDocument is what policy --ip prints as JSON.
type policyAtDocument struct {
	Version int             `json:"version"`
	Domain  string          `json:"domain"`
	IP      string          `json:"ip"`
	Outcome outcomeDocument `json:"outcome"`
}

// outcomeDocument is a decision with all that led to it.
type outcomeDocument struct {
	If        string           `json:"if,omitempty"`
	Then      *outcomeDocument `json:"then,omitempty"`
	Else      *outcomeDocument `json:"else,omitempty"`
	Result    string           `json:"result,omitempty"`
	Matched   string           `json:"matched,omitempty"`
	MatchedIn string           `json:"matched_in,omitempty"`
	Lookups   int              `json:"lookups"`
	Voids     int              `json:"voids"`
	Error     string           `json:"error,omitempty"`
}

func newPolicyDocument(p *spf.Policy, s *policySummary) policyDocument {
	return policyDocument{
		Version: 1,
		Domain:  trimDot(p.Domain),
		Lookups: countDocument{p.MaxLookups(), rfcLimits.Lookups},
		Voids:   countDocument{p.MaxVoids(), rfcLimits.Voids},
		IPv4:    groupDocuments(s.families[spf.V4]),
		IPv6:    groupDocuments(s.families[spf.V6]),
	}
}

func groupDocuments(groups []*addressGroup) []groupDocument {
	list := make([]groupDocument, len(groups))
	for i, g := range groups {
		list[i] = groupDocument{*newDecisionDocument(g.outcome), g.addresses.String(), g.prefixes, g.reasons}
	}
	return list
}

func newDecisionDocument(o *spf.Outcome) *decisionDocument {
	if o.If == nil {
		return &decisionDocument{Result: o.Result.String()}
	}
	return &decisionDocument{If: o.If.String(), Then: newDecisionDocument(o.Then), Else: newDecisionDocument(o.Else)}
}

func newOutcomeDocument(o *spf.Outcome) outcomeDocument {
	if o.If != nil {
		then, otherwise := newOutcomeDocument(o.Then), newOutcomeDocument(o.Else)
		return outcomeDocument{If: o.If.String(), Then: &then, Else: &otherwise}
	}
	d := outcomeDocument{
		Result:    o.Result.String(),
		MatchedIn: trimDot(o.MatchedIn),
		Lookups:   o.Lookups,
		Voids:     o.Voids,
		Error:     errorText(o.Err),
	}
	if o.Matched != nil {
		d.Matched = o.Matched.String()
	}
	return d
}

// mayPass reports whether some message passes.
func (d *decisionDocument) mayPass() bool {
	if d.If != "" {
		return d.Then.mayPass() || d.Else.mayPass()
	}
	return d.Result == spf.Pass.String()
}
