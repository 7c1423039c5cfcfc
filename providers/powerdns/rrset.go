package powerdns

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/spfzone/spfzone/providers/txt"
)

// rrset is an RRset as the API has it. Comments are left out of what is
// written, which leaves them as they are.
type rrset struct {
	Name       string   `json:"name"`
	Type       string   `json:"type"`
	TTL        uint32   `json:"ttl"`
	ChangeType string   `json:"changetype,omitempty"`
	Records    []record `json:"records"`
}

// record holds the data in presentation form, exactly as the server gave it.
type record struct {
	Content  string `json:"content"`
	Disabled bool   `json:"disabled"` // kept, but not served
}

func zonePath(zone string) string {
	return "/zones/" + url.PathEscape(absolute("@", zone))
}

// rrsets reads the zone, or those of a name and type only.
func (p *Provider) rrsets(ctx context.Context, zone, name, rrtype string) ([]rrset, error) {
	path := zonePath(zone)
	if name != "" {
		path += "?" + url.Values{"rrset_name": {name}, "rrset_type": {rrtype}}.Encode()
	}
	var answer struct {
		Name   string          `json:"name"`
		RRsets json.RawMessage `json:"rrsets"`
	}
	if err := p.call(ctx, http.MethodGet, path, nil, &answer); err != nil {
		return nil, err
	}
	var sets []rrset
	if err := json.Unmarshal(answer.RRsets, &sets); err != nil || !strings.EqualFold(answer.Name, absolute("@", zone)) {
		return nil, fmt.Errorf("the answer is not the zone %s", zone)
	}
	return sets, nil
}

// one reads one RRset as it is served, which is without records where there is
// none.
func (p *Provider) one(ctx context.Context, zone, name, rrtype string) (rrset, error) {
	sets, err := p.rrsets(ctx, zone, name, rrtype)
	return pick(sets, name, rrtype), err
}

// whole reads one RRset with its disabled records, which the server leaves out
// when it is asked for one RRset only.
func (p *Provider) whole(ctx context.Context, zone, name, rrtype string) (rrset, error) {
	sets, err := p.rrsets(ctx, zone, "", "")
	return pick(sets, name, rrtype), err
}

func pick(sets []rrset, name, rrtype string) rrset {
	for _, s := range sets {
		if strings.EqualFold(s.Name, name) && s.Type == rrtype {
			return s
		}
	}
	return rrset{Name: name, Type: rrtype}
}

// patch replaces RRsets, all or none. One without records is deleted.
func (p *Provider) patch(ctx context.Context, zone string, sets ...rrset) error {
	for i := range sets {
		sets[i].ChangeType = "REPLACE"
		if len(sets[i].Records) == 0 {
			sets[i].ChangeType, sets[i].Records = "DELETE", []record{}
		}
	}
	return p.call(ctx, http.MethodPatch, zonePath(zone), map[string]any{"rrsets": sets}, nil)
}

// ReadTXT gives the TXT RRset of a name as the zone has it, without records
// that are disabled. Zone and name are absolute.
func (p *Provider) ReadTXT(ctx context.Context, zone, name string) (txt.RRset, error) {
	alias, err := p.one(ctx, zone, name, "CNAME")
	if err != nil {
		return txt.RRset{}, err
	}
	if len(alias.served()) > 0 {
		return txt.RRset{}, fmt.Errorf("%w: %s is an alias (CNAME), beside which no TXT record can stand", txt.ErrUnsafe, name)
	}
	set, err := p.one(ctx, zone, name, "TXT")
	if err != nil {
		return txt.RRset{}, err
	}
	out, _, err := set.txt()
	return out, err
}

func (s rrset) served() (out []record) {
	for _, r := range s.Records {
		if !r.Disabled {
			out = append(out, r)
		}
	}
	return out
}

// txt gives the octets of what is served, and the same by the content.
func (s rrset) txt() (txt.RRset, map[string]txt.Record, error) {
	out, octets := txt.RRset{TTL: s.TTL}, map[string]txt.Record{}
	for _, r := range s.served() {
		parsed, err := parse(r.Content)
		if err != nil {
			return txt.RRset{}, nil, fmt.Errorf("the TXT record %s at %s: %w", r.Content, s.Name, err)
		}
		out.Records = append(out.Records, parsed)
		octets[r.Content] = parsed
	}
	if len(out.Records) == 0 {
		out.TTL = 0
	}
	return out, octets, nil
}

// parse reads a content. The server cuts longer strings at 255 octets when it
// serves them.
func parse(content string) (txt.Record, error) {
	loose, err := txt.ParseLoose(content)
	var r txt.Record
	for _, s := range loose.Strings {
		r.Strings = append(r.Strings, txt.Chunk(s).Strings...)
	}
	return r, err
}

// ReplaceTXT makes the RRset new of the RRset old, if that is what it finds.
// The records that stay are sent back as the server gave them, disabled ones
// too.
func (p *Provider) ReplaceTXT(ctx context.Context, zone, name string, old, new txt.RRset) error {
	set, err := p.whole(ctx, zone, name, "TXT")
	if err != nil {
		return err
	}
	now, octets, err := set.txt()
	if err != nil {
		return err
	}
	if !now.Equal(old) {
		return txt.ErrConflict
	}
	gone := txt.Minus(old.Records, new.Records)
	out := rrset{Name: set.Name, Type: "TXT", TTL: new.TTL}
	for _, r := range set.Records {
		if left := txt.Minus(gone, []txt.Record{octets[r.Content]}); !r.Disabled && len(left) < len(gone) {
			gone = left
			continue
		}
		out.Records = append(out.Records, r)
	}
	for _, r := range txt.Minus(new.Records, old.Records) {
		out.Records = append(out.Records, record{Content: r.String()})
	}
	if new.TTL == 0 {
		out.TTL = set.TTL // of disabled records that are left
	}
	return p.patch(ctx, zone, out)
}
