package zonefile

import (
	"fmt"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// serial moves the serial number of the zone forward.
func (p *patch) serial(now time.Time) error {
	for _, rr := range p.rrs {
		if rr.typ != "SOA" || rr.owner != p.zone {
			continue
		}
		old, t, err := p.serialOf(rr)
		if err != nil {
			return err
		}
		p.splice(t.start, t.end, fmt.Sprint(NextSerial(old, now)))
		return nil
	}
	for _, f := range p.foreign {
		for _, rr := range f.rrs {
			if rr.Header().Rrtype == dns.TypeSOA {
				return &PlaceError{p.File, f.line, fmt.Sprintf("the SOA record, whose serial number has to move forward, comes from %s", f.what)}
			}
		}
	}
	return fmt.Errorf("%s has no SOA record of the zone %s, whose serial number has to move forward", p.File, strings.TrimSuffix(p.zone, "."))
}

// NextSerial gives a serial number that secondaries take for newer (RFC 1982,
// Section 3.1). One in the form YYYYMMDDnn keeps it.
func NextSerial(old uint32, now time.Time) uint32 {
	if isDate(old) {
		year, month, day := now.UTC().Date()
		today := uint32(year)*1_000_000 + uint32(month)*10_000 + uint32(day)*100
		if today > old {
			return today + 1
		}
	}
	if old+1 == 0 {
		return 1 // some take 0 for none
	}
	return old + 1
}

func isDate(serial uint32) bool {
	year, month, day := serial/1_000_000, serial/10_000%100, serial/100%100
	return year >= 1980 && year < 2100 && month >= 1 && month <= 12 && day >= 1 && day <= 31
}
