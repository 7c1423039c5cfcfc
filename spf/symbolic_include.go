package spf

// include puts the policy of the target below the open addresses (RFC 7208,
// Section 5.2): where the target says pass the directive matches; where it
// says fail, softfail or neutral evaluation goes on, with the counters that
// these addresses have by then.
func (r *run) include(d *Directive, m Include) {
	term := d.String()
	child, ok := r.child(m.Domain, d, term)
	if !ok {
		return
	}
	r.follow(child, term, entrance{qualifier: d.Qualifier}, func(leaf *Outcome, lookups, voids int) *Outcome {
		switch leaf.Result {
		case Pass:
			o := *leaf
			o.Result, o.Lookups, o.Voids = d.Qualifier.Result(), lookups, voids
			return r.intern.get(o)
		case TempError:
			return r.fail(TempError, lookups, voids, &EvaluationError{Domain: r.name, Term: term, Err: leaf.Err})
		case PermError, None:
			return r.fail(PermError, lookups, voids, childError(r.name, term, leaf.Result, leaf.Err))
		}
		return r.goOn(lookups, voids)
	})
}

// finish does what comes when no directive matches: redirect= (Section 6.1),
// or neutral (Section 4.7).
func (r *run) finish() {
	if !r.open() {
		return
	}
	if r.record.Redirect.IsZero() {
		r.everywhere(func(o *Outcome) *Outcome {
			return r.intern.get(Outcome{Result: Neutral, Lookups: o.Lookups, Voids: o.Voids, MatchedIn: r.name})
		})
		return
	}
	term := redirectTerm(r.record)
	child, ok := r.child(r.record.Redirect, nil, term)
	if !ok {
		return
	}
	r.follow(child, term, entrance{redirect: true}, func(leaf *Outcome, lookups, voids int) *Outcome {
		if leaf.Result == None {
			return r.fail(PermError, lookups, voids, &EvaluationError{Domain: r.name, Term: term, Msg: "the target has no SPF record", Section: "6.1", Err: leaf.Err})
		}
		if leaf.Result == TempError {
			r.out.passing = false
		}
		o := *leaf
		o.Lookups, o.Voids = lookups, voids
		return r.intern.get(o)
	})
}

// child gives the policy of the target of include, or of redirect= where d is
// nil. It is not ok where nothing is left to do: the target depends on the
// message, or no address can afford the lookup.
func (r *run) child(spec DomainSpec, d *Directive, term string) (*subpolicy, bool) {
	if spec.macro.Uses(messageLetters) {
		r.conditionalChild(spec, d, term)
		return nil, false
	}
	left := min(r.c.limits.Lookups, r.out.budget) - leastOpen(r.cells) - 1
	if left < 0 {
		r.everywhere(func(o *Outcome) *Outcome { return r.within(o.Lookups+1, o.Voids, term) })
		return nil, false
	}
	name, ok := r.target(spec)
	if !ok {
		return &subpolicy{cells: all(r.leaf(None, notATarget(r.name, name))), passing: true}, true
	}
	child := r.policyOf(name, left)
	r.note(child.expires)
	r.dependsOn(child)
	r.out.usesO = r.out.usesO || child.usesO
	r.out.cut = r.out.cut || child.cut
	if !child.passing {
		r.out.passing = false
	}
	return child, true
}

// follow joins the policy of a target to the open addresses. f gives the
// outcome for a leaf of it, with the counters summed, where that is not a
// decision that all records share which enter there.
func (r *run) follow(child *subpolicy, term string, from entrance, f func(leaf *Outcome, lookups, voids int) *Outcome) {
	places := make(cells[int], len(child.cells))
	for i := range child.cells {
		places[i] = cell[int]{child.cells[i].start, i}
	}
	var at entrance
	var shared []*Outcome
	r.cells = join(r.cells, places, func(o *Outcome, i int) *Outcome {
		if o.If == nil && o.open {
			from.lookups, from.voids = o.Lookups+1, o.Voids
			if shared == nil || at != from {
				at, shared = from, child.decisionsFrom(from)
			}
			if p := shared[i]; p != nil && r.affords(p) {
				return p
			}
		}
		return r.intern.mapOpen(o, func(o *Outcome) *Outcome {
			return r.intern.mapLeaves(child.cells[i].value, func(leaf *Outcome) *Outcome {
				lookups, voids := o.Lookups+1+leaf.Lookups, o.Voids+leaf.Voids
				over := r.within(lookups, voids, term)
				if over != nil && !r.overThere(child, leaf, lookups, voids) {
					return over
				}
				return f(leaf, lookups, voids)
			})
		})
	})
}

// overThere reports whether a leaf of a target names the very term at which
// addresses with these counters pass a limit: whether the target was computed
// for what they could still afford, and they pass no other limit.
func (r *run) overThere(child *subpolicy, leaf *Outcome, lookups, voids int) bool {
	mostLookups, mostVoids := min(r.c.limits.Lookups, r.out.budget), r.c.limits.Voids
	overLookups := leaf.Lookups > child.budget && lookups == mostLookups+1 && voids <= mostVoids
	overVoids := leaf.Voids > mostVoids && voids == mostVoids+1 && lookups <= mostLookups
	return overLookups || overVoids
}

// affords reports whether an outcome is within the limits.
func (r *run) affords(o *Outcome) bool {
	return o.Lookups <= min(r.c.limits.Lookups, r.out.budget) && o.Voids <= r.c.limits.Voids
}

// conditionalChild leaves include or redirect= for each message to decide. Of
// redirect=, Then stands for a target that says pass.
func (r *run) conditionalChild(spec DomainSpec, d *Directive, term string) {
	if spec.macro.Uses("o") {
		r.out.usesO = true
	}
	c := r.intern.condition(newCondition(d, r.name, r.asked, spec, r.family))
	r.everywhere(func(o *Outcome) *Outcome {
		lookups := o.Lookups + 1
		if over := r.within(lookups, o.Voids, term); over != nil {
			return over
		}
		if d != nil {
			return r.intern.branch(c, r.decide(d, lookups, o.Voids), r.goOn(lookups, o.Voids))
		}
		then := Outcome{Result: Pass, Lookups: lookups, Voids: o.Voids, MatchedIn: r.name}
		otherwise := then
		otherwise.Result = Neutral
		return r.intern.branch(c, r.intern.get(then), r.intern.get(otherwise))
	})
}
