package spf

// numbering numbers decision trees by what they decide: two trees have the
// same number if they ask the same conditions in the same order and lead to
// the same results. What counters and terms led there does not matter.
type numbering struct {
	numbers map[decision]int
	known   map[*Outcome]int
}

// decision is a condition with the numbers of what follows. A result has its
// own number.
type decision struct {
	condition       string
	then, otherwise int
}

func newNumbering() *numbering {
	return &numbering{map[decision]int{}, map[*Outcome]int{}}
}

func (n *numbering) of(o *Outcome) int {
	if o.If == nil {
		return int(o.Result)
	}
	if number, ok := n.known[o]; ok {
		return number
	}
	d := decision{condition: o.If.key, then: n.of(o.Then), otherwise: n.of(o.Else)}
	number, ok := n.numbers[d]
	if !ok {
		number = len(resultNames) + len(n.numbers)
		n.numbers[d] = number
	}
	n.known[o] = number
	return number
}

// reduction leaves out conditions that make no difference to the result.
type reduction struct {
	*interner
	numbers *numbering
	done    map[*Outcome]*Outcome
}

func (r *reduction) of(o *Outcome) *Outcome {
	if o.If == nil {
		return o
	}
	if became := r.done[o]; became != nil {
		return became
	}
	then, otherwise := r.of(o.Then), r.of(o.Else)
	became := otherwise
	if !o.If.isExact() || r.numbers.of(then) != r.numbers.of(otherwise) {
		became = r.branch(o.If, then, otherwise)
	}
	r.done[o] = became
	return became
}
