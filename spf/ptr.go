package spf

import (
	"bytes"
	"strings"
)

// matchPTR is RFC 7208, Section 5.5: a validated name of the client is the
// target or below it. Failures of the DNS are no match.
func (e *evaluation) matchPTR(target []byte, step *openStep) (matched, void bool, err error) {
	names, err := e.pointers(e.msg.ip)
	if err != nil {
		return false, false, nil
	}
	step.foundNames(names)
	for _, name := range e.clientNames() {
		if below(name, string(target)) {
			return true, false, nil
		}
	}
	return false, len(names) == 0, nil
}

// clientNames gives the names of the client whose addresses include it (RFC
// 7208, Section 5.5), of the first Limits.PTR in the answer.
func (e *evaluation) clientNames() []string {
	if e.haveValidated {
		return e.validated
	}
	e.haveValidated = true
	names, err := e.pointers(e.msg.ip)
	if err != nil {
		return nil
	}
	for _, name := range names[:min(len(names), e.c.limits.PTR)] {
		addrs, err := e.addresses([]byte(name), FamilyOf(e.msg.ip))
		if err != nil {
			continue
		}
		for _, a := range addrs {
			if a == e.msg.ip {
				e.validated = append(e.validated, name)
				break
			}
		}
	}
	return e.validated
}

// below reports whether a canonical name is the other or a subdomain of it.
func below(name, parent string) bool {
	return strings.HasSuffix(name, parent) &&
		(len(name) == len(parent) || name[len(name)-len(parent)-1] == '.')
}

// validatedName is what "%{p}" stands for (RFC 7208, Section 7.3): a
// validated name that is the domain, else one below it, else any, else
// "unknown".
func (e *evaluation) validatedName(owner string) string {
	names := e.clientNames()
	best := ""
	for _, name := range names {
		switch {
		case name == owner:
			return trimDot(name)
		case best == "" || below(name, owner) && !below(best, owner):
			best = name
		}
	}
	if best == "" {
		return "unknown"
	}
	return trimDot(best)
}

// explanation gives the text for a fail (RFC 7208, Section 6.2). Whatever
// goes wrong on the way yields the default.
func (e *evaluation) explanation(v verdict) string {
	if v.exp.IsZero() {
		return e.c.DefaultExplanation
	}
	step := e.beginTerm("exp="+v.exp.String(), v.expIn)
	text, ok := e.publishedExplanation(v, step)
	e.endTerm(step, nil)
	if !ok {
		return e.c.DefaultExplanation
	}
	return text
}

func (e *evaluation) publishedExplanation(v verdict, step *openStep) (string, bool) {
	var buf [maxName + 2]byte
	target, ok := e.target(buf[:0], v.exp, v.expIn)
	step.setTarget(target)
	if !ok {
		return "", false
	}
	answer, err := e.c.Resolver.LookupTXT(e.query(), string(target))
	if err != nil || len(answer.Records) != 1 {
		return "", false
	}
	text := answer.Records[0].Join()
	step.foundNames([]string{text})
	m, err := ParseExplanation(text)
	if err != nil {
		return "", false
	}
	out := e.msg.appendMacros(nil, m, v.expIn, func() string { return e.validatedName(v.expIn) })
	if bytes.ContainsFunc(out, func(r rune) bool { return r < ' ' || r > '~' }) {
		return "", false
	}
	return string(out), true
}
