package zonefile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/spf"
)

// reading is a zone file as the DNS library reads it.
type reading struct {
	parser  *parser // of what it was read from
	records []reread
}

// reread is a record of it.
type reread struct {
	owner   string // canonical
	typ     string
	ttl     uint32
	text    string // the whole record
	spf     string // of an SPF record, its strings as one
	serial  uint32 // of the SOA record, whose text has 0 in its place
	address string // of an A record
}

// read reads a version of the zone file.
func (p *patch) read(text []byte, parser *parser) (*reading, error) {
	s := newScanner(p.file, text)
	for {
		if _, err := s.next(); err == io.EOF {
			break
		} else if err != nil {
			return nil, err
		}
	}
	r := &reading{parser: parser}
	zp := dns.NewZoneParser(bytes.NewReader(adapted(text, s.adapt)), p.origin.written, mainPath)
	zp.SetDefaultTTL(p.from.value)
	zp.SetIncludeAllowed(true)
	zp.SetIncludeFS(parser.included)
	for rr, ok := zp.Next(); ok; rr, ok = zp.Next() {
		again, err := newReread(rr)
		if err != nil {
			return nil, err
		}
		r.records = append(r.records, again)
	}
	if zp.Err() != nil {
		return nil, parser.atItsPlace(zp.Err())
	}
	return r, nil
}

// atItsPlace gives an error of the DNS library, which says file and line in its
// text only.
func (p *parser) atItsPlace(err error) error {
	file, text, isPlaced := strings.Cut(err.Error(), ": dns: ")
	i := strings.LastIndex(text, " at line: ")
	if !isPlaced || i < 0 {
		return failure(p.File, 0, "%v", err)
	}
	n, _, _ := strings.Cut(text[i+len(" at line: "):], ":")
	line, err := strconv.Atoi(n)
	if err != nil {
		return failure(p.File, 0, "%s", text)
	}
	shown := p.File
	if t, ok := p.included[file]; ok {
		shown = t.file
	}
	return failure(shown, line, "%s", strings.TrimSuffix(text[:i], ":"))
}

func newReread(rr dns.RR) (r reread, err error) {
	h := rr.Header()
	root := origin{".", "."}
	if _, r.owner, err = root.nameOf(h.Name); err != nil {
		return reread{}, fmt.Errorf("%s: %w", h.Name, err)
	}
	h.Name = r.owner
	r.typ, r.ttl = dns.Type(h.Rrtype).String(), h.Ttl
	switch rr := rr.(type) {
	case *dns.SOA:
		r.serial, rr.Serial = rr.Serial, 0
	case *dns.A:
		r.address = rr.A.String()
	case *dns.TXT:
		strs, err := octets(rr.Txt)
		if err != nil {
			return reread{}, fmt.Errorf("%s: %w", h.Name, err)
		}
		if text := strings.Join(strs, ""); spf.IsSPF(text) {
			r.spf = text
		}
	}
	r.text = rr.String()
	return r, nil
}

func octets(escaped []string) (out []string, err error) {
	for _, s := range escaped {
		if s, err = unescape(s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// agrees compares the two readers of the same file: the records have to be the
// same, one by one.
func (r *reading) agrees(p *patch) error {
	for i, mine := range p.records {
		if i == len(r.records) {
			return failure(mine.file, mine.line, "the DNS library reads no record here: write it in a plainer way")
		}
		theirs := r.records[i]
		if theirs.owner != mine.owner.canonical || theirs.typ != mine.typ || theirs.ttl != mine.ttl || (theirs.spf != "") != mine.isSPF() {
			return failure(mine.file, mine.line, "the DNS library reads this record as %q, and not as %s %d %s: write it in a plainer way", theirs.text, mine.owner.canonical, mine.ttl, mine.typ)
		}
	}
	if n := len(p.records); n < len(r.records) {
		return p.fail(0, "the DNS library reads one more record, %q: write it in a plainer way", r.records[n].text)
	}
	return nil
}

// compare holds the edited file to its contract: exactly the wanted records and
// the serial are other than before.
func (p *patch) compare(after *reading, serial uint32) error {
	was, is := p.rest(p.before), p.rest(after)
	for i := range max(len(was), len(is)) {
		switch {
		case i >= len(was):
			return fmt.Errorf("the record %q would be added", is[i].text)
		case i >= len(is):
			return fmt.Errorf("the record %q would be lost", was[i].text)
		case was[i].text != is[i].text:
			return fmt.Errorf("the record %q would become %q", was[i].text, is[i].text)
		case !p.movesOn(was[i], is[i], serial):
			return fmt.Errorf("the serial of %s would go from %d to %d", was[i].owner, was[i].serial, is[i].serial)
		}
	}
	for _, w := range p.want {
		var got []string
		for _, r := range after.records {
			if r.owner == w.name && r.spf != "" {
				got = append(got, fmt.Sprintf("%d %q", r.ttl, r.spf))
			}
		}
		want := ""
		if w.Text != "" {
			want = fmt.Sprintf("%d %q", w.TTL, w.Text)
		}
		if got := strings.Join(got, " and "); got != want {
			return fmt.Errorf("%s would have the SPF record %s, not %s", w.Name, got, want)
		}
	}
	return p.compareAddresses(after)
}

// movesOn reports whether the serial of the zone, and no other, is the next one.
func (p *patch) movesOn(was, is reread, serial uint32) bool {
	if was.typ == "SOA" && was.owner == p.origin.canonical {
		return is.serial == serial && isForward(was.serial, serial)
	}
	return is.serial == was.serial
}

// rest gives the records but those that are wanted, or not wanted any more: SPF
// records, and A records.
func (p *patch) rest(r *reading) (out []reread) {
	names := map[string]bool{}
	for _, w := range p.want {
		names[w.name] = true
	}
	for _, again := range r.records {
		if (again.spf == "" || !names[again.owner]) && (again.typ != "A" || p.addresses[addressAt{again.owner, again.address}] == nil) {
			out = append(out, again)
		}
	}
	return out
}

// generated gives the records of $GENERATE, which is no standard's.
func (z *zone) generated(it *item) (out []*item, err error) {
	text := "$ORIGIN " + it.origin.written + "\n" + string(z.src[it.start:it.end])
	zp := dns.NewZoneParser(strings.NewReader(text), ".", z.file)
	for rr, ok := zp.Next(); ok; rr, ok = zp.Next() {
		strs := []string(nil)
		if txt, ok := rr.(*dns.TXT); ok {
			if strs, err = octets(txt.Txt); err != nil {
				return nil, z.fail(it.line, "%v", err)
			}
		}
		again, err := newReread(rr)
		if err != nil {
			return nil, z.fail(it.line, "%v", err)
		}
		made := item{entry: it.entry, kind: resourceRecord, owner: &owner{canonical: again.owner}, typ: again.typ, ttl: again.ttl, strings: strs}
		out = append(out, &made)
	}
	if zp.Err() != nil {
		return nil, z.fail(it.line, "$GENERATE: %v", zp.Err())
	}
	return out, nil
}

// includedFiles are the files that a zone file includes, as they were read
// once, for the DNS library, by their paths in its file system.
type includedFiles map[string]includedText

type includedText struct {
	file string // for errors
	text []byte
}

// Open gives one of them.
func (f includedFiles) Open(name string) (fs.File, error) {
	t, ok := f[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return &includedFile{Reader: bytes.NewReader(t.text)}, nil
}

// includedFile is one under way.
type includedFile struct{ *bytes.Reader }

func (*includedFile) Close() error { return nil }

func (*includedFile) Stat() (fs.FileInfo, error) { return nil, errors.ErrUnsupported }
