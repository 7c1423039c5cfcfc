package rfc2136

import (
	"fmt"
	"strings"
	"time"

	"github.com/libdns/libdns"
	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/providers/txt"
)

// toLibdns gives a record in the form of libdns: its name relative to the
// zone, its data without escapes.
func toLibdns(rr dns.RR, zone string) libdns.Record {
	h := rr.Header()
	out := libdns.RR{Name: relative(h.Name, zone), TTL: time.Duration(h.Ttl) * time.Second, Type: dns.Type(h.Rrtype).String()}
	if t, ok := rr.(*dns.TXT); ok {
		r := fromWire(t)
		return libdns.TXT{Name: out.Name, TTL: out.TTL, Text: r.Text(), ProviderData: r}
	}
	out.Data = strings.TrimPrefix(rr.String(), h.String())
	if parsed, err := out.Parse(); err == nil {
		return parsed
	}
	return out // libdns has no form of its own for this data
}

func fromLibdnsAll(zone string, records []libdns.Record) (out []record, err error) {
	for _, r := range records {
		rr, err := fromLibdns(zone, r)
		if err != nil {
			return nil, err
		}
		out = append(out, record{rr})
	}
	return out, nil
}

func fromLibdns(zone string, r libdns.Record) (dns.RR, error) {
	in := r.RR()
	name := absolute(in.Name, zone)
	seconds := uint32(in.TTL / time.Second)
	if in.Name == "" || in.Type == "" {
		return nil, fmt.Errorf("a record without name or type")
	}
	if strings.EqualFold(in.Type, "TXT") {
		data, ok := exact(r)
		if !ok {
			data = txt.Chunk(in.Data)
		}
		return toWire(name, seconds, data), nil
	}
	rr, err := dns.NewRR(fmt.Sprintf("%s %d IN %s %s", name, seconds, in.Type, in.Data))
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", name, in.Type, err)
	}
	return rr, nil
}

// relative gives a name as libdns has it, in presentation form: "@" for the
// zone's own.
func relative(name, zone string) string {
	n, z := dns.CountLabel(name), dns.CountLabel(zone)
	if !dns.IsSubDomain(zone, name) {
		return name
	}
	if n == z {
		return "@"
	}
	if z == 0 {
		return strings.TrimSuffix(name, ".")
	}
	i, _ := dns.PrevLabel(name, z)
	return strings.TrimSuffix(name[:i], ".")
}

// absolute is the inverse of relative.
func absolute(name, zone string) string {
	switch {
	case name == "@":
		return zone
	case strings.HasSuffix(name, "."):
		return name
	case zone == ".":
		return name + "."
	}
	return name + "." + zone
}
