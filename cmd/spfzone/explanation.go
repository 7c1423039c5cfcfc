package main

import (
	"cmp"
	"strings"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/spf"
)

// explanation is the tree of a domain with what the configuration knows of it.
type explanation struct {
	tree      *builder.Node
	policy    *spf.Policy
	limits    builder.Limits
	sources   map[publishedTerm][]*builder.Entry
	planned   bool              // the tree is that of the plan
	decided   map[string]string // what stands behind "include:" to what the build does with it
	flattened []builder.Decision
	kept      []builder.Decision
	queries   builder.Queries // of the domain; zero where nothing has a weight
}

// publishedTerm is a term at its place.
type publishedTerm struct{ owner, text string }

// newExplanation joins a tree with a plan, which may be nil.
func newExplanation(tree *builder.Node, policy *spf.Policy, plan *builder.Plan, planned bool) *explanation {
	x := &explanation{
		tree:    tree,
		policy:  policy,
		limits:  rfcLimits,
		sources: map[publishedTerm][]*builder.Entry{},
		decided: map[string]string{},
		planned: planned,
	}
	if plan == nil {
		return x
	}
	for _, d := range plan.Domains {
		for _, r := range d.Records {
			for _, t := range r.Terms {
				x.sources[publishedTerm{r.Name, t.Text}] = t.Sources
			}
			if r.Name == tree.Name {
				x.add(d, &r)
			}
		}
	}
	return x
}

// add takes the limits of the domain whose record the tree is of, and those
// decisions that concern the record.
func (x *explanation) add(d *builder.DomainPlan, r *builder.Record) {
	x.limits = d.Domain.Limits
	concerns := func(builder.Decision) bool { return true }
	if r.Name == d.Domain.Name {
		x.queries = d.Queries
	} else {
		part := includesOf(d.Domain, r)
		concerns = func(made builder.Decision) bool {
			in := cmp.Or(made.In, d.Domain.Name)
			return in == r.Name || in == r.Of && part[trimDot(made.Include)]
		}
	}
	for _, k := range d.Kept {
		if concerns(k) {
			x.kept = append(x.kept, k)
			x.decided[trimDot(k.Include)] = "kept: " + k.Why
		}
	}
	for _, f := range d.Flattened {
		if concerns(f) {
			x.flattened = append(x.flattened, f)
			x.decided[trimDot(f.Include)] = "flattened by the build: " + f.Why
		}
	}
}

// includesOf gives the includes that a part has terms of, without final dot.
func includesOf(d *builder.Domain, r *builder.Record) map[string]bool {
	entries := map[*builder.Entry]bool{}
	for _, t := range r.Terms {
		for _, e := range t.Sources {
			entries[e] = true
		}
	}
	listed := map[string]bool{}
	add := func(senders []builder.Sender) {
		for _, s := range senders {
			if entries[s.Entry()] {
				listed[includedBy(s)] = true
			}
		}
	}
	add(d.Senders)
	for _, region := range d.Regions {
		add(region.Senders)
	}
	return listed
}

// includedBy gives what a sender includes, without final dot, and nothing for
// any other sender.
func includedBy(s builder.Sender) string {
	switch source := s.Source.(type) {
	case *builder.Service:
		return trimDot(source.Include)
	case *builder.Term:
		if m, ok := source.Mechanism.(spf.Include); ok {
			return trimDot(strings.TrimPrefix(m.String(), "include:"))
		}
	}
	return ""
}

// setSizes gives the records of a plan the sizes that they have in the zone,
// where other TXT records stand beside them: what is laid over the DNS hides
// these.
func setSizes(n *builder.Node, plan *builder.Plan) {
	sizes := map[string]int{}
	for _, d := range plan.Domains {
		for _, r := range d.Records {
			sizes[r.Name] = r.ResponseBytes
		}
	}
	var set func(*builder.Node)
	set = func(n *builder.Node) {
		if size, ok := sizes[n.Name]; ok {
			n.ResponseBytes = size
		}
		for _, t := range n.Terms {
			if t.Child != nil {
				set(t.Child)
			}
		}
	}
	set(n)
}

// largest gives the largest response of a tree.
func largest(n *builder.Node) int {
	most := n.ResponseBytes
	for _, t := range n.Terms {
		if t.Child != nil {
			most = max(most, largest(t.Child))
		}
	}
	return most
}

// explainDocument is what explain prints as JSON.
type explainDocument struct {
	Version   int                `json:"version"`
	Domain    string             `json:"domain"`
	Lookups   countDocument      `json:"lookups"`
	Voids     countDocument      `json:"voids"`
	Response  responseDocument   `json:"response"`
	Queries   *queriesDocument   `json:"queries,omitempty"`
	Record    nodeDocument       `json:"record"`
	Flattened []decidedInclusion `json:"flattened"`
}

// responseDocument is the largest response, in octets.
type responseDocument struct {
	Largest int `json:"largest"`
	Limit   int `json:"limit"`
}

// nodeDocument is a record in the tree.
type nodeDocument struct {
	Name          string         `json:"name"`
	Text          string         `json:"text"`
	OtherTXT      int            `json:"other_txt"`
	ResponseBytes int            `json:"response_bytes"`
	Lookups       int            `json:"lookups"`
	Voids         int            `json:"voids"`
	Repeated      bool           `json:"repeated"`
	Error         string         `json:"error,omitempty"`
	Terms         []termDocument `json:"terms"`
}

// termDocument is a term of a record in the tree.
type termDocument struct {
	Text         string          `json:"text"`
	Target       string          `json:"target,omitempty"`
	Found        []string        `json:"found,omitempty"`
	VoidFor      []string        `json:"void_for,omitempty"`
	Conditional  bool            `json:"conditional"`
	Ignored      bool            `json:"ignored"`
	Lookups      int             `json:"lookups"`
	Voids        int             `json:"voids"`
	TotalLookups int             `json:"total_lookups"`
	TotalVoids   int             `json:"total_voids"`
	Build        string          `json:"build,omitempty"`
	Sources      []entryDocument `json:"sources,omitempty"`
	Error        string          `json:"error,omitempty"`
	Record       *nodeDocument   `json:"record,omitempty"`
}

func newExplainDocument(x *explanation) explainDocument {
	d := explainDocument{
		Version:   1,
		Domain:    trimDot(x.tree.Name),
		Lookups:   countDocument{x.policy.MaxLookups(), x.limits.Lookups},
		Voids:     countDocument{x.policy.MaxVoids(), x.limits.Voids},
		Response:  responseDocument{largest(x.tree), x.limits.Response},
		Record:    *x.document(x.tree),
		Flattened: decidedInclusions(x.flattened),
	}
	if x.planned && x.queries != (builder.Queries{}) {
		d.Queries = &queriesDocument{x.queries.Listed, x.queries.Built}
	}
	return d
}

func (x *explanation) document(n *builder.Node) *nodeDocument {
	d := &nodeDocument{
		Name:          trimDot(n.Name),
		Text:          n.Text,
		OtherTXT:      n.OtherTXT,
		ResponseBytes: n.ResponseBytes,
		Lookups:       n.Lookups,
		Voids:         n.Voids,
		Repeated:      n.Repeated,
		Error:         errorText(n.Err),
		Terms:         []termDocument{},
	}
	for _, t := range n.Terms {
		term := termDocument{
			Text:         t.Text,
			Target:       trimDot(t.Target),
			Found:        t.Found,
			VoidFor:      voidFor(t),
			Conditional:  t.Conditional,
			Ignored:      t.Ignored,
			Lookups:      t.Lookups,
			Voids:        t.Voids,
			TotalLookups: t.TotalLookups,
			TotalVoids:   t.TotalVoids,
			Build:        x.decision(t),
			Sources:      entryDocuments(x.sources[publishedTerm{n.Name, t.Text}]),
			Error:        errorText(t.Err),
		}
		if t.Child != nil {
			term.Record = x.document(t.Child)
		}
		d.Terms = append(d.Terms, term)
	}
	return d
}

// voidFor names the families for whose clients the answer is empty.
func voidFor(t builder.NodeTerm) []string {
	var families []string
	for f, void := range t.Void {
		if void {
			families = append(families, spf.Family(f).String())
		}
	}
	return families
}

// decision says what the configuration's build does with an include, and why.
func (x *explanation) decision(t builder.NodeTerm) string {
	include, ok := strings.CutPrefix(strings.TrimLeft(t.Text, signs), "include:")
	if !ok || t.Ignored {
		return ""
	}
	return x.decided[include]
}
