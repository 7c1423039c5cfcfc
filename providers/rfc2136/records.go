package rfc2136

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/libdns/libdns"
	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/providers/txt"
)

// GetRecords gives all records of the zone, by a zone transfer, which the
// server must allow. The text of a TXT record is in octets, its strings as
// one; ProviderData is the [txt.Record].
func (p *Provider) GetRecords(ctx context.Context, zone string) ([]libdns.Record, error) {
	zone = dns.CanonicalName(zone)
	rrs, err := p.transfer(ctx, zone)
	if err != nil {
		return nil, err
	}
	records := make([]libdns.Record, 0, len(rrs))
	for _, rr := range rrs {
		records = append(records, toLibdns(rr, zone))
	}
	return records, nil
}

// transfer gives the zone's records, the SOA record once.
func (p *Provider) transfer(ctx context.Context, zone string) ([]dns.RR, error) {
	conn, end, err := p.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	m := new(dns.Msg).SetAxfr(zone)
	p.sign(m)
	t := &dns.Transfer{Conn: conn, TsigSecret: p.secrets(), ReadTimeout: time.Minute}
	envelopes, err := t.In(m, "")
	if err != nil {
		return nil, sendError(ctx, err)
	}
	var rrs []dns.RR
	for e := range envelopes {
		if e.Error != nil {
			err = e.Error
		}
		rrs = append(rrs, e.RR...)
	}
	if err != nil {
		return nil, sendError(ctx, fmt.Errorf("the transfer of the zone %s failed (the server must allow it to this key): %w", zone, err))
	}
	return rrs[:len(rrs)-1], nil // it ends with the SOA record that it began with
}

// AppendRecords adds the records that are not there yet, in one message, and
// gives those. A record takes the TTL of the RRset that it joins.
func (p *Provider) AppendRecords(ctx context.Context, zone string, records []libdns.Record) ([]libdns.Record, error) {
	zone = dns.CanonicalName(zone)
	wanted, err := fromLibdnsAll(zone, records)
	if err != nil {
		return nil, err
	}
	rrs, err := p.transfer(ctx, zone)
	if err != nil {
		return nil, err
	}
	m := new(dns.Msg).SetUpdate(zone)
	var added []libdns.Record
	for _, rr := range wanted {
		if there := find(rrs, rr.same); len(there) > 0 {
			continue
		}
		if set := find(rrs, rr.sameSet); len(set) > 0 {
			rr.Header().Ttl = set[0].Header().Ttl
		}
		rrs = append(rrs, rr.RR)
		added = append(added, toLibdns(rr.RR, zone))
		m.Insert([]dns.RR{dns.Copy(rr.RR)})
	}
	return added, p.change(ctx, zone, m)
}

// SetRecords makes the records given for a name and type the only ones there,
// all in one message that is carried out whole or not at all. An RRset has one
// TTL (RFC 2181, Section 5.2), of several the lowest.
func (p *Provider) SetRecords(ctx context.Context, zone string, records []libdns.Record) ([]libdns.Record, error) {
	zone = dns.CanonicalName(zone)
	wanted, err := fromLibdnsAll(zone, records)
	if err != nil {
		return nil, err
	}
	m := new(dns.Msg).SetUpdate(zone)
	var set []libdns.Record
	for i, rr := range wanted {
		first := true
		for j, other := range wanted {
			if rr.sameSet(other.RR) {
				first = first && j >= i
				rr.Header().Ttl = min(rr.Header().Ttl, other.Header().Ttl)
			}
		}
		if first {
			m.RemoveRRset([]dns.RR{rr.RR})
		}
		m.Insert([]dns.RR{dns.Copy(rr.RR)})
		set = append(set, toLibdns(rr.RR, zone))
	}
	return set, p.change(ctx, zone, m)
}

// DeleteRecords deletes, in one message, the records of the zone that are as
// one of those given, and gives what was there. An empty type, TTL or data
// stands for any. A [txt.Record] as ProviderData of a TXT record stands for
// exactly its strings.
func (p *Provider) DeleteRecords(ctx context.Context, zone string, records []libdns.Record) ([]libdns.Record, error) {
	zone = dns.CanonicalName(zone)
	rrs, err := p.transfer(ctx, zone)
	if err != nil {
		return nil, err
	}
	m := new(dns.Msg).SetUpdate(zone)
	var deleted []libdns.Record
	for _, rr := range rrs {
		there := toLibdns(rr, zone)
		for _, r := range records {
			if matches(r, there, zone) {
				m.Remove([]dns.RR{dns.Copy(rr)})
				deleted = append(deleted, there)
				break
			}
		}
	}
	return deleted, p.change(ctx, zone, m)
}

// change sends an update, unless it is empty.
func (p *Provider) change(ctx context.Context, zone string, m *dns.Msg) error {
	if len(m.Ns) == 0 {
		return nil
	}
	r, err := p.exchange(ctx, zone, m)
	if err != nil {
		return err
	}
	return responseError(zone, r)
}

func find(rrs []dns.RR, match func(dns.RR) bool) (out []dns.RR) {
	for _, rr := range rrs {
		if match(rr) {
			out = append(out, rr)
		}
	}
	return out
}

// record is a record to write.
type record struct{ dns.RR }

// same compares all but the TTL.
func (r record) same(o dns.RR) bool { return dns.IsDuplicate(r.RR, o) }

// sameSet compares name and type.
func (r record) sameSet(o dns.RR) bool {
	return r.Header().Rrtype == o.Header().Rrtype && strings.EqualFold(r.Header().Name, o.Header().Name)
}

// matches reports whether a record of the zone is one that r stands for.
func matches(r, there libdns.Record, zone string) bool {
	a, b := r.RR(), there.RR()
	if want, ok := exact(r); ok {
		if have, ok := exact(there); !ok || !want.Equal(have) {
			return false
		}
	}
	return strings.EqualFold(absolute(a.Name, zone), absolute(b.Name, zone)) &&
		(a.Type == "" || strings.EqualFold(a.Type, b.Type)) &&
		(a.TTL == 0 || a.TTL.Truncate(time.Second) == b.TTL) &&
		(a.Data == "" || a.Data == b.Data)
}

func exact(r libdns.Record) (txt.Record, bool) {
	t, ok := r.(libdns.TXT)
	if !ok {
		return txt.Record{}, false
	}
	data, ok := t.ProviderData.(txt.Record)
	return data, ok
}
