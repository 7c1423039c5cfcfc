package spf

// numbering numbers decision trees by what they decide: two trees with the
// same number lead to the same results in every message. What counters and
// terms led there does not matter.
//
// Whether an exact condition is asked before or behind another, or twice,
// makes no difference, so that trees are put in a normal form: within a stretch
// of exact conditions these are asked in the order of their texts, each once at
// most, and none without need. (It is a reduced ordered decision diagram, as in
// Bryant, "Graph-Based Algorithms for Boolean Function Manipulation", 1986,
// whose ends are results and conditions that are not exact.) Of the others, the
// order counts.
type numbering struct {
	nodes   []decision // by number, less that of the results
	numbers map[decision]int
	known   map[*Outcome]int
	chosen  map[decision]int
}

// decision is a condition with the numbers of what follows. A result has its
// own number.
type decision struct {
	condition       string
	exact           bool
	then, otherwise int
}

// maxOrdered bounds the nodes for which an order is sought. Beyond them a
// condition is left where it is: equal trees may then have different numbers,
// but never different ones the same.
const maxOrdered = 1 << 16

func newNumbering() *numbering {
	return &numbering{numbers: map[decision]int{}, known: map[*Outcome]int{}, chosen: map[decision]int{}}
}

func (n *numbering) of(o *Outcome) int {
	if o.If == nil {
		return int(o.Result)
	}
	if number, ok := n.known[o]; ok {
		return number
	}
	d := decision{o.If.key, o.If.isExact(), n.of(o.Then), n.of(o.Else)}
	number := 0
	if d.exact {
		number = n.choose(d)
	} else {
		number = n.number(d)
	}
	n.known[o] = number
	return number
}

// number gives the number of a decision that is in normal form.
func (n *numbering) number(d decision) int {
	if d.exact && d.then == d.otherwise {
		return d.then
	}
	number, ok := n.numbers[d]
	if !ok {
		number = len(resultNames) + len(n.nodes)
		n.nodes = append(n.nodes, d)
		n.numbers[d] = number
	}
	return number
}

// choose gives the number of a decision by an exact condition between two
// that are in normal form.
func (n *numbering) choose(d decision) int {
	if number, ok := n.chosen[d]; ok {
		return number
	}
	first := d.condition
	for _, below := range [...]int{d.then, d.otherwise} {
		if c, ok := n.exact(below); ok && c.condition < first && len(n.nodes) < maxOrdered {
			first = c.condition
		}
	}
	yes, no := d, d
	yes.then, yes.otherwise = n.given(d.then, first, true), n.given(d.otherwise, first, true)
	no.then, no.otherwise = n.given(d.then, first, false), n.given(d.otherwise, first, false)
	made := decision{first, true, yes.then, no.otherwise}
	if first != d.condition {
		made.then, made.otherwise = n.choose(yes), n.choose(no)
	}
	number := n.number(made)
	n.chosen[d] = number
	return number
}

// exact gives the decision that a number stands for, if it is by an exact
// condition.
func (n *numbering) exact(number int) (d decision, ok bool) {
	if number < len(resultNames) {
		return d, false
	}
	d = n.nodes[number-len(resultNames)]
	return d, d.exact
}

// given gives what becomes of a decision where an exact condition, none of
// whose decisions stands above it, matches or does not.
func (n *numbering) given(number int, condition string, matches bool) int {
	d, ok := n.exact(number)
	switch {
	case !ok || d.condition != condition:
		return number
	case matches:
		return d.then
	}
	return d.otherwise
}

// reduction leaves out conditions that make no difference to the result. The
// counters of what stays are then the larger ones of both ways.
type reduction struct {
	*interner
	numbers *numbering
	done    map[*Outcome]*Outcome
	worst   map[*Outcome]counters // of the nodes of trees
}

type counters struct{ lookups, voids int }

func (c counters) most(o counters) counters {
	return counters{max(c.lookups, o.lookups), max(c.voids, o.voids)}
}

// worstOf gives the largest counters of the leaves of a tree.
func (r *reduction) worstOf(o *Outcome) counters {
	if o.If == nil {
		return counters{o.Lookups, o.Voids}
	}
	c, ok := r.worst[o]
	if !ok {
		c = r.worstOf(o.Then).most(r.worstOf(o.Else))
		r.worst[o] = c
	}
	return c
}

// raise gives a tree whose leaves have at least these counters.
func (r *reduction) raise(o *Outcome, to counters) *Outcome {
	return r.mapLeaves(o, func(leaf *Outcome) *Outcome {
		c := to.most(counters{leaf.Lookups, leaf.Voids})
		if leaf.Lookups == c.lookups && leaf.Voids == c.voids {
			return leaf
		}
		raised := *leaf
		raised.Lookups, raised.Voids = c.lookups, c.voids
		return r.get(raised)
	})
}

func (r *reduction) of(o *Outcome) *Outcome {
	if o.If == nil {
		return o
	}
	if became := r.done[o]; became != nil {
		return became
	}
	then, otherwise := r.of(o.Then), r.of(o.Else)
	var became *Outcome
	if o.If.isExact() && r.numbers.of(then) == r.numbers.of(otherwise) {
		became = r.raise(otherwise, r.worstOf(then))
	} else {
		became = r.branch(o.If, then, otherwise)
	}
	r.done[o] = became
	return became
}
