package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/spfzone/spfzone/builder"
)

// delivery takes the plans of a build, zone by zone, and keeps of them what is
// still to be said and done: of thousands of domains the plans do not fit in
// memory. Nothing is printed, and no file is replaced, before the last is there.
type delivery struct {
	*app
	options buildOptions
	place   map[*builder.Domain]int // in the configuration

	zone    *zone  // whose domains come
	files   *files // with -o
	text    *printer
	domains []placed[json.RawMessage] // for JSON on stdout

	remarks []placed[remark]
	refused []string // names of the zones that are not whole
	whole   int      // zones that are
}

// placed is something about the domain at a place of the configuration.
type placed[T any] struct {
	place int
	value T
}

// remark is what is to be said of a domain on stderr.
type remark struct {
	domain string
	notes  []string
	err    *builder.Refusal
}

func newDelivery(a *app, c *builder.Config, o buildOptions) *delivery {
	d := &delivery{app: a, options: o, place: make(map[*builder.Domain]int, len(c.Domains)), text: a.printer()}
	for i, domain := range c.Domains {
		d.place[domain] = i
	}
	if o.dir != "" {
		d.files = &files{dir: o.dir, format: o.format.value}
	}
	return d
}

// wantsJSON reports whether the answer is a JSON document.
func (d *delivery) wantsJSON() bool {
	return d.output.value == outputJSON || d.options.dir == "" && d.options.format.value == formatJSON
}

// take takes the next plan.
func (d *delivery) take(p *builder.DomainPlan) error {
	if name := canonicalZone(p.Domain); d.zone == nil || d.zone.name != name {
		if err := d.endZone(); err != nil {
			return err
		}
		d.zone = &zone{name: name, origin: p.Domain.Zone}
	}
	d.zone.domains = append(d.zone.domains, p)
	at := d.place[p.Domain]
	if len(p.Notes) > 0 || p.Err != nil {
		d.remarks = append(d.remarks, placed[remark]{at, remark{trimDot(p.Domain.Name), p.Notes, p.Err}})
	}
	if d.wantsJSON() {
		var b bytes.Buffer
		if err := encodeJSON(&b, newDomainDocument(p)); err != nil {
			return err
		}
		d.domains = append(d.domains, placed[json.RawMessage]{at, b.Bytes()})
	}
	return nil
}

// endZone does what is to be done with the zone whose domains are all there.
func (d *delivery) endZone() error {
	z := d.zone
	if z == nil {
		return nil
	}
	if z.refused() {
		d.refused = append(d.refused, z.name)
	} else {
		d.whole++
	}
	if len(d.refused) > 0 && !d.options.keepGoing {
		d.discard()
		d.text = d.printer()
		return nil
	}
	switch {
	case z.refused():
		return nil
	case d.files != nil:
		return d.files.prepare(z)
	case d.wantsJSON():
		return nil
	}
	text, err := z.fragment()
	if err != nil {
		return err
	}
	if d.text.Len() > 0 {
		d.text.linef("")
	}
	d.text.Write(text)
	return nil
}

// discard leaves all files as they are.
func (d *delivery) discard() {
	if d.files != nil {
		d.files.discard()
	}
}

// finish prints the answer, and replaces the files, when all plans are there.
func (d *delivery) finish(ctx context.Context) error {
	if err := d.endZone(); err != nil {
		return err
	}
	var written []fileDocument
	if d.files != nil {
		var err error
		if written, err = d.files.replace(ctx); err != nil {
			return err
		}
		if err := d.noteStale(); err != nil {
			return err
		}
	}
	switch {
	case d.wantsJSON():
		document := buildDocumentOf[json.RawMessage]{Version: 1, Domains: inPlace(d.domains), Files: written}
		return d.answerJSON(document)
	case d.files != nil:
		p := d.printer()
		for _, f := range written {
			p.linef("%-9s %s", f.state(), f.Path)
		}
		return d.answer(p.Bytes())
	}
	return d.answer(d.text.Bytes())
}

// noteStale names the files of zones in which no domain is any more. With --only
// other zones are not looked at.
func (d *delivery) noteStale() error {
	if d.options.only != nil {
		return nil
	}
	zones := map[string]bool{}
	for domain := range d.place {
		zones[canonicalZone(domain)] = true
	}
	stale, err := d.files.stale(zones)
	for _, path := range stale {
		d.note("%s was written by 'spfzone build' for a zone in which the configuration has no domain any more: remove it, and what includes it", path)
	}
	return err
}

// inPlace gives what belongs to domains in the order of the configuration.
func inPlace[T any](list []placed[T]) []T {
	slices.SortStableFunc(list, func(a, b placed[T]) int { return cmp.Compare(a.place, b.place) })
	out := make([]T, len(list))
	for i, p := range list {
		out[i] = p.value
	}
	return out
}

// refusals says what was not built, and gives the exit code.
func (d *delivery) refusals() error {
	code := exitYes
	for _, r := range inPlace(d.remarks) {
		for _, n := range r.notes {
			d.note("%s: %s", r.domain, n)
		}
		if r.err != nil {
			d.complainOf(r.err)
			code = max(code, codeOfRefusal(r.err))
		}
	}
	if code == exitYes {
		return nil
	}
	d.leftOut()
	return withCode(code, errSaid)
}

// leftOut says what becomes of the zones beside a domain that was refused. A
// JSON document says that itself.
func (d *delivery) leftOut() {
	o := d.options
	written, write := "written", "writes"
	if o.dir == "" {
		written, write = "printed", "prints"
	}
	switch {
	case o.dir == "" && o.format.value == formatJSON:
	case !o.keepGoing && d.whole > 0:
		d.complain("no zone is %s, as not every domain is built: --keep-going %s the zones whose domains all are", written, write)
	case !o.keepGoing && o.dir != "":
		d.complain("no zone is written, as not every domain is built")
	case o.keepGoing:
		for _, name := range d.refused {
			d.complain("the zone %s is not %s, as not every domain in it is built", trimDot(name), written)
		}
	}
}
