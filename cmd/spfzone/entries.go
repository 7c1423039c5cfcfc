package main

import (
	"strings"
	"time"

	"github.com/spfzone/spfzone/builder"
)

// entryDocument is an entry of the configuration in JSON.
type entryDocument struct {
	Name    string `json:"name"`
	Place   string `json:"place"`
	Owner   string `json:"owner,omitempty"`
	Ticket  string `json:"ticket,omitempty"`
	Expires string `json:"expires,omitempty"`
	Comment string `json:"comment,omitempty"`
	Weight  int    `json:"weight,omitempty"`
}

func entryDocuments(entries []*builder.Entry) []entryDocument {
	var list []entryDocument
	for _, e := range entries {
		list = append(list, entryDocument{e.Name, e.Place.String(), e.Owner, e.Ticket, day(e.Expires), e.Comment, e.Weight})
	}
	return list
}

// entryTexts gives the entries behind a term, save those that say no more than
// the term itself.
func entryTexts(term string, entries []*builder.Entry) []string {
	var list []string
	for _, e := range entries {
		if text := entryText(e); strings.TrimLeft(text, signs) != strings.TrimLeft(term, signs) {
			list = append(list, text)
		}
	}
	return list
}

// signs are the qualifiers, and what has no place before a modifier.
const signs = "+-~?"

// entryText gives an entry on one line.
func entryText(e *builder.Entry) string {
	parts := []string{e.Name}
	for _, p := range [...]struct{ name, value string }{
		{"owner ", e.Owner},
		{"ticket ", e.Ticket},
		{"expires ", day(e.Expires)},
		{"", e.Comment},
	} {
		if p.value != "" {
			parts = append(parts, p.name+p.value)
		}
	}
	return printable(strings.Join(parts, ", "))
}

// day gives a date, and nothing for none.
func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

// decidedName names the include that a decision is about.
func decidedName(d builder.Decision) string {
	if d.In == "" {
		return trimDot(d.Include)
	}
	return trimDot(d.Include) + " in " + trimDot(d.In)
}

// decidedInclusion is what became of an include, in JSON.
type decidedInclusion struct {
	Include  string `json:"include"`
	In       string `json:"in,omitempty"`
	Why      string `json:"why"`
	Prefixes int    `json:"prefixes,omitempty"`
	Cost     int    `json:"cost"`
	Next     *int   `json:"next,omitempty"`
}

func decidedInclusions(decisions []builder.Decision) []decidedInclusion {
	list := []decidedInclusion{}
	for _, d := range decisions {
		document := decidedInclusion{Include: trimDot(d.Include), In: trimDot(d.In), Why: d.Why, Prefixes: d.Prefixes, Cost: d.Cost}
		if d.Next >= 0 {
			document.Next = &d.Next
		}
		list = append(list, document)
	}
	return list
}
