package spf

import "errors"

// ErrTooComplex is the error of [Checker.Policy] where the conditional terms of
// a domain can be met in so many different ways, with so many different
// counters, that no decision tree of a sensible size says which.
var ErrTooComplex = errors.New("the conditional terms make too many combinations")

// maxBranches bounds the inner nodes of the decision trees of one computation.
const maxBranches = 1 << 17

// interner makes equal outcomes of one computation the same pointer, and so
// equal branches of decision trees the same node.
type interner struct {
	outcomes   map[Outcome]*Outcome
	errors     map[EvaluationError]*EvaluationError
	conditions map[conditionKey]*Condition
	branches   int
	overflow   *Outcome // once there are too many branches, what every tree becomes
}

func newInterner() *interner { return &interner{outcomes: map[Outcome]*Outcome{}} }

func (in *interner) get(o Outcome) *Outcome {
	if p, ok := in.outcomes[o]; ok {
		return p
	}
	p := new(Outcome) // not &o, which would put every o on the heap, known or not
	*p = o
	in.outcomes[o] = p
	return p
}

// conditionKey is all that tells conditions apart.
type conditionKey struct {
	directive *Directive
	domain    string
	text      string
}

func (in *interner) condition(c *Condition) *Condition {
	k := conditionKey{c.Directive, c.Domain, c.key}
	if p, ok := in.conditions[k]; ok {
		return p
	}
	if in.conditions == nil {
		in.conditions = map[conditionKey]*Condition{}
	}
	in.conditions[k] = c
	return c
}

func (in *interner) failure(e EvaluationError) *EvaluationError {
	if p, ok := in.errors[e]; ok {
		return p
	}
	p := new(EvaluationError)
	*p = e
	if in.errors == nil {
		in.errors = map[EvaluationError]*EvaluationError{}
	}
	in.errors[e] = p
	return p
}

// branch gives a conditional outcome. Its open flag says that a leaf is open.
func (in *interner) branch(c *Condition, then, otherwise *Outcome) *Outcome {
	if in.overflow != nil {
		return in.overflow
	}
	o := Outcome{If: c, Then: then, Else: otherwise, open: then.open || otherwise.open}
	switch {
	case !otherwise.open:
		o.least = then.leastLookups()
	case !then.open:
		o.least = otherwise.leastLookups()
	default:
		o.least = min(then.leastLookups(), otherwise.leastLookups())
	}
	known := len(in.outcomes)
	p := in.get(o)
	if in.branches += len(in.outcomes) - known; in.branches > maxBranches {
		in.overflow = in.get(Outcome{Result: PermError, Err: ErrTooComplex})
		return in.overflow
	}
	return p
}

// leastLookups gives the smallest counter of lookups among the open leaves.
func (o *Outcome) leastLookups() int {
	if o.If == nil {
		return o.Lookups
	}
	return o.least
}

// mapLeaves replaces the leaves of a tree, each once however many ways lead to
// it.
func (in *interner) mapLeaves(o *Outcome, f func(*Outcome) *Outcome) *Outcome {
	if o.If == nil {
		return f(o)
	}
	m := mapping{in, f, false, map[*Outcome]*Outcome{}}
	return m.of(o)
}

// mapOpen is mapLeaves for the open leaves alone.
func (in *interner) mapOpen(o *Outcome, f func(*Outcome) *Outcome) *Outcome {
	switch {
	case !o.open:
		return o
	case o.If == nil:
		return f(o)
	}
	m := mapping{in, f, true, map[*Outcome]*Outcome{}}
	return m.of(o)
}

// mapping replaces leaves, and remembers for each node what became of it.
type mapping struct {
	*interner
	f        func(*Outcome) *Outcome
	openOnly bool
	done     map[*Outcome]*Outcome
}

func (m *mapping) of(o *Outcome) *Outcome {
	if m.openOnly && !o.open {
		return o
	}
	if became := m.done[o]; became != nil {
		return became
	}
	var became *Outcome
	switch {
	case m.overflow != nil:
		return m.overflow
	case o.If == nil:
		became = m.f(o)
	default:
		became = m.branch(o.If, m.of(o.Then), m.of(o.Else))
	}
	m.done[o] = became
	return became
}
