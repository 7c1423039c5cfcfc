package zonefile

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/spfzone/spfzone/spf"
)

// Source says what the text of a zone file belongs to.
type Source struct {
	File string // for errors
	// Origin is the zone's name, absolute. Names that are relative above any
	// $ORIGIN are relative to it.
	Origin string
	// Open gives the text of a file that is included, by its path: absolute,
	// or relative to the folder of File. If it is nil, $INCLUDE is an error.
	Open func(path string) ([]byte, error)
	// Folder is where relative paths of included files lead from, for errors; ""
	// stands for the folder of File.
	Folder string
	// Serial is the form that the zone's next serial number has.
	Serial SerialForm
}

// Edit is the SPF record that a name is to have.
type Edit struct {
	Name string // absolute
	Text string // empty for none
	TTL  uint32 // of a record that stands alone; beside other TXT records theirs holds (RFC 2181, Section 5.2)
}

// TXTSet is the TXT RRset of a name.
type TXTSet struct {
	// TTL is that of the records; where they differ, of the first that is no
	// SPF record.
	TTL     uint32
	Records [][]string // character-strings in octets
}

// PlaceError is an edit that cannot be made in a zone file, or not so that it
// would be served.
type PlaceError struct {
	File string // the zone file, or one that it includes
	Line int
	Msg  string // what stands in the way, and the way out
}

// Error gives "file:line: message".
func (e *PlaceError) Error() string { return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Msg) }

// Patch gives the text of a zone file with other SPF records, and the serial
// number of its SOA record moved forward, a date in it being that of now in its
// time zone. Text that has the records already is given back as it is. SPF
// records are TXT records whose strings together are one (RFC 7208, Section
// 4.5).
//
// Where a name has SPF records, one that has the wanted text stays as it is,
// however it is cut into strings; else the strings of the first are written
// anew, and those after it go. A new record stands behind its name's last TXT
// record, or else behind its name's last record, or else behind the apex's SPF
// record and what takes its owner from there, or else at the end, in the style
// of [Write]. Every other octet of the text stays as it is, comments within and
// behind the records included. Only where a record took its owner or its TTL
// from one before it that is gone or changed is that written out.
//
// What would not be served as wanted is a [*PlaceError]: a CNAME record at the
// name, a delegation above it, a zone that is signed in the file. So is an SPF
// record that has to change, but comes by $INCLUDE or $GENERATE. Text that the
// DNS library cannot read, or reads differently from this package, is a
// [*SyntaxError]. By that library the outcome is compared with the text, and
// refused unless exactly what is wanted has changed.
func Patch(text []byte, s Source, edits []Edit, now time.Time) ([]byte, error) {
	p, err := newPatch(text, s, edits)
	if err != nil {
		return nil, err
	}
	for i := range p.want {
		if err := p.settle(&p.want[i]); err != nil {
			return nil, err
		}
	}
	if len(p.changes) == 0 {
		return text, nil
	}
	return p.finish(s.Serial.next(p.serial, now))
}

// Revert gives the text that patched was made of, with a serial number that
// comes after that of patched, as name servers may have read that already.
func Revert(text, patched []byte, s Source, now time.Time) ([]byte, error) {
	p, err := newPatch(text, s, nil)
	if err != nil {
		return nil, err
	}
	later, err := newPatch(patched, s, nil)
	if err != nil {
		return nil, err
	}
	return p.finish(s.Serial.next(later.serial, now))
}

// TXT gives the TXT RRset that the text of a zone file has at a name. Whatever
// keeps an SPF record from that name is an error, as it is for [Patch].
func TXT(text []byte, s Source, name string) (set TXTSet, err error) {
	p, err := newPatch(text, s, []Edit{{Name: name}})
	if err != nil {
		return set, err
	}
	if err := p.serves(p.want[0]); err != nil {
		return set, err
	}
	siblings := false
	for _, r := range p.records {
		if !r.is("TXT") || r.owner.canonical != p.want[0].name {
			continue
		}
		if len(set.Records) == 0 || !siblings && !r.isSPF() {
			set.TTL = r.ttl
		}
		siblings = siblings || !r.isSPF()
		set.Records = append(set.Records, r.strings)
	}
	return set, nil
}

// patch is an edit under way.
type patch struct {
	*zone
	soaItem *item
	serial  uint32
	from    ttls // the TTL at the top of the file
	records []placed
	before  *reading
	want    []wanted
	changes map[int]*change // by item

	addresses    map[addressAt]*wantedAddress
	addressOrder []addressAt
}

// placed is a record, and where it stands.
type placed struct {
	*item
	file  string
	index int // in the items of the zone file, -1 if it comes from elsewhere
}

func (r placed) is(typ string) bool { return r.typ == typ }

func (r placed) text() string { return strings.Join(r.strings, "") }

func (r placed) isSPF() bool { return r.typ == "TXT" && spf.IsSPF(r.text()) }

func (r placed) refuse(format string, args ...any) error {
	return &PlaceError{r.file, r.line, fmt.Sprintf(format, args...)}
}

// wanted is an edit with its canonical name, or an A record.
type wanted struct {
	Edit
	name    string
	address netip.Addr
}

func newPatch(text []byte, s Source, edits []Edit) (*patch, error) {
	o, err := newOrigin(s.Origin)
	if err != nil {
		return nil, err
	}
	p := &patch{changes: map[int]*change{}}
	if p.want, err = checkEdits(edits, &o); err != nil {
		return nil, err
	}
	parser := parser{Source: s, included: includedFiles{}}
	if p.zone, err = parser.parse(mainPath, text, &o); err != nil {
		return nil, err
	}
	if p.soaItem, p.from, err = p.soa(); err != nil {
		return nil, err
	}
	if p.serial, err = p.serialOf(p.soaItem); err != nil {
		return nil, err
	}
	p.inheritTTLs(p.from)
	if p.before, err = p.read(text, &parser); err != nil {
		return nil, err
	}
	if err := p.collect(p.zone, true); err != nil {
		return nil, err
	}
	return p, p.before.agrees(p)
}

// checkEdits checks what is wanted before the file is looked at.
func checkEdits(edits []Edit, o *origin) (out []wanted, err error) {
	for _, e := range edits {
		name, err := absolute(e.Name)
		if err != nil {
			return nil, fmt.Errorf("the name %w", err)
		}
		w := wanted{Edit: e, name: escapeName(name)}
		switch {
		case !within(w.name, o.canonical):
			return nil, fmt.Errorf("%s is not in the zone %s", e.Name, o.written)
		case slices.ContainsFunc(out, func(o wanted) bool { return o.name == w.name }):
			return nil, fmt.Errorf("%s is edited twice", e.Name)
		case e.Text != "" && !spf.IsSPF(e.Text):
			return nil, fmt.Errorf("%s: %q is not an SPF record (RFC 7208, Section 4.5)", e.Name, e.Text)
		}
		if err := w.record().check(); err != nil {
			return nil, fmt.Errorf("%s: %w", e.Name, err)
		}
		out = append(out, w)
	}
	return out, nil
}

func (w wanted) record() Record {
	if w.address.IsValid() {
		return Record{Name: w.Name, TTL: w.TTL, Address: w.address}
	}
	return Record{Name: w.Name, TTL: w.TTL, Strings: spf.SplitStrings(w.Text, 0)}
}

// collect lists the records of the zone in their order, those that other files
// or $GENERATE give included.
func (p *patch) collect(z *zone, main bool) error {
	for i := range z.items {
		it := &z.items[i]
		switch it.kind {
		case resourceRecord:
			index := -1
			if main {
				index = i
			}
			p.records = append(p.records, placed{it, z.file, index})
		case directiveInclude:
			if err := p.collect(it.included, false); err != nil {
				return err
			}
		case directiveGenerate:
			made, err := z.generated(it)
			if err != nil {
				return err
			}
			for _, r := range made {
				p.records = append(p.records, placed{r, z.file, -1})
			}
		}
	}
	return nil
}

// settle decides what becomes of the SPF records of one name.
func (p *patch) settle(w *wanted) error {
	var found []placed
	for _, r := range p.records {
		if r.owner.canonical == w.name && r.isSPF() {
			found = append(found, r)
		}
	}
	w.TTL = p.joined(*w)
	switch {
	case w.Text == "" && len(found) == 0:
		return nil
	case w.Text != "" && len(found) == 1 && found[0].text() == w.Text && found[0].ttl == w.TTL:
		return nil
	}
	if err := p.editable(*w, found); err != nil {
		return err
	}
	if len(found) == 0 {
		p.insert(*w)
		return nil
	}
	keep := -1
	if w.Text != "" {
		keep = max(0, slices.IndexFunc(found, func(r placed) bool { return r.text() == w.Text }))
		p.rewrite(found[keep], *w)
	}
	for i, r := range found {
		if i != keep {
			p.change(r.index).removed = true
		}
	}
	return nil
}

// joined gives the TTL of the other TXT records at the name, of which an SPF
// record becomes one.
func (p *patch) joined(w wanted) uint32 {
	for _, r := range p.records {
		if r.owner.canonical == w.name && r.is("TXT") && !r.isSPF() {
			return r.ttl
		}
	}
	return w.TTL
}

// editable says why the SPF records of a name cannot be changed.
func (p *patch) editable(w wanted, found []placed) error {
	for _, r := range found {
		if r.index < 0 {
			return r.refuse("the SPF record of %s comes from here, which is not edited: move it into %s", w.Name, p.file)
		}
	}
	for _, r := range p.records {
		if r.is("RRSIG") || r.is("NSEC") || r.is("NSEC3") {
			return r.refuse("the zone is signed in this file, and an edit would break the signatures: edit the file that it is signed from, and sign again")
		}
	}
	if w.Text == "" {
		return nil
	}
	return p.serves(w)
}

// serves says why no SPF record could be served at a name.
func (p *patch) serves(w wanted) error {
	for _, r := range p.records {
		name := r.owner.canonical
		switch {
		case r.is("CNAME") && name == w.name:
			return r.refuse("%s is an alias, beside which no other record may stand (RFC 1034, Section 3.6.2): publish the SPF record at the name that it leads to", w.Name)
		case r.is("NS") && below(name, p.origin.canonical) && within(w.name, name):
			return r.refuse("%s is delegated here: publish its SPF record in the zone that it is delegated to", w.Name)
		case r.is("DNAME") && below(w.name, name):
			return r.refuse("%s is below a DNAME record, and nothing is served there (RFC 6672, Section 2.4)", w.Name)
		}
	}
	return nil
}

// finish moves the serial forward, puts the text together, and checks it.
func (p *patch) finish(serial uint32) ([]byte, error) {
	soa := slices.IndexFunc(p.items, func(it item) bool { return it.start == p.soaItem.start })
	t := p.soaItem.rdata[2]
	p.change(soa).splice(t.start, t.end, fmt.Sprint(serial))
	text, err := p.write()
	if err != nil {
		return nil, err
	}
	after, err := p.read(text, p.before.parser)
	if err == nil {
		err = p.compare(after, serial)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: internal error, nothing was changed: %w", p.file, err)
	}
	return text, nil
}
