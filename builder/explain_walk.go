package builder

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spfzone/spfzone/spf"
)

// explainer walks one tree.
type explainer struct {
	ctx      context.Context
	resolver spf.Resolver
	maxMX    int
	seen     map[string]*explained // by name
	path     []string              // of the records around the one in hand
}

// explained is a record that was walked.
type explained struct {
	node  *Node
	costs counters
}

// counters are those of a client that no term matches. Void lookups depend on
// its family.
type counters struct {
	lookups int
	voids   [2]int
}

func (c counters) plus(o counters) counters {
	return counters{c.lookups + o.lookups, [2]int{c.voids[0] + o.voids[0], c.voids[1] + o.voids[1]}}
}

func (c counters) worstVoids() int { return max(c.voids[0], c.voids[1]) }

// node walks the record of a name. total counts up to here, and is moved past
// the record.
func (e *explainer) node(name string, total *counters) *explained {
	if first := e.seen[name]; first != nil {
		n := *first.node
		n.Repeated = len(n.Terms) > 0
		n.Terms = nil
		*total = total.plus(first.costs)
		return &explained{&n, first.costs}
	}
	x := &explained{node: &Node{Name: name}}
	if len(e.seen) >= maxRecords {
		x.node.Err = fmt.Errorf("the tree has more than %d records and is cut here", maxRecords)
		return x
	}
	e.seen[name] = x
	record := e.read(x.node)
	if record == nil {
		return x
	}
	e.path = append(e.path, name)
	x.costs = e.terms(x.node, record, total)
	e.path = e.path[:len(e.path)-1]
	x.node.Lookups, x.node.Voids = x.costs.lookups, x.costs.worstVoids()
	return x
}

// read asks for the record, and says in the node what there is.
func (e *explainer) read(n *Node) *spf.Record {
	answer, err := e.resolver.LookupTXT(e.ctx, n.Name)
	if err != nil {
		n.Err = &spf.LookupError{Name: n.Name, Type: "TXT", Err: err}
		return nil
	}
	if len(answer.Records) > 0 {
		n.ResponseBytes = spf.TXTResponseSize(n.Name, answer.Records)
	}
	var texts []string
	for _, txt := range answer.Records {
		if text := txt.Join(); spf.IsSPF(text) {
			texts = append(texts, text)
		}
	}
	n.OtherTXT = len(answer.Records) - len(texts)
	switch {
	case len(texts) == 0 && answer.NXDomain:
		n.Err = errors.New("the name does not exist")
	case len(texts) == 0:
		n.Err = errors.New("no SPF record")
	case len(texts) > 1:
		n.Err = fmt.Errorf("%d SPF records where one belongs (RFC 7208, Section 4.5): merge them", len(texts))
	}
	if n.Err != nil {
		return nil
	}
	n.Text = texts[0]
	record, err := spf.Parse(n.Text)
	n.Err = err
	return record
}

// terms walks the terms of a record, and gives what they cost together.
func (e *explainer) terms(n *Node, record *spf.Record, total *counters) counters {
	var sum counters
	closed := false
	add := func(t NodeTerm, cost counters) {
		sum = sum.plus(cost)
		t.Lookups, t.Voids = cost.lookups, cost.worstVoids()
		t.TotalLookups, t.TotalVoids = total.lookups, total.worstVoids()
		n.Terms = append(n.Terms, t)
	}
	for _, d := range record.Directives {
		t := NodeTerm{Text: d.String(), Ignored: closed}
		var cost counters
		if !closed {
			cost = e.directive(&t, d, n.Name, total)
		}
		add(t, cost)
		_, isAll := d.Mechanism.(spf.All)
		closed = closed || isAll
	}
	if !record.Redirect.IsZero() {
		t := NodeTerm{Text: "redirect=" + record.Redirect.String(), Ignored: closed}
		var cost counters
		if !closed {
			cost = e.child(&t, record.Redirect, n.Name, total)
		}
		add(t, cost)
	}
	if !record.Exp.IsZero() {
		add(NodeTerm{Text: "exp=" + record.Exp.String()}, counters{})
	}
	for _, m := range record.Unknown {
		add(NodeTerm{Text: m.String()}, counters{})
	}
	return sum
}

// directive walks a directive, and gives what it costs.
func (e *explainer) directive(t *NodeTerm, d spf.Directive, owner string, total *counters) counters {
	switch m := d.Mechanism.(type) {
	case spf.All, spf.IP4, spf.IP6:
		return counters{}
	case spf.Include:
		return e.child(t, m.Domain, owner, total)
	}
	e.find(t, d, owner)
	cost := counters{lookups: 1}
	for f, void := range t.Void {
		if void {
			cost.voids[f] = 1
		}
	}
	return e.count(total, cost)
}

// find asks for what a, mx, ptr and exists match.
func (e *explainer) find(t *NodeTerm, d spf.Directive, owner string) {
	target, ok := literalTarget(d.Domain(), owner)
	if _, isPTR := d.Mechanism.(spf.PTR); isPTR || !ok {
		t.Conditional = true
		if _, isExists := d.Mechanism.(spf.Exists); isExists {
			t.Void = [2]bool{true, true} // for whoever it does not match
		}
		return
	}
	t.Target = target
	switch d.Mechanism.(type) {
	case spf.A:
		t.Void[spf.V4] = e.addresses(t, spf.V4)
		t.Void[spf.V6] = e.addresses(t, spf.V6)
	case spf.MX:
		void := e.exchanges(t)
		t.Void = [2]bool{void, void}
	case spf.Exists:
		void := e.addresses(t, spf.V4)
		t.Void = [2]bool{void, void}
	}
}

func (e *explainer) count(total *counters, cost counters) counters {
	*total = total.plus(cost)
	return cost
}

// child walks the target of include or redirect=.
func (e *explainer) child(t *NodeTerm, spec spf.DomainSpec, owner string, total *counters) counters {
	cost := e.count(total, counters{lookups: 1})
	target, ok := literalTarget(spec, owner)
	if !ok {
		t.Conditional = true
		return cost
	}
	t.Target = target
	for i, name := range e.path {
		if name == target {
			t.Err = loopError(e.path[i:])
			return cost
		}
	}
	x := e.node(target, total)
	t.Child = x.node
	return cost.plus(x.costs)
}

// loopError says through which records the first of them leads back to itself.
// Receivers go round until the lookup limit, which is permerror.
func loopError(names []string) error {
	if len(names) == 1 {
		return fmt.Errorf("%s includes itself: permerror", trimDot(names[0]))
	}
	between := make([]string, len(names)-1)
	for i, name := range names[1:] {
		between[i] = trimDot(name)
	}
	return fmt.Errorf("%s includes itself by way of %s: permerror", trimDot(names[0]), strings.Join(between, ", "))
}

// literalTarget gives the name that a domain-spec stands for in the record of
// owner. It is not ok if that depends on the message.
func literalTarget(spec spf.DomainSpec, owner string) (name string, ok bool) {
	if spec.IsZero() {
		return owner, true
	}
	bound, err := spec.Bind(owner)
	if err != nil {
		return "", false
	}
	return bound.Name()
}

// addresses looks up the target, and reports whether the answer is void.
func (e *explainer) addresses(t *NodeTerm, f spf.Family) (void bool) {
	answer, err := e.resolver.LookupIP(e.ctx, t.Target, f)
	if err != nil {
		if t.Err == nil {
			t.Err = &spf.LookupError{Name: t.Target, Type: [...]string{"A", "AAAA"}[f], Err: err}
		}
		return false
	}
	for _, ip := range answer.Records {
		t.Found = append(t.Found, ip.String())
	}
	return len(answer.Records) == 0
}

// exchanges looks up the hosts of mx, and reports whether the answer is void.
func (e *explainer) exchanges(t *NodeTerm) (void bool) {
	answer, err := e.resolver.LookupMX(e.ctx, t.Target)
	if err != nil {
		t.Err = &spf.LookupError{Name: t.Target, Type: "MX", Err: err}
		return false
	}
	for _, x := range answer.Records {
		t.Found = append(t.Found, x.Host)
	}
	if len(answer.Records) > e.maxMX {
		t.Err = fmt.Errorf("%d mail exchanges, of which %d are allowed (RFC 7208, Section 4.6.4): permerror", len(answer.Records), e.maxMX)
	}
	return len(answer.Records) == 0
}
