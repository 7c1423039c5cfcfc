package addresslist

import (
	"slices"
	"strings"
)

// Step is names to add or to delete, in any order.
type Step struct{ Add, Delete List }

// Steps gives the steps by which one list becomes another. After each single
// addition and deletion, in whatever order those of a step are made, an address
// that both list is listed. One that neither lists is not, if the first is a list
// as a build makes it, or on the way from one to another.
//
// First all names of the second are added, then those of the first alone
// deleted. A name that is added below a wildcard brings names into being above
// it, for which the wildcard does not stand any more (RFC 4592, Section 2.2.2):
// so each of these first gets a wildcard of its own, which goes in the end
// unless the second list has it. To delete names is the same backwards.
func Steps(from, to List) (steps []Step) {
	a, b := treeOf(from), treeOf(to)
	hidden, uncovered := a.hidden(b), b.hidden(a)
	all := from.Plus(to).Plus(wildcards(hidden)).Plus(wildcards(uncovered))
	for _, names := range layers(all.Minus(from), hidden) {
		steps = append(steps, Step{Add: names})
	}
	deletions := layers(all.Minus(to), uncovered)
	slices.Reverse(deletions)
	for _, names := range deletions {
		steps = append(steps, Step{Delete: names})
	}
	return steps
}

// tree is the names that exist in a list.
type tree struct {
	has    map[string]bool // names with an A record
	exists map[string]bool // with the empty non-terminals; wildcards are not in it
}

func treeOf(l List) tree {
	t := tree{make(map[string]bool, len(l)), make(map[string]bool, len(l))}
	for _, name := range l {
		t.has[name] = true
		for n := node(name); !t.exists[n]; n = parent(n) {
			t.exists[n] = true
			if n == "" {
				break
			}
		}
	}
	return t
}

// node gives the name that a wildcard stands below, or the name itself.
func node(name string) string { return strings.TrimPrefix(name, "*.") }

// parent gives the name above; "" is the list's own.
func parent(name string) string {
	_, above, _ := strings.Cut(name, ".")
	return above
}

// hidden gives the names that exist in another tree, above those of addresses,
// and do not in t, where a wildcard stands for all that is below them.
func (t tree) hidden(o tree) map[string]bool {
	out := map[string]bool{}
	for name := range o.exists {
		if t.exists[name] || o.has[name] || name == "" {
			continue
		}
		encloser := parent(name)
		for encloser != "" && !t.exists[encloser] {
			encloser = parent(encloser)
		}
		if encloser != "" && t.has["*."+encloser] {
			out[name] = true
		}
	}
	return out
}

func wildcards(nodes map[string]bool) List {
	names := make([]string, 0, len(nodes))
	for name := range nodes {
		names = append(names, "*."+name)
	}
	return New(names...)
}

// layers sorts names by how many hidden names are above theirs: the wildcards of
// those come first.
func layers(names List, hidden map[string]bool) (out []List) {
	for _, name := range names {
		depth := 0
		for n := parent(node(name)); n != ""; n = parent(n) {
			if hidden[n] {
				depth++
			}
		}
		for len(out) <= depth {
			out = append(out, nil)
		}
		out[depth] = append(out[depth], name)
	}
	return slices.DeleteFunc(out, func(l List) bool { return len(l) == 0 })
}

// Batches cuts a step into batches of at most so many names, for a list at a
// name, that fit into one message (RFC 1035, Section 4.2.2) even if no name in
// it is compressed and each is named twice.
func (s Step) Batches(root string, most int, ttl uint32) (out []Batch) {
	const (
		octets = 60000 // of 65535, as a message has more than names
		fixed  = 32    // of two records, but for their names
	)
	b := Batch{Root: root, TTL: ttl}
	size, count := 0, 0
	put := func(to *[]string, name string) {
		name += "." + root
		if n := 2*len(name) + fixed; count == most || size+n > octets {
			out = append(out, b)
			b, size, count = Batch{Root: root, TTL: ttl}, 0, 0
		}
		*to = append(*to, name)
		size, count = size+2*len(name)+fixed, count+1
	}
	for _, name := range s.Add {
		put(&b.Add, name)
	}
	for _, name := range s.Delete {
		put(&b.Delete, name)
	}
	if count > 0 {
		out = append(out, b)
	}
	return out
}
