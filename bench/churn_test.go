package bench

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/internal/configtest"
	"github.com/spfzone/spfzone/spf"
)

var edits = flag.Int("edits", 60, "how many single networks to add to random configurations, or to take out")

// editsEach is how many of them follow one another in a configuration, each
// over what the one before published.
const editsEach = 5

// edited is a configuration that is built again after every change.
type edited struct {
	w      *realWorld
	r      *rand.Rand
	cfg    *builder.Config
	plan   *builder.Plan
	listed string // the list as a record, for the simple way
	simple simpleTree
}

// churn counts the records that changes to configurations change.
type churn struct {
	built, simple []int // for each edit
	root          int   // edits that change the root
	counts        int   // edits that change the number of parts
	refused       int
	wider         []string // edits that change more than a record, and the root where a part comes or goes
}

// TestChurn adds single networks to built configurations and takes some out,
// and counts the records that each of these edits changes. What is not edited
// changes nothing.
func TestChurn(t *testing.T) {
	w := loadWorld(t)
	fmt.Printf("%d edits, of configurations from seed %d\n", *edits, *firstSeed)
	c := &churn{}
	for seed := *firstSeed; len(c.built) < *edits; seed++ {
		if seed > *firstSeed+uint64(*edits)+20 {
			t.Fatalf("%d edits of %d configurations: too few are built", len(c.built), seed-*firstSeed)
		}
		e, err := w.edited(t.Context(), seed)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if e == nil {
			continue
		}
		for range min(editsEach, *edits-len(c.built)) {
			if err := e.edit(t.Context(), c, seed); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
	}
	c.print()
	if most := max(3, *edits/100); len(c.wider) > most {
		t.Errorf("%d edits change more than a part, and the root where a part comes or goes; %d are thought to be unavoidable", len(c.wider), most)
	}
}

// edited builds a configuration, and again over what that publishes, which must
// change nothing. It is nil where it is refused, or has no networks.
func (w *realWorld) edited(ctx context.Context, seed uint64) (*edited, error) {
	r := rand.New(rand.NewPCG(seed, 14))
	config := configtest.New(r, w.treeParams(r))
	cfg, err := builder.Parse(builder.Input{Name: "spfzone.yaml", Reader: strings.NewReader(config.YAML)})
	if err != nil {
		return nil, err
	}
	cfg.Domains[0].Encoding = builder.Encoding(seed % 2)
	e := &edited{w: w, r: r, cfg: cfg, listed: config.Listed[cfg.Domains[0].Name]}
	if len(e.networks()) == 0 {
		return nil, nil
	}
	if e.plan, err = e.build(ctx, w); err != nil || e.plan == nil {
		return nil, err
	}
	again, err := e.build(ctx, w.publishing(ctx, e.plan))
	switch {
	case err != nil:
		return nil, err
	case again == nil:
		return nil, fmt.Errorf("refused where it is published")
	}
	if names := changed(textsOf(e.plan), textsOf(again)); len(names) > 0 {
		return nil, fmt.Errorf("built again, it changes %v\n%s", names, config.YAML)
	}
	e.simple, err = e.simply(ctx)
	return e, err
}

// build gives the plan over what is published, or nil where it is refused.
func (e *edited) build(ctx context.Context, published spf.Resolver) (*builder.Plan, error) {
	plan, err := builder.Build(ctx, e.cfg, builder.Options{Resolver: published})
	if err != nil || plan.Domains[0].Err == nil {
		return plan, err
	}
	if refusal := plan.Domains[0].Err; refusal.Kind == builder.Unproven {
		return nil, refusal
	}
	return nil, nil
}

func (e *edited) simply(ctx context.Context) (simpleTree, error) {
	d := e.cfg.Domains[0]
	return simpleWay(ctx, e.w, d.Name, e.listed, d.Limits.Response)
}

// publishing answers as if a plan were published, the other TXT records at each
// name beside it.
func (w *realWorld) publishing(ctx context.Context, plan *builder.Plan) spf.Resolver {
	o := &spf.Overlay{Base: w, TXT: map[string][]spf.TXT{}}
	for _, r := range plan.Domains[0].Records {
		o.TXT[r.Name] = append(siblings(ctx, w, r.Name), r.Strings)
	}
	return o
}

// networks gives the senders that are networks.
func (e *edited) networks() []builder.Sender {
	return slices.DeleteFunc(slices.Clone(e.cfg.Domains[0].Senders), func(s builder.Sender) bool {
		_, ok := s.Source.(*builder.Network)
		return !ok
	})
}

// edit makes one change, unless it is refused, and counts what it changes.
func (e *edited) edit(ctx context.Context, c *churn, seed uint64) error {
	networks := e.networks()
	s := networks[e.r.IntN(len(networks))]
	n := s.Source.(*builder.Network)
	prefixes, listed := n.Prefixes, e.listed
	what := e.change(s, n)
	plan, err := e.build(ctx, e.w.publishing(ctx, e.plan))
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if plan == nil {
		c.refused++
		n.Prefixes, e.listed = prefixes, listed
		return nil
	}
	simple, err := e.simply(ctx)
	if err != nil {
		return err
	}
	before := e.plan
	c.count(before, plan, fmt.Sprintf("seed %d: %s", seed, what), func() string { return e.why(before, plan) })
	c.simple = append(c.simple, len(changed(e.simple.byName(), simple.byName())))
	e.plan, e.simple = plan, simple
	return nil
}

// change adds a prefix to a network, behind the others, or takes one out, and
// says what it did.
func (e *edited) change(s builder.Sender, n *builder.Network) string {
	terms := strings.Fields(e.listed)
	if len(n.Prefixes) > 1 && e.r.IntN(2) == 0 {
		i := e.r.IntN(len(n.Prefixes))
		gone := n.Prefixes[i]
		at := slices.Index(terms, termOf(s, gone))
		e.listed = strings.Join(slices.Delete(terms, at, at+1), " ")
		n.Prefixes = slices.Delete(slices.Clone(n.Prefixes), i, i+1)
		return fmt.Sprintf("without %v", gone)
	}
	bits := [...]int{24, 24, 26, 28, 32}[e.r.IntN(5)]
	ip := netip.AddrFrom4([4]byte{10, byte(e.r.IntN(256)), byte(e.r.IntN(256)), byte(e.r.IntN(256))})
	added := netip.PrefixFrom(ip, bits).Masked()
	at := slices.Index(terms, termOf(s, n.Prefixes[len(n.Prefixes)-1]))
	e.listed = strings.Join(slices.Insert(terms, at+1, termOf(s, added)), " ")
	n.Prefixes = append(slices.Clone(n.Prefixes), added)
	return fmt.Sprintf("with %v", added)
}

// termOf gives the term that a listed record has for a prefix.
func termOf(s builder.Sender, p netip.Prefix) string {
	if p.Addr().Is4() {
		return fmt.Sprintf("%vip4:%v", s.Qualifier, p)
	}
	return fmt.Sprintf("%vip6:%v", s.Qualifier, p)
}

func (t simpleTree) byName() map[string]string {
	texts := map[string]string{}
	for i, name := range t.names {
		texts[name] = t.texts[i]
	}
	return texts
}

func textsOf(plan *builder.Plan) map[string]string {
	texts := map[string]string{}
	for _, r := range plan.Domains[0].Records {
		texts[r.Name] = r.Text
	}
	return texts
}

// changed gives the names whose text differs, or that only one of both has.
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

// count notes what an edit changed. wider says why it is more than a record, and
// the root where a part comes or goes.
func (c *churn) count(before, after *builder.Plan, what string, wider func() string) {
	was, is := before.Domains[0], after.Domains[0]
	names := changed(textsOf(before), textsOf(after))
	c.built = append(c.built, len(names))
	root := slices.Contains(names, was.Domain.Name)
	if root {
		c.root++
	}
	partsDiffer := was.Parts.Count != is.Parts.Count
	if partsDiffer {
		c.counts++
	}
	if len(names) <= 1 || partsDiffer && root && len(names) == 2 {
		return
	}
	c.wider = append(c.wider, fmt.Sprintf("%s, %v: %d records, %s; parts %+v before, %+v after", what, was.Domain.Encoding, len(names), wider(), was.Parts, is.Parts))
}

// why says what makes an edit change more than one record: what the build says
// of its choice of includes, or that there is no room where a term stood.
func (e *edited) why(before, after *builder.Plan) string {
	was, is := before.Domains[0], after.Domains[0]
	if choices(was) == choices(is) {
		return cmp.Or(moved(was, is), "laid out anew")
	}
	if i := slices.IndexFunc(is.Notes, func(n string) bool { return strings.HasPrefix(n, "the choice of includes") }); i >= 0 {
		return is.Notes[i]
	}
	return "other includes are flattened"
}

// moved says which terms stand in another record than before, and what the
// response that they left would have with them.
func moved(was, is *builder.DomainPlan) string {
	before, after := textsOf(&builder.Plan{Domains: []*builder.DomainPlan{was}}), textsOf(&builder.Plan{Domains: []*builder.DomainPlan{is}})
	var moves []string
	for _, from := range is.Records {
		for _, term := range without(before[from.Name], after[from.Name]) {
			bare := strings.TrimLeft(term, "~?+")
			for to := range after {
				if to != from.Name && slices.Contains(without(after[to], before[to]), bare) {
					moves = append(moves, fmt.Sprintf("%s, with which the response for %s would have %d octets of %d, is in %s now", term, from.Name, from.ResponseBytes+1+len(term), is.Domain.Limits.Response, to))
				}
			}
		}
	}
	slices.Sort(moves)
	return strings.Join(moves, ", ")
}

// without gives the terms of a record that are not in another one.
func without(text, other string) []string {
	terms := strings.Fields(other)
	return slices.DeleteFunc(strings.Fields(text), func(term string) bool { return slices.Contains(terms, term) })
}

// choices says what became of each include.
func choices(d *builder.DomainPlan) string {
	var b strings.Builder
	for _, f := range d.Flattened {
		fmt.Fprintf(&b, "%s %d, ", f.Include, f.Prefixes)
	}
	return b.String()
}

func (c *churn) print() {
	fmt.Printf("%-12s %8s %8s %8s %8s %8s\n", "", "edits", "median", "p99", "most", "sum")
	for i, counts := range [...][]int{c.built, c.simple} {
		sorted := slices.Sorted(slices.Values(counts))
		sum := 0
		for _, n := range counts {
			sum += n
		}
		fmt.Printf("%-12s %8d %8d %8d %8d %8d\n", [...]string{"spfzone", "simple way"}[i], len(sorted), sorted[len(sorted)/2], sorted[len(sorted)*99/100], sorted[len(sorted)-1], sum)
	}
	fmt.Printf("%d edits change the root, %d the number of parts; %d more are refused\n", c.root, c.counts, c.refused)
	for _, line := range c.wider {
		fmt.Println(line)
	}
}
