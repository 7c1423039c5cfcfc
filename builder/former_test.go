package builder_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/builder"
)

// crowded is a list of more senders than there are lookups for.
type crowded struct {
	networks []string
	services []string // names below test
	words    map[string]string
}

func (c crowded) config() string {
	var b strings.Builder
	b.WriteString("defaults: {all: fail}\nnetworks: {n: [" + strings.Join(c.networks, ", ") + "]}\nservices:\n")
	for _, s := range c.services {
		word := c.words[s]
		if word == "" {
			word = "auto"
		}
		fmt.Fprintf(&b, "  %s: {include: %s.test, flatten: %s}\n", s, s, word)
	}
	b.WriteString("domains: {x.test: {senders: [mx, n, " + strings.Join(c.services, ", ") + "]}}\n")
	return b.String()
}

// crowdedWorld gives a list and its services. Of nested ones the record
// includes others.
func crowdedWorld(r *rand.Rand, nested bool) (c crowded, zone string) {
	var b strings.Builder
	b.WriteString("x.test. MX 10 mail.x.test.\nmail.x.test. A 192.0.2.2\n")
	record := func(name string, i int, more string) {
		b.WriteString(name + `.test. TXT "v=spf1`)
		for k := range 1 + r.IntN(10) {
			fmt.Fprintf(&b, " ip4:100.%d.%d.0/24", i, 2*k)
		}
		b.WriteString(more + " -all\"\n")
	}
	c.networks = apartPrefixes(r, 30+r.IntN(80))
	for i := range 6 + r.IntN(6) {
		name := fmt.Sprintf("v%d", i)
		c.services = append(c.services, name)
		more := ""
		for k := range r.IntN(3) {
			if below := fmt.Sprintf("i%d.%s", k, name); nested {
				more += " include:" + below + ".test"
				record(below, 100+3*i+k, "")
			}
		}
		record(name, 64+i, more)
	}
	return c, b.String()
}

// edited gives the list with one network more or fewer.
func (c crowded) edited(r *rand.Rand) crowded {
	if c.networks = slices.Clone(c.networks); r.IntN(2) == 0 && len(c.networks) > 30 {
		i := r.IntN(len(c.networks))
		c.networks = slices.Delete(c.networks, i, i+1)
	} else {
		c.networks = append(c.networks, fmt.Sprintf("172.%d.%d.0/24", 16+r.IntN(16), 2*r.IntN(128)))
	}
	return c
}

// outcomes says what became of each include, and what that costs.
func outcomes(d *builder.DomainPlan) (words map[string]string, cost int) {
	words = map[string]string{}
	for _, k := range d.Kept {
		words[strings.TrimSuffix(k.Include, ".test")] = "never"
	}
	for _, f := range d.Flattened {
		words[strings.TrimSuffix(f.Include, ".test")] = "always"
		cost += f.Cost
	}
	return words, cost
}

// What is flattened does not change with a network more or fewer, unless it
// does not fit any more, or something cheaper has a lookup to spare; which the
// plan says. What is built again where it is published changes nothing.
func TestTheChoiceOfIncludesStands(t *testing.T) {
	t.Parallel()
	const lists, edits = 40, 6
	stood, notBest, unfit, cheaper := 0, 0, 0, 0
	for seed := range uint64(lists) {
		r := rand.New(rand.NewPCG(seed, 17))
		nested := seed%2 > 0
		c, zone := crowdedWorld(r, nested)
		base := world(t, zone)
		now := buildOver(t, c.config(), base)
		for range edits {
			if now.Domains[0].Err != nil {
				break
			}
			again := buildOver(t, c.config(), published(t, base, now))
			if diff := cmp.Diff(texts(now), texts(again)); diff != "" {
				t.Fatalf("seed %d: built again where it is published: (-first +again)\n%s", seed, diff)
			}
			c = c.edited(r)
			next := buildOver(t, c.config(), published(t, base, now))
			if next.Domains[0].Err != nil {
				break
			}
			former, _ := outcomes(now.Domains[0])
			words, cost := outcomes(next.Domains[0])
			noted := func(words string) bool {
				return slices.ContainsFunc(next.Domains[0].Notes, func(n string) bool { return strings.HasPrefix(n, words) })
			}
			if cmp.Equal(former, words) {
				stood++
				if noted("the includes stay") {
					notBest++
				}
				now = next
				continue
			}
			if !noted("the choice of includes is not the published one, which ") {
				t.Errorf("seed %d: other includes are flattened without a word\nbefore:\n%s\nafter:\n%s", seed, show(now), show(next))
			}
			if nested { // of which a word cannot say that some are opened
				now = next
				continue
			}
			forced := c
			forced.words = former
			d := buildOver(t, forced.config(), published(t, base, now)).Domains[0]
			switch _, formerCost := outcomes(d); {
			case d.Err != nil:
				unfit++
			case formerCost > cost && (len(next.Domains[0].Flattened) == 0 || next.Domains[0].Lookups.Worst < next.Domains[0].Lookups.Limit || formerCost > cost+512):
				cheaper++
			default:
				t.Errorf("seed %d: other includes are flattened, at a cost of %d, though the former ones fit, at one of %d\nbefore:\n%s\nafter:\n%s", seed, cost, formerCost, show(now), show(next))
			}
			now = next
		}
	}
	t.Logf("after %d edits the choice stood, after %d of these though another one was better; after %d it did not fit, after %d a cheaper one had room", stood, notBest, unfit, cheaper)
	if stood < lists*edits/3 || notBest == 0 || unfit == 0 {
		t.Error("too little was seen")
	}
}

// Repack chooses as if nothing were published.
func TestRepackChoosesAfresh(t *testing.T) {
	t.Parallel()
	chosen, stood := 0, 0
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 18))
		c, zone := crowdedWorld(r, seed%2 > 0)
		base := world(t, zone)
		fresh := buildOver(t, c.config(), base)
		if fresh.Domains[0].Err != nil || len(fresh.Domains[0].Flattened) == 0 || len(fresh.Domains[0].Kept) == 0 {
			continue
		}
		// Published is what is best with the dearest include flattened too.
		dearest := slices.MaxFunc(fresh.Domains[0].Kept, func(a, b builder.Decision) int { return a.Next - b.Next })
		other := c
		other.words = map[string]string{strings.TrimSuffix(dearest.Include, ".test"): "always"}
		before := buildOver(t, other.config(), base)
		if before.Domains[0].Err != nil {
			continue
		}
		over := published(t, base, before)
		p, err := builder.Build(t.Context(), parse(t, c.config()), builder.Options{Resolver: over, Repack: true})
		if err != nil {
			t.Fatal(err)
		}
		want, _ := outcomes(fresh.Domains[0])
		if got, _ := outcomes(p.Domains[0]); !cmp.Equal(want, got) {
			t.Errorf("seed %d: (-fresh +repacked)\n%s", seed, cmp.Diff(want, got))
		}
		chosen++
		if got, _ := outcomes(buildOver(t, c.config(), over).Domains[0]); !cmp.Equal(want, got) {
			stood++
		}
	}
	if chosen < 5 || stood < 3 {
		t.Errorf("%d lists with a choice, of which %d stand without repacking: too few to tell", chosen, stood)
	}
}

// A service may be opened and what it includes be kept, at any depth and by
// several services at once. What is published so is taken for what it is: built
// again it stays, without a word, and a network more changes nothing else.
func TestPartlyFlattenedIsKnownAgain(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name            string
		lookups         int
		services        []string
		zone            string
		addresses, asks string // what is published of the services
	}{
		{
			name: "parent opened, child kept", lookups: 2, services: []string{"v"},
			zone:      "v TXT \"v=spf1 include:c.test ip4:100.1.0.0/24 -all\"\nc TXT \"v=spf1 include:d.test ip4:100.2.0.0/24 -all\"\nd TXT \"v=spf1 ip4:100.3.0.0/24 ip4:100.3.2.0/24 -all\"",
			addresses: "ip4:100.1.0.0/24 ip4:100.2.0.0/24", asks: "include:d.test",
		},
		{
			name: "parent of hosts opened, child kept", lookups: 2, services: []string{"v"},
			zone:      "v TXT \"v=spf1 a:h1.test a:h2.test include:c.test -all\"\nh1 A 100.1.0.1\nh2 A 100.1.0.3\nc TXT \"v=spf1 ip4:100.2.0.0/24 ip4:100.2.2.0/24 -all\"",
			addresses: "ip4:100.1.0.1 ip4:100.1.0.3", asks: "include:c.test",
		},
		{
			name: "parent that has nothing of its own opened", lookups: 2, services: []string{"v"},
			zone:      "v TXT \"v=spf1 include:c.test -all\"\nc TXT \"v=spf1 include:d.test ip4:100.2.0.0/24 -all\"\nd TXT \"v=spf1 ip4:100.3.0.0/24 -all\"",
			addresses: "ip4:100.2.0.0/24", asks: "include:d.test",
		},
		{
			name: "child kept under both parents", lookups: 3, services: []string{"v", "w"},
			zone:      "v TXT \"v=spf1 include:c.test ip4:100.1.0.0/24 -all\"\nw TXT \"v=spf1 include:c.test ip4:100.2.0.0/24 -all\"\nc TXT \"v=spf1 ip4:100.3.0.0/24 ip4:100.3.2.0/24 -all\"",
			addresses: "ip4:100.1.0.0/24 ip4:100.2.0.0/24", asks: "include:c.test",
		},
		{
			name: "child kept under one parent, flattened under the other", lookups: 2, services: []string{"v", "w"},
			zone:      "v TXT \"v=spf1 include:c.test ip4:100.1.0.0/24 -all\"\nw TXT \"v=spf1 include:c.test ip4:100.2.0.0/24 -all\"\nc TXT \"v=spf1 ip4:100.3.0.0/24 -all\"",
			addresses: "ip4:100.1.0.0/24 ip4:100.2.0.0/24 ip4:100.3.0.0/24", asks: "include:c.test",
		},
		{
			name: "child's child kept, once below each", lookups: 2, services: []string{"v", "w", "u"},
			zone:      "v TXT \"v=spf1 include:c.test -all\"\nc TXT \"v=spf1 include:d.test ip4:100.1.0.0/24 -all\"\nw TXT \"v=spf1 include:d.test ip4:100.2.0.0/24 -all\"\nu TXT \"v=spf1 include:w.test ip4:100.4.0.0/24 -all\"\nd TXT \"v=spf1 ip4:100.3.0.0/24 -all\"",
			addresses: "ip4:100.1.0.0/24 ip4:100.2.0.0/24 ip4:100.3.0.0/24 ip4:100.4.0.0/24", asks: "include:d.test",
		},
		{
			name: "two children kept, one of them flattened under the other parent", lookups: 3, services: []string{"v", "w"},
			zone:      "v TXT \"v=spf1 include:c.test ip4:100.1.0.0/24 -all\"\nw TXT \"v=spf1 include:c.test include:e.test ip4:100.2.0.0/24 -all\"\nc TXT \"v=spf1 ip4:100.3.0.0/24 -all\"\ne TXT \"v=spf1 ip4:100.4.0.0/24 ip4:100.4.2.0/24 ip4:100.4.4.0/24 -all\"",
			addresses: "ip4:100.1.0.0/24 ip4:100.2.0.0/24 ip4:100.3.0.0/24", asks: "include:c.test include:e.test",
		},
		{
			name: "sender kept, and flattened as another one's child", lookups: 2, services: []string{"c", "v"},
			zone:      "v TXT \"v=spf1 include:c.test ip4:100.1.0.0/24 -all\"\nc TXT \"v=spf1 ip4:100.3.0.0/24 -all\"",
			addresses: "ip4:100.1.0.0/24 ip4:100.3.0.0/24", asks: "include:c.test",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			base := world(t, "$ORIGIN test.\nx MX 10 mail.x\nmail.x A 198.51.100.2\n"+test.zone+"\n")
			config := func(networks string) string {
				c := crowded{networks: []string{networks}, services: test.services}.config()
				return strings.Replace(c, "all: fail", fmt.Sprintf("all: fail, limits: {lookups: %d}", test.lookups), 1)
			}
			now := buildOver(t, config("192.0.2.0/24"), base)
			if diff := cmp.Diff(map[string]string{"x.test.": "v=spf1 mx " + test.addresses + " ip4:192.0.2.0/24 " + test.asks + " -all"}, texts(now)); diff != "" {
				t.Fatalf("(-want +got)\n%s", diff)
			}
			over := published(t, base, now)
			if again := buildOver(t, config("192.0.2.0/24"), over); len(again.Domains[0].Notes) > 0 || !cmp.Equal(texts(now), texts(again)) {
				t.Errorf("built again where it is published:\n%s", show(again))
			}
			more := buildOver(t, config("192.0.2.0/24, 192.0.3.0/24"), over)
			if diff := cmp.Diff(map[string]string{"x.test.": "v=spf1 mx " + test.addresses + " ip4:192.0.2.0/23 " + test.asks + " -all"}, texts(more)); diff != "" || len(more.Domains[0].Notes) > 0 {
				t.Errorf("with a network more: (-want +got)\n%s\n%s", diff, show(more))
			}
		})
	}
}
