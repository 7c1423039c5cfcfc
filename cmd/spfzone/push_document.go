package main

import (
	"context"
	"errors"
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
	State    string            `json:"state"`
	Error    string            `json:"error,omitempty"`
	After    *time.Time        `json:"after,omitempty"` // of the next stage
	Why      string            `json:"why,omitempty"`
	Written  []writtenDocument `json:"written"`
	Notes    []string          `json:"notes,omitempty"`
}

// The states of a domain that is pushed.
const (
	statePublished = "published"
	stateRestored  = "restored" // by rollback
	stateWaiting   = "waiting"  // for the next stage
	stateStopped   = "stopped"  // by a signal or --timeout
	stateFailed    = "failed"
)

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

// newPushDocument says how far domains are, with what ended the work if it was not
// done.
func newPushDocument(jobs []*job, ended error, done string) pushDocument {
	d := pushDocument{1, []pushedDocument{}}
	for _, j := range jobs {
		w := pushedDocument{Domain: trimDot(j.plan.Domain.Name), Provider: j.provider, State: done, Written: []writtenDocument{}, Notes: j.notes()}
		for _, s := range j.written {
			for _, c := range s.Changes {
				w.Written = append(w.Written, writtenDocument{c.Verb(), trimDot(c.Name), c.New, newNamesDocument(c.List)})
			}
		}
		switch {
		case ended != nil && (j.err == nil && j.step == nil || errors.Is(j.err, ended) || errors.Is(j.err, context.Canceled) || errors.Is(j.err, context.DeadlineExceeded)):
			w.State = stateStopped
		case j.err != nil:
			w.State, w.Error = stateFailed, j.message()
		case j.step.Stage.Kind == providers.Wait:
			after := j.step.Stage.After.UTC()
			w.State, w.After, w.Why = stateWaiting, &after, j.step.Stage.Why
		case j.step.Stage.Kind != providers.Done:
			w.State = stateStopped
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
		case statePublished:
			p.linef("%s: %s, %s", printable(domain.Domain), p.paint(green, "published as planned"), written)
		case stateRestored:
			p.linef("%s: %s, %s; the next push publishes what is planned again", printable(domain.Domain), p.paint(green, "restored as it was"), written)
		case stateStopped:
			p.linef("%s: %s, %s; run it again to go on", printable(domain.Domain), p.paint(yellow, "stopped"), written)
		case stateWaiting:
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
