package powerdns

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/libdns/libdns"

	"github.com/spfzone/spfzone/providers/txt"
)

// ListZones gives the zones of the server.
func (p *Provider) ListZones(ctx context.Context) ([]libdns.Zone, error) {
	var zones []libdns.Zone
	if err := p.call(ctx, http.MethodGet, "/zones", nil, &zones); err != nil {
		return nil, err
	}
	return zones, nil
}

// GetRecords gives all records of the zone that are served. The text of a TXT
// record is in octets, its strings as one; ProviderData is the content as the
// server has it.
func (p *Provider) GetRecords(ctx context.Context, zone string) ([]libdns.Record, error) {
	sets, err := p.rrsets(ctx, zone, "", "")
	if err != nil {
		return nil, err
	}
	var records []libdns.Record
	for _, s := range sets {
		for _, r := range s.served() {
			records = append(records, s.libdns(r, zone))
		}
	}
	return records, nil
}

// AppendRecords adds the records that are not there yet, in one request, and
// gives those. A record takes the TTL of the RRset that it joins.
func (p *Provider) AppendRecords(ctx context.Context, zone string, records []libdns.Record) ([]libdns.Record, error) {
	var added []libdns.Record
	err := p.change(ctx, zone, records, func(s *rrset, wanted []libdns.Record) {
		for _, r := range wanted {
			if slices.ContainsFunc(s.served(), func(there record) bool { return s.same(r, there) }) {
				continue
			}
			if len(s.Records) == 0 {
				s.TTL = seconds(r)
			}
			fresh := record{Content: content(r)}
			s.Records = append(s.Records, fresh)
			added = append(added, s.libdns(fresh, zone))
		}
	})
	return added, err
}

// SetRecords makes the records given for a name and type the only ones there,
// all in one request. An RRset has one TTL (RFC 2181, Section 5.2), of several
// the lowest.
func (p *Provider) SetRecords(ctx context.Context, zone string, records []libdns.Record) ([]libdns.Record, error) {
	var set []libdns.Record
	err := p.change(ctx, zone, records, func(s *rrset, wanted []libdns.Record) {
		s.Records, s.TTL = nil, seconds(wanted[0])
		for _, r := range wanted {
			s.TTL = min(s.TTL, seconds(r))
		}
		for _, r := range wanted {
			fresh := record{Content: content(r)}
			s.Records = append(s.Records, fresh)
			set = append(set, s.libdns(fresh, zone))
		}
	})
	return set, err
}

// DeleteRecords deletes, in one request, the records of the zone that are as
// one of those given, and gives what was there. An empty type, TTL or data
// stands for any.
func (p *Provider) DeleteRecords(ctx context.Context, zone string, records []libdns.Record) ([]libdns.Record, error) {
	sets, err := p.rrsets(ctx, zone, "", "")
	if err != nil {
		return nil, err
	}
	var deleted []libdns.Record
	var changed []rrset
	for _, s := range sets {
		all := len(s.Records)
		s.Records = slices.DeleteFunc(slices.Clone(s.Records), func(there record) bool {
			gone := !there.Disabled && slices.ContainsFunc(records, func(r libdns.Record) bool { return s.matches(r, there, zone) })
			if gone {
				deleted = append(deleted, s.libdns(there, zone))
			}
			return gone
		})
		if len(s.Records) < all {
			changed = append(changed, s)
		}
	}
	if len(changed) == 0 {
		return nil, nil
	}
	return deleted, p.patch(ctx, zone, changed...)
}

// change reads the RRsets that records belong to, has each changed, and writes
// them.
func (p *Provider) change(ctx context.Context, zone string, records []libdns.Record, edit func(*rrset, []libdns.Record)) error {
	type key struct{ name, rrtype string }
	groups, order := map[key][]libdns.Record{}, []key{}
	for _, r := range records {
		rr := r.RR()
		if rr.Name == "" || rr.Type == "" {
			return fmt.Errorf("a record without name or type")
		}
		k := key{strings.ToLower(absolute(rr.Name, zone)), strings.ToUpper(rr.Type)}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], r)
	}
	all, err := p.rrsets(ctx, zone, "", "")
	if err != nil {
		return err
	}
	var sets []rrset
	for _, k := range order {
		s := pick(all, k.name, k.rrtype)
		ttl, before := s.TTL, slices.Clone(s.Records)
		edit(&s, groups[k])
		if s.TTL != ttl || !slices.Equal(before, s.Records) {
			sets = append(sets, s)
		}
	}
	if len(sets) == 0 {
		return nil
	}
	return p.patch(ctx, zone, sets...)
}

// libdns gives a record in the form of libdns: its name relative to the zone,
// its data without escapes.
func (s rrset) libdns(r record, zone string) libdns.Record {
	rr := libdns.RR{Name: relative(s.Name, zone), TTL: time.Duration(s.TTL) * time.Second, Type: s.Type, Data: r.Content}
	if parsed, err := txt.ParseLoose(r.Content); err == nil && s.Type == "TXT" {
		return libdns.TXT{Name: rr.Name, TTL: rr.TTL, Text: parsed.Text(), ProviderData: r.Content}
	}
	if parsed, err := rr.Parse(); err == nil {
		return parsed
	}
	return rr // libdns has no form of its own for this data
}

// same compares data.
func (s rrset) same(r libdns.Record, there record) bool {
	if t, ok := r.(libdns.TXT); ok && t.ProviderData != nil {
		return t.ProviderData == there.Content
	}
	return r.RR().Data == s.libdns(there, "").RR().Data
}

func (s rrset) matches(r libdns.Record, there record, zone string) bool {
	rr := r.RR()
	return strings.EqualFold(absolute(rr.Name, zone), s.Name) &&
		(rr.Type == "" || strings.EqualFold(rr.Type, s.Type)) &&
		(rr.TTL == 0 || seconds(r) == s.TTL) &&
		(rr.Data == "" || s.same(r, there))
}

// content gives a record's data in presentation form.
func content(r libdns.Record) string {
	rr := r.RR()
	if !strings.EqualFold(rr.Type, "TXT") {
		return rr.Data
	}
	if t, ok := r.(libdns.TXT); ok {
		if kept, ok := t.ProviderData.(string); ok {
			return kept
		}
	}
	return txt.Chunk(rr.Data).String()
}

func seconds(r libdns.Record) uint32 { return uint32(r.RR().TTL / time.Second) }

// relative gives an absolute name as libdns has it: "@" for the zone's own.
func relative(name, zone string) string {
	own := absolute("@", zone)
	switch i := len(name) - len(own); {
	case i == 0 && strings.EqualFold(name, own):
		return "@"
	case own == ".":
		return strings.TrimSuffix(name, ".")
	case i > 1 && name[i-1] == '.' && strings.EqualFold(name[i:], own):
		return name[:i-1]
	}
	return name
}

// absolute is the inverse of relative.
func absolute(name, zone string) string {
	if !strings.HasSuffix(zone, ".") {
		zone += "."
	}
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
