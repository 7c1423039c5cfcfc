package builder_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/builder"
)

// Lists of networks take as few parts as their octets allow, the room that the
// root has left included, whatever the responses may hold.
func TestPartsMeetTheLowerBound(t *testing.T) {
	const lists = 300
	above, split := 0, 0
	for seed := range uint64(lists) {
		r := rand.New(rand.NewPCG(seed, 13))
		response := [...]int{512, 1232, 4096}[seed%3]
		prefixes := apartPrefixes(r, response/20*(1+r.IntN(4))+r.IntN(response/20))
		p := build(t, strings.Replace(networksOnly(prefixes), "all: fail", fmt.Sprintf("all: fail, limits: {response: %d}", response), 1), stableZone)
		parts := p.Domains[0].Parts
		if parts.Count > 1 {
			split++
		}
		if parts.Count > parts.LowerBound {
			above++
			t.Logf("seed %d: %d networks into %+v, limits.response %d", seed, len(prefixes), parts, response)
		}
	}
	t.Logf("%d of %d lists have more parts than the lower bound", above, lists)
	if above > 0 || split < lists/2 {
		t.Errorf("%d of %d lists have more parts than the lower bound; %d have several", above, lists, split)
	}
}

// severalRuns is a configuration whose list has several runs of addresses.
// None of them is listed in two.
func severalRuns(r *rand.Rand, response int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "defaults: {all: %s, limits: {response: %d}}\nnetworks:\n", [...]string{"fail", "softfail"}[r.IntN(2)], response)
	var senders []string
	for i := range 2 + r.IntN(4) {
		var prefixes []string
		for k := range 1 + r.IntN(response/20) {
			prefixes = append(prefixes, fmt.Sprintf("%d.%d.%d.0/24", 10+i, k, 2*r.IntN(128)))
		}
		fmt.Fprintf(&b, "  n%d: [%s]\n", i, strings.Join(prefixes, ", "))
		senders = append(senders, fmt.Sprintf("%q", [...]string{"", "", "~", "?"}[r.IntN(4)]+fmt.Sprintf("n%d", i)))
	}
	fmt.Fprintf(&b, "domains: {x.test: {senders: [%s]}}\n", strings.Join(senders, ", "))
	return b.String()
}

// Where senders have different qualifiers, no part can hold those of two; the
// root takes what saves the most parts.
func TestPartsOfSeveralRunsMeetTheLowerBound(t *testing.T) {
	const lists = 300
	above, split := 0, 0
	for seed := range uint64(lists) {
		r := rand.New(rand.NewPCG(seed, 15))
		config := severalRuns(r, [...]int{512, 1232, 4096}[seed%3])
		p := build(t, config, stableZone)
		if p.Domains[0].Err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, p.Domains[0].Err, config)
		}
		parts := p.Domains[0].Parts
		if parts.Count > 1 {
			split++
		}
		if parts.Count > parts.LowerBound {
			above++
			t.Logf("seed %d: %+v", seed, parts)
		}
	}
	t.Logf("%d of %d lists have more parts than the lower bound", above, lists)
	if above > lists/50 || split < lists/3 {
		t.Errorf("%d of %d lists have more parts than the lower bound; %d have several", above, lists, split)
	}
}

// Terms that ask the DNS go into a part too, where the room that they leave in
// the root spares another one. Built again where that is published, nothing
// changes.
func TestTermsMoveToPartsWhereThatSparesOne(t *testing.T) {
	t.Parallel()
	const lists = 300
	zone := stableZone
	for i := range 4 {
		zone += fmt.Sprintf("a-rather-long-name-of-a-host-%d.x.test. A 192.0.2.%d\n", i, 10+i)
		zone += fmt.Sprintf("a-rather-long-name-of-a-host-%d.x.test. AAAA 2001:db8::%d\n", i, 10+i)
	}
	above, built, moved := 0, 0, 0
	for seed := range uint64(lists) {
		r := rand.New(rand.NewPCG(seed, 19))
		config := severalRuns(r, [...]int{512, 1232}[seed%2])
		for i := range r.IntN(4) {
			config = strings.Replace(config, "senders: [", fmt.Sprintf(`senders: ["a:a-rather-long-name-of-a-host-%d.x.test", `, i), 1)
		}
		base := world(t, zone)
		p := buildOver(t, config, base)
		d := p.Domains[0]
		if d.Err != nil {
			if d.Err.Kind != builder.OverBudget {
				t.Fatalf("seed %d: %v\n%s", seed, d.Err, config)
			}
			continue
		}
		built++
		for _, record := range d.Records[1:] {
			if strings.Contains(record.Text, " a:") {
				moved++
				break
			}
		}
		if d.Parts.Count > d.Parts.LowerBound {
			above++
			t.Logf("seed %d: %+v", seed, d.Parts)
		}
		if diff := cmp.Diff(texts(p), texts(buildOver(t, config, published(t, base, p)))); diff != "" {
			t.Errorf("seed %d: built again where it is published: (-first +again)\n%s", seed, diff)
		}
	}
	t.Logf("%d of %d lists have more parts than the lower bound; %d have a term that asks the DNS in a part", above, built, moved)
	if above > built/50 || built < lists/2 || moved == 0 {
		t.Error("too few meet the bound, or too little was seen")
	}
}
