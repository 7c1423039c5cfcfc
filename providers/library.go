package providers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/libdns/libdns"

	"github.com/spfzone/spfzone/providers/txt"
)

// Provider is what a module for libdns implements.
type Provider interface {
	libdns.RecordGetter
	libdns.RecordAppender
	libdns.RecordSetter
	libdns.RecordDeleter
}

// library is a backend that knows records of libdns.
type library struct {
	Provider
	strategy Strategy
	codec    codec
	deaf     chan struct{} // has the call under way of a module that does not mind the context; nil for one that does
	chatty   bool          // writes to the standard loggers
	lazy     bool          // stores changes, and publishes them by a request of its own
	pause    func(ctx context.Context, d time.Duration)
	page     int // the entries of a zone that it reads at most; 0 if all
}

// codec says how a module has the data of TXT records.
type codec struct {
	decode func(data string) txt.Record
	// encode gives what is appended or set.
	encode func(txt.Record) string
	// target gives what is deleted, of the data that was read, by whether it
	// is the only record of its RRset: the same if nil.
	target func(data string, alone bool) string
	// deletes reports whether the module finds what it is to delete, by the
	// data that was read. Nil if it always does.
	deletes func(data string) bool
	// most is the octets of the longest text that the module reads; 0 if any.
	most int
	// keeps reports whether the module, which writes back what it reads of a
	// sibling, writes what was there. Nil if it need not.
	keeps func(data string) bool
	// edit gives the object that was read, with other content.
	edit func(read libdns.Record, rr libdns.RR) libdns.Record
	// noApex says that the module's name for the zone's own is "".
	noApex bool
}

// object is a TXT record that was read.
type object struct {
	record txt.Record
	libdns libdns.Record
}

func (l *library) read(ctx context.Context, zone, name string) (seen, error) {
	records, err := l.records(ctx, zone)
	if err != nil {
		return seen{}, err
	}
	var s seen
	var objects []object
	var longest uint32
	for _, r := range records {
		rr := r.RR()
		if !strings.EqualFold(absolute(rr.Name, zone), name) {
			continue
		}
		switch strings.ToUpper(rr.Type) {
		case "CNAME":
			return seen{}, fmt.Errorf("%w: %s is an alias (CNAME), beside which no TXT record can stand", ErrUnsafe, name)
		case "TXT":
			o := object{l.codec.decode(rr.Data), r}
			ttl := uint32(rr.TTL / time.Second)
			objects = append(objects, o)
			s.set.Records = append(s.set.Records, o.record)
			longest = max(longest, ttl)
			if o.record.IsSPF() {
				s.set.TTL = max(s.set.TTL, ttl)
			} else {
				s.siblings = append(s.siblings, l.written(rr))
			}
		}
	}
	if len(s.set.SPF()) == 0 {
		s.set.TTL = longest
	}
	slices.Sort(s.siblings)
	s.native = objects
	return s, nil
}

// records gives all records of a zone that the module can read. A call that is
// not waited for any more hands over nothing.
func (l *library) records(ctx context.Context, zone string) ([]libdns.Record, error) {
	read := make(chan []libdns.Record, 1)
	err := l.call(ctx, func(ctx context.Context) error {
		records, err := l.GetRecords(ctx, zone)
		if err == nil {
			err = l.paged(records)
		}
		read <- records
		return err
	})
	if err != nil {
		return nil, err
	}
	var out []libdns.Record
	for _, r := range <-read {
		if r != nil { // what the module could not read
			out = append(out, r)
		}
	}
	return out, nil
}

// written is a sibling as the module gives it, with its own TTL if it has one.
func (l *library) written(rr libdns.RR) string {
	if l.strategy.TTL.Shared {
		return rr.Data
	}
	return fmt.Sprintf("%v %s", rr.TTL, rr.Data)
}

// absolute gives the absolute name for one of a module, which may call the
// zone's own "@" or nothing.
func absolute(name, zone string) string {
	switch {
	case name == "" || name == "@":
		return zone
	case strings.HasSuffix(name, "."):
		return name
	case zone == ".":
		return name + "."
	}
	return name + "." + zone
}

// relative is the inverse, for a name within the zone.
func (l *library) relative(name, zone string) string {
	switch {
	case !strings.EqualFold(name, zone):
		return strings.TrimSuffix(name[:len(name)-len(zone)], ".")
	case l.codec.noApex:
		return ""
	}
	return "@"
}

func (l *library) replace(ctx context.Context, zone, name string, before seen, new txt.RRset) error {
	err := l.write(ctx, zone, name, before, new)
	if err != nil && l.lazy {
		return fmt.Errorf("%w: %w", txt.ErrUnpublished, err)
	}
	return err
}

func (l *library) write(ctx context.Context, zone, name string, before seen, new txt.RRset) error {
	objects := before.native.([]object)
	gone, fresh := txt.Minus(before.set.Records, new.Records), txt.Minus(new.Records, before.set.Records)
	if err := l.minds(objects, gone, fresh); err != nil {
		return err
	}
	switch way := l.strategy.way(before.set); {
	case len(before.set.SPF()) == 0:
		return l.add(ctx, zone, name, fresh[0], new.TTL)
	case len(fresh) == 0 && len(gone) > 0:
		return l.remove(ctx, zone, objects, gone)
	case way == EditRecord:
		return l.edit(ctx, zone, name, objects, new)
	case way == SetRRset:
		return l.setAll(ctx, zone, name, objects, new)
	case len(fresh) == 0:
		return l.retime(ctx, zone, name, new)
	}
	return l.addRemove(ctx, zone, name, before, gone, fresh[0], new.TTL)
}

// minds says what the module could not do.
func (l *library) minds(objects []object, gone, fresh []txt.Record) error {
	for _, o := range objects {
		data := o.libdns.RR().Data
		switch {
		case l.codec.keeps != nil && !o.record.IsSPF() && !l.codec.keeps(data):
			return fmt.Errorf("%w: the module would change the one that starts with %.20q, for it cannot write back what it reads of it", ErrSiblings, o.record.Text())
		case l.codec.deletes != nil && !l.codec.deletes(data) && len(objects) > 1 && slices.ContainsFunc(gone, o.record.Equal):
			return fmt.Errorf("%w: the module would not find the SPF record to delete, for it reads its strings as one", ErrUnsafe)
		}
	}
	for _, r := range fresh {
		if n := len(r.Text()); l.codec.most > 0 && n > l.codec.most {
			return fmt.Errorf("%w: the module reads texts of at most %d octets, and this has %d", ErrUnsafe, l.codec.most, n)
		}
	}
	return nil
}

func (l *library) record(zone, name string, r txt.Record, ttl uint32) libdns.Record {
	return libdns.TXT{Name: l.relative(name, zone), TTL: time.Duration(ttl) * time.Second, Text: l.codec.encode(r)}
}

// add appends a record. Some modules swallow an error, and give no record.
func (l *library) add(ctx context.Context, zone, name string, r txt.Record, ttl uint32) error {
	return l.call(ctx, func(ctx context.Context) error {
		added, err := l.AppendRecords(ctx, zone, []libdns.Record{l.record(zone, name, r, ttl)})
		if err == nil && len(added) != 1 {
			err = fmt.Errorf("the module added %d records, where 1 was wanted, and gives no reason", len(added))
		}
		return err
	})
}

// remove deletes records that were read among objects.
func (l *library) remove(ctx context.Context, zone string, objects []object, records []txt.Record) error {
	for i, o := range pickObjects(objects, records) {
		target := o.libdns
		if l.codec.target != nil {
			rr := target.RR()
			target = libdns.TXT{Name: rr.Name, TTL: rr.TTL, Text: l.codec.target(rr.Data, len(objects)-i == 1)}
		}
		if target.RR().Data == "" {
			return fmt.Errorf("%w: a record without data stands for all", ErrUnsafe)
		}
		err := l.call(ctx, func(ctx context.Context) error {
			_, err := l.DeleteRecords(ctx, zone, []libdns.Record{target})
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// addRemove adds the new record, sees that it is there and all others are as
// they were, and deletes those that were read.
func (l *library) addRemove(ctx context.Context, zone, name string, before seen, gone []txt.Record, fresh txt.Record, ttl uint32) error {
	if err := l.add(ctx, zone, name, fresh, ttl); err != nil {
		return err
	}
	var now seen
	var err error
	for _, d := range looks {
		l.pause(ctx, d)
		if now, err = l.read(ctx, zone, name); err != nil {
			return err
		}
		if sameTexts(now.set.SPF(), append(before.set.SPF(), fresh)) {
			break
		}
	}
	switch {
	case !sameTexts(now.set.SPF(), append(before.set.SPF(), fresh)):
		return errors.New("after the new record was added, what is read back is not the new record and the former one")
	case !holds(now.siblings, before.siblings):
		return fmt.Errorf("%w: they are not what they were after the new record was added", ErrSiblings)
	}
	return l.remove(ctx, zone, now.native.([]object), gone)
}

// setAll sets the RRset: the siblings as they were read, and the new record.
func (l *library) setAll(ctx context.Context, zone, name string, objects []object, new txt.RRset) error {
	var records []libdns.Record
	for _, o := range objects {
		if !o.record.IsSPF() {
			records = append(records, o.libdns)
		}
	}
	for _, r := range new.SPF() {
		records = append(records, l.record(zone, name, r, new.TTL))
	}
	return l.call(ctx, func(ctx context.Context) error {
		_, err := l.SetRecords(ctx, zone, records)
		return err
	})
}

// retime changes a TTL where appending what is there already does that.
func (l *library) retime(ctx context.Context, zone, name string, new txt.RRset) error {
	return l.add(ctx, zone, name, new.SPF()[0], new.TTL)
}

// edit has the object that was read say something else.
func (l *library) edit(ctx context.Context, zone, name string, objects []object, new txt.RRset) error {
	for _, o := range objects {
		if !o.record.IsSPF() {
			continue
		}
		changed := l.codec.edit(o.libdns, l.record(zone, name, new.SPF()[0], new.TTL).RR())
		err := l.call(ctx, func(ctx context.Context) error {
			_, err := l.SetRecords(ctx, zone, []libdns.Record{changed})
			return err
		})
		if err != nil {
			return err
		}
		others := (txt.RRset{Records: recordsOf(objects)}).SPF()
		return l.remove(ctx, zone, objects, txt.Minus(others, []txt.Record{o.record}))
	}
	return nil
}

func recordsOf(objects []object) (out []txt.Record) {
	for _, o := range objects {
		out = append(out, o.record)
	}
	return out
}

// restore takes back a record that was added while the former one still
// stands, or adds the former one where none is left.
func (l *library) restore(ctx context.Context, zone, name string, before, after seen, new txt.RRset) error {
	lost, extra := txt.Minus(before.set.SPF(), after.set.SPF()), txt.Minus(after.set.SPF(), before.set.SPF())
	extra = slices.DeleteFunc(extra, func(r txt.Record) bool { return !slices.Contains(texts(new.SPF()), r.Text()) })
	if len(lost) == 0 && len(extra) > 0 {
		return l.remove(ctx, zone, after.native.([]object), extra)
	}
	if len(after.set.SPF()) == 0 && len(lost) == 1 {
		return l.add(ctx, zone, name, lost[0], before.set.TTL)
	}
	return nil
}

// pickObjects gives the objects with the data of records.
func pickObjects(objects []object, records []txt.Record) (out []object) {
	for _, r := range records {
		if i := slices.IndexFunc(objects, func(o object) bool { return o.record.Equal(r) }); i >= 0 {
			out = append(out, objects[i])
		}
	}
	return out
}

// paged says that a module, which reads the first page of a list only, may not
// have read all.
func (l *library) paged(records []libdns.Record) error {
	if l.page == 0 {
		return nil
	}
	sets := map[string]bool{}
	for _, r := range records {
		if r == nil {
			continue // what the module could not read
		}
		rr := r.RR()
		sets[rr.Name+" "+rr.Type] = true
	}
	if len(records) == l.page || len(sets) == l.page {
		return fmt.Errorf("%w: the module reads %d entries of a zone at most, and just as many came, so that some may be missing", ErrUnsafe, l.page)
	}
	return nil
}
