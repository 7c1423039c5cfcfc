// Package inwx keeps records at INWX, by its JSON-RPC API.
//
// Records are read all at once, without a filter, and changed and deleted by
// the number that the API gave for each. The module for libdns deletes instead
// whatever the API finds by name, type and content; how the API compares them
// is not documented, so that other TXT records could go with it.
package inwx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/libdns/libdns"

	"github.com/spfzone/spfzone/providers/secret"
)

// Provider is an account.
type Provider struct {
	Username     string      `json:"username"`
	Password     secret.Text `json:"password"`
	SharedSecret secret.Text `json:"shared_secret,omitzero"` // of the second factor, in base32
	EndpointURL  string      `json:"endpoint_url,omitempty"` // the API's own if empty

	mu     sync.Mutex
	client *http.Client // with the session; nil before the first login
	now    func() time.Time
}

var (
	_ libdns.RecordGetter   = (*Provider)(nil)
	_ libdns.RecordAppender = (*Provider)(nil)
	_ libdns.RecordSetter   = (*Provider)(nil)
	_ libdns.RecordDeleter  = (*Provider)(nil)
)

// Record is a record with its number. It is changed and deleted by that alone.
type Record struct {
	Entry libdns.RR // its name relative to the zone
	ID    string    // as the API has it, in JSON
}

// RR implements [libdns.Record].
func (r Record) RR() libdns.RR { return r.Entry }

// entry is a record as the API has it: the name is absolute without the final
// dot, the preference of an MX record apart.
type entry struct {
	ID       json.RawMessage `json:"id,omitempty"` // a number or a text
	Domain   string          `json:"domain,omitempty"`
	Name     string          `json:"name,omitempty"`
	Type     string          `json:"type,omitempty"`
	Content  string          `json:"content"`
	TTL      int             `json:"ttl"`
	Priority int             `json:"prio,omitempty"`
}

// GetRecords implements [libdns.RecordGetter], with a [Record] for each.
func (p *Provider) GetRecords(ctx context.Context, zone string) ([]libdns.Record, error) {
	var all struct {
		Record []entry `json:"record"`
	}
	if err := p.call(ctx, "nameserver.info", map[string]string{"domain": bare(zone)}, &all); err != nil {
		return nil, err
	}
	var out []libdns.Record
	for _, e := range all.Record {
		if len(e.ID) == 0 {
			return nil, fmt.Errorf("the API gives no number for a record of %s", e.Name)
		}
		data := e.Content
		if e.Type == "MX" || e.Type == "SRV" {
			data = fmt.Sprintf("%d %s", e.Priority, e.Content)
		}
		rr := libdns.RR{Name: relative(e.Name, zone), Type: e.Type, Data: data, TTL: time.Duration(e.TTL) * time.Second}
		out = append(out, Record{rr, string(e.ID)})
	}
	return out, nil
}

// AppendRecords implements [libdns.RecordAppender].
func (p *Provider) AppendRecords(ctx context.Context, zone string, records []libdns.Record) ([]libdns.Record, error) {
	var out []libdns.Record
	for _, r := range records {
		rr := r.RR()
		e := entry{Domain: bare(zone), Name: bare(libdns.AbsoluteName(rr.Name, zone)), Type: rr.Type, Content: rr.Data, TTL: int(rr.TTL / time.Second)}
		var made struct {
			ID json.RawMessage `json:"id"`
		}
		if err := p.call(ctx, "nameserver.createRecord", e, &made); err != nil {
			return out, err
		}
		out = append(out, Record{rr, string(made.ID)})
	}
	return out, nil
}

var errNumber = errors.New("a record is changed and deleted by the number that it was read with")

// SetRecords gives records that were read other contents and TTLs: it is no
// [libdns.RecordSetter] of whole RRsets.
func (p *Provider) SetRecords(ctx context.Context, _ string, records []libdns.Record) ([]libdns.Record, error) {
	for i, r := range records {
		own, ok := r.(Record)
		if !ok || own.ID == "" {
			return records[:i], errNumber
		}
		e := entry{ID: json.RawMessage(own.ID), Content: own.Entry.Data, TTL: int(own.Entry.TTL / time.Second)}
		if err := p.call(ctx, "nameserver.updateRecord", e, nil); err != nil {
			return records[:i], err
		}
	}
	return records, nil
}

// DeleteRecords deletes records that were read.
func (p *Provider) DeleteRecords(ctx context.Context, _ string, records []libdns.Record) ([]libdns.Record, error) {
	for i, r := range records {
		own, ok := r.(Record)
		if !ok || own.ID == "" {
			return records[:i], errNumber
		}
		if err := p.call(ctx, "nameserver.deleteRecord", map[string]json.RawMessage{"id": json.RawMessage(own.ID)}, nil); err != nil {
			return records[:i], err
		}
	}
	return records, nil
}

func bare(name string) string { return strings.TrimSuffix(name, ".") }

// relative gives a name that the API has as a whole.
func relative(name, zone string) string {
	name, zone = bare(name), bare(zone)
	switch {
	case strings.EqualFold(name, zone):
		return "@"
	case len(name) > len(zone) && strings.EqualFold(name[len(name)-len(zone)-1:], "."+zone):
		return name[:len(name)-len(zone)-1]
	}
	return name + "."
}
