package builder

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spfzone/spfzone/spf"
)

// layout is how the terms of one record are laid out: in the root, and in the
// parts that it includes.
type layout struct {
	b        *build
	d        *Domain
	name     string // canonical; the domain's or a region's
	about    string
	redirect spf.DomainSpec
	exp      spf.DomainSpec
	siblings []spf.TXT // other TXT records at the name
	prior    *prior
	belongs  map[string]group // of the published parts, by name
	repack   bool             // lay parts out anew
	encoding Encoding         // that segments have, which is not compact where the domain's is plain
	segments []*segment
	names    *namer
	lists    []AddressList // that exists terms ask for
}

// newLayout prepares the layout of the record for a list.
func (b *build) newLayout(d *Domain, of *list) *layout {
	l := &layout{b: b, d: d, name: of.name, about: of.about, exp: d.Exp, siblings: of.prior.siblings, prior: of.prior}
	l.names = &namer{b: b, pattern: d.Split.Names, owner: of.name, own: of.prior.own(), known: map[string]bool{}}
	return l
}

// leaving says what leaves the root at the least, once it does not hold
// everything.
type leaving uint8

const (
	needed       leaving = iota // what is largest, until the root holds the rest
	allAddresses                // and comes back where it spares parts
	allTerms                    // likewise, as far as they mean the same in a part
)

// placeAs finds the records for runs: the root alone if it holds everything,
// and else parts beside it. Where there may be fewer of them, or several
// published records would change, it tries to move more out of the root.
func (l *layout) placeAs(ctx context.Context, encoding Encoding, runs []run) error {
	l.encoding = encoding
	if err := l.placeLeaving(ctx, runs, needed); err != nil {
		return err
	}
	if c := l.count(); c.Count == 0 || c.Count == c.LowerBound && (l.repack || len(l.prior.parts) == 0 || l.changed() <= 1) {
		return nil
	}
	best := *l
	for _, leave := range [...]leaving{allAddresses, allTerms} {
		other := *l
		if err := other.placeLeaving(ctx, runs, leave); isTooLarge(err) {
			continue
		} else if err != nil {
			return err
		}
		if other.better(&best) {
			best = other
		}
	}
	*l = best
	return nil
}

// better reports whether a layout has fewer parts than another one, or, where
// parts are published and neither has more than one part above the other,
// changes fewer records.
func (l *layout) better(than *layout) bool {
	parts := l.count().Count - than.count().Count
	if !l.repack && len(l.prior.parts) > 0 && -1 <= parts && parts <= 1 {
		parts = cmp.Or(l.changed()-than.changed(), parts)
	}
	return parts < 0
}

// changed counts the records that are not as published.
func (l *layout) changed() int {
	published := map[string]string{}
	if len(l.prior.records) == 1 {
		published[l.name] = l.prior.records[0]
	}
	for _, p := range l.prior.parts {
		published[p.name] = p.text
	}
	n, same := 0, 0
	count := func(name, text string) {
		if published[name] == text {
			same++
		} else if published[name] == "" {
			n++
		}
	}
	count(l.name, l.root().String())
	for _, s := range l.segments {
		for _, p := range s.parts {
			count(p.name, l.partRecord(p.pieces).String())
		}
	}
	return n + len(published) - same
}

// placeLeaving lays runs out, in the root alone if it holds everything. A part
// holds terms of one run, so that runs are joined where there are parts.
func (l *layout) placeLeaving(ctx context.Context, runs []run, leave leaving) error {
	if err := l.placeRuns(ctx, runs); err != nil {
		return err
	}
	if !l.rootHolds() && len(runs) > 1 || leave != needed {
		if err := l.placeRuns(ctx, joined(runs)); err != nil {
			return err
		}
	}
	for _, s := range l.segments {
		if leave != needed && len(s.addresses) > 0 {
			s.move()
		}
		if leave == allTerms {
			s.move()
		}
	}
	if leave != needed {
		if err := l.split(ctx); err != nil {
			return err
		}
	}
	for !l.rootHolds() {
		s := l.largest()
		if s == nil || !s.move() {
			return l.tooLarge()
		}
		if err := l.split(ctx); err != nil {
			return err
		}
	}
	return l.fill(ctx)
}

// placeRuns puts all runs in the root, but for what gets parts of its own.
func (l *layout) placeRuns(ctx context.Context, runs []run) error {
	l.segments = nil
	byNetwork := l.d.Split.By == SplitByNetwork && networksIn(runs) > 1
	for i, r := range runs {
		l.segments = append(l.segments, newSegment(r, byNetwork, l.encoder(runs, i)))
	}
	l.assign()
	return l.split(ctx)
}

// networksIn counts those that get parts of their own where the split is by
// network. There is nothing to tell a single one apart from.
func networksIn(runs []run) (n int) {
	for _, r := range runs {
		for _, it := range r.items {
			if it.apart {
				n++
			}
		}
	}
	return n
}

// largest gives the segment that can spare the most octets of the root.
func (l *layout) largest() *segment {
	var best *segment
	for _, s := range l.segments {
		if s.movable() > 0 && (best == nil || s.movable() > best.movable()) {
			best = s
		}
	}
	return best
}

func (l *layout) rootHolds() bool {
	return l.d.Limits.holds(l.name, l.root().String(), l.siblings)
}

// root gives the domain's own record.
func (l *layout) root() *spf.Record {
	r := &spf.Record{Redirect: l.redirect, Exp: l.exp}
	for _, s := range l.segments {
		directives, _ := qualified(s.inline(), s.qualifier, l.d.closing())
		r.Directives = append(r.Directives, directives...)
	}
	return l.close(r)
}

func (l *layout) close(r *spf.Record) *spf.Record {
	if r.Redirect.IsZero() {
		r.Directives = append(r.Directives, spf.Directive{Qualifier: l.d.closing(), Mechanism: spf.All{}})
	}
	return r
}

// partRecord gives the record of a part. Whatever it matches, it passes: the
// qualifier stands before its include.
func (l *layout) partRecord(pieces []piece) *spf.Record {
	r := &spf.Record{}
	r.Directives, _ = qualified(pieces, spf.QPass, l.d.closing())
	r.Directives = append(r.Directives, spf.Directive{Qualifier: l.d.closing(), Mechanism: spf.All{}})
	return r
}

// partHolds reports whether a part of these pieces keeps to the limits.
func (l *layout) partHolds(name string, pieces []piece) bool {
	return l.d.Limits.holds(name, l.partRecord(pieces).String(), nil)
}

// partCapacity gives the most octets that the pieces of a part may take.
func (l *layout) partCapacity(name string) int {
	return l.d.Limits.capacity(name, nil) - len(l.partRecord(nil).String())
}

func (l *layout) tooLarge() error {
	text := l.root().String()
	size := responseSize(l.name, text, l.siblings)
	r := &Refusal{Kind: TooLarge, Domain: l.d.Name}
	parts := 0
	for _, s := range l.segments {
		parts += len(s.parts)
	}
	left := "what is left in it cannot move to a part"
	if parts > 0 {
		left = fmt.Sprintf("it includes %d parts, and what else is left in it cannot move to one", parts)
	}
	switch limit := l.d.Limits; {
	case parts > limit.Lookups:
		r.Msg = fmt.Sprintf("what is listed for %s fills %d parts, where %d lookups are allowed and each part costs one", trimDot(l.name), parts, limit.Lookups)
	case limit.Record > 0 && len(text) > limit.Record:
		r.Msg = fmt.Sprintf("the record of %s has %d octets at the least, of which limits.record allows %d: %s", trimDot(l.name), len(text), limit.Record, left)
	case len(l.siblings) > 0:
		r.Msg = fmt.Sprintf("the response for %s has %d octets at the least, %d of them for the other TXT records there, and limits.response allows %d",
			trimDot(l.name), size, size-responseSize(l.name, text, nil), limit.Response)
	case parts > 0:
		r.Msg = fmt.Sprintf("the response for %s has %d octets at the least, and limits.response allows %d: %s", trimDot(l.name), size, limit.Response, left)
	default:
		r.Msg = fmt.Sprintf("the response for %s has %d octets at the least, and limits.response allows %d", trimDot(l.name), size, limit.Response)
	}
	return r
}

// records gives the records to publish, the root first.
func (l *layout) records() []Record {
	root := Record{Name: l.name, About: l.about, Record: l.root()}
	for _, s := range l.segments {
		_, terms := qualified(s.inline(), s.qualifier, l.d.closing())
		root.Terms = append(root.Terms, terms...)
	}
	out := []Record{l.finish(root, l.siblings)}
	number := 0
	for _, s := range l.segments {
		for _, p := range s.parts {
			number++
			r := Record{Name: p.name, Of: l.name, Record: l.partRecord(p.pieces), About: fmt.Sprintf("part %d of the SPF record of %s", number, trimDot(l.name))}
			_, r.Terms = qualified(p.pieces, spf.QPass, l.d.closing())
			out = append(out, l.finish(r, nil))
		}
	}
	return out
}

// finish fills in what follows from the record, with the terms that come from
// no sender.
func (l *layout) finish(r Record, siblings []spf.TXT) Record {
	if ds := r.Record.Directives; len(ds) > len(r.Terms) {
		r.Terms = append(r.Terms, Published{Text: ds[len(ds)-1].String()})
	}
	if !r.Record.Redirect.IsZero() {
		r.Terms = append(r.Terms, Published{Text: "redirect=" + r.Record.Redirect.String()})
	}
	if !r.Record.Exp.IsZero() {
		r.Terms = append(r.Terms, Published{Text: "exp=" + r.Record.Exp.String()})
	}
	r.TTL = l.d.TTL
	r.Text = r.Record.String()
	r.Strings = spf.SplitStrings(r.Text, 0)
	r.ResponseBytes = responseSize(r.Name, r.Text, siblings)
	return r
}
