package main

import (
	"bytes"
	"fmt"
)

// verifyDocument is what verify prints as JSON.
type verifyDocument struct {
	Version int                `json:"version"`
	Summary summaryDocument    `json:"summary"`
	Domains []verifiedDocument `json:"domains"`
}

// summaryDocument counts domains.
type summaryDocument struct {
	Domains   int `json:"domains"`
	Identical int `json:"identical"`
	Equal     int `json:"equal"`
	Different int `json:"different"`
	Unknown   int `json:"unknown"`
}

// verifiedDocument is what was found of a domain.
type verifiedDocument struct {
	Domain   string            `json:"domain"`
	State    string            `json:"state"`
	Notes    []string          `json:"notes,omitempty"`
	Findings []findingDocument `json:"findings"`
}

// findingDocument is something that is not as it should be.
type findingDocument struct {
	Rule    string           `json:"rule"`
	Level   string           `json:"level"`
	Where   string           `json:"where,omitempty"`
	Message string           `json:"message"`
	Changes []changeDocument `json:"changes,omitempty"`
}

func newVerifyDocument(list []*verification) verifyDocument {
	d := verifyDocument{Version: 1, Domains: []verifiedDocument{}}
	d.Summary.Domains = len(list)
	for _, v := range list {
		state := v.state()
		switch state {
		case stateIdentical:
			d.Summary.Identical++
		case stateEqual:
			d.Summary.Equal++
		case stateDifferent:
			d.Summary.Different++
		default:
			d.Summary.Unknown++
		}
		out := verifiedDocument{trimDot(v.domain.Name), state, v.notes, []findingDocument{}}
		for _, f := range v.findings {
			out.Findings = append(out.Findings, findingDocument{f.rule.id, string(f.level), f.where, f.message, f.changes})
		}
		d.Domains = append(d.Domains, out)
	}
	return d
}

// answerVerified prints what was found in one of the forms.
func (a *app) answerVerified(list []*verification, format string) error {
	d := newVerifyDocument(list)
	switch format {
	case formatJSON:
		return a.answerJSON(d)
	case formatJUnit:
		text, err := junit(list)
		if err != nil {
			return err
		}
		return a.answer(text)
	case formatSARIF:
		var b bytes.Buffer
		if err := encodeJSON(&b, newSARIF(list)); err != nil {
			return err
		}
		return a.answer(b.Bytes())
	}
	p := a.printer()
	p.verified(d)
	return a.answer(p.Bytes())
}

// verified prints the findings, and the numbers at the end.
func (p *printer) verified(d verifyDocument) {
	for _, domain := range d.Domains {
		for _, f := range domain.Findings {
			where := ""
			if f.Where != "" {
				where = " at " + printable(f.Where)
			}
			p.linef("%s: %s%s: %s", printable(domain.Domain), p.paint(colorOfLevel(level(f.Level)), f.Level+" ("+f.Rule+")"), where, printable(f.Message))
		}
	}
	s := d.Summary
	line := counted(s.Domains, "domain", "domains") + ":"
	sep := " "
	for _, n := range []struct {
		n    int
		what string
	}{{s.Identical, "identical to the plan"}, {s.Equal, "equal to it in other words"}, {s.Different, "different"}, {s.Unknown, "unknown"}} {
		if n.n > 0 {
			line += fmt.Sprintf("%s%d %s", sep, n.n, n.what)
			sep = ", "
		}
	}
	p.linef("%s", line)
}

func colorOfLevel(l level) int {
	switch l {
	case levelNote:
		return green
	case levelWarning:
		return yellow
	}
	return red
}
