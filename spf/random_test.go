package spf_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/spf"
)

// The policy of a domain, a check term by term and a check out of kept
// decisions are computed apart, and must agree: on the result always, on the
// counters wherever they are certain. Where conditional terms decide, an oracle
// says for each whether it matches.
func TestPolicyAgreesWithCheckOnRandomWorlds(t *testing.T) {
	const worlds = 3000
	var n comparisons
	for seed := range uint64(worlds) {
		w := newRandomWorld(rand.New(rand.NewPCG(seed, 1)), seed%2 == 1)
		for i := range names {
			w.compare(t, fmt.Sprintf("d%d.test", i), &n)
			if t.Failed() {
				t.Fatalf("seed %d, domain d%d.test, zone:\n%s", seed, i, w.zone)
			}
		}
	}
	t.Logf("%+v", n)
	if n.static < 10*worlds || n.conditional < worlds || n.permerrors == 0 || n.voids == 0 || n.undecided > n.conditional {
		t.Errorf("too few comparisons of a kind: %+v", n)
	}
}

// comparisons counts what was compared.
type comparisons struct {
	static, conditional int // outcomes
	undecided           int // whose conditions fail, or cost what the policy cannot know
	permerrors, voids   int // of the static ones
}

type randomWorld struct {
	zone       *dnstest.Zonedata
	conditions bool // terms depend on the message
	c          *spf.Checker
	oracle     *oracle
}

func newRandomWorld(r *rand.Rand, conditions bool) *randomWorld {
	z := randomZone(r, conditions)
	return &randomWorld{z, conditions, &spf.Checker{Resolver: z}, newOracle(z)}
}

func (w *randomWorld) compare(t *testing.T, domain string, n *comparisons) {
	t.Helper()
	p, err := w.c.Policy(t.Context(), domain)
	if err != nil {
		t.Fatal(err)
	}
	neighboursDiffer(t, p)
	for ip := range edges(p) {
		m := mail{ip, fmt.Sprintf("d%d@%s", (n.static+n.conditional)%(names+1), domain), "d1.test"}
		v, err := w.c.CheckHost(t.Context(), m.ip, domain, m.from, m.helo)
		if err != nil {
			t.Fatal(err)
		}
		quick, err := w.c.Check(t.Context(), m.ip, m.from, m.helo)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(whole(v), whole(quick)); diff != "" {
			t.Errorf("%v: check_host and Check differ: %s", m, diff)
		}
		w.compareOutcome(t, p.At(ip), v, m, n)
	}
}

func (w *randomWorld) compareOutcome(t *testing.T, o *spf.Outcome, v spf.Evaluation, m mail, n *comparisons) {
	t.Helper()
	leaf, certain, ok := w.oracle.decide(t, o, m)
	switch {
	case !ok, !certain && v.Result == spf.PermError, w.conditions && v.Result == spf.TempError:
		n.undecided++
		return
	case o.If == nil:
		n.static++
	default:
		n.conditional++
	}
	if leaf.Result != v.Result {
		t.Errorf("%v: check gives %v (%v), policy %v: %v (%v)", m, v.Result, v.Err, o, leaf.Result, leaf.Err)
	}
	if v.Result == spf.PermError {
		n.permerrors++
		return
	}
	got := [...]any{leaf.Lookups, leaf.Voids, leaf.MatchedIn, leaf.Matched}
	want := [...]any{v.Lookups, v.Voids, v.MatchedIn, v.Matched}
	if got != want && !w.conditions {
		t.Errorf("%v: policy %v, check %v", m, got, want)
	}
	n.voids += v.Voids
}

// whole is all that an evaluation says, to be compared.
func whole(v spf.Evaluation) [9]any {
	return [9]any{v.Result, v.Identity, v.Domain, fmt.Sprintf("%p", v.Matched), v.MatchedIn, v.Lookups, v.Voids, v.Explanation, fmt.Sprint(v.Err)}
}

type mail struct {
	ip         netip.Addr
	from, helo string
}

func (m mail) String() string { return fmt.Sprintf("%v from %s at %s", m.ip, m.from, m.helo) }

// oracle says whether a condition matches, by check_host of a record that has
// nothing else.
type oracle struct {
	*dnstest.Zonedata
	probes map[string]string // canonical name to record
	names  map[string]string // record to canonical name
	c      *spf.Checker
}

func newOracle(z *dnstest.Zonedata) *oracle {
	o := &oracle{Zonedata: z, probes: map[string]string{}, names: map[string]string{}}
	o.c = &spf.Checker{Resolver: o}
	return o
}

func (o *oracle) LookupTXT(ctx context.Context, name string) (spf.Answer[spf.TXT], error) {
	if text, ok := o.probes[name]; ok {
		return spf.Answer[spf.TXT]{Records: []spf.TXT{{text}}, TTL: spf.Forever}, nil
	}
	return o.Zonedata.LookupTXT(ctx, name)
}

// decide walks the decision tree. It is certain where no condition may cost
// more than the policy says, and not ok where a condition ends in an error, or
// is a redirect, which has more than two ends.
func (o *oracle) decide(t *testing.T, tree *spf.Outcome, m mail) (leaf *spf.Outcome, certain, ok bool) {
	t.Helper()
	certain = true
	for tree.If != nil {
		if tree.If.Directive == nil {
			return nil, false, false
		}
		record := "v=spf1 " + tree.If.String() + " -all"
		name, known := o.names[record]
		if !known {
			name = fmt.Sprintf("p%d.probe.test.", len(o.names))
			o.names[record], o.probes[name] = name, record
		}
		_, isExists := tree.If.Directive.Mechanism.(spf.Exists)
		certain = certain && isExists
		switch o.result(t, m, name) {
		case spf.Pass:
			tree = tree.Then
		case spf.Fail:
			tree = tree.Else
		default:
			return nil, false, false
		}
	}
	return tree, certain, true
}

// neighboursDiffer holds Ranges to its word.
func neighboursDiffer(t *testing.T, p *spf.Policy) {
	t.Helper()
	for _, f := range [...]spf.Family{spf.V4, spf.V6} {
		var last *spf.Outcome
		for r, o := range p.Ranges(f) {
			if last != nil && *last == *o {
				t.Errorf("%v has the outcome of the range before it: %v", r, o)
			}
			last = o
		}
	}
}

const names = 6

// randomZone makes names d0 to d5 that publish records of a few terms each,
// with includes and redirects among them, cycles too, and some failing hosts.
func randomZone(r *rand.Rand, conditions bool) *dnstest.Zonedata {
	z := dnstest.NewZone()
	for i := range names {
		name := fmt.Sprintf("d%d.test", i)
		if r.IntN(12) > 0 {
			z.Add(name, "TXT", randomRecord(r, conditions))
		}
		for range r.IntN(3) {
			z.Add(name, "A", fmt.Sprintf("10.0.%d.%d", r.IntN(4), r.IntN(8)))
			z.Add(name, "AAAA", fmt.Sprintf("2001:db8::%x", r.IntN(16)))
		}
		for range r.IntN(2) {
			z.Add(name, "MX", fmt.Sprintf("d%d.test", r.IntN(names)))
		}
		if r.IntN(15) == 0 {
			z.Add(name, "TIMEOUT", [...]string{"A", "MX", "AAAA", "TXT"}[r.IntN(4)])
		}
	}
	z.Add("in-addr.test", "A", "10.0.0.1")
	z.Add("10.0.0.1.test", "A", "127.0.0.2")
	z.Add("1.0.0.10.in-addr.test", "A", "127.0.0.2")
	z.Add("1.0.0.10.in-addr.arpa", "PTR", "d0.test")
	return z
}

func randomRecord(r *rand.Rand, conditions bool) string {
	terms := []string{"v=spf1"}
	for range r.IntN(7) {
		qualifier := [...]string{"", "", "", "-", "~", "?"}[r.IntN(6)]
		if conditions && r.IntN(3) == 0 {
			terms = append(terms, qualifier+pick(r, conditionalTerms))
			continue
		}
		terms = append(terms, qualifier+randomMechanism(r))
	}
	if r.IntN(4) == 0 {
		terms = append(terms, pick(r, []string{fmt.Sprintf("redirect=d%d.test", r.IntN(names)), "redirect=%{d1r}.test", "redirect=%{o}"}))
	}
	if r.IntN(2) == 0 {
		terms = append(terms, "-all")
	}
	if conditions && r.IntN(8) == 0 {
		terms = append(terms[:min(len(terms), 3)], "redirect=%{l}.test")
	}
	return strings.Join(terms, " ")
}

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }

// The senders are d0 to d6 at the domain, from d1.test.
var conditionalTerms = []string{
	"exists:%{l}.test", "exists:%{i}.test", "exists:%{ir}.%{v}.test", "exists:%{l}.%{o}", "exists:%{h}", "exists:%{s-}.%{d}",
	"a:%{l}.test", "a:%{l1r}.%{d1}/30//125", "mx:%{h}", "mx:%{l}.test/29", "include:%{l}.test", "ptr", "ptr:%{d}", "a:%{p}",
}

func randomMechanism(r *rand.Rand) string {
	name := fmt.Sprintf("d%d.test", r.IntN(names+1))
	switch r.IntN(14) {
	case 0, 1, 2, 3:
		return fmt.Sprintf("ip4:10.0.%d.%d/%d", r.IntN(4), r.IntN(8), 20+r.IntN(13))
	case 4:
		return fmt.Sprintf("ip6:2001:db8::%x/%d", r.IntN(16), 120+r.IntN(9))
	case 5:
		return "a"
	case 6:
		return fmt.Sprintf("a:%s/%d//%d", name, 28+r.IntN(5), 124+r.IntN(5))
	case 7:
		return "mx/30"
	case 8:
		return fmt.Sprintf("mx:%s/%d//%d", name, 28+r.IntN(5), 124+r.IntN(5))
	case 9:
		return "exists:" + name
	case 10, 11:
		return pick(r, []string{
			"a:%{d}", "a:%{o}/29//125", "a:%{v}.test/30", "a:%{d1r}.test", "a:%{d}.none", "mx:%{d}", "mx:%{o}//126", "mx:%{d1r}.test",
			"exists:%{d2}", "exists:%{o1r}.test", "exists:%{v}.test", "exists:%{v}.%{d}", "include:%{o}", "include:%{d1r}.test", "include:%{o1r}.%{d1}", "exists:%{d1}", "a:%{D}..test",
		})
	}
	return "include:" + name
}

// A bound directive means in another record what the directive means in its
// own.
func TestBindMeansTheSame(t *testing.T) {
	compared, matched := 0, 0
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 2))
		term := randomMechanism(r)
		if r.IntN(2) == 0 {
			term = pick(r, conditionalTerms)
		}
		d, err := spf.ParseDirective(term)
		if err != nil {
			t.Fatal(err)
		}
		owner := fmt.Sprintf("d%d.test.", r.IntN(names))
		bound, err := d.Bind(owner)
		if err != nil {
			if !d.Domain().Macro().Uses("p") && term != "exists:%{d1}" {
				t.Errorf("%v in %s: %v", d, owner, err)
			}
			continue
		}
		o := newOracle(randomZone(r, true))
		o.probes[owner] = "v=spf1 " + term + " -all"
		o.probes["elsewhere.example."] = "v=spf1 " + bound.String() + " -all"
		for _, ip := range []string{"10.0.0.1", "10.0.1.5", "10.0.3.2", "2001:db8::3"} {
			m := mail{netip.MustParseAddr(ip), fmt.Sprintf("d%d@d1.test", r.IntN(names)), "d1.test"}
			got := o.result(t, m, "elsewhere.example.")
			if want := o.result(t, m, owner); got != want {
				t.Errorf("seed %d: %v in %s gives %v, %v elsewhere gives %v", seed, d, owner, want, bound, got)
			}
			compared++
			if got == spf.Pass {
				matched++
			}
		}
	}
	t.Logf("%d comparisons, %d of them of a match", compared, matched)
	if compared < 8000 || matched < 500 {
		t.Errorf("too few comparisons: %d, %d of them of a match", compared, matched)
	}
}

func (o *oracle) result(t *testing.T, m mail, domain string) spf.Result {
	t.Helper()
	v, err := o.c.CheckHost(t.Context(), m.ip, domain, m.from, m.helo)
	if err != nil {
		t.Fatal(err)
	}
	return v.Result
}
