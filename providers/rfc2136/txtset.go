package rfc2136

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/providers/txt"
)

// ReadTXT gives the TXT RRset of a name that the server has in the zone. What
// a wildcard makes of it (RFC 4592) is not in the zone, and no alias is
// followed: there is an error in its place. Zone and name are absolute.
func (p *Provider) ReadTXT(ctx context.Context, zone, name string) (txt.RRset, error) {
	set, err := p.query(ctx, zone, name)
	if err != nil || len(set.Records) == 0 || strings.EqualFold(zone, name) {
		return set, err
	}
	_, parent, _ := strings.Cut(name, ".")
	other, err := p.query(ctx, zone, strings.ToLower(rand.Text())+"."+parent)
	if err != nil || !set.Equal(other) {
		return set, nil // a wildcard would have answered for the other name too
	}
	exists, err := p.exists(ctx, zone, name)
	if err != nil {
		return txt.RRset{}, fmt.Errorf("a wildcard has the same records as %s, and whether it has its own cannot be found out: %w", name, err)
	}
	if !exists {
		return txt.RRset{}, nil
	}
	return set, nil
}

// query asks for the TXT records of a name.
func (p *Provider) query(ctx context.Context, zone, name string) (txt.RRset, error) {
	m := new(dns.Msg).SetQuestion(presentation(name), dns.TypeTXT)
	m.RecursionDesired = false
	r, err := p.exchange(ctx, zone, m)
	if err != nil {
		return txt.RRset{}, err
	}
	if r.Rcode != dns.RcodeNameError {
		if err := responseError(zone, r); err != nil {
			return txt.RRset{}, err
		}
	}
	if !r.Authoritative {
		return txt.RRset{}, responseError(zone, &dns.Msg{MsgHdr: dns.MsgHdr{Rcode: dns.RcodeNotAuth}})
	}
	var set txt.RRset
	for _, rr := range r.Answer {
		switch rr := rr.(type) {
		case *dns.CNAME, *dns.DNAME:
			return txt.RRset{}, fmt.Errorf("%w: %s is an alias (%s), beside which no TXT record can stand", txt.ErrUnsafe, name, dns.TypeToString[rr.Header().Rrtype])
		case *dns.TXT:
			set.TTL = rr.Hdr.Ttl
			set.Records = append(set.Records, fromWire(rr))
		}
	}
	return set, nil
}

// exists asks, by an update that changes nothing, whether the zone itself has
// TXT records at the name (RFC 2136, Section 2.4.1).
func (p *Provider) exists(ctx context.Context, zone, name string) (bool, error) {
	m := new(dns.Msg).SetUpdate(presentation(zone))
	m.RRsetUsed([]dns.RR{toWire(presentation(name), 0, txt.Record{})})
	r, err := p.exchange(ctx, zone, m)
	switch {
	case err != nil:
		return false, err
	case r.Rcode == dns.RcodeNXRrset:
		return false, nil
	}
	return true, responseError(zone, r)
}

// ReplaceTXT makes the RRset new of the RRset old in one message, which the
// server carries out whole or not at all, and only if the records are those of
// old, octet by octet. Records that are in both are not touched, unless the TTL
// changes. A TTL that somebody else changed since is not noticed (RFC 2136,
// Section 2.4.2).
func (p *Provider) ReplaceTXT(ctx context.Context, zone, name string, old, new txt.RRset) error {
	m := update(zone, name, old, new)
	r, err := p.exchange(ctx, zone, m)
	if err != nil {
		return err
	}
	switch r.Rcode {
	case dns.RcodeNXRrset, dns.RcodeYXRrset:
		return fmt.Errorf("%w: the server answers %s", txt.ErrConflict, rcode(r.Rcode))
	}
	return responseError(zone, r)
}

func update(zone, name string, old, new txt.RRset) *dns.Msg {
	name = presentation(name)
	m := (&dns.Msg{}).SetUpdate(presentation(zone))
	m.Used(toWireAll(name, 0, old.Records))
	if len(old.Records) == 0 {
		m.RRsetNotUsed([]dns.RR{toWire(name, 0, txt.Record{})})
	}
	m.RRsetNotUsed([]dns.RR{&dns.CNAME{Hdr: header(name, dns.TypeCNAME, 0)}})
	if old.TTL != new.TTL && len(old.Records) > 0 {
		m.RemoveRRset([]dns.RR{toWire(name, 0, txt.Record{})})
		m.Insert(toWireAll(name, new.TTL, new.Records))
		return m
	}
	m.Remove(toWireAll(name, 0, txt.Minus(old.Records, new.Records)))
	m.Insert(toWireAll(name, new.TTL, txt.Minus(new.Records, old.Records)))
	return m
}

// header takes the name in presentation form, as all below.
func header(name string, rrtype uint16, ttl uint32) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: rrtype, Class: dns.ClassINET, Ttl: ttl}
}

func toWire(name string, ttl uint32, r txt.Record) *dns.TXT {
	rr := &dns.TXT{Hdr: header(name, dns.TypeTXT, ttl)}
	for _, s := range r.Strings {
		rr.Txt = append(rr.Txt, escape(s))
	}
	return rr
}

func toWireAll(name string, ttl uint32, records []txt.Record) (out []dns.RR) {
	for _, r := range records {
		out = append(out, toWire(name, ttl, r))
	}
	return out
}

func fromWire(rr *dns.TXT) (r txt.Record) {
	for _, s := range rr.Txt {
		r.Strings = append(r.Strings, unescape(s))
	}
	return r
}
