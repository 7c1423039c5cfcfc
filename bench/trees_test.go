package bench

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/internal/configtest"
	"github.com/spfzone/spfzone/spf"
)

var (
	trees = flag.Int("trees", 60, "how many random configurations to build in each encoding, and in the simple way")
	only  = flag.Uint64("only", 0, "build the tree of this seed alone, and print its records")
)

// treeParams are for configurations of up to 25 services and 400 networks.
func (w *realWorld) treeParams(r *rand.Rand) configtest.Params {
	domain := w.domains[r.IntN(len(w.domains))]
	networks := r.IntN(401)
	return configtest.Params{
		Domain:    domain,
		Hosts:     w.hosts,
		Services:  w.services,
		Terms:     []string{"a", "mx", "mx/24", "exists:%{i}._spf." + domain},
		Networks:  configtest.Range{Min: min(networks, 1), Max: min(networks, 20)},
		Prefixes:  configtest.Range{Min: networks, Max: networks},
		Gateways:  configtest.Range{Max: 3},
		Count:     configtest.Range{Min: 1, Max: 1 + r.IntN(25)},
		Own:       configtest.Range{Max: 2},
		Responses: []int{512, 1232, 4096},
		Records:   []int{0},
		Qualified: 2,
		Flatten:   [...][]string{{"auto"}, {"auto"}, {"auto", "auto", "always", "never"}, {"always"}}[r.IntN(4)],
	}
}

// grown is a configuration with what was made of it.
type grown struct {
	seed     uint64
	domain   *builder.Domain
	siblings []spf.TXT
	always   bool                   // every include is to be flattened
	plans    [2]*builder.DomainPlan // by encoding
	simple   simpleTree
	measured [3]size // by encoding, then the simple way
	broken   bool    // the simple way needs more than ten lookups
	unequal  bool    // it does not say what is listed
}

// size is what a tree takes.
type size struct{ octets, parts, lookups int }

// TestTrees builds random configurations over the real world in both
// encodings, and in the simple way. All that is built is checked against the
// list at both ends of every prefix, and against the limits; what needs more
// parts than the lower bound is printed, and what is refused is counted by its
// reason.
func TestTrees(t *testing.T) {
	w := loadWorld(t)
	if *only > 0 {
		w.showTree(t, *only)
		return
	}
	fmt.Printf("%d configurations from seed %d\n", *trees, *firstSeed)
	all := make([]*grown, *trees)
	var compared, next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(all) && !t.Failed(); i = int(next.Add(1)) - 1 {
				n, err := w.grow(t.Context(), &all[i], *firstSeed+uint64(i))
				if compared.Add(int64(n)); err != nil {
					t.Errorf("seed %d: %v", *firstSeed+uint64(i), err)
				}
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	fmt.Printf("%d senders have the result that is listed\n", compared.Load())
	both := printOutcomes(all)
	printSizes("of the %d built in both encodings, together", both)
	printSizes("of the %d of these in which every include is flattened", slices.DeleteFunc(slices.Clone(both), func(g *grown) bool { return !g.always }))
	printRefused(all)
	above := printAbove(all)
	if len(both) < *trees/5 || compared.Load() < int64(100*len(both)) {
		t.Errorf("%d built, %d comparisons: too few to tell", len(both), compared.Load())
	}
	if most := max(1, *trees/1000); above > most {
		t.Errorf("%d trees have more parts than the lower bound, where %d are thought to be unavoidable", above, most)
	}
}

// showTree builds one configuration, and prints it with its trees.
func (w *realWorld) showTree(t *testing.T, seed uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 12))
	fmt.Println(configtest.New(r, w.treeParams(r)).YAML)
	var g *grown
	if _, err := w.grow(t.Context(), &g, seed); err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	for e, d := range g.plans {
		fmt.Printf("%v: %+v, lookups %+v, %v\n", builder.Encoding(e), d.Parts, d.Lookups, cmp.Or(d.Err, &builder.Refusal{Msg: "built"}))
		for _, r := range d.Records {
			fmt.Printf("%s %d octets of text, %d of the response: %s\n", r.Name, len(r.Text), r.ResponseBytes, r.Text)
		}
	}
	printAbove([]*grown{g})
}

// grow builds one configuration, and gives how many senders were compared.
func (w *realWorld) grow(ctx context.Context, out **grown, seed uint64) (compared int, err error) {
	r := rand.New(rand.NewPCG(seed, 12))
	p := w.treeParams(r)
	config := configtest.New(r, p)
	g := &grown{seed: seed, always: !slices.ContainsFunc(p.Flatten, func(word string) bool { return word != "always" })}
	*out = g
	for encoding := range g.plans {
		d, n, err := w.build(ctx, config, builder.Encoding(encoding))
		if err != nil {
			return compared, fmt.Errorf("%w\n%s", err, config.YAML)
		}
		compared += n
		g.plans[encoding], g.domain = d, d.Domain
		g.measured[encoding] = sizeOf(d)
	}
	name := g.domain.Name
	g.siblings = siblings(ctx, w, name)
	if g.simple, err = simpleWay(ctx, w, name, config.Listed[name], g.domain.Limits.Response); err != nil {
		return compared, err
	}
	return compared, w.judge(ctx, g, config)
}

// build makes the plan of a configuration in an encoding, and checks what is
// built.
func (w *realWorld) build(ctx context.Context, config configtest.Config, e builder.Encoding) (*builder.DomainPlan, int, error) {
	cfg, err := builder.Parse(builder.Input{Name: "spfzone.yaml", Reader: strings.NewReader(config.YAML)})
	if err != nil {
		return nil, 0, err
	}
	cfg.Domains[0].Encoding = e
	plan, err := builder.Build(ctx, cfg, builder.Options{Resolver: w})
	if err != nil {
		return nil, 0, err
	}
	d := plan.Domains[0]
	if d.Err != nil {
		if d.Err.Kind == builder.Unproven {
			return nil, 0, d.Err
		}
		return d, 0, nil
	}
	if wrong := cmp.Or(overLimits(d), w.overPacked(ctx, d)); wrong != "" {
		return nil, 0, fmt.Errorf("%v: %s", e, wrong)
	}
	n, err := w.sameAtEnds(ctx, plan, config)
	return d, n, err
}

// overPacked packs the response for each record as a DNS library does, and says
// which is not as large as the plan says.
func (w *realWorld) overPacked(ctx context.Context, d *builder.DomainPlan) string {
	for _, r := range d.Records {
		m := new(dns.Msg).SetQuestion(r.Name, dns.TypeTXT)
		m.Response, m.Compress = true, true
		for _, txt := range append(siblings(ctx, w, r.Name), spf.TXT(r.Strings)) {
			m.Answer = append(m.Answer, &dns.TXT{Hdr: dns.RR_Header{Name: r.Name, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: 3600}, Txt: escaped(txt)})
		}
		m.SetEdns0(1232, false)
		octets, err := m.Pack()
		if err != nil || len(octets) != r.ResponseBytes || len(octets) > d.Domain.Limits.Response {
			return fmt.Sprintf("%s: the response has %d octets (%v), said to be %d, of %d", r.Name, len(octets), err, r.ResponseBytes, d.Domain.Limits.Response)
		}
	}
	return ""
}

// escaped gives strings as the library wants them.
func escaped(txt spf.TXT) []string {
	out := make([]string, len(txt))
	for i, s := range txt {
		out[i] = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s)
	}
	return out
}

// sameAtEnds checks senders at both ends of every prefix that what is built
// tells apart, and of every one that is listed.
func (w *realWorld) sameAtEnds(ctx context.Context, plan *builder.Plan, config configtest.Config) (int, error) {
	name := plan.Domains[0].Domain.Name
	want := &spf.Checker{Resolver: listedOver(w, config), Limits: unlimited}
	got := &spf.Checker{Resolver: plan.Overlay(w)}
	known := map[netip.Addr]bool{}
	for _, c := range [...]*spf.Checker{want, got} {
		policy, err := c.Policy(ctx, name)
		if err != nil {
			return 0, err
		}
		for _, ip := range ends(policy) {
			known[ip] = true
		}
	}
	for ip := range known {
		listed, err := want.CheckHost(ctx, ip, name, "bob@"+name, "mail.test")
		if err != nil {
			return 0, err
		}
		built, err := got.CheckHost(ctx, ip, name, "bob@"+name, "mail.test")
		if err != nil {
			return 0, err
		}
		if listed.Result != built.Result {
			return 0, fmt.Errorf("%v: listed %v (%v), built %v (%v)", ip, listed.Result, listed.Err, built.Result, built.Err)
		}
	}
	return len(known), nil
}

// mostLookups is the limit of RFC 7208, Section 4.6.4.
const mostLookups = 10

// unlimited is for lists, which nobody publishes.
var unlimited = spf.Limits{Lookups: 1000, Voids: 1000, MX: 1000}

func listedOver(base spf.Resolver, config configtest.Config) spf.Resolver {
	o := &spf.Overlay{Base: base, TXT: map[string][]spf.TXT{}}
	for name, text := range config.Listed {
		o.TXT[name] = []spf.TXT{{text}}
	}
	return o
}

func sizeOf(d *builder.DomainPlan) size {
	s := size{parts: d.Parts.Count, lookups: d.Lookups.Worst}
	for _, r := range d.Records {
		s.octets += len(r.Text)
	}
	return s
}

// judge measures what the simple way made, and compares it with the list.
func (w *realWorld) judge(ctx context.Context, g *grown, config configtest.Config) error {
	want, err := (&spf.Checker{Resolver: listedOver(w, config), Limits: unlimited}).Policy(ctx, g.domain.Name)
	if err != nil {
		return err
	}
	got, err := (&spf.Checker{Resolver: g.simple.over(w), Limits: unlimited}).Policy(ctx, g.domain.Name)
	if err != nil {
		return err
	}
	s := size{parts: len(g.simple.names) - 1, lookups: got.MaxLookups()}
	for _, text := range g.simple.texts {
		s.octets += len(text)
	}
	g.measured[2], g.broken, g.unequal = s, s.lookups > mostLookups, !want.Equal(got)
	return nil
}

// printOutcomes counts the configurations by what became of them, and gives
// those that are built in both encodings.
func printOutcomes(all []*grown) (both []*grown) {
	kinds := map[[2]string]int{}
	reasons := map[string]int{}
	for _, g := range all {
		kinds[[2]string{outcome(g.plans[0]), outcome(g.plans[1])}]++
		for e, d := range g.plans {
			if d.Err != nil {
				reasons[fmt.Sprintf("%-8v %-12s %s", builder.Encoding(e), d.Err.Kind, remedy(d.Err))]++
			}
		}
		if g.plans[0].Err == nil && g.plans[1].Err == nil {
			both = append(both, g)
		}
	}
	fmt.Printf("\n%-12s %-12s %8s\n", "plain", "compact", "number")
	for _, kind := range slices.SortedFunc(maps.Keys(kinds), func(a, b [2]string) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) }) {
		fmt.Printf("%-12s %-12s %8d\n", kind[0], kind[1], kinds[kind])
	}
	fmt.Println()
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		fmt.Printf("%8d %s\n", reasons[reason], reason)
	}
	return both
}

func outcome(d *builder.DomainPlan) string {
	if d.Err == nil {
		return "built"
	}
	return string(d.Err.Kind)
}

// remedy says in general what a refusal says in particular would help.
func remedy(r *builder.Refusal) string {
	last := r.Msg[strings.LastIndexByte(r.Msg, '\n')+1:]
	fit, found := strings.CutPrefix(last, "it would fit with ")
	if !found {
		if strings.HasPrefix(last, "no single change") {
			return "no single change makes it fit"
		}
		return "a sender cannot be evaluated"
	}
	for _, setting := range [...]string{"limits.response", "limits.record", "strategy: exists"} {
		switch {
		case strings.HasPrefix(fit, setting) && strings.Contains(fit, ", and "):
			return "it would fit with " + setting + ", and changes to flatten: or pin:"
		case strings.HasPrefix(fit, setting):
			return "it would fit with " + setting
		}
	}
	return "it would fit with changes to flatten: or pin:"
}

// printSizes compares both encodings and the simple way.
func printSizes(heading string, some []*grown) {
	fmt.Printf("\n"+heading+":\n%-12s %10s %8s %8s %12s %8s %10s\n", len(some), "", "octets", "parts", "lookups", "most lookups", "over 10", "not equal")
	for i, name := range [...]string{"plain", "compact", "simple way"} {
		var sum size
		most, broken, unequal := 0, 0, 0
		for _, g := range some {
			s := g.measured[i]
			sum = size{sum.octets + s.octets, sum.parts + s.parts, sum.lookups + s.lookups}
			most = max(most, s.lookups)
			if i == 2 && g.broken {
				broken++
			}
			if i == 2 && g.unequal {
				unequal++
			}
		}
		fmt.Printf("%-12s %10d %8d %8d %12d %8d %10d\n", name, sum.octets, sum.parts, sum.lookups, most, broken, unequal)
	}
}

// printRefused says what the simple way makes of what is refused in both
// encodings.
func printRefused(all []*grown) {
	refused, broken, unequal, either := 0, 0, 0, 0
	for _, g := range all {
		if g.plans[0].Err == nil || g.plans[1].Err == nil {
			continue
		}
		refused++
		if g.broken {
			broken++
		}
		if g.unequal {
			unequal++
		}
		if g.broken || g.unequal {
			either++
		}
	}
	fmt.Printf("\nof the %d refused in both, the simple way publishes all the same: %d need more than %d lookups, %d do not say what is listed, %d one or the other\n",
		refused, broken, mostLookups, unequal, either)
}

func responses(d *builder.DomainPlan) []int {
	var out []int
	for _, r := range d.Records {
		out = append(out, r.ResponseBytes)
	}
	return out
}

// whyAbove says why a tree has more parts than the lower bound: it is for terms
// and strings that may be cut anywhere, and neither may.
func (g *grown) whyAbove(d *builder.DomainPlan) string {
	longest := 0
	root := strings.Fields(d.Records[0].Text)
	for _, r := range d.Records[1:] {
		terms := strings.Fields(r.Text)
		root = slices.Insert(root, len(root)-1, terms[1:len(terms)-1]...)
		root = slices.DeleteFunc(root, func(term string) bool { return strings.HasSuffix(term, "include:"+strings.TrimSuffix(r.Name, ".")) })
	}
	for _, term := range root {
		longest = max(longest, 1+len(term))
	}
	why := fmt.Sprintf("the bound would leave %d octets, with terms and strings cut anywhere; the longest term takes %d", d.Parts.Spare, longest)
	if d.Parts.LowerBound > 0 {
		return why
	}
	text := strings.Join(root, " ")
	strs := spf.SplitStrings(text, 0)
	return fmt.Sprintf("%s; in the root alone, cut between terms, it all takes %d octets in %d strings, where %d could hold it, and a response of %d",
		why, len(text), len(strs), (len(text)+spf.MaxString-1)/spf.MaxString, spf.TXTResponseSize(d.Records[0].Name, append(slices.Clone(g.siblings), strs)))
}

// printAbove lists the trees that have more parts than the lower bound, and
// gives their number.
func printAbove(all []*grown) int {
	above, built := 0, 0
	fmt.Println()
	for _, g := range all {
		for e, d := range g.plans {
			if d.Err != nil {
				continue
			}
			built++
			if d.Parts.Count > d.Parts.LowerBound {
				above++
				fmt.Printf("seed %d, %v: %d parts, lower bound %d, limits.response %d; the responses have %v octets; %s\n", g.seed, builder.Encoding(e), d.Parts.Count, d.Parts.LowerBound, d.Domain.Limits.Response, responses(d), g.whyAbove(d))
			}
		}
	}
	fmt.Printf("%d of %d trees have as many parts as the lower bound\n", built-above, built)
	return above
}
