package main

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/providers/addresslist"
	"github.com/spfzone/spfzone/providers/journal"
	"github.com/spfzone/spfzone/spf"
)

// mostListed bounds the names of a list that are asked for. Of a longer one they
// are taken from all of it.
const mostListed = 2000

// lists reports whether a name is one of an address list.
func (at view) lists(ctx context.Context, name string) (bool, error) {
	if at.server != nil {
		return at.server.Lists(ctx, name)
	}
	answer, err := at.resolver.LookupIP(ctx, name, spf.V4)
	return slices.Contains(answer.Records, listedAddress), err
}

// inNamesOf gives a planned record with the lists that are published in the place of
// those that are planned.
func inNamesOf(text string, names map[string]string) string {
	var pairs []string
	for _, planned := range slices.Sorted(maps.Keys(names)) {
		pairs = append(pairs, "."+trimDot(planned), "."+trimDot(names[planned]))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// namesOfLists notes which lists a published record asks for in the place of those
// that are planned: push gives a list another number where it has to.
func namesOfLists(d *builder.DomainPlan, planned string, published []string, names map[string]string) {
	want, got := (providers.Version{planned}).Lists(), providers.Version(published).Lists()
	if len(want) != len(got) {
		return
	}
	for i, name := range got {
		l := slices.IndexFunc(d.Lists, func(l builder.AddressList) bool { return l.Name == want[i] })
		for number := 1; l >= 0 && number <= len(d.Lists)+mostListNumbers; number++ {
			if d.Domain.ListName(d.Lists[l].Of, number) == name {
				names[want[i]] = name
			}
		}
	}
}

// mostListNumbers is how many numbers lists may be ahead of what is planned.
const mostListNumbers = 16

// lists asks for the names of the planned address lists, at the names that they have
// where they are published, and for those that push has had there besides. A view
// that has them is given the lists as they are planned, as the DNS does not tell which
// other names it has. It is not whole if a name is missing, or is there besides.
func (v *verification) lists(ctx context.Context, d *builder.DomainPlan, j *journal.Journal, names map[string]string, at view) (listed view, whole bool, err error) {
	over := &spf.Overlay{Base: at.resolver}
	whole = true
	for i := range d.Lists {
		l := &d.Lists[i]
		root := l.Name
		if names[root] != "" {
			root = names[root]
		}
		list := addresslist.Of(l.Name, l.Owners)
		over.Trees = append(over.Trees, list.Tree(root))
		missing, asked, err := at.differing(ctx, list.Absolute(root), true)
		if err != nil {
			return at, false, err
		}
		if len(missing) > 0 {
			v.find(rulePolicy, at.name, "the list %s lacks %d of the %d names that were asked for: %s", trimDot(root), len(missing), asked, someOf(missing))
		}
		more, asked, err := at.differing(ctx, unplanned(j.Entries(d.Domain.Name), root, list).Absolute(root), false)
		if err != nil {
			return at, false, err
		}
		if len(more) > 0 {
			v.find(rulePolicy, at.name, "the list %s has %d of the %d names that were asked for as push has had them there, and that are not planned: %s", trimDot(root), len(more), asked, someOf(more))
		}
		whole = whole && len(missing)+len(more) == 0
	}
	if len(d.Lists) > 0 {
		at.resolver = over
	}
	return at, whole, nil
}

// differing gives those names, of up to mostListed of some, that are not as they are to
// be: in a list, or not.
func (at view) differing(ctx context.Context, owners []string, want bool) (out []string, asked int, err error) {
	for k := 0; k < len(owners); k += len(owners)/mostListed + 1 {
		name := owners[k]
		if below, ok := strings.CutPrefix(name, "*."); ok {
			name = wildcardLabel(want) + "." + below
		}
		has, err := at.lists(ctx, name)
		if err != nil {
			return nil, 0, err
		}
		if asked++; has != want {
			out = append(out, trimDot(owners[k]))
		}
	}
	return out, asked, nil
}

// wildcardLabel is one for which a wildcard of a list stands: of an address where it is
// to be there, and of none where it is not, as a name beside it may be.
func wildcardLabel(want bool) string {
	if want {
		return "0"
	}
	return "none"
}

// unplanned gives the names that push has had at the root of a list, and that neither
// are planned nor stand for addresses that a planned wildcard stands for.
func unplanned(entries []*journal.Entry, root string, planned addresslist.List) (names addresslist.List) {
	for _, e := range entries {
		if e.List != nil && e.Name == root {
			names = names.Plus(e.List.Added).Plus(e.List.Deleted).Plus(e.List.Passing)
		}
	}
	return slices.DeleteFunc(names.Minus(planned), planned.Covers)
}
