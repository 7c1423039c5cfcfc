package bench

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/spfzone/spfzone/spf"
)

// The baseline is the simple way to flatten: every include is read, the
// addresses that are found stand in its place in the order in which they are
// found, each once, and what a record has no room for goes to the next one,
// which the record includes. What cannot be turned into addresses is copied as
// it stands, and what is not found is left out.

// simpleTree is what the baseline makes of a list: a chain of records.
type simpleTree struct {
	names []string // canonical, the domain's own first
	texts []string
}

// simpleWay gives the chain for a listed record that ends in all. The response
// is counted as the builder does it, so that both have the same room.
func simpleWay(ctx context.Context, dns spf.Resolver, domain, listed string, response int) (simpleTree, error) {
	r, err := spf.Parse(listed)
	if err != nil {
		return simpleTree{}, err
	}
	f := &flattening{Resolver: dns, seen: map[string]bool{}}
	last := len(r.Directives) - 1
	for _, d := range r.Directives[:last] {
		f.add(ctx, domain, d.Qualifier, d.Mechanism, 0)
	}
	return chained(domain, f.terms, r.Directives[last].String(), response, siblings(ctx, dns, domain)), nil
}

// siblings gives the TXT records at a name that are not SPF.
func siblings(ctx context.Context, dns spf.Resolver, name string) []spf.TXT {
	answer, _ := dns.LookupTXT(ctx, name)
	return slices.DeleteFunc(slices.Clone(answer.Records), func(t spf.TXT) bool { return spf.IsSPF(t.Join()) })
}

// chained fills one record after the other.
func chained(domain string, terms []string, all string, response int, siblings []spf.TXT) simpleTree {
	var tree simpleTree
	name := domain
	text := func(n int, end ...string) string {
		return strings.Join(slices.Concat([]string{"v=spf1"}, terms[:n], end), " ")
	}
	fits := func(text string) bool {
		return spf.TXTResponseSize(name, append(siblings[:len(siblings):len(siblings)], spf.SplitStrings(text, 0))) <= response
	}
	add := func(text string) { tree.names, tree.texts = append(tree.names, name), append(tree.texts, text) }
	for !fits(text(len(terms), all)) && len(terms) > 1 {
		next := fmt.Sprintf("_chain%d.%s", len(tree.names)+1, domain)
		include := "include:" + strings.TrimSuffix(next, ".")
		n := min(len(tree.names), 1) // the first may have no room for any
		for n < len(terms) && fits(text(n+1, include, all)) {
			n++
		}
		add(text(n, include, all))
		terms, name, siblings = terms[n:], next, nil
	}
	add(text(len(terms), all))
	return tree
}

// over answers from the chain, and asks base for all else.
func (t simpleTree) over(base spf.Resolver) spf.Resolver {
	o := &spf.Overlay{Base: base, TXT: map[string][]spf.TXT{}}
	for i, name := range t.names {
		o.TXT[name] = []spf.TXT{spf.SplitStrings(t.texts[i], 0)}
	}
	return o
}

// flattening collects the terms of a list.
type flattening struct {
	spf.Resolver
	terms []string
	seen  map[string]bool
}

func (f *flattening) put(q spf.Qualifier, m spf.Mechanism) {
	term := spf.Directive{Qualifier: q, Mechanism: m}.String()
	if !f.seen[term] {
		f.seen[term] = true
		f.terms = append(f.terms, term)
	}
}

// add puts what stands in the place of a mechanism in the record of owner.
// depth is how many includes it stands under.
func (f *flattening) add(ctx context.Context, owner string, q spf.Qualifier, m spf.Mechanism, depth int) {
	spec := spf.Directive{Mechanism: m}.Domain()
	name, ok := spec.Name()
	if spec.IsZero() {
		name, ok = owner, true
	}
	switch m := m.(type) {
	case spf.Include:
		if ok {
			f.include(ctx, name, q, depth+1)
			return
		}
	case spf.A:
		if ok {
			f.host(ctx, name, q, m.CIDR)
			return
		}
	case spf.MX:
		if ok {
			mx, _ := f.LookupMX(ctx, name)
			for _, x := range mx.Records {
				f.host(ctx, x.Host, q, m.CIDR)
			}
			return
		}
	}
	f.put(q, m)
}

// deepest bounds the includes within includes, some of which go in circles.
const deepest = 12

func (f *flattening) include(ctx context.Context, name string, q spf.Qualifier, depth int) {
	txt, _ := f.LookupTXT(ctx, name)
	for _, t := range txt.Records {
		r, err := spf.Parse(t.Join())
		if err != nil || depth > deepest {
			continue
		}
		for _, d := range r.Directives {
			if _, isAll := d.Mechanism.(spf.All); !isAll && d.Qualifier == spf.QPass {
				f.add(ctx, name, q, d.Mechanism, depth)
			}
		}
		if target, ok := r.Redirect.Name(); ok {
			f.include(ctx, target, q, depth+1)
		}
	}
}

func (f *flattening) host(ctx context.Context, name string, q spf.Qualifier, c spf.DualCIDR) {
	for _, family := range [...]spf.Family{spf.V4, spf.V6} {
		answer, _ := f.LookupIP(ctx, name, family)
		for _, ip := range answer.Records {
			p := netip.PrefixFrom(ip, c.Bits(family)).Masked()
			if family == spf.V4 {
				f.put(q, spf.IP4{Prefix: p})
			} else {
				f.put(q, spf.IP6{Prefix: p})
			}
		}
	}
}
