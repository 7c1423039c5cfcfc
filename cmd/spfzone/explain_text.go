package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/spf"
)

// explanation prints the tree, a term a line, in the order of evaluation.
func (p *printer) explanation(x *explanation) {
	p.field("domain", trimDot(x.tree.Name))
	p.field("lookups", p.worst(x.policy.MaxLookups(), x.limits.Lookups))
	p.field("voids", p.worst(x.policy.MaxVoids(), x.limits.Voids))
	p.field("response", p.size(largest(x.tree), x.limits.Response)+" for the largest")
	if x.planned {
		if x.queries != (builder.Queries{}) {
			p.field("queries", queriesText(x.queries))
		}
		for _, f := range x.flattened {
			p.field("flattened", decidedName(f)+": "+printable(f.String()))
		}
		for _, k := range x.kept {
			p.field("kept", decidedName(k)+": "+printable(k.String()))
		}
	}
	p.linef("\nlookups voids octets")
	t := treePrinter{printer: p, x: x}
	t.line(fmt.Sprint(x.tree.Lookups), fmt.Sprint(x.tree.Voids), octets(x.tree), 0, trimDot(x.tree.Name)+p.about(x.tree, x.limits))
	t.terms(x.tree, 2)
}

// size says how near a response comes to its limit, in octets.
func (p *printer) size(n, limit int) string {
	text := fmt.Sprintf("%d of %d octets", n, limit)
	if n > limit {
		return p.paint(red, text)
	}
	return text
}

// about says what is to be known of a record beside its terms.
func (p *printer) about(n *builder.Node, limits builder.Limits) string {
	var b strings.Builder
	if n.OtherTXT > 0 {
		b.WriteString(", beside " + counted(n.OtherTXT, "other TXT record", "other TXT records"))
	}
	if n.ResponseBytes > limits.Response {
		b.WriteString(", " + p.paint(red, fmt.Sprintf("a response over %d octets", limits.Response)))
	}
	if n.Err != nil {
		b.WriteString(": " + p.paint(red, printable(n.Err.Error())))
	}
	if n.Repeated {
		b.WriteString(", as above")
	}
	return b.String()
}

// treePrinter prints the terms of a tree, and remembers whether a limit was
// passed on the way.
type treePrinter struct {
	*printer
	x    *explanation
	over bool
}

func (t *treePrinter) terms(n *builder.Node, indent int) {
	if n.Err != nil && n.Text != "" {
		t.line("", "", "", indent, printable(n.Text))
	}
	for i := 0; i < len(n.Terms); {
		run := t.blocks(n, i)
		if run >= foldFrom {
			t.fold(n, i, run, indent)
			i += run
			continue
		}
		t.term(n, &n.Terms[i], indent)
		i++
	}
}

// foldFrom is how many blocks in a row are shown on one line.
const foldFrom = 4

// blocks counts the ip4 and ip6 terms from i on that have the same sources.
func (t *treePrinter) blocks(n *builder.Node, i int) int {
	run := 0
	for ; i+run < len(n.Terms); run++ {
		term := &n.Terms[i+run]
		if !isBlock(term.Text) || term.Ignored || !slices.Equal(t.sources(n, term), t.sources(n, &n.Terms[i])) {
			break
		}
	}
	return run
}

// isBlock reports whether a term, in canonical text, is ip4 or ip6 that
// passes.
func isBlock(term string) bool {
	return strings.HasPrefix(term, "ip4:") || strings.HasPrefix(term, "ip6:")
}

func (t *treePrinter) sources(n *builder.Node, term *builder.NodeTerm) []*builder.Entry {
	return t.x.sources[publishedTerm{n.Name, term.Text}]
}

// entries gives what the configuration says of a term, in brackets.
func (t *treePrinter) entries(n *builder.Node, term *builder.NodeTerm) string {
	var b strings.Builder
	for _, text := range entryTexts(term.Text, t.sources(n, term)) {
		b.WriteString(" [" + text + "]")
	}
	return b.String()
}

func (t *treePrinter) fold(n *builder.Node, i, run, indent int) {
	first, last := &n.Terms[i], &n.Terms[i+run-1]
	text := fmt.Sprintf("%s to %s, %d blocks%s", first.Text, last.Text, run, t.entries(n, first))
	t.line("", "", "", indent, text)
}

func (t *treePrinter) term(n *builder.Node, term *builder.NodeTerm, indent int) {
	lookups, voids := "", ""
	if term.Lookups > 0 {
		lookups, voids = fmt.Sprint(term.Lookups), fmt.Sprint(term.Voids)
	}
	t.line(lookups, voids, octets(term.Child), indent, t.describe(n, term))
	if term.Child != nil {
		t.terms(term.Child, indent+2)
	}
}

// octets gives the size of the response that holds a record, and nothing where
// there is none.
func octets(n *builder.Node) string {
	if n == nil || n.ResponseBytes == 0 {
		return ""
	}
	return fmt.Sprint(n.ResponseBytes)
}

func (t *treePrinter) line(lookups, voids, octets string, indent int, text string) {
	t.linef("%7s %5s %6s  %s%s", lookups, voids, octets, strings.Repeat(" ", indent), text)
}

// describe is a term with all that is known of it.
func (t *treePrinter) describe(n *builder.Node, term *builder.NodeTerm) string {
	var b strings.Builder
	b.WriteString(printable(term.Text))
	if strings.Contains(term.Text, "%") && term.Target != "" {
		b.WriteString(" is " + trimDot(term.Target))
	}
	if term.Ignored {
		b.WriteString(", never reached behind all")
	}
	if term.Conditional {
		b.WriteString(", depends on the message")
	}
	if term.Child != nil {
		b.WriteString(t.about(term.Child, t.x.limits))
	}
	if decision := t.x.decision(*term); decision != "" {
		b.WriteString(", " + printable(decision))
	}
	if len(term.Found) > 0 {
		b.WriteString(" (" + foundText(term.Found) + ")")
	}
	b.WriteString(voidText(term) + t.entries(n, term))
	if term.Err != nil {
		b.WriteString(": " + t.paint(red, printable(term.Err.Error())))
	}
	b.WriteString(t.overLimit(term))
	return b.String()
}

// voidText says for whom the answer is empty.
func voidText(term *builder.NodeTerm) string {
	switch {
	case term.Conditional, term.Void == [2]bool{}:
		return ""
	case term.Void == [2]bool{true, true}:
		return ", no answer"
	case term.Void[spf.V4]:
		return ", no answer for IPv4"
	}
	return ", no answer for IPv6"
}

// overLimit marks the first term at which a client runs into a limit.
func (t *treePrinter) overLimit(term *builder.NodeTerm) string {
	limits := t.x.limits
	below := term.Child != nil && len(term.Child.Terms) > 0 // which then says so itself
	switch {
	case t.over || below:
		return ""
	case term.TotalLookups > limits.Lookups:
		t.over = true
		return t.paint(red, fmt.Sprintf("  <- over %d lookups", limits.Lookups))
	case term.TotalVoids > limits.Voids:
		t.over = true
		return t.paint(red, fmt.Sprintf("  <- over %d voids", limits.Voids))
	}
	return ""
}
