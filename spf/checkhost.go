package spf

import (
	"fmt"
	"net/netip"
)

// evaluation is check_host for one message (RFC 7208, Section 4).
type evaluation struct {
	live
	msg            message
	lookups, voids int
	validated      []string // names of the client, once ptr or %{p} asked for them
	haveValidated  bool
	trace          *[]Step
	depth          int
}

// verdict is how the evaluation of one record ended.
type verdict struct {
	result  Result
	matched *Directive
	owner   string     // of the record that matched, or whose end was reached
	exp     DomainSpec // of the record of the top level, redirect followed
	expIn   string     // its owner
	err     error
}

// failure ends an evaluation with none, temperror or permerror.
func failure(r Result, err *EvaluationError) verdict {
	return verdict{result: r, owner: err.Domain, err: err}
}

// checkHost evaluates the record of a canonical name.
func (e *evaluation) checkHost(name string, depth int) verdict {
	e.depth = depth
	p, err := e.record(name)
	e.traceRecord(name, p, err)
	if err != nil {
		return failure(TempError, &EvaluationError{Domain: name, Err: err})
	}
	if p.record == nil {
		return failure(p.result, p.err)
	}
	for i := range p.record.Directives {
		d := &p.record.Directives[i]
		v, decided := e.directive(d, name, depth)
		if decided {
			v.exp, v.expIn = p.record.Exp, name
			return v
		}
	}
	if !p.record.Redirect.IsZero() {
		return e.redirect(p.record, name, depth)
	}
	return verdict{result: Neutral, owner: name, exp: p.record.Exp, expIn: name}
}

// directive evaluates one directive; decided is false where it does not match
// and evaluation goes on.
func (e *evaluation) directive(d *Directive, name string, depth int) (v verdict, decided bool) {
	switch m := d.Mechanism.(type) {
	case All:
		decided = true
	case IP4:
		decided = e.msg.ip.Is4() && contains(m.Prefix, e.msg.ip)
	case IP6:
		decided = e.msg.ip.Is6() && contains(m.Prefix, e.msg.ip)
	default:
		return e.lookupDirective(d, name, depth)
	}
	v = verdict{result: d.Qualifier.Result(), matched: d, owner: name}
	e.traceTerm(d, name, decided)
	return v, decided
}

// contains is netip.Prefix.Contains for a prefix that may have host bits.
func contains(p netip.Prefix, ip netip.Addr) bool { return p.Contains(ip) }

// lookupDirective evaluates a directive that asks the DNS, and counts it.
func (e *evaluation) lookupDirective(d *Directive, name string, depth int) (verdict, bool) {
	e.lookups++
	if e.lookups > e.c.limits.Lookups {
		return failure(PermError, tooManyLookups(e.c.limits, name, d.String())), true
	}
	if include, ok := d.Mechanism.(Include); ok {
		return e.include(d, include, name, depth)
	}
	step := e.begin(d, name)
	matched, void, err := e.match(d, name, step)
	if void && err == nil {
		e.voids++
	}
	e.end(step, d, matched, err)
	switch {
	case err != nil:
		return e.termFailure(d.String(), name, err), true
	case e.voids > e.c.limits.Voids:
		return failure(PermError, tooManyVoids(e.c.limits, name, d.String())), true
	}
	return verdict{result: d.Qualifier.Result(), matched: d, owner: name}, matched
}

// termFailure makes an error of match a verdict: permerror for a broken limit,
// temperror for a failed lookup.
func (e *evaluation) termFailure(term, name string, err error) verdict {
	if broken, ok := err.(*EvaluationError); ok {
		return failure(PermError, broken)
	}
	return failure(TempError, &EvaluationError{Domain: name, Term: term, Err: err})
}

// match evaluates a, mx, ptr and exists. void says that the DNS had nothing.
func (e *evaluation) match(d *Directive, name string, step *openStep) (matched, void bool, err error) {
	spec := d.Domain()
	var buf [maxName + 2]byte
	target, ok := e.target(buf[:0], spec, name)
	step.setTarget(target)
	if !ok {
		return false, false, nil
	}
	switch m := d.Mechanism.(type) {
	case A:
		addrs, err := e.addresses(target, FamilyOf(e.msg.ip))
		step.foundAddresses(addrs)
		return e.anyContains(addrs, m.CIDR), len(addrs) == 0, err
	case MX:
		return e.matchMX(m, target, name, d, step)
	case PTR:
		return e.matchPTR(target, step)
	}
	addrs, err := e.addresses(target, V4)
	step.foundAddresses(addrs)
	return len(addrs) > 0, len(addrs) == 0, err
}

// target expands a domain-spec into a canonical name (RFC 7208, Section 4.8).
// It is not ok where the outcome is no domain name: then the mechanism does
// not match.
func (e *evaluation) target(dst []byte, spec DomainSpec, owner string) (name []byte, ok bool) {
	if spec.IsZero() {
		return append(dst, owner...), true
	}
	if literal, ok := spec.Name(); ok {
		return append(dst, literal...), isTarget(literal)
	}
	if !isASCII(e.msg.local) && spec.macro.Uses("sl") {
		return nil, false // RFC 8616, Section 4
	}
	dst = e.msg.appendMacros(dst, spec.macro, owner, func() string { return e.validatedName(owner) })
	return canonicalTarget(dst)
}

// isTarget reports whether a canonical name can be asked for: two labels or
// more, each of 1 to 63 octets.
func isTarget(name string) bool { return validName(name) && isMultiLabel(name) }

func (e *evaluation) anyContains(addrs []netip.Addr, c DualCIDR) bool {
	bits := c.Bits(FamilyOf(e.msg.ip))
	for _, a := range addrs {
		if a.Is4() != e.msg.ip.Is4() {
			continue
		}
		if a == e.msg.ip || contains(netip.PrefixFrom(a, bits), e.msg.ip) {
			return true
		}
	}
	return false
}

// matchMX is RFC 7208, Section 5.4.
func (e *evaluation) matchMX(m MX, target []byte, name string, d *Directive, step *openStep) (matched, void bool, err error) {
	exchanges, err := e.exchanges(target)
	if err != nil {
		return false, false, err
	}
	step.foundExchanges(exchanges)
	if len(exchanges) > e.c.limits.MX {
		return false, false, tooManyMX(e.c.limits, name, d.String(), len(exchanges))
	}
	for _, x := range exchanges {
		if x.Host == "." { // RFC 7505
			continue
		}
		var buf [maxName + 2]byte
		addrs, err := e.addresses(append(buf[:0], x.Host...), FamilyOf(e.msg.ip))
		if err != nil {
			return false, false, err
		}
		step.foundAddresses(addrs)
		if e.anyContains(addrs, m.CIDR) {
			return true, false, nil
		}
	}
	return false, len(exchanges) == 0, nil
}

// include is RFC 7208, Section 5.2.
func (e *evaluation) include(d *Directive, m Include, name string, depth int) (verdict, bool) {
	step := e.begin(d, name)
	child := e.child(m.Domain, name, depth, step)
	step.setResult(child.result)
	switch child.result {
	case Pass:
		e.end(step, d, true, nil)
		child.result = d.Qualifier.Result()
		return child, true
	case Fail, SoftFail, Neutral:
		e.end(step, d, false, nil)
		return verdict{}, false
	case TempError:
		e.end(step, d, false, child.err)
		return failure(TempError, &EvaluationError{Domain: name, Term: d.String(), Err: child.err}), true
	}
	e.end(step, d, false, child.err)
	return failure(PermError, childError(name, d.String(), child.result, child.err)), true
}

// childError says that the target of include or redirect gave none or
// permerror.
func childError(name, term string, r Result, err error) *EvaluationError {
	section := "5.2"
	if r == None {
		return &EvaluationError{Domain: name, Term: term, Msg: "the target has no SPF record", Section: section, Err: err}
	}
	return &EvaluationError{Domain: name, Term: term, Err: err}
}

// child evaluates the target of include or redirect.
func (e *evaluation) child(spec DomainSpec, name string, depth int, step *openStep) verdict {
	if literal, ok := spec.Name(); ok && isTarget(literal) {
		step.setTarget([]byte(literal))
		return e.checkHost(literal, depth+1)
	}
	var buf [maxName + 2]byte
	target, ok := e.target(buf[:0], spec, name)
	step.setTarget(target)
	if !ok {
		return failure(None, notATarget(name, string(target)))
	}
	return e.checkHost(string(target), depth+1)
}

// notATarget says that the target of include or redirect is no name to ask for.
func notATarget(owner, target string) *EvaluationError {
	return &EvaluationError{Domain: owner, Msg: fmt.Sprintf("%q is not a domain name of two labels or more", trimDot(target)), Section: "4.3"}
}

// redirect is RFC 7208, Section 6.1.
func (e *evaluation) redirect(r *Record, name string, depth int) verdict {
	term := redirectTerm(r)
	e.lookups++
	if e.lookups > e.c.limits.Lookups {
		return failure(PermError, tooManyLookups(e.c.limits, name, term))
	}
	step := e.beginTerm(term, name)
	v := e.child(r.Redirect, name, depth, step)
	step.setResult(v.result)
	e.endTerm(step, v.err)
	if v.result == None {
		return failure(PermError, &EvaluationError{Domain: name, Term: term, Msg: "the target has no SPF record", Section: "6.1", Err: v.err})
	}
	return v
}

func redirectTerm(r *Record) string { return "redirect=" + r.Redirect.String() }

func tooManyLookups(l Limits, name, term string) *EvaluationError {
	return &EvaluationError{Domain: name, Term: term, Msg: fmt.Sprintf("more than %d terms that ask the DNS", l.Lookups), Section: "4.6.4"}
}

func tooManyVoids(l Limits, name, term string) *EvaluationError {
	return &EvaluationError{Domain: name, Term: term, Msg: fmt.Sprintf("more than %d lookups without answer", l.Voids), Section: "4.6.4"}
}

func tooManyMX(l Limits, name, term string, n int) *EvaluationError {
	return &EvaluationError{Domain: name, Term: term, Msg: fmt.Sprintf("%d mail exchanges, of which %d are allowed", n, l.MX), Section: "4.6.4"}
}
