package zonefile

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/spf"
)

// Edit is the SPF record that a name is to have.
type Edit struct {
	Name string // canonical, in the zone
	Text string // empty for none
	TTL  uint32 // of a record that stands alone; beside other TXT records theirs holds (RFC 2181, Section 5.2)
}

// TXTSet is the TXT RRset of a name.
type TXTSet struct {
	TTL     uint32
	Records [][]string // character-strings in octets
}

// PlaceError says that records which are to change come from a line that this
// program does not edit.
type PlaceError struct {
	File string
	Line int
	What string
}

func (e *PlaceError) Error() string {
	return fmt.Sprintf("%s:%d: %s: move it to a line of its own in this file", e.File, e.Line, e.What)
}

// TXT gives the TXT RRset that the text of a zone file has at a name.
func TXT(text []byte, s Source, name string) (set TXTSet, err error) {
	r, err := read(text, s)
	if err != nil {
		return set, err
	}
	if err := r.held(name); err != nil {
		return set, err
	}
	for _, rr := range r.at(name) {
		list, err := r.strings(rr)
		if err != nil {
			return set, err
		}
		set.TTL = rr.ttl
		set.Records = append(set.Records, list)
	}
	return set, nil
}

// Patch gives the text of a zone file with other SPF records, and the serial
// number of its SOA record moved forward. Every other octet stays as it is:
// comments, the layout, the ends of lines, the other records and how they are
// written. Only where a record took its owner or its TTL from one that is gone is
// that written out. Text that has the records already is given back as it is.
//
// A name may have several SPF records: the first is changed, and the others go.
// A new one stands behind the other TXT records of its name, or else behind its
// last record, or at the end. Records that come by $INCLUDE or $GENERATE are not
// changed: that is a [*PlaceError].
func Patch(text []byte, s Source, edits []Edit, now time.Time) ([]byte, error) {
	r, err := read(text, s)
	if err != nil {
		return nil, err
	}
	p := &patch{reading: r, newline: "\n", gone: map[int]bool{}, ttls: map[int]uint32{}}
	p.open = len(text) > 0 && text[len(text)-1] != '\n'
	if i := bytes.IndexByte(text, '\n'); i > 0 && text[i-1] == '\r' {
		p.newline = "\r\n"
	}
	for _, e := range edits {
		if err := p.edit(e); err != nil {
			return nil, err
		}
	}
	if len(p.splices) == 0 {
		return text, nil
	}
	p.inherit()
	if err := p.serial(now); err != nil {
		return nil, err
	}
	return p.apply(), nil
}

// patch is an edit in the making.
type patch struct {
	*reading
	newline string
	splices []splice
	gone    map[int]bool   // records that are deleted, by index
	ttls    map[int]uint32 // records that get another TTL
	added   []added
	open    bool // the last line has no end, and nothing has been put in behind it
}

// added is a new record, behind another; at the end of the text after is -1.
type added struct {
	after int
	owner string
	ttl   uint32
}

// splice is text in the place of other text.
type splice struct {
	start, end int
	text       string
}

func (p *patch) splice(start, end int, text string) {
	p.splices = append(p.splices, splice{start, end, text})
}

// at gives the TXT records of a name.
func (r *reading) at(name string) (out []resource) {
	for _, rr := range r.rrs {
		if rr.owner == name && isTXT(rr.typ) {
			out = append(out, rr)
		}
	}
	return out
}

func isTXT(typ string) bool { return typ == "TXT" || typ == "TYPE16" }

// held is an error if TXT records of a name, or an alias, come from elsewhere,
// or if the name has an alias.
func (r *reading) held(name string) error {
	for _, f := range r.foreign {
		for _, rr := range f.rrs {
			owner, err := parseName(rr.Header().Name, ".")
			if err == nil && owner == name && (rr.Header().Rrtype == dns.TypeTXT || rr.Header().Rrtype == dns.TypeCNAME) {
				return &PlaceError{r.File, f.line, fmt.Sprintf("the %s record of %s comes from %s", dns.TypeToString[rr.Header().Rrtype], strings.TrimSuffix(name, "."), f.what)}
			}
		}
	}
	for _, rr := range r.rrs {
		if rr.owner == name && rr.typ == "CNAME" {
			return r.fail(rr.line, "%s is an alias, beside which no TXT record can stand (RFC 1034, Section 3.6.2)", strings.TrimSuffix(name, "."))
		}
	}
	return nil
}

func (p *patch) edit(e Edit) error {
	if e.Name != p.zone && !strings.HasSuffix(e.Name, "."+p.zone) && p.zone != "." {
		return fmt.Errorf("%s is not in the zone %s", e.Name, p.zone)
	}
	if err := p.held(e.Name); err != nil {
		return err
	}
	var records, siblings []int
	for i, rr := range p.rrs {
		if rr.owner != e.Name || !isTXT(rr.typ) {
			continue
		}
		list, err := p.strings(rr)
		if err != nil {
			return err
		}
		if spf.IsSPF(strings.Join(list, "")) {
			records = append(records, i)
		} else {
			siblings = append(siblings, i)
		}
	}
	ttl := e.TTL
	if len(siblings) > 0 {
		ttl = p.rrs[siblings[0]].ttl
	}
	switch {
	case e.Text == "" && len(records) == 0:
		return nil
	case e.Text == "":
		p.delete(records...)
	case len(records) == 0:
		p.insert(e, ttl)
	default:
		p.delete(records[1:]...)
		return p.replace(records[0], e.Text, ttl)
	}
	return nil
}

// delete takes out whole entries, with the comments on their lines.
func (p *patch) delete(records ...int) {
	for _, i := range records {
		p.gone[i] = true
		p.splice(p.rrs[i].start, p.rrs[i].end, "")
	}
}

// replace changes the text and TTL of a record, and leaves everything else in
// its entry.
func (p *patch) replace(i int, text string, ttl uint32) error {
	rr := p.rrs[i]
	old, err := p.strings(rr)
	if err != nil {
		return err
	}
	if strings.Join(old, "") != text {
		p.replaceStrings(rr, spf.SplitStrings(text, 0))
	}
	if rr.ttl == ttl {
		return nil
	}
	p.ttls[i] = ttl
	if rr.ttlToken >= 0 {
		t := rr.tokens[rr.ttlToken]
		p.splice(t.start, t.end, fmt.Sprint(ttl))
		return nil
	}
	at := rr.tokens[rr.typToken].start
	p.splice(at, at, fmt.Sprintf("%d ", ttl))
	return nil
}

// replaceStrings puts new strings in the place of the old. Where comments stand
// between these they stay, and each new string takes the place of an old one as
// far as there are any.
func (p *patch) replaceStrings(rr resource, list []string) {
	tokens := rr.tokens[rr.typToken+1:]
	first, last := tokens[0], tokens[len(tokens)-1]
	between := string(p.text[first.start:last.end])
	join := " "
	if len(tokens) > 1 {
		join = string(p.text[tokens[0].end:tokens[1].start])
	}
	if !rr.comments && strings.Trim(join, " \t\r\n") == "" {
		if len(tokens) == 1 || strings.Contains(join, "\n") == strings.Contains(between, "\n") {
			p.splice(first.start, last.end, quoteAll(list, join))
			return
		}
	}
	for i, t := range tokens {
		text := ""
		switch {
		case i == len(tokens)-1 && len(list) > i:
			text = quoteAll(list[i:], " ")
		case len(list) > i:
			text = quote(list[i])
		}
		p.splice(t.start, t.end, text)
	}
}

func quoteAll(list []string, join string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = quote(s)
	}
	return strings.Join(quoted, join)
}

// insert writes a new record.
func (p *patch) insert(e Edit, ttl uint32) {
	at, after := len(p.text), -1
	for i, rr := range p.rrs {
		if rr.owner == e.Name && !p.gone[i] && (after < 0 || isTXT(rr.typ) || !isTXT(p.rrs[after].typ)) {
			at, after = rr.end, i
		}
	}
	lead := ""
	if at == len(p.text) && p.open {
		lead, p.open = p.newline, false
	}
	p.added = append(p.added, added{after, e.Name, ttl})
	owner := escapeName(e.Name)
	if relative, ok := (origin{canonical: p.originAt(at)}).relative(e.Name); ok {
		owner = relative
	}
	p.splice(at, at, fmt.Sprintf("%s%s %d IN TXT %s%s", lead, owner, ttl, quoteAll(spf.SplitStrings(e.Text, 0), " "), p.newline))
}

func (p *patch) originAt(at int) (origin string) {
	for _, c := range p.origins {
		if c.at <= at {
			origin = c.origin
		}
	}
	return origin
}

// apply puts the new text together.
func (p *patch) apply() []byte {
	slices.SortStableFunc(p.splices, func(a, b splice) int {
		if a.start != b.start {
			return a.start - b.start
		}
		return a.end - b.end // what is put in comes before what is replaced
	})
	var out bytes.Buffer
	at := 0
	for _, s := range p.splices {
		out.Write(p.text[at:s.start])
		out.WriteString(s.text)
		at = s.end
	}
	out.Write(p.text[at:])
	return out.Bytes()
}
