package spf

import "net/netip"

// openStep is a step of the trace that is still being filled in. The methods
// of a nil one do nothing, so that an evaluation without trace pays nothing.
type openStep struct {
	e     *evaluation
	at    int // in the trace, which may move as it grows
	depth int
}

func (s *openStep) step() *Step { return &(*s.e.trace)[s.at] }

// begin records the start of a directive, where a trace is wanted.
func (e *evaluation) begin(d *Directive, name string) *openStep {
	if e.trace == nil {
		return nil
	}
	return e.beginTerm(d.String(), name)
}

// beginTerm is begin for a term given as text.
func (e *evaluation) beginTerm(term, name string) *openStep {
	if e.trace == nil {
		return nil
	}
	*e.trace = append(*e.trace, Step{Depth: e.depth, Domain: name, Term: term})
	return &openStep{e: e, at: len(*e.trace) - 1, depth: e.depth}
}

// end records the outcome of a directive.
func (e *evaluation) end(s *openStep, d *Directive, matched bool, err error) {
	if s == nil {
		return
	}
	s.step().Matched = matched
	if _, isInclude := d.Mechanism.(Include); matched && !isInclude {
		s.step().Result = d.Qualifier.Result()
	}
	e.endTerm(s, err)
}

// endTerm records the counters and the error after a term.
func (e *evaluation) endTerm(s *openStep, err error) {
	if s == nil {
		return
	}
	step := s.step()
	step.Lookups, step.Voids, step.Err = e.lookups, e.voids, err
	e.depth = s.depth
}

// traceTerm records a directive that asks no DNS.
func (e *evaluation) traceTerm(d *Directive, name string, matched bool) {
	if e.trace != nil {
		e.end(e.begin(d, name), d, matched, nil)
	}
}

// traceRecord records what a name publishes.
func (e *evaluation) traceRecord(name string, p *published, err error) {
	if e.trace == nil {
		return
	}
	step := Step{Depth: e.depth, Domain: name, Target: name, Lookups: e.lookups, Voids: e.voids, Err: err}
	if p != nil {
		step.Result = p.result
		if p.text != "" {
			step.Found = []string{p.text}
		}
		if p.err != nil {
			step.Err = p.err
		}
	}
	*e.trace = append(*e.trace, step)
}

func (s *openStep) setTarget(name []byte) {
	if s != nil {
		s.step().Target = string(name)
	}
}

func (s *openStep) setResult(r Result) {
	if s != nil {
		s.step().Result = r
	}
}

func (s *openStep) foundNames(names []string) {
	if s != nil {
		s.step().Found = append(s.step().Found, names...)
	}
}

func (s *openStep) foundAddresses(addrs []netip.Addr) {
	if s == nil {
		return
	}
	for _, a := range addrs {
		s.step().Found = append(s.step().Found, a.String())
	}
}

func (s *openStep) foundExchanges(exchanges []MailExchange) {
	if s == nil {
		return
	}
	for _, x := range exchanges {
		s.step().Found = append(s.step().Found, x.Host)
	}
}
