package builder_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/internal/dnstest"
)

// pitfall is a mistake of another tool, in the words in which it was noted, and
// what is right: the records by name, or the refusal.
type pitfall struct {
	name    string
	domains string // of the configuration, which is closed with -all
	zone    string
	want    []string // "name text", sorted; or "kind: message"
}

// always lists one service that is to be flattened.
const always = "services: {v: {include: v.test, flatten: always}}\n"

func TestPitfallsOfFlattening(t *testing.T) {
	hosts := "x.test. A 192.0.2.1\nv.test. A 198.51.100.1\nv.test. MX 10 h.test.\nh.test. A 198.51.100.2\nh.test. AAAA 2001:db8::2\n"
	v := func(record string) string { return hosts + "v.test. TXT \"" + record + "\"\n" }
	x := always + "domains: {x.test: {senders: [v]}}"
	flat := func(name, record, want string) pitfall {
		return pitfall{name, x, v(record), []string{"x.test. " + want}}
	}
	runPitfalls(t, []pitfall{
		flat("`a` and `mx` copied as they are now mean the parent's hosts", "v=spf1 a mx -all",
			"v=spf1 ip4:198.51.100.1 ip4:198.51.100.2 ip6:2001:db8::2 -all"),
		{"`?include:v`, `-include:v`, `~include:v`: the qualifier is dropped and everything becomes pass",
			"services: {v: {include: v.test, flatten: always}, w: {include: w.test, flatten: always}, u: {include: u.test, flatten: always}}\ndomains: {x.test: {senders: [\"?v\", -w, ~u]}}",
			v("v=spf1 ip4:10.0.0.1 ~all") + "w.test. TXT \"v=spf1 ip4:10.0.0.2 -all\"\nu.test. TXT \"v=spf1 ip4:10.0.0.3 ?all\"\n",
			[]string{"x.test. v=spf1 ?ip4:10.0.0.1 -ip4:10.0.0.2 ~ip4:10.0.0.3 -all"}},
		{"the child's fail leaks into the parent", always + "domains: {x.test: {senders: [v, 1.2.3.4]}}", v("v=spf1 -ip4:1.2.3.4 ip4:1.2.3.0/29 -all"),
			[]string{"x.test. v=spf1 ip4:1.2.3.0/29 -all"}},
		flat("or the exclusion is lost", "v=spf1 -ip4:1.2.3.4 ip4:1.2.3.0/29 -all",
			"v=spf1 ip4:1.2.3.0/30 ip4:1.2.3.5 ip4:1.2.3.6/31 -all"),
		{"or is moved behind the block it excepts", "domains: {x.test: {senders: [-1.2.3.4, 1.2.3.0/24]}}", hosts,
			[]string{"x.test. v=spf1 -ip4:1.2.3.4 ip4:1.2.3.0/24 -all"}},
		{"`redirect=v` treated as an include: v's `-all` is lost and the result becomes neutral", "domains: {x.test: {senders: [10.0.0.1], redirect: v.test}}", v("v=spf1 ip4:1.2.3.4 -all"),
			[]string{"x.test. v=spf1 ip4:10.0.0.1 redirect=v.test"}},
		flat("`redirect=v` treated as an include, below an include", "v=spf1 ip4:1.2.3.4 redirect=w.test\"\nw.test. TXT \"v=spf1 ip4:1.2.3.6 ~all",
			"v=spf1 ip4:1.2.3.4 ip4:1.2.3.6 -all"),
		flat("`redirect=` present beside `all`: must be ignored", "v=spf1 ip4:1.2.3.4 -all redirect=nowhere.test",
			"v=spf1 ip4:1.2.3.4 -all"),
		flat("A child without `all`: its last term is dropped", "v=spf1 ip4:1.2.3.4 ip4:1.2.3.6",
			"v=spf1 ip4:1.2.3.4 ip4:1.2.3.6 -all"),
		flat("A child that is only `v=spf1`: panic", "v=spf1", "v=spf1 -all"),
		flat("`a:h/24` applied to h's IPv6 address as /24", "v=spf1 a:h.test/24 -all",
			"v=spf1 ip4:198.51.100.0/24 ip6:2001:db8::2 -all"),
		flat("`a:h/24//64`: dropped", "v=spf1 a:h.test/24//64 -all",
			"v=spf1 ip4:198.51.100.0/24 ip6:2001:db8::/64 -all"),
		flat("`mx:h/28`: looked up with the slash", "v=spf1 mx:v.test/28 -all",
			"v=spf1 ip4:198.51.100.0/28 ip6:2001:db8::2 -all"),
		flat("Children that contain `exists:%{i}.x`", "v=spf1 ip4:1.2.3.4 exists:%{i}.x.test -all",
			"v=spf1 ip4:1.2.3.4 exists:%{i}.x.test -all"),
		flat("`exp=`", "v=spf1 ip4:1.2.3.4 -all exp=why.v.test", "v=spf1 ip4:1.2.3.4 -all"),
		flat("`ptr`", "v=spf1 ip4:1.2.3.4 ptr -all", "v=spf1 ip4:1.2.3.4 ptr:v.test -all"),
		flat("unknown modifiers (`ra=`)", "v=spf1 ra=postmaster ip4:1.2.3.4 -all", "v=spf1 ip4:1.2.3.4 -all"),
		flat("`INCLUDE:`, `Ip4:`", "V=spf1 INCLUDE:W.test Ip4:1.2.3.4 -ALL\"\nw.test. TXT \"v=SPF1 IP4:1.2.3.6 -All",
			"v=spf1 ip4:1.2.3.4 ip4:1.2.3.6 -all"),
		flat("`%{d}` in a child means the child's name, not the parent's", "v=spf1 a:%{d} exists:%{i}.%{d} -all",
			"v=spf1 ip4:198.51.100.1 exists:%{i}.v.test -all"),
		{"a includes b includes a: stack overflow", x, v("v=spf1 include:w.test -all") + "w.test. TXT \"v=spf1 include:v.test -all\"\n",
			[]string{"broken: x.test: include:v.test: v.test: include:w.test: w.test: include:v.test: v.test: include:w.test: … (993 more): v.test: include:w.test: w.test: include:v.test: v.test: include:w.test: w.test: include:v.test: more than 1000 terms that ask the DNS (RFC 7208, Section 4.6.4)\nv (spfzone.yaml:2:12) fails"}},
		flat("The same include twice: reported as a loop", "v=spf1 include:w.test include:u.test -all\"\nw.test. TXT \"v=spf1 ip4:1.2.3.4 -all\"\nu.test. TXT \"v=spf1 include:w.test ip4:1.2.3.6 -all",
			"v=spf1 ip4:1.2.3.4 ip4:1.2.3.6 -all"),
		{"A child that has no record: silently published without its addresses", x, hosts,
			[]string{"broken: x.test: include:v.test: the target has no SPF record (RFC 7208, Section 5.2): v.test: no SPF record (RFC 7208, Section 4.5)\nv (spfzone.yaml:2:12) fails"}},
		flat("A TXT answer in several strings: joined with a space, or the pieces read as addresses", "v=spf1 ip4:1\" \"41.193.185.32/27 -all",
			"v=spf1 ip4:141.193.185.32/27 -all"),
		{"Other TXT at the name (`atlassian-domain-verification=abc/def`, `v=spf10 …`) read as SPF", x,
			v("v=spf1 ip4:1.2.3.4 -all") + "v.test. TXT \"atlassian-domain-verification=abc/def\"\nv.test. TXT \"v=spf10 ip4:9.9.9.9 -all\"\nx.test. TXT \"v=spf10 mx -all\"\n",
			[]string{"x.test. v=spf1 ip4:1.2.3.4 -all"}},
	})
	t.Run("A child that times out: silently published without its addresses", func(t *testing.T) {
		z := dnstest.NewZone()
		z.Add("v.test", "TXT", "v=spf1 ip4:1.2.3.4 a:slow.test -all")
		z.Add("slow.test", "TIMEOUT", "A")
		p := buildOver(t, "defaults: {all: fail}\n"+x, z)
		const want = "dns x.test: include:v.test: v.test: a:slow.test: the lookup of slow.test. A failed: slow.test. A: time-out\nv (spfzone.yaml:2:12) fails"
		if err := p.Domains[0].Err; err == nil || string(err.Kind)+" "+err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	})
}

func TestPitfallsOfSplitting(t *testing.T) {
	many := func(format string, n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(format, i, i*7%250))
		}
		return strings.Join(list, ", ")
	}
	x := "x.test. A 192.0.2.1\nx.test. AAAA 2001:db8::1\nx.test. MX 10 x.test.\n"
	runPitfalls(t, []pitfall{
		{"10.0.0.1 covered by 10.0.0.0/24 also removes 110.0.0.1 (substring matching)", "domains: {x.test: {senders: [10.0.0.1, 110.0.0.1, 10.0.0.0/24]}}", x,
			[]string{"x.test. v=spf1 ip4:10.0.0.0/24 ip4:110.0.0.1 -all"}},
		{"IPv4 held as IPv4-mapped IPv6 and printed as `ip6:192.0.2.7`", always + "gateways: {g: {host: g, pin: true}}\ndomains: {x.test: {senders: [192.0.2.7, v, g, \"a:g\"]}}",
			x + "g.x.test. A 192.0.2.9\nv.test. TXT \"v=spf1 ip4:192.0.2.11 ip6:::ffff:192.0.2.13 -all\"\n",
			[]string{"x.test. v=spf1 ip4:192.0.2.7 ip4:192.0.2.9 ip4:192.0.2.11 ip6:::ffff:192.0.2.13 a:g.x.test -all"}},
	})

	plan := build(t, "defaults: {all: fail}\nnetworks: {n: ["+many("44.%d.102.%d/32", 60)+"]}\ndomains: {x.test: {senders: [a, mx, n]}}", x)
	records := texts(plan)
	t.Run("A record cut in the middle of an address: `44.214.102.160` published as `44.214.102.16`", func(t *testing.T) {
		var got, want []string
		for _, text := range records {
			got = append(got, networksIn(text)...)
		}
		for i := range 60 {
			want = append(want, fmt.Sprintf("ip4:44.%d.102.%d", i, i*7%250))
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		for _, r := range plan.Domains[0].Records {
			for _, s := range r.Strings[:len(r.Strings)-1] {
				if !strings.HasSuffix(s, " ") {
					t.Errorf("%s: the string %q ends inside a term", r.Name, s)
				}
			}
		}
	})
	t.Run("Bare `a mx` moved into a part, where they mean the part's hosts", func(t *testing.T) {
		if root := records["x.test."]; len(records) != 3 || !strings.HasPrefix(root, "v=spf1 a mx ") {
			t.Error(root)
		}
		for name, text := range records {
			if name != "x.test." && (strings.Contains(text, " a ") || strings.Contains(text, " mx ")) {
				t.Errorf("%s %s", name, text)
			}
		}
	})
	t.Run("Parts chained one behind the other past ten; a chain that ends in an include which is never published", func(t *testing.T) {
		for name, text := range records {
			for term := range strings.FieldsSeq(text) {
				target, isInclude := strings.CutPrefix(term, "include:")
				if isInclude && (name != "x.test." || records[target+"."] == "") {
					t.Errorf("%s includes %s", name, target)
				}
			}
		}
	})
	t.Run("Two domains of one zone whose parts get the same names", func(t *testing.T) {
		lists := "networks: {n: [" + many("44.%d.102.%d/32", 40) + "]}\ndomains: {x.test: {senders: [n]}, y.x.test: {senders: [n], zone: x.test}}"
		p := build(t, "defaults: {all: fail}\n"+lists, x)
		names := slices.Sorted(maps.Keys(texts(p)))
		if diff := cmp.Diff([]string{"part1.x.test.", "part1.y.x.test.", "x.test.", "y.x.test."}, names); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("One new address rewrites half of the parts; the output differs from run to run", func(t *testing.T) {
		config := "defaults: {all: fail}\nnetworks: {n: [" + many("44.%d.102.%d/32", 60) + "%s]}\ndomains: {x.test: {senders: [a, mx, n]}}"
		base := world(t, x)
		first := buildOver(t, fmt.Sprintf(config, ""), base)
		for range 3 {
			if diff := cmp.Diff(texts(first), texts(buildOver(t, fmt.Sprintf(config, ""), base))); diff != "" {
				t.Fatal(diff)
			}
		}
		second := buildOver(t, fmt.Sprintf(config, ", 9.9.9.9"), published(t, base, first))
		if names := changed(texts(first), texts(second)); len(names) != 1 {
			t.Errorf("%v changed", names)
		}
	})
	t.Run("450 octets in one quoted string; strings measured in characters, not octets; the other TXT records at the apex forgotten", func(t *testing.T) {
		sibling := "x.test. TXT \"" + strings.Repeat("\\195\\164", 60) + "\"\n" // 120 octets, 60 characters
		p := build(t, "defaults: {all: fail}\nnetworks: {n: ["+many("44.%d.102.%d/32", 20)+"]}\ndomains: {x.test: {senders: [a, mx, n]}}", x+sibling)
		checkLimits(t, world(t, x+sibling), p.Domains[0])
		if len(p.Domains[0].Records) != 2 {
			t.Errorf("the root has room for all:\n%s", show(p))
		}
	})
	runPitfalls(t, []pitfall{
		{"First vendor's `~all` replaces the operator's `-all`", always + "domains: {x.test: {senders: [v, 10.0.0.1]}}", x + "v.test. TXT \"v=spf1 ip4:10.0.0.3 ~all\"\n",
			[]string{"x.test. v=spf1 ip4:10.0.0.1 ip4:10.0.0.3 -all"}},
	})
}

func TestPitfallsOfCounting(t *testing.T) {
	hosts := func(n int, types ...string) string {
		var b strings.Builder
		for i := range n {
			for _, typ := range types {
				address := map[string]string{"A": "192.0.2.%d", "AAAA": "2001:db8::%d"}[typ]
				fmt.Fprintf(&b, "h%d.x.test. %s %s\n", i, typ, fmt.Sprintf(address, i))
			}
		}
		return b.String()
	}
	list := func(n int) string {
		var terms []string
		for i := range n {
			terms = append(terms, fmt.Sprintf("\"a:h%d\"", i))
		}
		return strings.Join(terms, ", ")
	}
	tests := []struct {
		name, domain, zone, want string // lookups and voids
	}{
		{"12 `a:` terms: no error", "senders: [" + list(12) + "]", hosts(12, "A", "AAAA"), "over-budget"},
		{"10 `a:` terms: an error", "senders: [" + list(10) + "]", hosts(10, "A", "AAAA"), "10 0"},
		{"An unqualified `all` counted as a lookup", "senders: [" + list(10) + "], all: neutral", hosts(10, "A", "AAAA"), "10 0"},
		{"`exp=` counted", "senders: [" + list(10) + "], exp: why.x.test", hosts(10, "A", "AAAA"), "10 0"},
		{"`redirect` counted though `all` is present", "senders: [\"include:v.test\"]", "v.test. TXT \"v=spf1 ?all redirect=nowhere.test\"\n", "1 0"},
		{"The same include reached twice counted once", "senders: [\"include:v.test\", \"include:w.test\"]",
			"v.test. TXT \"v=spf1 include:u.test -all\"\nw.test. TXT \"v=spf1 include:u.test -all\"\nu.test. TXT \"v=spf1 ip4:10.0.0.1 -all\"\n", "4 0"},
		{"MX names counted twice", "senders: [mx]", "x.test. MX 10 h0.x.test.\nx.test. MX 20 h1.x.test.\n" + hosts(2, "A", "AAAA"), "1 0"},
		{"Void answers counted twice", "senders: [\"a:gone\", \"mx:gone\"]", "", "2 2"},
		{"The A query that finds no AAAA, counted as void for a family that the sender does not use", "senders: [" + list(2) + ", \"a:six\", \"a:seven\"]",
			hosts(2, "A") + "six.x.test. AAAA 2001:db8::6\nseven.x.test. AAAA 2001:db8::7\n", "4 2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := build(t, "defaults: {all: fail}\ndomains: {x.test: {"+tt.domain+"}}", tt.zone)
			d := p.Domains[0]
			got := kindOf(d)
			if d.Err == nil {
				got = fmt.Sprint(d.Lookups.Worst, d.Voids.Worst)
			}
			if got != tt.want {
				t.Errorf("%s, want %s\n%s", got, tt.want, show(p))
			}
		})
	}
}

func runPitfalls(t *testing.T, tests []pitfall) {
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			p := build(t, "defaults: {all: fail}\n"+tt.domains, tt.zone)
			for name, text := range texts(p) {
				got = append(got, name+" "+text)
			}
			for _, d := range p.Domains {
				if d.Err != nil {
					got = append(got, fmt.Sprintf("%s: %v", d.Err.Kind, d.Err))
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
