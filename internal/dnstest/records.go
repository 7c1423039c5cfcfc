package dnstest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/spf"
)

// records is what a [Server] serves: RRsets by owner and type. An owner is
// kept in wire form and lower case, as octets, so that no name is too odd.
type records struct {
	rrs    map[string]map[uint16][]dns.RR // with the empty non-terminals
	silent map[string]func(qtype uint16) bool
}

func newRecords() *records {
	return &records{rrs: map[string]map[uint16][]dns.RR{}, silent: map[string]func(uint16) bool{}}
}

// add panics on a name that does not fit into a message.
func (r *records) add(rr dns.RR) {
	owner := wire(rr.Header().Name)
	r.make(owner)
	r.rrs[owner][rr.Header().Rrtype] = append(r.rrs[owner][rr.Header().Rrtype], rr)
}

// make has a name and those above it exist.
func (r *records) make(owner string) {
	for ; r.rrs[owner] == nil; owner = parent(owner) {
		r.rrs[owner] = map[uint16][]dns.RR{}
		if owner == root {
			return
		}
	}
}

const root = "\x00"

// parent gives a name without its first label.
func parent(wire string) string { return wire[1+int(wire[0]):] }

// wire gives the wire form of a name in presentation form, in lower case.
func wire(name string) string {
	octets := make([]byte, 256)
	n, err := dns.PackDomainName(name, octets, 0, nil, false)
	if err != nil {
		panic(fmt.Sprintf("dnstest: the name %q: %v", name, err))
	}
	return lower(string(octets[:n])) // no length of a label is a letter
}

// lower puts the letters of ASCII in lower case, and leaves every other octet.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] += 'a' - 'A'
		}
	}
	return string(b)
}

// find gives the RRsets for a name: its own, or a CNAME out of the DNAME above
// it (RFC 6672), or those of the wildcard that stands for it (RFC 4592,
// Section 3.3). It gives nil if the name does not exist.
func (r *records) find(owner string) map[uint16][]dns.RR {
	if sets := r.rrs[owner]; sets != nil {
		return sets
	}
	for encloser := owner; encloser != root; {
		encloser = parent(encloser)
		sets := r.rrs[encloser]
		if sets == nil {
			continue
		}
		if set := sets[dns.TypeDNAME]; set != nil {
			prefix, _, err := dns.UnpackDomainName([]byte(strings.TrimSuffix(owner, encloser)+root), 0)
			if err != nil {
				panic("dnstest: " + err.Error())
			}
			target := prefix + set[0].(*dns.DNAME).Target
			return map[uint16][]dns.RR{dns.TypeCNAME: {&dns.CNAME{Hdr: header(".", dns.TypeCNAME), Target: target}}}
		}
		return r.rrs["\x01*"+encloser]
	}
	return nil
}

// zone gives the SOA of the zone that holds a name; authoritative is false if
// there are zones but none does.
func (r *records) zone(owner string) (soa dns.RR, authoritative bool) {
	for ; ; owner = parent(owner) {
		if set := r.rrs[owner][dns.TypeSOA]; set != nil {
			return set[0], true
		}
		if owner == root {
			break
		}
	}
	for _, sets := range r.rrs {
		if sets[dns.TypeSOA] != nil {
			return nil, false
		}
	}
	return nil, true
}

// answer fills in the honest answer to a query. It is false where a server
// would say nothing.
func (r *records) answer(m *dns.Msg) bool {
	q := m.Question[0]
	name := q.Name
	for range 20 {
		owner := wire(name)
		soa, authoritative := r.zone(owner)
		if !authoritative {
			if len(m.Answer) == 0 {
				m.Rcode = dns.RcodeRefused
			}
			return true
		}
		m.Authoritative = true
		if silent := r.silent[owner]; silent != nil && silent(q.Qtype) {
			return false
		}
		sets := r.find(owner)
		set := sets[q.Qtype]
		if set == nil {
			set = sets[dns.TypeCNAME]
		}
		for _, rr := range set {
			rr = dns.Copy(rr)
			rr.Header().Name = name
			m.Answer = append(m.Answer, rr)
		}
		switch {
		case set == nil:
			if sets == nil {
				m.Rcode = dns.RcodeNameError
			}
			if soa != nil {
				m.Ns = append(m.Ns, soa)
			}
			return true
		case set[0].Header().Rrtype == q.Qtype:
			return true
		}
		name = set[0].(*dns.CNAME).Target
	}
	return true // a loop: as many CNAMEs as a server will follow
}

// parseZone reads the text of a zone file. A record that stands there twice
// counts once.
func parseZone(text string) (*records, error) {
	r := newRecords()
	zp := dns.NewZoneParser(strings.NewReader(text), ".", "zone text")
	zp.SetDefaultTTL(3600)
	for rr, ok := zp.Next(); ok; rr, ok = zp.Next() {
		set := r.rrs[wire(rr.Header().Name)][rr.Header().Rrtype]
		if !slices.ContainsFunc(set, func(other dns.RR) bool { return dns.IsDuplicate(rr, other) }) {
			r.add(rr)
		}
	}
	return r, zp.Err()
}

// records turns the zone data into RRsets under a root zone of their own, with
// a TTL of 300 and of 60 for what does not exist.
func (z *Zonedata) records() *records {
	r := newRecords()
	r.add(&dns.SOA{Hdr: header(".", dns.TypeSOA), Ns: "ns.invalid.", Mbox: "hostmaster.invalid.", Serial: 1, Refresh: 1, Retry: 1, Expire: 1, Minttl: 60})
	for raw, n := range z.names {
		name := presentation(raw)
		r.make(wire(name))
		r.silent[wire(name)] = func(qtype uint16) bool { return n.silent(dns.TypeToString[qtype]) }
		for _, txt := range n.txt {
			r.add(&dns.TXT{Hdr: header(name, dns.TypeTXT), Txt: escapedTXT(txt)})
		}
		for _, ip := range n.addrs[spf.V4] {
			r.add(&dns.A{Hdr: header(name, dns.TypeA), A: ip.AsSlice()})
		}
		for _, ip := range n.addrs[spf.V6] {
			r.add(&dns.AAAA{Hdr: header(name, dns.TypeAAAA), AAAA: ip.AsSlice()})
		}
		for _, mx := range n.mx {
			r.add(&dns.MX{Hdr: header(name, dns.TypeMX), Preference: mx.Preference, Mx: presentation(mx.Host)})
		}
		for _, ptr := range n.ptr {
			r.add(&dns.PTR{Hdr: header(name, dns.TypePTR), Ptr: presentation(ptr)})
		}
		if n.cname != "" {
			r.add(&dns.CNAME{Hdr: header(name, dns.TypeCNAME), Target: presentation(n.cname)})
		}
	}
	return r
}

func header(name string, rrtype uint16) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: rrtype, Class: dns.ClassINET, Ttl: 300}
}

// presentation gives the presentation form of raw octets (RFC 1035, Section
// 5.1), in which dots separate labels.
func presentation(raw string) string {
	var b strings.Builder
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '\\' || c == '"' || c <= ' ' || c >= 0x7f:
			fmt.Fprintf(&b, `\%03d`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// escapedTXT gives the strings of a record for the DNS library, cut where they
// are longer than a character-string may be. A record has at least one (RFC
// 1035, Section 3.3.14).
func escapedTXT(txt spf.TXT) []string {
	if len(txt) == 0 {
		return []string{""}
	}
	var strs []string
	for _, s := range txt {
		for len(s) > 255 {
			strs, s = append(strs, presentation(s[:255])), s[255:]
		}
		strs = append(strs, presentation(s))
	}
	return strs
}
