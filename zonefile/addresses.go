package zonefile

import (
	"fmt"
	"net/netip"
	"time"
)

// AddressEdit is an A record that a name is to have, or to have no more.
type AddressEdit struct {
	Name    string // absolute
	Address netip.Addr
	TTL     uint32 // of a record that is added
	Delete  bool
}

// Standing is a record that stands in a zone file.
type Standing struct {
	Name string // canonical
	Type string
	Data string // of an A record the address
	TTL  uint32
}

// Below gives the records that the text of a zone file has at and below a name.
// Whatever keeps a record from that name is an error, as it is for [Patch].
func Below(text []byte, s Source, name string) (out []Standing, err error) {
	p, err := newPatch(text, s, []Edit{{Name: name}})
	if err != nil {
		return nil, err
	}
	root := p.want[0]
	if err := p.serves(root); err != nil {
		return nil, err
	}
	for i, r := range p.records {
		if within(r.owner.canonical, root.name) {
			out = append(out, Standing{r.owner.canonical, r.typ, p.before.records[i].address, r.ttl})
		}
	}
	return out, nil
}

// PatchAddresses gives the text of a zone file with other A records at and below
// a name, and else as [Patch] does. A record that is there already stays as it is.
// New ones stand behind the last record at or below the name, or else at the end.
func PatchAddresses(text []byte, s Source, root string, edits []AddressEdit, now time.Time) ([]byte, error) {
	p, err := newPatch(text, s, []Edit{{Name: root}})
	if err != nil {
		return nil, err
	}
	top := p.want[0]
	p.want = nil
	if err := p.wantAddresses(top, edits); err != nil {
		return nil, err
	}
	if err := p.settleAddresses(top); err != nil {
		return nil, err
	}
	if len(p.changes) == 0 {
		return text, nil
	}
	return p.finish(s.Serial.next(p.serial, now))
}

// addressAt is an A record by name and address.
type addressAt struct {
	name    string // canonical
	address string
}

// wantAddresses checks what is wanted.
func (p *patch) wantAddresses(root wanted, edits []AddressEdit) error {
	p.addresses = map[addressAt]*wantedAddress{}
	for _, e := range edits {
		name, err := absolute(e.Name)
		if err != nil {
			return fmt.Errorf("the name %w", err)
		}
		w := wanted{Edit{Name: e.Name, TTL: e.TTL}, escapeName(name), e.Address}
		at := addressAt{w.name, e.Address.String()}
		switch {
		case !within(w.name, root.name):
			return fmt.Errorf("%s is not below %s", e.Name, root.Name)
		case p.addresses[at] != nil:
			return fmt.Errorf("%s is edited twice", e.Name)
		}
		if err := w.record().check(); err != nil {
			return fmt.Errorf("%s: %w", e.Name, err)
		}
		p.addresses[at] = &wantedAddress{wanted: w, absent: e.Delete}
		p.addressOrder = append(p.addressOrder, at)
	}
	return nil
}

// wantedAddress is an A record that is to stand there, or not.
type wantedAddress struct {
	wanted
	absent bool
	found  []placed
}

// settleAddresses decides what becomes of the A records.
func (p *patch) settleAddresses(root wanted) error {
	for i, r := range p.records {
		if w := p.addresses[addressAt{r.owner.canonical, p.before.records[i].address}]; w != nil {
			w.found = append(w.found, r)
		}
	}
	place := -1
	for _, at := range p.addressOrder {
		w := p.addresses[at]
		if w.absent == (len(w.found) == 0) {
			if !w.absent {
				w.TTL = w.found[0].ttl
			}
			continue
		}
		if place < 0 {
			if err := p.editable(root, nil); err != nil {
				return err
			}
			if err := p.serves(root); err != nil {
				return err
			}
			place = p.placeBelow(root, w.TTL)
		}
		for _, r := range w.found {
			if r.index < 0 {
				return r.refuse("the A record of %s comes from here, which is not edited: move it into %s", w.Name, p.file)
			}
			p.change(r.index).removed = true
		}
		if !w.absent {
			c := p.change(place)
			c.behind = append(c.behind, w.wanted)
		}
	}
	return nil
}

// placeBelow gives the item behind which records below a name stand.
func (p *patch) placeBelow(root wanted, ttl uint32) int {
	at := p.last(func(r placed) bool { return within(r.owner.canonical, root.name) })
	if at < 0 || p.passesItsTTL(at, ttl) {
		return len(p.items) - 1
	}
	return at
}

// compareAddresses holds the edited file to what is wanted of A records.
func (p *patch) compareAddresses(after *reading) error {
	got := map[addressAt][]uint32{}
	for _, r := range after.records {
		at := addressAt{r.owner, r.address}
		if p.addresses[at] != nil {
			got[at] = append(got[at], r.ttl)
		}
	}
	for _, at := range p.addressOrder {
		w := p.addresses[at]
		if n := got[at]; w.absent && len(n) > 0 || !w.absent && (len(n) == 0 || n[0] != w.TTL) {
			return fmt.Errorf("%s would have the A record %s with the TTLs %v", w.Name, at.address, n)
		}
	}
	return nil
}
