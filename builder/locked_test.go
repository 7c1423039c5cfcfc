package builder_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/internal/configtest"
	"github.com/spfzone/spfzone/spf"
)

// manyNetworks gives a configuration with so many networks for x.com, whose
// prefixes depend on the seed, and the same services each time.
func manyNetworks(seed uint64, networks int, split string) string {
	r := rand.New(rand.NewPCG(seed, 7))
	var b strings.Builder
	b.WriteString("defaults: {all: fail}\nservices: {crm: {include: crm.test}, per: {include: per.test}, news: {include: news.test}}\n")
	b.WriteString("gateways: {sandberg: {host: sandberg, pin: true}}\nnetworks:\n")
	var names []string
	for i := range networks {
		names = append(names, fmt.Sprintf("n%d", i))
		fmt.Fprintf(&b, "  n%d: [10.%d.%d.0/24, \"2001:db8:%x::/48\"]\n", i, r.IntN(256), r.IntN(256), r.IntN(65536))
	}
	if networks == 0 {
		b.WriteString("  none: [192.0.2.7]\n")
	}
	fmt.Fprintf(&b, "domains:\n  x.com:\n    split: {by: %s}\n    senders: [mx, crm, ~per, news, sandberg%s]\n", split, strings.Join(append([]string{""}, names...), ", "))
	b.WriteString("    expect: [{ip: 203.0.113.9, result: fail}]\n")
	return b.String()
}

// TestLockedBuildNeedsNoUpdate makes a lock of one configuration and builds
// others with it, which list more networks or fewer: each must come out as it
// does over the world that the lock is of, in which names of parts are taken.
func TestLockedBuildNeedsNoUpdate(t *testing.T) {
	t.Parallel()
	taken := `
part2.x.com. A 192.0.2.2
part4.x.com. TXT "something else"
part5.x.com. MX 10 mail.x.com.
part7.x.com. TXT "v=spf1 ip4:192.0.2.0/24 -all"
below.part9.x.com. A 192.0.2.3
part3.x.com. CNAME nowhere.x.com.
`
	builds, split, refused := 0, 0, 0
	for seed := range uint64(8) {
		by := [...]string{"size", "network"}[seed%2]
		networks := []int{2, 40}[seed/2%2]
		zone := updateWorld + taken
		cfg := configured(t, manyNetworks(seed, networks, by))
		if seed >= 4 { // what is built now is published already
			p := build(t, manyNetworks(seed, networks, by), zone)
			for _, r := range p.Domains[0].Records {
				zone += fmt.Sprintf("%s TXT \"%s\"\n", r.Name, strings.Join(r.Strings, `" "`))
			}
		}
		r, err := builder.Update(t.Context(), cfg, builder.UpdateOptions{Resolver: world(t, zone)})
		if err != nil || r.Stopped() {
			t.Fatalf("seed %d: %v", seed, err)
		}
		l := readLock(t, string(r.Lock.Encode()))
		for _, n := range []int{0, 1, networks, networks + 1, networks + 20} {
			cfg := configured(t, manyNetworks(seed, n, by))
			over := map[string]string{}
			for name, o := range map[string]builder.Options{"world": {Resolver: world(t, zone)}, "lock": {Resolver: l}} {
				p, err := builder.Build(t.Context(), cfg, o)
				if err != nil {
					t.Fatal(err)
				}
				over[name] = show(p)
				builds++
				if p.Domains[0].Parts.Count > 0 {
					split++
				}
				if p.Domains[0].Err != nil {
					refused++
				}
			}
			if diff := cmp.Diff(over["world"], over["lock"]); diff != "" {
				t.Fatalf("seed %d, from %d to %d networks: -over the world +over the lock:\n%s", seed, networks, n, diff)
			}
		}
	}
	t.Logf("%d builds, %d of them with parts, %d refused", builds, split, refused)
	if split == 0 || refused == 0 || split+refused == builds {
		t.Error("the configurations are too much alike")
	}
}

// TestLockOfNamesInUse wants names for parts to be found among names that a
// wildcard answers for, and the search to end where all names are in use.
func TestLockOfNamesInUse(t *testing.T) {
	var all strings.Builder
	for i := range 99 {
		fmt.Fprintf(&all, "part%d.x.com. A 192.0.2.2\n", i+1)
	}
	for _, c := range []struct{ name, taken, parts, part99 string }{
		{"a wildcard", "*.x.com. A 192.0.2.1\npart2.x.com. TXT other\n", `{"owner":"x.com.","names":"part%d","last":11}`, "[192.0.2.1]"},
		{"every name", all.String(), "", "spfzone.lock has no answer for part99.x.com A: run 'spfzone update'"},
	} {
		zone := world(t, updateWorld+c.taken)
		r, err := builder.Update(t.Context(), configured(t, manyNetworks(1, 1, "size")), builder.UpdateOptions{Resolver: zone})
		if err != nil || r.Stopped() {
			t.Fatalf("%s: %v", c.name, err)
		}
		_, parts, _ := strings.Cut(string(r.Lock.Encode()), `"parts":[`)
		if diff := cmp.Diff(c.parts, strings.Trim(parts, "\n]}")+map[bool]string{true: "}"}[c.parts != ""]); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.name, diff)
		}
		answer, err := r.Lock.LookupIP(t.Context(), "part99.x.com.", spf.V4)
		got := fmt.Sprint(answer.Records)
		if err != nil {
			got = err.Error()
		}
		if got != c.part99 {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.part99)
		}
		if c.parts == "" {
			continue
		}
		cfg := configured(t, manyNetworks(1, 25, "size"))
		over := map[string]string{}
		for name, resolver := range map[string]spf.Resolver{"world": zone, "lock": r.Lock} {
			p, err := builder.Build(t.Context(), cfg, builder.Options{Resolver: resolver})
			if err != nil {
				t.Fatal(err)
			}
			if p.Domains[0].Parts.Count < 2 {
				t.Errorf("%s: %d parts", c.name, p.Domains[0].Parts.Count)
			}
			over[name] = show(p)
		}
		if diff := cmp.Diff(over["world"], over["lock"]); diff != "" {
			t.Errorf("%s: -over the world +over the lock:\n%s", c.name, diff)
		}
	}
}

// TestConfiguredDomainsAreNoSources wants domains that lead to each other to be
// taken as they are planned: nothing of them is published yet. What a domain
// redirects to is a source like what it includes.
func TestConfiguredDomainsAreNoSources(t *testing.T) {
	cfg := configured(t, `
defaults: {all: fail}
services: {own: {include: y.com}}
domains:
  x.com: {senders: [own], expect: [{ip: 203.0.113.9, result: fail}]}
  y.com: {senders: ["include:news.test"], redirect: shop.test}
`)
	r, err := builder.Update(t.Context(), cfg, builder.UpdateOptions{Resolver: world(t, updateWorld), Now: january(1)})
	if err != nil {
		t.Fatal(err)
	}
	want := "include:news.test: +[10.4.0.0/24] by news.test.\ninclude:shop.test: +[10.5.0.0/24] by shop.test.\n"
	if diff := cmp.Diff(want, showRefresh(r)); diff != "" || r.Stopped() {
		t.Fatalf("stopped: %v, -want +got:\n%s", r.Stopped(), diff)
	}
	if line := `{"name":"203.0.113.9.news.test.","type":"A","none":"nxdomain","since":"2027-01-01T12:00:00Z","for":["include:news.test"]}`; !strings.Contains(string(r.Lock.Encode()), line) {
		t.Errorf("%s\nis not in\n%s", line, r.Lock.Encode())
	}
}

// TestRandomLocks makes locks of random configurations over random worlds: what
// is built over the lock is what is built over the world, and a second update
// gives the same octets.
func TestRandomLocks(t *testing.T) {
	t.Parallel()
	const n = 300
	counts := map[string]int{}
	for seed := uint64(1); seed <= n; seed++ {
		r := rand.New(rand.NewPCG(seed, 5))
		world := randomWorld(r)
		cfg := configured(t, configtest.New(r, randomParams(r)).YAML)
		first, err := builder.Update(t.Context(), cfg, builder.UpdateOptions{Resolver: world, Now: january(1)})
		if err != nil {
			counts["a lookup failed"]++
			continue
		}
		if first.Stopped() {
			counts["stopped"]++
			var names []string
			for _, s := range first.Sources {
				if s.Alarm != nil {
					names = append(names, s.Name)
				}
			}
			if first, err = builder.Update(t.Context(), cfg, builder.UpdateOptions{Resolver: world, Accept: names, Now: january(1)}); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if first.Stopped() {
				counts["stopped for good"]++
				continue
			}
		}
		l := readLock(t, string(first.Lock.Encode()))
		again, err := builder.Update(t.Context(), cfg, builder.UpdateOptions{Resolver: world, Old: l, Now: january(2)})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if diff := cmp.Diff(string(l.Encode()), string(again.Lock.Encode())); diff != "" {
			t.Fatalf("seed %d: -first +second:\n%s", seed, diff)
		}
		plans := map[string]string{}
		for name, over := range map[string]spf.Resolver{"world": world, "lock": l} {
			p, err := builder.Build(t.Context(), cfg, builder.Options{Resolver: over})
			if err != nil {
				t.Fatal(err)
			}
			plans[name] = show(p)
			counts["built over the "+name] += len(texts(p))
		}
		if diff := cmp.Diff(plans["world"], plans["lock"]); diff != "" {
			t.Fatalf("seed %d: -over the world +over the lock:\n%s", seed, diff)
		}
	}
	t.Log(counts)
	if counts["stopped for good"]+counts["a lookup failed"] > n/2 || counts["built over the lock"] < n/2 {
		t.Error("too little was built")
	}
}
