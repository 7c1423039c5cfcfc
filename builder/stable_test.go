package builder_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/spf"
)

// networksOnly is a configuration of one domain with these networks.
func networksOnly(prefixes []string) string {
	return "defaults: {all: fail}\nnetworks: {n: [" + strings.Join(prefixes, ", ") + "]}\ndomains: {x.test: {senders: [mx, n, \"include:v.test\"]}}\n"
}

// apartPrefixes gives prefixes no two of which touch, so that each is a term.
func apartPrefixes(r *rand.Rand, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%d.%d.%d.0/24", 10+i/256, i%256, 2*r.IntN(128))
	}
	return out
}

const stableZone = `x.test. MX 10 mail.x.test.
mail.x.test. A 192.0.2.2
v.test. TXT "v=spf1 ip4:198.51.100.0/24 -all"
`

// changed gives the names whose text differs between two plans.
func changed(before, after map[string]string) []string {
	var names []string
	for name, text := range after {
		if before[name] != text {
			names = append(names, name)
		}
	}
	for name := range before {
		if _, ok := after[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// A network more or fewer changes one record; and the root besides only where
// a part comes or goes. What is not changed is published again to the octet.
func TestOneNetworkChangesOnePart(t *testing.T) {
	t.Parallel()
	const lists = 60
	single, withRoot := 0, 0
	for seed := range uint64(lists) {
		r := rand.New(rand.NewPCG(seed, 8))
		prefixes := apartPrefixes(r, 30+r.IntN(120))
		base := world(t, stableZone)
		first := buildOver(t, networksOnly(prefixes), base)
		now := first
		for range 8 {
			if r.IntN(2) == 0 && len(prefixes) > 30 {
				i := r.IntN(len(prefixes))
				prefixes = slices.Delete(slices.Clone(prefixes), i, i+1)
			} else {
				prefixes = append(slices.Clone(prefixes), fmt.Sprintf("172.%d.%d.0/24", 16+r.IntN(16), 2*r.IntN(128)))
			}
			next := buildOver(t, networksOnly(prefixes), published(t, base, now))
			before, after := texts(now), texts(next)
			names := changed(before, after)
			root := slices.Contains(names, "x.test.")
			switch {
			case len(before) == len(after) && len(names) > 1:
				t.Fatalf("seed %d: one network changed %v\nbefore:\n%s\nafter:\n%s", seed, names, show(now), show(next))
			case len(before) != len(after) && (len(names) > 2 || !root):
				t.Fatalf("seed %d: one network, with a part that comes or goes, changed %v\nbefore:\n%s\nafter:\n%s", seed, names, show(now), show(next))
			case len(names) <= 1:
				single++
			default:
				withRoot++
			}
			now = next
		}
	}
	t.Logf("%d changes of one record, %d of a part and the root", single, withRoot)
	if single < 4*lists || withRoot == 0 {
		t.Errorf("%d changes of one record, %d of a part and the root: too few to tell", single, withRoot)
	}
}

// A network that no published part has room for changes no more than the root
// and a part: the root takes it before it gives up others for the include of a
// new part.
func TestFullPartsLeaveTheRootAlone(t *testing.T) {
	t.Parallel()
	const lists, edits = 120, 6
	single, withPart, displaced := 0, 0, 0
	for seed := range uint64(lists) {
		r := rand.New(rand.NewPCG(seed, 20))
		prefixes, old := apartPrefixes(r, 24+r.IntN(30)), make([]string, 1+r.IntN(8))
		for i := range old {
			old[i] = fmt.Sprintf("192.168.%d.0/24", 2*i)
		}
		config := func() string {
			return strings.NewReplacer("networks: {", "networks: {old: ["+strings.Join(old, ", ")+"], ", "senders: [mx, n,", "split: {names: _networks-that-have-no-room-%d}, senders: [mx, n, ~old,").Replace(networksOnly(prefixes))
		}
		base := world(t, stableZone)
		now := buildOver(t, config(), base)
		for i := range edits {
			prefixes = append(slices.Clone(prefixes), fmt.Sprintf("172.%d.%d.0/%d", 16+i, 2*r.IntN(128), 24+r.IntN(9)))
			next := buildOver(t, config(), published(t, base, now))
			switch names := changed(texts(now), texts(next)); {
			case len(names) <= 1:
				single++
			case len(names) > 2:
				t.Errorf("seed %d: one network changed %v\nbefore:\n%s\nafter:\n%s", seed, names, show(now), show(next))
			case len(texts(now)) != len(texts(next)):
				withPart++
			default:
				displaced++
			}
			now = next
		}
	}
	t.Logf("%d changes of one record, %d of a part and the root, %d that displaced a term", single, withPart, displaced)
	if displaced > lists*edits/50 || withPart == 0 || single < lists*edits/2 {
		t.Error("too many terms were displaced, or too little was seen")
	}
}

// What a prefix covered stays in the record where the prefix was, once it goes;
// and what has no room in the root any more goes to one part.
func TestChangesKeepToTheirRecord(t *testing.T) {
	const lists = 40
	uncovered, displaced := 0, 0
	for seed := range uint64(lists) {
		r := rand.New(rand.NewPCG(seed, 16))
		prefixes := apartPrefixes(r, 60+r.IntN(60))
		base := world(t, stableZone)

		i := r.IntN(len(prefixes))
		wide := fmt.Sprintf("10.%d.0.0/16", i)
		first := buildOver(t, networksOnly(append(slices.Clone(prefixes), wide)), base)
		second := buildOver(t, networksOnly(prefixes), published(t, base, first))
		if names := changed(texts(first), texts(second)); len(names) > 1 {
			// It takes an octet or two more, for which there may be no room.
			t.Logf("seed %d: without %s, %v changed", seed, wide, names)
		} else {
			uncovered++
		}

		softly := func(last int) string {
			return strings.Replace(strings.Replace(networksOnly(prefixes), "networks: {", fmt.Sprintf("networks: {old: [192.0.2.1, 192.0.2.%d], ", last), 1), "senders: [mx, n,", `senders: [mx, n, ~old,`, 1)
		}
		first = buildOver(t, softly(3), base)
		second = buildOver(t, softly(113), published(t, base, first))
		switch names := changed(texts(first), texts(second)); {
		case len(names) > 3 || first.Domains[0].Parts == second.Domains[0].Parts && len(names) > 2:
			t.Errorf("seed %d: a longer root changed %v\nbefore:\n%s\nafter:\n%s", seed, names, show(first), show(second))
		case len(names) > 1:
			displaced++
		}
	}
	t.Logf("%d of %d prefixes uncovered others in their own record; %d of %d longer roots displaced a term", uncovered, lists, displaced, lists)
	if uncovered < lists*9/10 || displaced == 0 {
		t.Errorf("%d of %d prefixes uncovered others in their own record; %d of %d longer roots displaced a term", uncovered, lists, displaced, lists)
	}
}

// The order of networks, prefixes and files has no part in what is published.
func TestPartsDoNotDependOnTheOrderOfPrefixes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	prefixes := apartPrefixes(r, 100)
	want := texts(build(t, networksOnly(prefixes), stableZone))
	for range 5 {
		r.Shuffle(len(prefixes), func(i, j int) { prefixes[i], prefixes[j] = prefixes[j], prefixes[i] })
		if diff := cmp.Diff(want, texts(build(t, networksOnly(prefixes), stableZone))); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
	}
}

// Parts that were published by a larger list do not stay for ever: a layout
// with two parts more than are needed is made anew.
func TestPartsAreMadeAnewWhereTheyWasteLookups(t *testing.T) {
	prefixes := apartPrefixes(rand.New(rand.NewPCG(2, 9)), 130)
	base := world(t, stableZone)
	large := buildOver(t, networksOnly(prefixes), base)
	var few []string
	for i := 0; i < len(prefixes); i += 4 {
		few = append(few, prefixes[i])
	}
	small := buildOver(t, networksOnly(few), published(t, base, large))
	was, is := large.Domains[0].Parts, small.Domains[0].Parts
	if was.Count < 4 || is.Count > is.LowerBound+1 {
		t.Errorf("%+v parts became %+v", was, is)
	}
}

// Parts that are published stay only as far as the lookups do: where one part
// fewer keeps to the limit, nothing is flattened and nothing is refused.
func TestPartsAreMadeAnewWhereTheyPassTheLimit(t *testing.T) {
	prefixes := apartPrefixes(rand.New(rand.NewPCG(5, 9)), 90)
	base := world(t, stableZone)
	large := buildOver(t, networksOnly(prefixes), base)
	few := prefixes[:0]
	for i, p := range prefixes {
		if i%4 > 0 {
			few = append(few, p)
		}
	}
	fresh := buildOver(t, networksOnly(few), base)
	stable := buildOver(t, networksOnly(few), published(t, base, large))
	least := fresh.Domains[0].Parts.Count
	if n := stable.Domains[0].Parts.Count; n != least+1 {
		t.Fatalf("%d parts stay, where %d would do: nothing to tell", n, least)
	}
	for _, listed := range []string{`"include:v.test"`, `{include: v.test, flatten: never}`} {
		// The lookups are those of mx, v.test and the parts.
		config := strings.Replace(networksOnly(few), "all: fail", fmt.Sprintf("all: fail, limits: {lookups: %d}", 2+least), 1)
		if strings.HasPrefix(listed, "{") {
			config = "services: {v: " + listed + "}\n" + strings.Replace(config, `"include:v.test"`, "v", 1)
		}
		got := buildOver(t, config, published(t, base, large))
		if d := got.Domains[0]; d.Err != nil || d.Parts.Count != least || len(d.Flattened) > 0 {
			t.Errorf("%s: %d parts would do:\n%s", listed, least, show(got))
		}
	}
}

// Repack forgets what is published; without it, it stays.
func TestRepack(t *testing.T) {
	prefixes := apartPrefixes(rand.New(rand.NewPCG(3, 9)), 60)
	config := networksOnly(prefixes)
	fresh := build(t, config, stableZone)
	// Published are the same terms in other parts: those of the fresh plan, last first.
	odd := map[string]string{}
	for name, text := range texts(fresh) {
		terms := strings.Fields(text)
		if name != "x.test." {
			middle := terms[1 : len(terms)-1]
			slices.Reverse(middle)
		}
		odd[name] = strings.Join(terms, " ")
	}
	base := world(t, stableZone)
	o := &spf.Overlay{Base: base, TXT: map[string][]spf.TXT{}}
	for name, text := range odd {
		o.TXT[name] = []spf.TXT{spf.SplitStrings(text, 0)}
	}
	plan, err := builder.Build(t.Context(), parse(t, config), builder.Options{Resolver: o, Repack: true})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(texts(fresh), texts(plan)); diff != "" {
		t.Errorf("(-fresh +repacked)\n%s", diff)
	}
}

// A published root is kept only if it is one record that can be read; whatever
// else stands there is replaced without an error.
func TestWhatIsPublishedCannotBreakABuild(t *testing.T) {
	prefixes := apartPrefixes(rand.New(rand.NewPCG(4, 9)), 60)
	want := texts(build(t, networksOnly(prefixes), stableZone))
	for _, published := range []string{
		`x.test. TXT "v=spf1 ip4:10.0.0.0/33 -all"`,
		`x.test. TXT "v=spf1 include:part1.x.test -all"`,
		"x.test. TXT \"v=spf1 include:part1.x.test -all\"\npart1.x.test. TXT \"v=spf1 ipv4:1.2.3.4\"",
		"x.test. TXT \"v=spf1 include:part1.x.test -all\"\npart1.x.test. TXT \"v=spf1 -all\"\npart1.x.test. TXT \"v=spf1 a -all\"",
		`x.test. TXT "v=spf1 include:part1.part1.x.test include:part01.x.test include:%{d} include:party.x.test -all"`,
		"x.test. TXT \"v=spf1 a -all\"\nx.test. TXT \"v=spf1 mx -all\"",
	} {
		p := build(t, networksOnly(prefixes), stableZone+published+"\n")
		got := texts(p)
		if len(got) != len(want) || p.Domains[0].Err != nil {
			t.Errorf("over %s:\n%s", published, show(p))
		}
		var wantTerms, gotTerms []string
		for _, text := range slices.Collect(maps.Values(want)) {
			wantTerms = append(wantTerms, networksIn(text)...)
		}
		for _, text := range slices.Collect(maps.Values(got)) {
			gotTerms = append(gotTerms, networksIn(text)...)
		}
		slices.Sort(wantTerms)
		slices.Sort(gotTerms)
		if diff := cmp.Diff(wantTerms, gotTerms); diff != "" {
			t.Errorf("over %s: (-want +got)\n%s", published, diff)
		}
	}
}

func networksIn(text string) []string {
	return slices.DeleteFunc(strings.Fields(text), func(term string) bool { return !strings.HasPrefix(term, "ip4:") })
}

// A term that stands in two runs, in the root for one and in a part for the
// other, stays in both places.
func TestSharedTermsStayInTheirParts(t *testing.T) {
	prefixes := apartPrefixes(rand.New(rand.NewPCG(5, 9)), 60)
	for _, split := range []string{"size", "network"} {
		config := "defaults: {all: fail}\nnetworks: {n: [" + strings.Join(prefixes[:3], ", ") + "], m: [" + strings.Join(prefixes, ", ") + "], o: [" + prefixes[59] + "]}\n" +
			"domains: {x.test: {senders: [n, o, \"?include:v.test\", m, \"~10.99.0.1\", o, n], split: {by: " + split + "}}}\n"
		base := world(t, stableZone)
		first := buildOver(t, config, base)
		if len(first.Domains[0].Records) < 3 {
			t.Fatalf("no parts:\n%s", show(first))
		}
		again := buildOver(t, config, published(t, base, first))
		if diff := cmp.Diff(texts(first), texts(again)); diff != "" {
			t.Errorf("split by %s: (-first +again)\n%s", split, diff)
		}
	}
}
