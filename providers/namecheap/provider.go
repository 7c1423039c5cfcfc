// Package namecheap keeps records at Namecheap, by its XML API.
//
// That API knows two requests: to read the whole zone, and to write the whole
// zone. So a change of one record is a write of all, and what is read short, or
// cannot be said in a write, is lost. The zone is therefore read twice before a
// write, and refused unless both are the same and hold nothing that a write
// would change; it is written with everything that was read, its kind of mail
// service too, without which its MX records go; and read again, to see that all
// that was to stay is there.
package namecheap

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/libdns/libdns"

	"github.com/spfzone/spfzone/providers/secret"
	"github.com/spfzone/spfzone/providers/txt"
)

// Provider is an account.
type Provider struct {
	APIKey      secret.Text `json:"api_key"`
	User        string      `json:"user"`
	ClientIP    string      `json:"client_ip"`              // from which requests come
	APIEndpoint string      `json:"api_endpoint,omitempty"` // the API's own if empty

	mu sync.Mutex // one change at a time
}

var (
	_ libdns.RecordGetter   = (*Provider)(nil)
	_ libdns.RecordAppender = (*Provider)(nil)
	_ libdns.RecordSetter   = (*Provider)(nil)
	_ libdns.RecordDeleter  = (*Provider)(nil)
)

// GetRecords implements [libdns.RecordGetter].
func (p *Provider) GetRecords(ctx context.Context, zone string) ([]libdns.Record, error) {
	z, err := p.read(ctx, zone)
	if err != nil {
		return nil, err
	}
	var out []libdns.Record
	for _, h := range z.Hosts {
		out = append(out, h.rr())
	}
	return out, nil
}

// AppendRecords implements [libdns.RecordAppender].
func (p *Provider) AppendRecords(ctx context.Context, zone string, records []libdns.Record) ([]libdns.Record, error) {
	return records, p.change(ctx, zone, func(hosts []host) []host {
		for _, r := range records {
			hosts = append(hosts, hostOf(r.RR()))
		}
		return hosts
	})
}

// SetRecords implements [libdns.RecordSetter]: one write puts the records in
// the place of all of their RRsets.
func (p *Provider) SetRecords(ctx context.Context, zone string, records []libdns.Record) ([]libdns.Record, error) {
	return records, p.change(ctx, zone, func(hosts []host) []host {
		for _, r := range records {
			h := hostOf(r.RR())
			hosts = slices.DeleteFunc(hosts, func(o host) bool { return o.sameSet(h) })
		}
		for _, r := range records {
			hosts = append(hosts, hostOf(r.RR()))
		}
		return hosts
	})
}

// DeleteRecords implements [libdns.RecordDeleter], for records as they were
// read.
func (p *Provider) DeleteRecords(ctx context.Context, zone string, records []libdns.Record) ([]libdns.Record, error) {
	return records, p.change(ctx, zone, func(hosts []host) []host {
		for _, r := range records {
			h := hostOf(r.RR())
			if i := slices.IndexFunc(hosts, func(o host) bool { return o.same(h) }); i >= 0 {
				hosts = slices.Delete(hosts, i, i+1)
			}
		}
		return hosts
	})
}

// change writes the zone with other records.
func (p *Provider) change(ctx context.Context, zone string, edit func([]host) []host) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	z, err := p.read(ctx, zone)
	if err != nil {
		return err
	}
	again, err := p.read(ctx, zone)
	if err != nil {
		return err
	}
	if why := z.differs(again); why != "" {
		return fmt.Errorf("%w: two readings of the zone differ: %s", txt.ErrConflict, why)
	}
	if why := z.unwritable(); why != "" {
		return fmt.Errorf("%w: every change writes the whole zone, and %s", txt.ErrUnsafe, why)
	}
	wanted := z
	wanted.Hosts = edit(slices.Clone(z.Hosts))
	written := p.write(ctx, zone, wanted)
	is, err := p.read(ctx, zone)
	switch {
	case err != nil:
		return errors.Join(written, fmt.Errorf("reading the zone after a write: %w", err))
	case written != nil:
		return written
	}
	if why := wanted.differs(is); why != "" {
		return fmt.Errorf("%w: the zone is not what was written: %s", txt.ErrSiblings, why)
	}
	return nil
}

// zone is all that the API has of one.
type zone struct {
	EmailType string `xml:"EmailType,attr"`
	OurDNS    bool   `xml:"IsUsingOurDNS,attr"`
	Hosts     []host `xml:"host"`
}

// host is a record.
type host struct {
	Name    string `xml:"Name,attr"` // relative, "@" for the zone's own
	Type    string `xml:"Type,attr"`
	Address string `xml:"Address,attr"`
	MXPref  string `xml:"MXPref,attr"`
	TTL     int    `xml:"TTL,attr"`
	Active  string `xml:"IsActive,attr"`
	Dynamic string `xml:"IsDDNSEnabled,attr"`
}

func (h host) sameSet(o host) bool {
	return strings.EqualFold(h.Name, o.Name) && h.Type == o.Type
}

func (h host) same(o host) bool {
	return h.sameSet(o) && h.Address == o.Address && h.TTL == o.TTL && (h.Type != "MX" || h.MXPref == o.MXPref)
}

func (h host) rr() libdns.RR {
	data := h.Address
	if h.Type == "MX" {
		data = h.MXPref + " " + h.Address
	}
	return libdns.RR{Name: h.Name, Type: h.Type, Data: data, TTL: time.Duration(h.TTL) * time.Second}
}

func hostOf(rr libdns.RR) host {
	h := host{Name: rr.Name, Type: rr.Type, Address: rr.Data, TTL: int(rr.TTL / time.Second)}
	if rr.Type == "MX" {
		h.MXPref, h.Address, _ = strings.Cut(rr.Data, " ")
	}
	return h
}

// differs says where another reading is not the same.
func (z zone) differs(o zone) string {
	if z.EmailType != o.EmailType || z.OurDNS != o.OurDNS {
		return fmt.Sprintf("its mail service is %s, and was %s", strconv.Quote(o.EmailType), strconv.Quote(z.EmailType))
	}
	rest := slices.Clone(o.Hosts)
	for _, h := range z.Hosts {
		i := slices.IndexFunc(rest, h.same)
		if i < 0 {
			return fmt.Sprintf("%s %s is not there", h.Name, h.Type)
		}
		rest = slices.Delete(rest, i, i+1)
	}
	if len(rest) > 0 {
		return fmt.Sprintf("%s %s has come", rest[0].Name, rest[0].Type)
	}
	return ""
}

// writable are the types of which a write says everything that a reading does.
var writable = []string{"A", "AAAA", "ALIAS", "CNAME", "MX", "NS", "TXT"}

// unwritable says what a write could not say.
func (z zone) unwritable() string {
	if !z.OurDNS {
		return "the domain does not use the name servers of Namecheap"
	}
	if z.EmailType == "" {
		return "the API does not say which mail service it has, without which its MX records are lost"
	}
	for _, h := range z.Hosts {
		at := fmt.Sprintf("that of %s %s", h.Name, h.Type)
		switch {
		case !slices.Contains(writable, h.Type):
			return at + " may have more than the API says when it reads"
		case h.Dynamic == "true":
			return at + " is for dynamic DNS, which a write would end"
		case h.Active == "false":
			return at + " is switched off, which a write would end"
		case strings.ContainsFunc(h.Address, func(r rune) bool {
			return r < ' ' || r > '~' || r == '"' || r == '\\' || r == '&' || r == '<' || r == '>'
		}):
			return at + " holds characters of which it is not known that they come through"
		}
	}
	return ""
}
