package main

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/providers/push"
	"github.com/spfzone/spfzone/spf"
)

// planDocument is what plan and push --dry-run print as JSON.
type planDocument struct {
	Version int               `json:"version"`
	Domains []plannedDocument `json:"domains"`
}

// plannedDocument is what is to be written for a domain.
type plannedDocument struct {
	Domain   string           `json:"domain"`
	Provider string           `json:"provider"`
	Error    string           `json:"error,omitempty"`
	Stages   []stageDocument  `json:"stages"`
	Changes  []changeDocument `json:"changes"` // of results
	Notes    []string         `json:"notes,omitempty"`
	code     exitCode         // of the error
}

// stageDocument is what may be written together.
type stageDocument struct {
	Kind    string          `json:"kind"`
	At      time.Time       `json:"at"`
	Why     string          `json:"why,omitempty"` // not before
	Changes []writeDocument `json:"changes"`
}

// writeDocument is one record, or address list, that is created, changed or
// deleted.
type writeDocument struct {
	Action  string              `json:"action"`
	Name    string              `json:"name"`
	Zone    string              `json:"zone"`
	From    []string            `json:"from"`
	To      string              `json:"to"`
	TTL     int64               `json:"ttl"`
	OldTTL  int64               `json:"old_ttl"`
	Added   []string            `json:"added"` // terms
	Removed []string            `json:"removed"`
	List    *listChangeDocument `json:"list,omitempty"`
}

// listChangeDocument is what becomes of an address list.
type listChangeDocument struct {
	Names   int            `json:"names"` // in the end
	Added   int            `json:"names_added"`
	Deleted int            `json:"names_deleted"`
	Gained  []netip.Prefix `json:"gained"` // addresses that are listed then
	Lost    []netip.Prefix `json:"lost"`   // addresses that are not any more
}

func newListChangeDocument(l *providers.ListChange) *listChangeDocument {
	if l == nil {
		return nil
	}
	n := newNamesDocument(l)
	return &listChangeDocument{len(l.To), n.Added, n.Deleted, l.To.Beside(l.From), l.From.Beside(l.To)}
}

func newPlanDocument(jobs []*job) planDocument {
	d := planDocument{Version: 1, Domains: []plannedDocument{}}
	for _, j := range jobs {
		d.Domains = append(d.Domains, newPlannedDocument(j))
	}
	return d
}

func newPlannedDocument(j *job) plannedDocument {
	d := plannedDocument{Domain: trimDot(j.plan.Domain.Name), Provider: j.provider, Stages: []stageDocument{}, Changes: []changeDocument{}}
	d.Notes = j.notes()
	if j.err != nil {
		d.Error, d.code = j.message(), codeOfPush(j.err)
		return d
	}
	for _, f := range j.stages {
		d.Stages = append(d.Stages, newStageDocument(j, f))
	}
	d.setChanges(j.now, j.then)
	return d
}

// setChanges says which addresses get another result, what is lost first.
func (d *plannedDocument) setChanges(now, then *spf.Policy) {
	for _, c := range now.Diff(then) {
		d.Changes = append(d.Changes, newChangeDocument(c))
	}
	slices.SortStableFunc(d.Changes, func(a, b changeDocument) int { return cmp.Compare(a.place(), b.place()) })
}

// losesPass reports whether addresses that pass for sure do so no more.
func (d changeDocument) losesPass() bool {
	return d.From.Result == spf.Pass.String() && d.To.Result != spf.Pass.String()
}

// place puts what passed first, as it is what mail may be lost by.
func (d changeDocument) place() int {
	switch {
	case d.losesPass():
		return 0
	case d.From.mayPass() && !d.To.mayPass():
		return 1
	}
	return 2
}

// message says what failed, with the domain before it.
func (j *job) message() string {
	text, domain := j.err.Error(), trimDot(j.plan.Domain.Name)
	if strings.HasPrefix(text, domain+":") {
		return text
	}
	return domain + ": " + text
}

func newStageDocument(j *job, f push.Forecast) stageDocument {
	d := stageDocument{Kind: f.Stage.Kind.String(), At: f.At.UTC(), Why: f.Why, Changes: []writeDocument{}}
	for _, c := range f.Stage.Changes {
		set := j.step.Set(c.Name)
		w := writeDocument{
			Action: c.Verb(), Name: trimDot(c.Name), Zone: trimDot(j.step.Zone(c.Name)), From: append([]string{}, c.Old...), To: c.New,
			TTL: int64(c.TTL.Seconds()), Added: []string{}, Removed: []string{}, List: newListChangeDocument(c.List),
		}
		if len(set.SPF()) > 0 {
			w.OldTTL = int64(set.TTL)
		}
		old, new := termsOf(c.Old...), termsOf(c.New)
		w.Added, w.Removed = append(w.Added, beside(new, old)...), append(w.Removed, beside(old, new)...)
		d.Changes = append(d.Changes, w)
	}
	return d
}

// termsOf gives the terms of records, each once.
func termsOf(texts ...string) (terms []string) {
	for _, text := range texts {
		r, _ := spf.ParseAll(text)
		if r == nil {
			continue
		}
		for _, term := range strings.Fields(r.String())[1:] {
			if !slices.Contains(terms, term) {
				terms = append(terms, term)
			}
		}
	}
	return terms
}

// beside gives what is in a and not in b.
func beside(a, b []string) (out []string) {
	for _, s := range a {
		if !slices.Contains(b, s) {
			out = append(out, s)
		}
	}
	return out
}

func newChangeDocument(c spf.Change) changeDocument {
	return changeDocument{newDecisionDocument(c.From), newDecisionDocument(c.To), newFamiliesNumbers(addresses(c.Prefixes)), c.Prefixes}
}
