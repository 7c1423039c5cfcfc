package main

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// plan prints what is to be written, domain by domain. done is the state of one for
// which nothing is.
func (p *printer) plan(d planDocument, now time.Time, done string) {
	same, refused, failed := 0, 0, 0
	for _, domain := range d.Domains {
		switch {
		case domain.Error != "" && domain.code == exitFailure:
			failed++
		case domain.Error != "":
			refused++
		case len(domain.Stages) == 0:
			same++
		default:
			p.planned(domain, now)
			p.linef("")
		}
	}
	switch {
	case same > 0 && done == stateRestored:
		p.linef("%s published as before that write", counted(same, "domain is", "domains are"))
	case same > 0 && refused+failed > 0:
		p.linef("%d of %s %s published as planned%s%s", same, counted(len(d.Domains), "domain", "domains"), map[bool]string{true: "is", false: "are"}[same == 1], besides(refused, "refused"), besides(failed, "failed"))
	case same > 0:
		p.linef("%s published as planned", counted(same, "domain is", "domains are"))
	}
}

// besides counts what is not as it should be.
func besides(n int, what string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %d %s", n, what)
}

func (p *printer) planned(d plannedDocument, now time.Time) {
	p.linef("%s through %s: %s", printable(d.Domain), printable(d.Provider), counted(len(d.Stages), "stage", "stages"))
	for _, s := range d.Stages {
		when := "now"
		if s.At.After(now) {
			when = "from " + s.At.Format(timeForm) + " on"
			if s.Why != "" {
				when += ", as until then " + printable(s.Why)
			}
		}
		p.linef("  %s", when)
		for _, w := range s.Changes {
			p.write(w)
		}
	}
	if len(d.Changes) == 0 {
		p.linef("  no address gets another result")
		return
	}
	for _, c := range d.Changes {
		word := ""
		if c.losesPass() {
			word = p.paint(red, "lost:") + " "
		}
		p.linef("  %s%s, now %s: %s in %s", word, c.From.text(), c.To.text(), c.Numbers.text(), counted(len(c.Prefixes), "prefix", "prefixes"))
		p.prefixes("    ", c)
	}
}

// timeForm is that of times in answers, which are in UTC.
const timeForm = "2006-01-02 15:04:05 UTC"

// write prints one record with what was there, and the terms that differ.
func (p *printer) write(w writeDocument) {
	if w.List != nil {
		p.writeList(w)
		return
	}
	ttl := ""
	switch {
	case w.To == "":
	case w.OldTTL != 0 && w.OldTTL != w.TTL:
		ttl = fmt.Sprintf(", TTL %d in place of %d", w.TTL, w.OldTTL)
	default:
		ttl = fmt.Sprintf(", TTL %d", w.TTL)
	}
	p.linef("    %s %s%s", w.Action, printable(w.Name), ttl)
	for _, text := range w.From {
		p.linef("      %s", p.paint(red, "- "+printable(text)))
	}
	if w.To != "" {
		p.linef("      %s", p.paint(green, "+ "+printable(w.To)))
	}
	if len(w.From) > 0 && w.To != "" {
		p.terms("without", w.Removed)
		p.terms("new", w.Added)
	}
}

// writeList prints what becomes of an address list.
func (p *printer) writeList(w writeDocument) {
	p.linef("    %s %s, an address list of %s: %s, TTL %d", w.Action, printable(w.Name), counted(w.List.Names, "name", "names"), (&namesDocument{w.List.Added, w.List.Deleted}).text(), w.TTL)
	for _, side := range []struct {
		sign     string
		color    int
		prefixes []netip.Prefix
	}{{"- ", red, w.List.Lost}, {"+ ", green, w.List.Gained}} {
		if len(side.prefixes) == 0 {
			continue
		}
		var texts []string
		for _, prefix := range side.prefixes {
			texts = append(texts, prefix.String())
		}
		p.linef("      %s", p.paint(side.color, side.sign+someOf(texts)))
	}
}

func (p *printer) terms(word string, terms []string) {
	if len(terms) > 0 {
		p.linef("      %-7s %s", word, printable(strings.Join(terms, " ")))
	}
}
