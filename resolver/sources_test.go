package resolver

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/internal/dnstest"
)

// source is a zone whose servers are asked for new names, as told by a cache.
const source = `$TTL 300
x.test.          SOA ns hostmaster 1 7200 3600 1209600 60
part1.x.test.    TXT "from the source"
part2.x.test.    TXT "from the source"
part3.x.test.    TXT "from the source"
part4.x.test.    TXT "from the source"
`

// A server that does not answer is asked again after a while, and one that has
// answered before always: no cache is to hear of new names because of one
// failure.
func TestSourceThatFails(t *testing.T) {
	cache, own := dnstest.ServeZone(t, strings.ReplaceAll(source, "source", "cache")), dnstest.ServeZone(t, source)
	var now clock
	r := Sourced(open(t, Options{Now: now.now}, cache.URL("udp")), NewNames{Above: planned, Servers: func(string) []Authority {
		return []Authority{{Address: own.Address()}}
	}})
	steps := []struct {
		name, ask string
		fault     dnstest.Fault
		later     time.Duration
		want      string
	}{
		{"it has never answered", "part1.x.test.", dnstest.ServFail, 0, "from the cache"},
		{"a moment later", "part2.x.test.", nil, deadTime - time.Second, "from the cache"},
		{"a while later", "part3.x.test.", nil, time.Second, "from the source"},
		{"it has answered before", "part4.x.test.", dnstest.ServFail, 0, "part4.x.test. TXT: " + own.Address() + ": SERVFAIL"},
		{"and does so again", "part4.x.test.", nil, 0, "from the source"},
	}
	for _, s := range steps {
		own.Misbehave(s.ask, s.fault)
		now.offset.Add(int64(s.later))
		got, err := r.LookupTXT(t.Context(), s.ask)
		said := fmt.Sprint(err)
		if err == nil && len(got.Records) == 1 {
			said = got.Records[0][0]
		}
		if said != s.want {
			t.Errorf("%s: %s, want %s", s.name, said, s.want)
		}
	}
	var asked []string
	for _, q := range cache.Asked() {
		asked = append(asked, q.Name)
	}
	if diff := cmp.Diff([]string{"part1.x.test.", "part2.x.test."}, asked); diff != "" {
		t.Errorf("the cache was asked: %s", diff)
	}
}

// A zone is looked for again when the TTL of its NS records is over, or after
// an hour at most, and half a minute at least.
func TestZonesOfSourcesExpire(t *testing.T) {
	const told = `test. 300 SOA ns hostmaster 1 7200 3600 1209600 60
x.test. 300 SOA ns hostmaster 1 7200 3600 1209600 60
x.test. %d NS %s.test.
ns1.test. 0 A 127.0.0.1
ns2.test. 0 A 127.0.0.2
`
	served := func(by string) string {
		text := "x.test. 300 SOA ns hostmaster 1 7200 3600 1209600 60\n"
		for i := range 4 {
			text += fmt.Sprintf("part%d.x.test. 300 TXT %s\n", i, by)
		}
		return text
	}
	port := authoritative(t, "127.0.0.1", "0", "x.test.", served("first"), "")
	authoritative(t, "127.0.0.2", port, "x.test.", served("second"), "")
	tests := []struct {
		name string
		ttl  int
		kept time.Duration
	}{
		{"by the TTL", 300, 5 * time.Minute},
		{"a week", 604800, mostKept},
		{"none", 0, leastKept},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cache := dnstest.ServeZone(t, fmt.Sprintf(told, tt.ttl, "ns1"))
			var now clock
			c := open(t, Options{Now: now.now}, cache.URL("udp")).(*client)
			c.port = port
			r := Sourced(c, NewNames{Above: planned})
			var got []string
			ask := func() {
				a, err := r.LookupTXT(t.Context(), fmt.Sprintf("part%d.x.test.", len(got)))
				if err != nil || len(a.Records) != 1 {
					t.Fatal(a, err)
				}
				got = append(got, a.Records[0][0])
			}
			ask()
			cache.Publish(fmt.Sprintf(told, tt.ttl, "ns2"))
			now.offset.Add(int64(tt.kept - time.Second))
			ask()
			now.offset.Add(int64(time.Second))
			cache.Misbehave("x.test.", dnstest.ServFail)
			ask()
			cache.Misbehave("x.test.", nil)
			ask()
			if diff := cmp.Diff([]string{"first", "first", "first", "second"}, got); diff != "" {
				t.Errorf("before, at the end, while it cannot be found, and then: %s", diff)
			}
		})
	}
}
