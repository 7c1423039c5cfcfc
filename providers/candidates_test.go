package providers

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"github.com/spfzone/spfzone/internal/nameserver"
	"github.com/spfzone/spfzone/providers/txt"
)

// candidates lists what the conformance tests try.
func candidates() (out []candidate) {
	for _, k := range nameserver.Kinds() {
		out = append(out, candidate{"rfc2136 on " + k.Name, func(t *testing.T) opener { return dnsSites(t, k) }})
	}
	out = append(out, candidate{"powerdns", powerDNSSites}, candidate{"zonefile", func(*testing.T) opener { return zoneFileSite }}, candidate{"exec", func(*testing.T) opener { return execSite }})
	for _, v := range vendorFakes() {
		out = append(out, candidate{v.kind, func(*testing.T) opener { return v.site }})
	}
	return out
}

// site fills the fake's zone.
func (v vendor) site(t *testing.T, name string, records []txt.Record) site {
	s, p := v.start(t)
	own := relativeName(name)
	mx := v.mx
	if mx == "" {
		mx = "mail.example.test"
	}
	for _, e := range []entry{
		{name: "@", rrtype: "A", content: "192.0.2.1"},
		{name: "www", rrtype: "A", content: "192.0.2.2"},
		{name: "@", rrtype: "MX", content: mx},
		{name: "part10", rrtype: "TXT", content: v.content(rec("v=spf1 ip4:192.0.2.10 -all"))},
		{name: "xpart1", rrtype: "TXT", content: v.content(rec(oldSPF))},
		{name: "mail", rrtype: "TXT", content: v.content(rec("v=spf1 a -all"))},
	} {
		s.add(e.name, e.rrtype, maxTTL, e.content)
	}
	for _, r := range records {
		s.add(own, "TXT", maxTTL, v.content(r))
	}
	published := func() []entry { return s.list(nil) }
	if v.published != nil {
		published = func() []entry { return v.published(s) }
	}
	return site{
		publisher: p,
		form:      func(r txt.Record) txt.Record { return v.wire(v.content(r)) },
		wire: func() []string {
			var out []txt.Record
			for _, e := range published() {
				if ofSet(own, "TXT")(e) {
					out = append(out, v.wire(e.content))
				}
			}
			return presentations(out)
		},
		rest: func() (out []string) {
			for _, e := range published() {
				if !ofSet(own, "TXT")(e) {
					out = append(out, fmt.Sprintf("%s %s %d %s", e.name, e.rrtype, e.ttl, e.content))
				}
			}
			slices.SortFunc(out, cmp.Compare)
			return out
		},
		before: func(n int, r txt.Record) {
			s.first(n, func() {
				s.add(own, "TXT", maxTTL, v.content(r))
				if v.foreign != nil {
					v.foreign(s)
				}
			})
		},
		fault:  s.fail,
		writes: s.count,
	}
}
