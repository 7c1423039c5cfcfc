package main

import (
	"fmt"
	"strings"
)

// update prints what has changed. A source of which nothing has is counted.
func (p *printer) update(d updateDocument) {
	same := 0
	for _, s := range d.Sources {
		if !s.New && s.Alarm == nil && len(s.Gained)+len(s.Lost)+len(s.Depends) == 0 {
			same++
			continue
		}
		p.source(s)
	}
	for _, name := range d.Removed {
		p.linef("%-9s %s", "removed", printable(name))
	}
	if len(d.Own) > 0 {
		p.linef("%-9s what is published at %s", "changed", printable(someOf(d.Own)))
	}
	if same > 0 {
		p.linef("%-9s %s", "unchanged", counted(same, "source", "sources"))
	}
	state := "unchanged"
	switch {
	case d.Stopped:
		state = p.paint(red, "stopped  ")
	case d.Failed:
		state = p.paint(red, "failed   ")
	case d.Changed:
		state = "written"
	}
	p.linef("%-9s %s", state, d.Lock)
}

// source prints what has changed of one source. All prefixes of a new one are
// too many to read.
func (p *printer) source(s sourceDocument) {
	name := printable(s.Name)
	if s.Term != s.Name {
		name += " (" + printable(s.Term) + ")"
	}
	if s.Domain != "" {
		name += " for " + s.Domain
	}
	if s.Alarm != nil {
		word := string(s.Alarm.Kind)
		switch {
		case s.Kept:
			word += ", the former answers are kept"
		case s.Alarm.Accepted:
			word += ", accepted"
		default:
			word = p.paint(red, word)
		}
		name += ": " + word
	}
	if s.New {
		p.linef("%-9s %s, %s", "new", name, counted(s.Prefixes, "prefix", "prefixes"))
		return
	}
	p.linef("%-9s %s", "changed", name)
	var whose []string
	for _, it := range [...]struct{ word, value string }{{"owner ", s.Owner}, {"ticket ", s.Ticket}, {"in ", s.Domains.text()}} {
		if it.value != "" {
			whose = append(whose, it.word+it.value)
		}
	}
	p.linef("  %s", printable(strings.Join(whose, ", ")))
	p.through(p.paint(green, "+"), s.Gained)
	p.through(p.paint(red, "-"), s.Lost)
	for _, c := range s.Depends {
		p.linef("  in %s the message decided or decides", counted(len(c.Prefixes), "prefix", "prefixes"))
		p.linef("    before: %s", c.From.text())
		p.linef("    now:    %s", c.To.text())
	}
}

// through prints prefixes by the records that they come through.
func (p *printer) through(sign string, list []throughDocument) {
	for _, t := range list {
		if len(t.Path) > 0 {
			p.linef("  through %s", strings.Join(t.Path, ", "))
		}
		for _, prefix := range t.Prefixes {
			p.linef("  %s %v", sign, prefix)
		}
	}
}

// text gives a decision on one line.
func (d *decisionDocument) text() string {
	if d.If == "" {
		return d.Result
	}
	return fmt.Sprintf("if %s: %s, else %s", printable(d.If), d.Then.text(), d.Else.text())
}
