package main

import (
	"fmt"
	"time"

	"github.com/spfzone/spfzone/providers"
)

// pushDocument is what push and rollback print as JSON.
type pushDocument struct {
	Version int              `json:"version"`
	Domains []pushedDocument `json:"domains"`
}

// pushedDocument is what was written for a domain.
type pushedDocument struct {
	Domain   string            `json:"domain"`
	Provider string            `json:"provider"`
	State    string            `json:"state"` // "published", "waiting" or "failed"
	Error    string            `json:"error,omitempty"`
	After    *time.Time        `json:"after,omitempty"` // of the next stage
	Why      string            `json:"why,omitempty"`
	Written  []writtenDocument `json:"written"`
}

// writtenDocument is one record, or address list, that was created, changed or
// deleted.
type writtenDocument struct {
	Action string         `json:"action"`
	Name   string         `json:"name"`
	To     string         `json:"to"`
	List   *namesDocument `json:"list,omitempty"`
}

// namesDocument counts the names of an address list.
type namesDocument struct {
	Added   int `json:"names_added"`
	Deleted int `json:"names_deleted"`
}

func newNamesDocument(l *providers.ListChange) *namesDocument {
	if l == nil {
		return nil
	}
	return &namesDocument{len(l.To.Minus(l.From)), len(l.From.Minus(l.To))}
}

func (d *namesDocument) text() string {
	return fmt.Sprintf("%s added, %d deleted", counted(d.Added, "name", "names"), d.Deleted)
}

func newPushDocument(jobs []*job) pushDocument {
	d := pushDocument{1, []pushedDocument{}}
	for _, j := range jobs {
		w := pushedDocument{Domain: trimDot(j.plan.Domain.Name), Provider: j.provider, State: "published", Written: []writtenDocument{}}
		for _, s := range j.written {
			for _, c := range s.Changes {
				w.Written = append(w.Written, writtenDocument{c.Verb(), trimDot(c.Name), c.New, newNamesDocument(c.List)})
			}
		}
		switch {
		case j.err != nil:
			w.State, w.Error = "failed", j.message()
		case j.step.Stage.Kind == providers.Wait:
			after := j.step.Stage.After.UTC()
			w.State, w.After, w.Why = "waiting", &after, j.step.Stage.Why
		}
		d.Domains = append(d.Domains, w)
	}
	return d
}

// pushed prints how far each domain is.
func (p *printer) pushed(d pushDocument) {
	for _, domain := range d.Domains {
		written := domain.written()
		switch domain.State {
		case "published":
			p.linef("%s: %s, %s", printable(domain.Domain), p.paint(green, "published as planned"), written)
		case "waiting":
			p.linef("%s: %s, %s; run it again from %s on, as until then %s", printable(domain.Domain), p.paint(yellow, "not done yet"), written, domain.After.Format(timeForm), printable(domain.Why))
		default:
			p.linef("%s: %s, %s", printable(domain.Domain), p.paint(red, "failed"), written)
		}
	}
}

// written counts the records and the lists.
func (d pushedDocument) written() string {
	lists := 0
	for _, w := range d.Written {
		if w.List != nil {
			lists++
		}
	}
	text := counted(len(d.Written)-lists, "record", "records")
	if lists > 0 {
		text += " and " + counted(lists, "address list", "address lists")
	}
	return text + " written"
}
