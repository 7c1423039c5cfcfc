package main

import (
	"fmt"
	"strings"

	"github.com/spfzone/spfzone/spf"
)

// evaluation prints what came of a check, and the trace if there is one.
func (p *printer) evaluation(v *spf.Evaluation, header string) {
	p.field("result", p.result(v.Result))
	p.field("domain", trimDot(v.Domain))
	p.field("identity", v.Identity.String())
	p.field("matched", matchedText(v.Matched, v.MatchedIn, v.Err))
	p.field("explanation", printable(v.Explanation))
	p.field("lookups", fmt.Sprintf("%d of %d", v.Lookups, rfcLimits.Lookups))
	p.field("voids", fmt.Sprintf("%d of %d", v.Voids, rfcLimits.Voids))
	p.field("reason", p.paint(red, printable(errorText(v.Err))))
	if header != "" {
		p.linef("\nReceived-SPF: %s", printable(header))
	}
	if len(v.Trace) > 0 {
		p.linef("")
		p.trace(v.Trace)
	}
}

// matchedText says which term decided, and where it stands.
func matchedText(d *spf.Directive, in string, err error) string {
	switch {
	case d != nil:
		return fmt.Sprintf("%s in %s", printable(d.String()), trimDot(in))
	case err == nil:
		return fmt.Sprintf("no term of %s, and so the end of the record", trimDot(in))
	}
	return ""
}

// trace prints steps, those of an included record below its include.
func (p *printer) trace(steps []spf.Step) {
	p.linef("lookups voids")
	for i, s := range steps {
		lookups, voids := s.Lookups, s.Voids
		if i+1 < len(steps) && steps[i+1].Depth > s.Depth {
			lookups, voids = steps[i+1].Lookups, steps[i+1].Voids // as the record below begins
		}
		space := strings.Repeat(" ", 4*s.Depth)
		if s.Term != "" {
			p.linef("%7d %5d  %s  %s", lookups, voids, space, p.termStep(s))
			continue
		}
		text := "no record"
		if len(s.Found) > 0 {
			text = printable(s.Found[0])
		}
		p.linef("%7d %5d  %s%s: %s", lookups, voids, space, trimDot(s.Domain), text)
		if s.Err != nil {
			p.linef("%15s%s  %s", "", space, p.paint(red, printable(s.Err.Error())))
		}
	}
}

func (p *printer) termStep(s spf.Step) string {
	var b strings.Builder
	b.WriteString(printable(s.Term))
	if strings.Contains(s.Term, "%") && s.Target != "" {
		b.WriteString(" is " + trimDot(s.Target))
	}
	b.WriteString(": ")
	switch {
	case s.Err != nil && leadsOn(s.Term):
		b.WriteString(p.result(s.Result))
	case s.Err != nil:
		b.WriteString(p.paint(red, printable(s.Err.Error())))
	case strings.HasPrefix(s.Term, "redirect="):
		b.WriteString(p.result(s.Result))
	case leadsOn(s.Term) && s.Matched:
		b.WriteString(p.result(s.Result) + ", so it matches")
	case leadsOn(s.Term):
		b.WriteString(p.result(s.Result) + ", so it does not match")
	case s.Matched:
		b.WriteString("matches: " + p.result(s.Result))
	default:
		b.WriteString("does not match")
	}
	if len(s.Found) > 0 {
		b.WriteString(" (" + foundText(s.Found) + ")")
	}
	return b.String()
}

// foundText gives the first of what the DNS had.
func foundText(found []string) string {
	const shown = 8
	names := make([]string, 0, shown)
	for _, f := range found[:min(len(found), shown)] {
		names = append(names, trimDot(f))
	}
	text := strings.Join(names, " ")
	if more := len(found) - shown; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
