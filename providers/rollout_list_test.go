package providers_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"go4.org/netipx"

	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/providers/addresslist"
	"github.com/spfzone/spfzone/spf"
)

func listName(of string, number int) string {
	if number == 1 {
		return "_spf." + of
	}
	return fmt.Sprintf("_spf%d.%s", number, of)
}

var listNames = providers.Names{Part: partName, List: listName}

// listOf gives the names of prefixes, as a build does.
func listOf(prefixes []netip.Prefix) addresslist.List {
	var b netipx.IPSetBuilder
	for _, p := range prefixes {
		b.AddPrefix(p)
	}
	set, _ := b.IPSet()
	var owners []string
	for _, p := range set.Prefixes() {
		owners = append(owners, spf.AddressNames(p, "in-addr."+domain)...)
	}
	return addresslist.Of(domain, owners)
}

// listWorld is a world with address lists. What receivers hold of a list is
// every state that it was in, name by name, while somebody could ask.
type listWorld struct {
	*world
	held map[string][]providers.FormerList
}

// someBlocks gives random networks: addresses in few blocks, and the blocks.
func someBlocks(r *rand.Rand, old []netip.Prefix) (out []netip.Prefix) {
	for _, p := range old {
		if r.IntN(5) > 0 {
			out = append(out, p)
		}
	}
	for range 1 + r.IntN(7) {
		bits := []int{32, 32, 32, 24, 23, 16, 15, 8}[r.IntN(8)]
		ip := netip.AddrFrom4([4]byte{10, byte(r.IntN(2)), byte(r.IntN(3)), byte(r.IntN(5))})
		if r.IntN(8) == 0 {
			ip = netip.AddrFrom4([4]byte{11, 0, 0, byte(r.IntN(2))})
		}
		out = append(out, netip.PrefixFrom(ip, bits).Masked())
	}
	return out
}

// listTree makes the records of a random domain: its networks in its own record,
// in a part, and in up to two lists.
func listTree(r *rand.Rand, blocks []netip.Prefix, ttl time.Duration) []providers.Wanted {
	places := make([][]netip.Prefix, 4)
	lists := 1 + r.IntN(2)
	for _, p := range blocks {
		i := r.IntN(8)
		if i >= 2 {
			i = 2 + i%lists
		}
		places[i] = append(places[i], p)
	}
	terms := func(blocks []netip.Prefix) (out []string) {
		for _, p := range blocks {
			out = append(out, "ip4:"+p.String())
		}
		return out
	}
	root := terms(places[0])
	out := []providers.Wanted{{Name: domain, TTL: ttl}}
	if len(places[1]) > 0 {
		out = append(out, providers.Wanted{Name: partName(domain, 1), TTL: ttl, Of: domain, Text: record(terms(places[1]))})
		root = append(root, "include:part1.x.test")
	}
	for i, blocks := range places[2:] {
		if len(blocks) > 0 {
			name := listName(domain, i+1)
			out = append(out, providers.Wanted{Name: name, TTL: ttl, Of: domain, List: listOf(blocks)})
			root = append(root, "exists:%{ir}.%{v}."+strings.TrimSuffix(name, "."))
		}
	}
	out[0].Text = record(root)
	return out
}

// asked reports whether a receiver may ask for the addresses of a list.
func (w *listWorld) asked(name string) bool {
	for _, v := range w.world.held(w.published[domain]) {
		if v.RefersTo(name) {
			return true
		}
	}
	return false
}

const hold = time.Hour + negative // longer than any TTL

// put makes a list what it is now. Who asked before holds the answers.
func (w *listWorld) put(name string, to addresslist.List, ttl time.Duration) {
	is := w.published[name]
	l := *is.List
	if w.asked(name) || l.Asked.After(w.now) {
		former := providers.FormerList{Names: l.Names, Until: w.now.Add(hold)}
		w.held[name] = append(w.held[name], former)
	}
	l.Names, l.TTL = to, ttl
	is.List = &l
	w.published[name] = is
}

// write makes a change, a list's name by name, and stops half-way at times.
func (w *listWorld) write(c providers.Change) (stopped bool) {
	if c.List == nil {
		asked := map[string]bool{}
		for name, is := range w.published {
			asked[name] = is.List != nil && w.asked(name)
		}
		w.world.write(c)
		for name, is := range w.published {
			if asked[name] && !w.published[domain].Now.RefersTo(name) {
				l := *is.List
				l.Asked = w.now.Add(w.published[domain].TTL + hold)
				is.List = &l
				w.published[name] = is
			}
		}
		w.look()
		return false
	}
	before := w.published[c.Name].List.Names
	if !before.Equal(c.List.From) {
		w.t.Fatalf("a change of %s from %q, which holds %q", c.Name, c.List.From, before)
	}
	asked := w.asked(c.Name) || w.published[c.Name].List.Asked.After(w.now)
	if asked {
		// What the planner is told: the list before, and the one that was to be.
		defer func() {
			is := w.published[c.Name]
			l := *is.List
			l.Former = append(slices.Clone(l.Former), providers.FormerList{Names: before, Until: w.now.Add(hold)}, providers.FormerList{Names: c.List.To, Until: w.now.Add(hold)})
			is.List = &l
			w.published[c.Name] = is
		}()
	}
	stop := -1
	if w.r.IntN(4) == 0 {
		stop = w.r.IntN(6)
	}
	now := before
	for _, s := range addresslist.Steps(c.List.From, c.List.To) {
		names := slices.Concat(s.Add, s.Delete)
		w.r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		for i, name := range names {
			if stop--; stop == -1 {
				return true
			}
			one := addresslist.New(name)
			now = now.Plus(one.Minus(s.Delete)).Minus(one.Minus(s.Add))
			w.put(c.Name, now, c.TTL)
			if asked && (len(names) < 20 || i%16 == 0) {
				w.look()
			}
		}
	}
	return false
}

// look evaluates random mixes of what may be cached.
func (w *listWorld) look() {
	for range 12 {
		records, lists := map[string][]spf.TXT{}, []*spf.AddressTree{}
		for _, name := range slices.Sorted(maps.Keys(w.published)) {
			is := w.published[name]
			if is.List == nil {
				held := w.world.held(is)
				records[name] = nil
				for _, text := range held[w.r.IntN(len(held))] {
					records[name] = append(records[name], spf.TXT{text})
				}
				continue
			}
			choice := []addresslist.List{is.List.Names}
			for _, f := range w.held[name] {
				if f.Until.After(w.now) {
					choice = append(choice, f.Names)
				}
			}
			lists = append(lists, choice[w.r.IntN(len(choice))].Tree(name))
		}
		w.mixes++
		mix := w.policy(domain, records, lists...)
		need := common(w.before[domain].Set(spf.Pass), w.after[domain].Set(spf.Pass))
		if !contains(mix.Set(spf.Pass), need) || len(mix.Set(spf.PermError).Ranges()) > 0 {
			w.failed++
		}
	}
}

func treesOf(wanted []providers.Wanted) (out []*spf.AddressTree) {
	for _, w := range wanted {
		if w.List != nil {
			out = append(out, w.List.Tree(w.Name))
		}
	}
	return out
}

func newListWorld(t *testing.T, seed uint64) *listWorld {
	r := rand.New(rand.NewPCG(seed, 8))
	w := &listWorld{&world{t: t, r: r, now: time.Unix(1_800_000_000, 0), published: providers.Published{}}, map[string][]providers.FormerList{}}
	for number := 1; number <= 8; number++ {
		w.published[listName(domain, number)] = providers.PublishedName{List: &providers.PublishedList{}}
	}
	ttls := []time.Duration{time.Duration(5+r.IntN(50)) * time.Minute, time.Duration(5+r.IntN(50)) * time.Minute}
	if r.IntN(3) > 0 {
		ttls[1] = ttls[0]
	}
	blocks := someBlocks(r, nil)
	old := listTree(r, blocks, ttls[0])
	for _, rec := range old {
		w.published[rec.Name] = providers.PublishedName{Now: providers.Version{rec.Text}, TTL: rec.TTL}
		if rec.List != nil {
			w.published[rec.Name] = providers.PublishedName{List: &providers.PublishedList{Names: rec.List, TTL: rec.TTL}}
		}
	}
	w.want(listTree(r, someBlocks(r, blocks), ttls[1]))
	return w
}

func (w *listWorld) want(wanted []providers.Wanted) {
	records, lists := map[string][]spf.TXT{}, []*spf.AddressTree{}
	for name, is := range w.published {
		if is.List != nil {
			lists = append(lists, is.List.Names.Tree(name))
		} else if len(is.Now) > 0 {
			records[name] = []spf.TXT{{is.Now[0]}}
		}
	}
	w.wanted = wanted
	w.before = map[string]*spf.Policy{domain: w.policy(domain, records, lists...)}
	w.after = map[string]*spf.Policy{domain: w.policy(domain, recordsOf(wanted), treesOf(wanted)...)}
}

// TestRolloutOfLists rolls out random changes of domains with address lists,
// name by name, some of them stopped half-way, with random mixes of cached answers
// after each.
func TestRolloutOfLists(t *testing.T) {
	kinds := map[providers.StageKind]int{}
	mixes, stopped, baseline, kept, written, unsafe := 0, 0, 0, 0, 0, 0
	for seed := range uint64(*rollouts) / 2 {
		w := newListWorld(t, seed)
		n, names, err := w.rollOut(kinds)
		var refusal *providers.UnsafeError
		if errors.As(err, &refusal) {
			unsafe++
		} else if err != nil {
			t.Fatalf("seed %d: %v\nwanted %v", seed, err, w.wanted)
		}
		if w.failed > 0 {
			t.Fatalf("seed %d: a listed sender fails in %d of %d mixes\nwanted %v", seed, w.failed, w.mixes, w.wanted)
		}
		stopped, mixes, written = stopped+n, mixes+w.mixes, written+names
		for _, rec := range w.wanted {
			kept += len(rec.List)
		}
		if newListWorld(t, seed).atOnce() {
			baseline++
		}
	}
	t.Logf("%d rollouts, %d stopped half-way, %d refused as unsafe; stages %v; %d names written, of lists with %d; %d mixes of cached answers, no failure; written at once, %d of them refuse a listed sender",
		*rollouts/2, stopped, unsafe, kinds, written, kept, mixes, baseline)
	if mixes < *rollouts || baseline == 0 || stopped == 0 || unsafe > *rollouts/20 {
		t.Error("the simulation shows nothing")
	}
}

func (w *listWorld) rollOut(kinds map[providers.StageKind]int) (stopped, names int, err error) {
	rollout := &providers.Rollout{Resolver: dnstest.NewZone()}
	for range 60 {
		stage, err := rollout.Next(context.Background(), w.now, w.published, w.wanted, listNames)
		if err != nil {
			return stopped, names, err
		}
		kinds[stage.Kind]++
		switch stage.Kind {
		case providers.Done:
			return stopped, names, w.done()
		case providers.Wait:
			w.now = stage.After
			w.look()
			continue
		}
		changes := slices.Clone(stage.Changes)
		w.r.Shuffle(len(changes), func(i, j int) { changes[i], changes[j] = changes[j], changes[i] })
		for _, c := range changes {
			if c.List != nil {
				names += len(c.List.From.Minus(c.List.To)) + len(c.List.To.Minus(c.List.From))
			}
			if w.write(c) {
				stopped++
				break
			}
			w.now = w.now.Add(time.Duration(w.r.IntN(300)) * time.Second)
		}
	}
	return stopped, names, errors.New("it does not come to an end")
}

// done compares what is published with what was wanted, and that no list is left.
func (w *listWorld) done() error {
	wanted := w.wanted
	w.want(nil)
	if !w.before[domain].Equal(w.policy(domain, recordsOf(wanted), treesOf(wanted)...)) {
		return fmt.Errorf("it is not as wanted: %v", w.published)
	}
	lists := 0
	for _, is := range w.published {
		if is.List != nil && len(is.List.Names) > 0 {
			lists++
		}
	}
	if lists != len(treesOf(wanted)) {
		return fmt.Errorf("%d lists, wanted %d", lists, len(treesOf(wanted)))
	}
	w.wanted = wanted
	return nil
}

// atOnce writes everything in random order, and reports whether that refuses
// anyone.
func (w *listWorld) atOnce() bool {
	wanted := map[string]providers.Wanted{}
	for _, rec := range w.wanted {
		wanted[rec.Name] = rec
		if _, ok := w.published[rec.Name]; !ok {
			w.published[rec.Name] = providers.PublishedName{}
		}
	}
	for name, is := range w.published {
		if is.List == nil {
			w.write(providers.Change{Name: name, Old: is.Now, New: wanted[name].Text, TTL: wanted[name].TTL})
			continue
		}
		to := wanted[name].List
		names := slices.Concat(to.Minus(is.List.Names), is.List.Names.Minus(to))
		w.r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		for i, n := range names {
			one, now := addresslist.New(n), w.published[name].List.Names
			w.put(name, now.Plus(one.Minus(now)).Minus(one.Minus(to)), time.Minute)
			if i < 20 || i%16 == 0 {
				w.look()
			}
		}
	}
	return w.failed > 0
}
