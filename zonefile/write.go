package zonefile

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// writer puts an edited zone file together.
type writer struct {
	*patch
	out   bytes.Buffer
	owner string // what a record that states no owner takes, canonical
	ttls  ttls
	// before is what ttls was at this place of the file as it was.
	before ttls
}

// write gives the file with the changes.
func (p *patch) write() ([]byte, error) {
	w := writer{patch: p, ttls: p.from, before: p.from}
	for i := range p.items {
		it, c := &p.items[i], p.changes[i]
		if c == nil {
			c = &change{}
		}
		if c.removed {
			w.remains(it)
		} else if err := w.item(it, c); err != nil {
			return nil, err
		}
		for _, r := range c.behind {
			w.insert(it, r)
		}
		w.before = w.before.behind(it)
	}
	return w.out.Bytes(), nil
}

// item writes what stays. A record keeps its owner and its TTL, whatever has
// become of those before it.
func (w *writer) item(it *item, c *change) error {
	if it.kind == resourceRecord {
		if it.blank && w.owner != it.owner.canonical {
			w.out.WriteString(it.owner.at(it.origin))
		}
		w.owner = it.owner.canonical
	}
	if !w.keepsTTL(it, c) {
		if it.kind != resourceRecord {
			return &PlaceError{w.file, it.line, "what comes from here takes its TTL from a record above, which is to change: write a $TTL line above it"}
		}
		c.splice(it.behind, it.behind, fmt.Sprintf("%d ", it.ttl))
		w.ttls = w.ttls.behind(&item{kind: resourceRecord, value: it.ttl})
	}
	slices.SortFunc(c.splices, func(a, b splice) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end)) // what is put in before what is replaced
	})
	from := it.start
	for _, s := range c.splices {
		w.out.Write(w.src[from:s.start])
		w.out.WriteString(s.text)
		from = s.end
	}
	w.out.Write(w.src[from:it.end])
	return nil
}

// keepsTTL notes what TTL the records behind an item take, and reports whether
// the item itself has the TTL that it is to have. What is included or
// generated is to find what it found.
func (w *writer) keepsTTL(it *item, c *change) bool {
	now, ttl := *it, it.ttl
	if c.ttl != nil {
		now.ttlAt, now.value, ttl = 0, *c.ttl, *c.ttl
	}
	kept := true
	switch it.kind {
	case directiveInclude, directiveGenerate:
		kept = w.ttls == w.before
	case resourceRecord:
		kept = w.ttls.of(&now) == ttl
	}
	w.ttls = w.ttls.behind(&now)
	return kept
}

// remains writes the comments of a record that goes, each on its line.
func (w *writer) remains(it *item) {
	for _, c := range it.comments {
		end := it.end
		if i := bytes.IndexByte(w.src[c.end:it.end], '\n'); i >= 0 {
			end = c.end + i + 1
		}
		w.out.Write(w.src[c.start:end])
	}
}

// insert writes a new record behind an item. A file whose last line has no end
// still has none then.
func (w *writer) insert(it *item, r wanted) {
	end := lineEnd(w.src[:it.end])
	owner, ok := it.origin.relative(r.name)
	if !ok {
		owner = r.name
	}
	text := owner + " " + r.record().behindOwner()
	text = strings.ReplaceAll(text, "\n", end)
	if bytes.HasSuffix(w.out.Bytes(), []byte("\n")) {
		w.out.WriteString(text + end)
	} else {
		w.out.WriteString(end + text)
	}
	w.owner = r.name
	w.ttls = w.ttls.behind(&item{kind: resourceRecord, value: r.TTL})
}

// lineEnd is what ends the last line that is ended.
func lineEnd(src []byte) string {
	if i := bytes.LastIndexByte(src, '\n'); i > 0 && src[i-1] == '\r' {
		return "\r\n"
	}
	return "\n"
}

// at is the owner field for records that stand where relative names have the
// origin o.
func (n *owner) at(o *origin) string {
	if o.canonical == n.origin.canonical {
		return n.field
	}
	return n.written
}
