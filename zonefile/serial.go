package zonefile

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// SerialForm is what a zone's next serial number looks like.
type SerialForm int

const (
	// SerialKeep keeps the form that the serial has: YYYYMMDDnn if it reads as
	// a day from 1980 to 2099, else a plain number.
	SerialKeep SerialForm = iota
	// SerialDate makes it YYYYMMDDnn, unless that would be no step forward.
	SerialDate
)

// next gives the serial that follows old on the day of now. It is always a step
// forward (RFC 1982, Section 3.2), and never 0, which some servers take for
// none. A date that is today's or a later one moves on by one, and behind 99 to
// the day after it.
func (f SerialForm) next(old uint32, now time.Time) uint32 {
	date, n, isDate := dateForm(old)
	if f == SerialDate || isDate {
		if today := serialOn(now); isForward(old, today) {
			return today
		}
	}
	if isDate && n == 99 {
		return serialOn(date.AddDate(0, 0, 1))
	}
	return max(old+1, 1)
}

// isForward reports whether new comes after old (RFC 1982, Section 3.2). It is
// false for two that lie half the circle apart, which the RFC leaves open.
func isForward(old, new uint32) bool {
	d := new - old
	return d > 0 && d < 1<<31
}

// dateForm reads YYYYMMDDnn.
func dateForm(serial uint32) (date time.Time, n int, ok bool) {
	date, err := time.Parse("20060102", fmt.Sprint(serial/100))
	return date, int(serial % 100), err == nil && 1980 <= date.Year() && date.Year() < 2100
}

// serialOn is the first serial of a day.
func serialOn(day time.Time) uint32 {
	y, m, d := day.Date()
	return uint32(y*1000000 + int(m)*10000 + d*100)
}

// soa gives the SOA record of the zone, and the TTL that stands for one above
// which no other is stated: its last field (RFC 1035, Section 3.3.13).
func (z *zone) soa() (*item, ttls, error) {
	var found *item
	for i := range z.items {
		it := &z.items[i]
		if it.kind != resourceRecord || it.typ != "SOA" || it.owner.canonical != z.origin.canonical {
			continue
		}
		if found != nil {
			return nil, ttls{}, z.fail(it.line, "a second SOA record of %s: the first one is on line %d", z.origin.written, found.line)
		}
		found = it
	}
	if found == nil {
		return nil, ttls{}, z.fail(0, "no SOA record of %s stands in this file, so that its serial cannot move forward", z.origin.written)
	}
	if len(found.rdata) != 7 {
		return nil, ttls{}, z.fail(found.line, "the SOA record has %d fields, of 7 (RFC 1035, Section 3.3.13)", len(found.rdata))
	}
	minimum, ok := parseTTL(z.text(found.rdata[6]))
	if !ok {
		return nil, ttls{}, z.fail(found.rdata[6].line, "the SOA record's minimum is not a TTL")
	}
	return found, ttls{value: minimum}, nil
}

// Serial gives the serial number of the zone in the text of a zone file.
func Serial(text []byte, s Source) (uint32, error) {
	p, err := newPatch(text, s, nil)
	if err != nil {
		return 0, err
	}
	return p.serial, nil
}

// serialOf reads the serial number of an SOA record.
func (z *zone) serialOf(soa *item) (uint32, error) {
	t := soa.rdata[2]
	n, err := strconv.ParseUint(z.text(t), 10, 64)
	if err != nil || t.quoted || n > math.MaxUint32 {
		return 0, z.fail(t.line, "the serial %s is not a number of at most 4294967295 (RFC 1035, Section 3.3.13)", z.src[t.start:t.end])
	}
	return uint32(n), nil
}
