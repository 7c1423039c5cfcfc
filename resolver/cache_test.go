package resolver

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/spf"
)

// clock is a time that stands still until it is moved.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time {
	return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC).Add(time.Duration(c.offset.Load()))
}

func TestCacheHonoursTTL(t *testing.T) {
	tests := []struct {
		name, query string
		fault       dnstest.Fault
		ttl         time.Duration // of the first answer
		kept        bool
	}{
		{"records", "short.x.test.", nil, 10 * time.Second, true},
		{"the lowest TTL of an alias and its target", "away.x.test.", nil, 30 * time.Second, true},
		{"NXDOMAIN, by the SOA's minimum", "none.x.test.", nil, 60 * time.Second, true},
		{"NODATA, by the SOA's minimum", "mail.x.test.", nil, 60 * time.Second, true},
		{"NXDOMAIN, by the SOA's TTL", "none.x.test.", dnstest.Alter(func(m *dns.Msg) { m.Ns[0].Header().Ttl = 7 }), 7 * time.Second, true},
		{"TTL zero", "zero.x.test.", nil, 0, false},
		{"TTL with the top bit set", "short.x.test.", dnstest.Alter(func(m *dns.Msg) { m.Answer[0].Header().Ttl = 1 << 31 }), 0, false},
		{"NXDOMAIN without SOA", "none.x.test.", dnstest.Alter(func(m *dns.Msg) { m.Ns = nil }), 0, false},
		{"NODATA without SOA", "mail.x.test.", dnstest.Alter(func(m *dns.Msg) { m.Ns = nil }), 0, false},
		{"NXDOMAIN with the SOA of another zone", "none.x.test.", dnstest.Alter(func(m *dns.Msg) { m.Ns[0].Header().Name = "one.x.test." }), 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, o := serveClientZone(t)
			s.Misbehave("", tt.fault)
			var c clock
			o.Now = c.now
			r := open(t, o, s.URL("udp"))
			ask := func(wantTTL time.Duration, wantAsked int) {
				t.Helper()
				got, err := r.LookupTXT(t.Context(), tt.query)
				if err != nil || got.TTL != wantTTL {
					t.Errorf("TTL %v, want %v (%v)", got.TTL, wantTTL, err)
				}
				if n := len(s.Asked()); n != wantAsked {
					t.Errorf("asked %d times, want %d", n, wantAsked)
				}
			}
			ask(tt.ttl, 1)
			if !tt.kept {
				ask(tt.ttl, 2)
				return
			}
			c.offset.Store(int64(tt.ttl - time.Second))
			ask(time.Second, 1)
			c.offset.Store(int64(tt.ttl))
			ask(tt.ttl, 2)
		})
	}
}

func TestCacheKeepsNoFailure(t *testing.T) {
	s, o := serveClientZone(t)
	s.Misbehave("", dnstest.Times(1, dnstest.Refused))
	r := open(t, o, s.URL("udp"))
	if _, err := r.LookupTXT(t.Context(), "x.test."); err == nil {
		t.Error("no error")
	}
	if got, err := r.LookupTXT(t.Context(), "x.test."); err != nil || len(got.Records) != 2 {
		t.Errorf("the failure stays: %v, %v", got, err)
	}
}

func TestCacheTellsTypesApart(t *testing.T) {
	s, o := serveClientZone(t)
	r := open(t, o, s.URL("udp"))
	for range 2 {
		ip4, err4 := r.LookupIP(t.Context(), "mail.x.test.", spf.V4)
		ip6, err6 := r.LookupIP(t.Context(), "mail.x.test.", spf.V6)
		if err4 != nil || err6 != nil || len(ip4.Records) != 2 || len(ip6.Records) != 1 {
			t.Errorf("%v, %v; %v, %v", ip4, err4, ip6, err6)
		}
	}
	if n := len(s.Asked()); n != 2 {
		t.Errorf("asked %d times, want 2", n)
	}
}

func TestCacheSwitchedOff(t *testing.T) {
	s, o := serveClientZone(t)
	o.CacheSize = -1
	r := open(t, o, s.URL("udp"))
	for range 2 {
		if _, err := r.LookupTXT(t.Context(), "x.test."); err != nil {
			t.Error(err)
		}
	}
	if n := len(s.Asked()); n != 2 {
		t.Errorf("asked %d times, want 2", n)
	}
}

func TestCacheIsBounded(t *testing.T) {
	var c clock
	cache := newCache(100_000)
	for i := range 5000 {
		cache.put(question{fmt.Sprint(i, "."), dns.TypeTXT}, &reply{ttl: time.Hour, octets: i % 1500}, c.now())
		if cache.used > cache.size {
			t.Fatalf("%d octets are used of %d", cache.used, cache.size)
		}
	}
	used := 0
	for _, it := range cache.items {
		used += overhead + it.reply.octets
	}
	if used != cache.used || len(cache.items) < 40 {
		t.Errorf("%d items of %d octets, counted as %d", len(cache.items), used, cache.used)
	}
	last := question{"4999.", dns.TypeTXT}
	if cache.get(last, c.now()) == nil {
		t.Error("the latest reply is not kept")
	}
	cache.put(question{"big.", dns.TypeTXT}, &reply{ttl: time.Hour, octets: 100_000}, c.now())
	if cache.get(question{"big.", dns.TypeTXT}, c.now()) != nil || cache.get(last, c.now()) == nil {
		t.Error("a reply beyond the size of the cache empties it")
	}
	c.offset.Store(int64(time.Hour))
	for q := range cache.items {
		if cache.get(q, c.now()) != nil {
			t.Errorf("%v has expired", q)
		}
	}
	if cache.used != 0 || len(cache.items) != 0 {
		t.Errorf("%d octets in %d items are left", cache.used, len(cache.items))
	}
}

func TestReplyIsNotChangedByAging(t *testing.T) {
	var c clock
	cache := newCache(0)
	r := &reply{ttl: time.Hour, node: node{txt: []spf.TXT{{"a"}}}}
	cache.put(question{"x.", dns.TypeTXT}, r, c.now())
	c.offset.Store(int64(time.Minute))
	got := cache.get(question{"x.", dns.TypeTXT}, c.now())
	if r.ttl != time.Hour || got.ttl != 59*time.Minute {
		t.Errorf("TTLs %v and %v", r.ttl, got.ttl)
	}
	if diff := cmp.Diff(r.txt, got.txt); diff != "" {
		t.Error(diff)
	}
}
