package zonefile

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// change is what becomes of an item.
type change struct {
	removed bool
	splices []splice // in any order, not overlapping
	ttl     *uint32  // a new one that the record states
	behind  []wanted // new records
}

// splice puts text in the place of octets of the file.
type splice struct {
	span
	text string
}

func (c *change) splice(start, end int, text string) {
	c.splices = append(c.splices, splice{span{start, end}, text})
}

func (p *patch) change(index int) *change {
	if p.changes[index] == nil {
		p.changes[index] = &change{}
	}
	return p.changes[index]
}

// rewrite puts the wanted strings and TTL in the place of a record's.
func (p *patch) rewrite(r placed, w wanted) {
	c := p.change(r.index)
	if r.ttl != w.TTL {
		c.ttl = &w.TTL
		if r.ttlAt >= 0 {
			t := r.tokens[r.ttlAt]
			c.splice(t.start, t.end, fmt.Sprint(w.TTL))
		} else {
			c.splice(r.behind, r.behind, fmt.Sprintf("%d ", w.TTL))
		}
	}
	if r.text() == w.Text {
		return
	}
	if t := r.tokens[r.typAt]; !strings.EqualFold(p.text(t), "TXT") {
		c.splice(t.start, t.end, "TXT")
	}
	p.rewriteStrings(c, r, w.record().Strings)
}

// rewriteStrings leaves the strings at the beginning and at the end that stay.
// Those between take the places of the old ones, so that the comments and
// lines between them stay too.
func (p *patch) rewriteStrings(c *change, r placed, want []string) {
	old, tokens := r.strings, r.rdata
	head, tail := 0, 0
	if !p.isGeneric(r.item) {
		for head < min(len(old), len(want)) && old[head] == want[head] {
			head++
		}
		for tail < min(len(old), len(want))-head && old[len(old)-1-tail] == want[len(want)-1-tail] {
			tail++
		}
	}
	middle, fresh := tokens[head:len(tokens)-tail], want[head:len(want)-tail]
	closing := false // the line holds nothing but what is dropped, and the closing parenthesis
	for i, t := range middle {
		if i < len(fresh) {
			c.splice(t.start, t.end, quote(fresh[i]))
			continue
		}
		if p.beginsLine(r, t) {
			closing = p.closes(r, middle[i:])
		}
		p.dropString(c, r, t, closing)
	}
	if len(fresh) <= len(middle) {
		return
	}
	var more strings.Builder
	separator := p.separator(tokens)
	for _, s := range fresh[len(middle):] {
		more.WriteString(separator + quote(s))
	}
	if at := head + len(middle); at > 0 {
		c.splice(tokens[at-1].end, tokens[at-1].end, more.String())
	} else {
		c.splice(tokens[0].start, tokens[0].start, strings.TrimPrefix(more.String(), separator)+separator)
	}
}

// separator is what stands between the first two strings, or a space if that
// holds more than white space.
func (p *patch) separator(tokens []token) string {
	if len(tokens) > 1 {
		between := string(p.src[tokens[0].end:tokens[1].start])
		if between != "" && strings.Trim(between, " \t\r\n") == "" {
			return between
		}
	}
	return " "
}

// dropString takes out a string with the white space before it, or with its
// line if it is alone there. Beside a comment only, the white space stays, and a
// closing parenthesis takes the place of the strings in its line.
func (p *patch) dropString(c *change, r placed, t token, closing bool) {
	start := p.blanksBefore(r, t)
	rest := bytes.TrimLeft(p.src[t.end:r.end], " \t\r")
	switch first := p.beginsLine(r, t); {
	case closing:
		if first {
			start = t.start
		}
		end := t.end
		if rest[0] == ')' {
			end = r.end - len(rest)
		}
		c.splice(start, end, "")
	case first && len(rest) > 0 && rest[0] == '\n':
		c.splice(start, r.end-len(rest)+1, "")
	case first && len(rest) > 0 && rest[0] == ';':
		c.splice(t.start, t.end, "")
	default:
		c.splice(start, t.end, "")
	}
}

// blanksBefore gives where the white space before a token begins.
func (p *patch) blanksBefore(r placed, t token) int {
	start := t.start
	for start > r.start && isBlank(p.src[start-1]) {
		start--
	}
	return start
}

// beginsLine reports whether a token is the first of its line, and not of the
// record's.
func (p *patch) beginsLine(r placed, t token) bool {
	start := p.blanksBefore(r, t)
	return start > r.start && p.src[start-1] == '\n'
}

// closes reports whether tokens stand in one line, and a closing parenthesis
// behind them.
func (p *patch) closes(r placed, tokens []token) bool {
	for i, t := range tokens {
		rest := bytes.TrimLeft(p.src[t.end:r.end], " \t\r")
		if len(rest) > 0 && rest[0] == ')' {
			return true
		}
		if i+1 < len(tokens) && r.end-len(rest) != tokens[i+1].start {
			return false
		}
	}
	return false
}

// insert finds the place of a new record.
func (p *patch) insert(w wanted) {
	c := p.change(p.placeOf(w))
	c.behind = append(c.behind, w)
}

// placeOf gives the item behind which a new record stands.
func (p *patch) placeOf(w wanted) int {
	at := p.last(func(r placed) bool { return r.owner.canonical == w.name && r.is("TXT") })
	if at < 0 {
		at = p.last(func(r placed) bool { return r.owner.canonical == w.name })
	}
	if at < 0 {
		at = p.behindApex()
	}
	if at < 0 || p.passesItsTTL(at, w.TTL) {
		return len(p.items) - 1
	}
	return at
}

// last gives the item of the last record that matches, -1 for none.
func (p *patch) last(match func(placed) bool) int {
	for _, r := range slices.Backward(p.records) {
		if r.index >= 0 && match(r) {
			return r.index
		}
	}
	return -1
}

// behindApex gives the last item of those under one owner with the SPF record
// of the apex, which may be a new one, -1 for none.
func (p *patch) behindApex() int {
	apex := p.last(func(r placed) bool {
		c := p.changes[r.index]
		return r.owner.canonical == p.origin.canonical && r.isSPF() && (c == nil || !c.removed)
	})
	for at, c := range p.changes {
		if slices.ContainsFunc(c.behind, func(w wanted) bool { return w.name == p.origin.canonical }) {
			apex = at
		}
	}
	if apex < 0 {
		return -1
	}
	return p.underOneOwner(apex)
}

// underOneOwner gives the last of the records that leave their owner to the
// one at index.
func (p *patch) underOneOwner(index int) int {
	last := index
	for i := index + 1; i < len(p.items); i++ {
		if p.items[i].kind != resourceRecord {
			continue
		}
		if !p.items[i].blank {
			break
		}
		last = i
	}
	return last
}

// passesItsTTL reports whether a record behind this one that states no TTL
// would take the TTL of a record inserted between.
func (p *patch) passesItsTTL(index int, ttl uint32) bool {
	s := p.from
	for i := range p.items[:index+1] {
		s = s.behind(&p.items[i])
	}
	if s.fixed || s.value == ttl {
		return false
	}
	for i := range p.items[index+1:] {
		it := &p.items[index+1+i]
		switch {
		case it.kind == directiveTTL, it.kind == resourceRecord && it.ttlAt >= 0:
			return false
		case it.kind == resourceRecord, it.kind == directiveInclude, it.kind == directiveGenerate:
			return true
		}
	}
	return false
}
