package builder

import (
	"context"
	"net/netip"
	"strconv"
	"strings"

	"github.com/spfzone/spfzone/spf"
)

// prior is what a name publishes now, so that what need not change does not.
type prior struct {
	texts
	parts    []priorPart
	root     []spf.Directive
	inline   map[string]bool                  // root, by text
	prefixes map[spf.Qualifier][]netip.Prefix // of ip4 and ip6 in the root

	formers map[spf.Qualifier]*former
}

// priorPart is a part of a published record.
type priorPart struct {
	name      string
	text      string
	qualifier spf.Qualifier
	terms     map[string]bool // by text
	prefixes  []netip.Prefix  // of ip4 and ip6 that match
}

// priorOf reads what a name of a domain publishes, and the parts by the pattern
// of their names. The other TXT records at the domain's own name may be listed
// instead.
func (b *build) priorOf(ctx context.Context, name string, d *Domain) (*prior, error) {
	p, err := b.readPrior(ctx, name, d.Split.Names)
	if err == nil {
		err = b.refuseAlias(ctx, name, p.alias, d.Split.Names)
	}
	if err == nil && name == d.Name && d.Siblings != nil {
		p.siblings = nil
		for _, text := range d.Siblings {
			p.siblings = append(p.siblings, spf.SplitStrings(text, 0))
		}
	}
	return p, err
}

func (b *build) readPrior(ctx context.Context, name, pattern string) (*prior, error) {
	p := &prior{inline: map[string]bool{}, prefixes: map[spf.Qualifier][]netip.Prefix{}, formers: map[spf.Qualifier]*former{}}
	var err error
	if p.texts, err = b.fetch(ctx, name); err != nil {
		return p, err
	}
	if p.alias != "" {
		p.texts = texts{alias: p.alias} // all else stands elsewhere
	}
	if len(p.records) != 1 {
		return p, nil
	}
	root, err := spf.Parse(p.records[0])
	if err != nil {
		return p, nil // it is replaced, so what is wrong with it does not matter
	}
	p.root = root.Directives
	for _, d := range p.root {
		p.inline[d.String()] = true
		if prefix, ok := literal(d.Mechanism); ok {
			p.prefixes[d.Qualifier] = append(p.prefixes[d.Qualifier], prefix)
		}
		target, named := d.Domain().Name()
		if _, isInclude := d.Mechanism.(spf.Include); !isInclude || !named || !isPartName(target, pattern, name) || b.used.has(target) || b.used.partsOf(target).owner != name {
			continue
		}
		part, err := b.record(ctx, target)
		if err != nil {
			return nil, err
		}
		if part != nil {
			p.parts = append(p.parts, newPriorPart(target, d.Qualifier, part))
		}
	}
	return p, nil
}

func newPriorPart(name string, q spf.Qualifier, r *spf.Record) priorPart {
	p := priorPart{name: name, text: r.String(), qualifier: q, terms: map[string]bool{}}
	for _, d := range r.Directives {
		if _, isAll := d.Mechanism.(spf.All); isAll {
			break
		}
		t := term{mechanism: d.Mechanism, excluded: d.Qualifier != spf.QPass}
		p.terms[t.text()] = true
		if prefix, ok := literal(d.Mechanism); ok && !t.excluded {
			p.prefixes = append(p.prefixes, prefix)
		}
	}
	return p
}

// isPartName reports whether a canonical name is one that the pattern gives to
// a part of owner's record.
func isPartName(name, pattern, owner string) bool {
	label, ok := strings.CutSuffix(name, "."+owner)
	before, after, _ := strings.Cut(strings.ToLower(pattern), "%d")
	digits, okBefore := strings.CutPrefix(label, before)
	digits, okAfter := strings.CutSuffix(digits, after)
	n, err := strconv.Atoi(digits)
	return ok && okBefore && okAfter && err == nil && n > 0 && strconv.Itoa(n) == digits
}

// own gives the names of the parts.
func (p *prior) own() map[string]bool {
	names := map[string]bool{}
	for _, part := range p.parts {
		names[part.name] = true
	}
	return names
}
