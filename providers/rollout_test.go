package providers_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"go4.org/netipx"

	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/spf"
)

var rollouts = flag.Int("rollouts", 400, "how many random changes to roll out")

const (
	domain   = "x.test."
	negative = 15 * time.Minute
)

// world simulates servers and everything that receivers may have cached.
type world struct {
	t         *testing.T
	r         *rand.Rand
	now       time.Time
	published providers.Published
	wanted    []providers.Wanted
	before    map[string]*spf.Policy // of the domain and its regions
	after     map[string]*spf.Policy
	mixes     int
	failed    int // mixes in which a listed sender fails, or anything is permerror
}

func (w *world) policy(name string, records map[string][]spf.TXT, lists ...*spf.AddressTree) *spf.Policy {
	c := &spf.Checker{Resolver: &spf.Overlay{Base: dnstest.NewZone(), TXT: records, Trees: lists}}
	p, err := c.Policy(context.Background(), name)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// write makes a change, and keeps what it replaced as long as caches do.
func (w *world) write(c providers.Change) {
	is := w.published[c.Name]
	if !slices.Equal(is.Now, c.Old) {
		w.t.Fatalf("a change of %s from %q, which holds %q", c.Name, c.Old, is.Now)
	}
	ttl := is.TTL
	if len(is.Now) == 0 {
		ttl = negative
	}
	if len(is.Now) > 0 || w.asked(c.Name) {
		is.Former = append(is.Former, providers.Former{Version: is.Now, Until: w.now.Add(ttl)})
	}
	is.Now, is.TTL = nil, c.TTL
	if c.New != "" {
		is.Now = providers.Version{c.New}
	}
	w.published[c.Name] = is
}

// asked reports whether receivers may have asked for a name that does not
// exist: a region's, or one that a record in their hands refers to.
func (w *world) asked(name string) bool {
	if name == domain || strings.HasPrefix(name, "r") {
		return true
	}
	for _, is := range w.published {
		for _, v := range w.held(is) {
			if strings.Contains(strings.Join(v, " "), "include:"+strings.TrimSuffix(name, ".")+" ") {
				return true
			}
		}
	}
	return false
}

func (w *world) held(is providers.PublishedName) []providers.Version {
	list := []providers.Version{is.Now}
	for _, f := range is.Former {
		if f.Until.After(w.now) {
			list = append(list, f.Version)
		}
	}
	return list
}

// look evaluates mixes of what may be cached: all of them if there are few.
func (w *world) look() {
	var names []string
	count := 1
	for name, is := range w.published {
		names = append(names, name)
		count = min(count*len(w.held(is)), 1<<20)
	}
	slices.Sort(names)
	all := count <= 200
	for n := range min(count, 200) {
		records := map[string][]spf.TXT{}
		for _, name := range names {
			held := w.held(w.published[name])
			i := w.r.IntN(len(held))
			if all {
				i = n % len(held)
				n /= len(held)
			}
			records[name] = nil
			for _, text := range held[i] {
				records[name] = append(records[name], spf.TXT{text})
			}
		}
		w.mixes++
		if w.fails(records) {
			w.failed++
		}
	}
}

// fails reports whether someone whom the records pass before and after does
// not pass, or gets permerror that nobody got.
func (w *world) fails(records map[string][]spf.TXT) bool {
	for name, before := range w.before {
		mix, after := w.policy(name, records), w.after[name]
		if !contains(mix.Set(spf.Pass), common(before.Set(spf.Pass), after.Set(spf.Pass))) {
			return true
		}
		if len(before.Set(spf.PermError).Ranges()) == 0 && len(mix.Set(spf.PermError).Ranges()) > 0 {
			return true
		}
	}
	return false
}

func common(a, b *netipx.IPSet) *netipx.IPSet {
	var s netipx.IPSetBuilder
	s.AddSet(a)
	s.Intersect(b)
	set, _ := s.IPSet()
	return set
}

func contains(a, b *netipx.IPSet) bool {
	var s netipx.IPSetBuilder
	s.AddSet(b)
	s.RemoveSet(a)
	set, _ := s.IPSet()
	return len(set.Ranges()) == 0
}

func partName(of string, number int) string { return fmt.Sprintf("part%d.%s", number, of) }

// tree makes the records of a random domain: networks spread over the root,
// parts and regions.
func tree(r *rand.Rand, networks []int) []providers.Wanted {
	parts, regions := r.IntN(4), r.IntN(3)
	ttl := time.Duration(5+r.IntN(60)) * time.Minute
	held := make([][]string, 1+parts+regions)
	for _, n := range networks {
		i := r.IntN(len(held))
		held[i] = append(held[i], fmt.Sprintf("ip4:10.0.%d.0/24", n))
	}
	root := providers.Wanted{Name: domain, TTL: ttl}
	out := []providers.Wanted{root}
	terms := held[0]
	for i := 1; i < len(held); i++ {
		w := providers.Wanted{Name: partName(domain, i), TTL: ttl, Of: domain}
		if i > parts {
			w = providers.Wanted{Name: fmt.Sprintf("r%d.x.test.", i-parts), TTL: ttl}
		}
		w.Text = record(held[i])
		out = append(out, w)
		terms = append(terms, "include:"+strings.TrimSuffix(w.Name, "."))
	}
	out[0].Text = record(terms)
	return out
}

func record(terms []string) string {
	return strings.Join(append(append([]string{"v=spf1"}, terms...), "-all"), " ")
}

func someNetworks(r *rand.Rand) []int {
	var out []int
	for n := range 12 {
		if r.IntN(2) == 0 {
			out = append(out, n)
		}
	}
	return out
}

// edited changes a few networks.
func edited(r *rand.Rand, networks []int) []int {
	out := slices.Clone(networks)
	for range 1 + r.IntN(3) {
		if n := r.IntN(14); slices.Contains(out, n) {
			out = slices.DeleteFunc(out, func(o int) bool { return o == n })
		} else {
			out = append(out, n)
		}
	}
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func recordsOf(list []providers.Wanted) map[string][]spf.TXT {
	records := map[string][]spf.TXT{}
	for _, w := range list {
		records[w.Name] = []spf.TXT{{w.Text}}
	}
	return records
}

func newWorld(t *testing.T, seed uint64) *world {
	r := rand.New(rand.NewPCG(seed, 4))
	networks := someNetworks(r)
	old := tree(r, networks)
	w := &world{t: t, r: r, now: time.Unix(1_800_000_000, 0), published: providers.Published{}, wanted: tree(r, edited(r, networks))}
	for _, rec := range old {
		w.published[rec.Name] = providers.PublishedName{Now: providers.Version{rec.Text}, TTL: rec.TTL}
	}
	w.before, w.after = map[string]*spf.Policy{}, map[string]*spf.Policy{}
	for _, rec := range w.wanted {
		if rec.Of == "" {
			w.before[rec.Name] = w.policy(rec.Name, recordsOf(old))
			w.after[rec.Name] = w.policy(rec.Name, recordsOf(w.wanted))
		}
	}
	return w
}

// TestRollout rolls out random changes: stages in any order within them, some
// of them stopped half-way, with every mix of cached versions after each
// write. Nobody whom the records pass before and after may be refused.
func TestRollout(t *testing.T) {
	kinds := map[providers.StageKind]int{}
	mixes, refused, stopped, baseline := 0, 0, 0, 0
	for seed := range uint64(*rollouts) {
		w := newWorld(t, seed)
		if n, err := rollOut(w, kinds); err != nil {
			var unsafe *providers.UnsafeError
			if !errors.As(err, &unsafe) {
				t.Fatalf("seed %d: %v", seed, err)
			}
			refused++
		} else {
			stopped += n
		}
		if w.failed > 0 {
			t.Fatalf("seed %d: a listed sender fails in %d of %d mixes\nwanted %v\npublished %v", seed, w.failed, w.mixes, w.wanted, w.published)
		}
		mixes += w.mixes
		if atOnce(newWorld(t, seed)) {
			baseline++
		}
	}
	t.Logf("%d rollouts, %d stopped half-way, %d refused as unsafe; stages %v; %d mixes of cached versions, no failure; written at once, %d of them refuse a listed sender",
		*rollouts, stopped, refused, kinds, mixes, baseline)
	if mixes < *rollouts || baseline == 0 || kinds[providers.Wait] == 0 {
		t.Error("the simulation shows nothing")
	}
}

func rollOut(w *world, kinds map[providers.StageKind]int) (stopped int, err error) {
	rollout := &providers.Rollout{Resolver: dnstest.NewZone()}
	for range 60 {
		stage, err := rollout.Next(context.Background(), w.now, w.published, w.wanted, providers.Names{Part: partName})
		if err != nil {
			return stopped, err
		}
		kinds[stage.Kind]++
		switch stage.Kind {
		case providers.Done:
			return stopped, w.done()
		case providers.Wait:
			if !stage.After.After(w.now) {
				return stopped, fmt.Errorf("it waits for the past: %v", stage)
			}
			w.now = stage.After
			w.look()
			continue
		}
		changes := slices.Clone(stage.Changes)
		w.r.Shuffle(len(changes), func(i, j int) { changes[i], changes[j] = changes[j], changes[i] })
		if len(changes) > 1 && w.r.IntN(4) == 0 {
			changes = changes[:w.r.IntN(len(changes))]
			stopped++
		}
		for _, c := range changes {
			w.write(c)
			w.look()
			w.now = w.now.Add(time.Duration(w.r.IntN(300)) * time.Second)
		}
	}
	return stopped, errors.New("it does not come to an end")
}

// done compares the policy of what is published with what was wanted, and
// that no part is left.
func (w *world) done() error {
	records := map[string][]spf.TXT{}
	for name, is := range w.published {
		for _, text := range is.Now {
			records[name] = append(records[name], spf.TXT{text})
		}
	}
	for name, want := range w.after {
		if !w.policy(name, records).Equal(want) {
			return fmt.Errorf("%s is not as wanted: %v", name, records)
		}
	}
	return nil
}

// atOnce writes everything in the order of names, and reports whether that
// refuses anyone.
func atOnce(w *world) bool {
	wanted := map[string]providers.Wanted{}
	for _, rec := range w.wanted {
		wanted[rec.Name] = rec
		if _, ok := w.published[rec.Name]; !ok {
			w.published[rec.Name] = providers.PublishedName{}
		}
	}
	for name, is := range w.published {
		w.write(providers.Change{Name: name, Old: is.Now, New: wanted[name].Text, TTL: wanted[name].TTL})
		w.look()
	}
	return w.failed > 0
}
