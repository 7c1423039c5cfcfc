package push_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go4.org/netipx"

	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/providers/journal"
	"github.com/spfzone/spfzone/providers/push"
	"github.com/spfzone/spfzone/providers/txt"
	"github.com/spfzone/spfzone/spf"
)

const (
	domain   = "x.test."
	negative = 300 * time.Second
)

var siblings = []txt.Record{{Strings: []string{"google-site-verification=abc"}}, {Strings: []string{"h\xc3\xa9 \xff\x00\"\\", ""}}}

// world is a zone at a primary server and a secondary, whose writer fails as it
// is told, and everything that receivers may have cached of it.
type world struct {
	t    *testing.T
	r    *rand.Rand
	now  time.Time
	dir  string
	sets map[string]txt.RRset   // at the primary
	past map[string][]published // with the present, the latest last

	before, after *spf.Policy // between which every mix must be
	earlier       []earlier   // changes that receivers may not know of yet
	pending       fault       // of the next write
	lag           time.Duration
	full          bool      // the disk of the journal
	wild          txt.RRset // of a wildcard
	writes        int
	mixes         int
	lists         map[string]*worldList
}

// published is an RRset with the time at which it was replaced.
type published struct {
	set   txt.RRset
	until time.Time // zero for the present one
	asked bool      // somebody may have asked for it before it was replaced
}

// earlier is a policy that was replaced some time ago.
type earlier struct {
	pass  *netipx.IPSet
	until time.Time // no receiver knows it any more
}

// change begins a change to other records.
func (w *world) change(wanted []providers.Wanted) {
	if w.before != nil {
		w.earlier = append(w.earlier, earlier{w.before.Set(spf.Pass), w.now.Add(20 * time.Minute)}) // more than every TTL
	}
	w.before, w.after = w.policyOf(w.texts(), w.trees()...), w.policyOf(wantedTexts(wanted), wantedTrees(wanted)...)
}

// fault is how a write goes wrong.
type fault int

const (
	none fault = iota
	killedBefore
	killedAfter
	lostResponse
	refused
	unknown
	otherSibling
	otherTTL
	diskFull
	faults
)

func (f fault) String() string {
	return [...]string{"none", "killed before the write", "killed after it", "lost response", "refused", "failed", "a sibling added by others", "TTL changed by others", "disk full"}[f]
}

// killed is what a program that is killed does next.
type killed struct{}

var errFailed = errors.New("the server fails")

func newWorld(t *testing.T, seed uint64) *world {
	return &world{
		t: t, r: rand.New(rand.NewPCG(seed, 11)), now: time.Unix(1_800_000_000, 0), dir: t.TempDir(),
		sets: map[string]txt.RRset{}, past: map[string][]published{}, lists: map[string]*worldList{},
	}
}

// set changes a name at the primary.
func (w *world) set(name string, to txt.RRset) {
	if len(to.SPF()) > 1 {
		w.t.Errorf("%s has %d SPF records", name, len(to.SPF()))
	}
	past := w.past[name]
	if len(past) == 0 {
		past = []published{{set: txt.RRset{}}}
	}
	past[len(past)-1].until, past[len(past)-1].asked = w.now, w.asked(name)
	w.past[name] = append(past, published{set: to})
	w.sets[name] = to
}

// Name implements push.Publisher.
func (w *world) Name() string { return "fake" }

// Read implements push.Publisher.
func (w *world) Read(_ context.Context, zone, name string) (txt.RRset, error) {
	if zone != domain {
		w.t.Errorf("the zone %s is read", zone)
	}
	return w.sets[name], nil
}

// Attainable implements push.Publisher.
func (w *world) Attainable(_, new txt.RRset) txt.RRset { return new }

// Try implements push.Publisher.
func (w *world) Try(context.Context, string, string, txt.RRset, txt.RRset) error { return nil }

// Serve implements push.Publisher.
func (w *world) Serve(context.Context, string) (bool, error) { return false, nil }

// Manual implements push.Publisher.
func (w *world) Manual() string { return "" }

// Replace implements push.Publisher.
func (w *world) Replace(_ context.Context, _, name string, old, new txt.RRset) error {
	f := w.pending
	w.pending = none
	fail := func(cause error, s providers.State) error {
		return &providers.Error{Provider: "fake", Name: name, Verb: "replacing", Cause: cause, State: s}
	}
	switch f {
	case killedBefore:
		panic(killed{})
	case refused:
		return fail(errFailed, providers.Unchanged)
	case unknown:
		return fail(errFailed, providers.Unknown)
	case otherSibling:
		set := w.sets[name]
		set.Records = append(slices.Clone(set.Records), txt.Record{Strings: []string{fmt.Sprint("added ", w.writes)}})
		set.TTL = max(set.TTL, 60)
		w.set(name, set)
	case otherTTL:
		if set := w.sets[name]; len(set.Records) > 0 {
			set.TTL++
			w.set(name, set)
		}
	}
	if !w.sets[name].Equal(old) {
		return fail(providers.ErrConflict, providers.Unchanged)
	}
	w.writes++
	w.set(name, new)
	w.look()
	switch f {
	case killedAfter:
		panic(killed{})
	case lostResponse:
		return fail(errFailed, providers.Unknown)
	}
	return nil
}

// server is one of the two.
type server struct {
	w         *world
	secondary bool
}

func (s server) String() string { return map[bool]string{false: "ns1", true: "ns2"}[s.secondary] }

// TXT implements push.Server: the secondary is behind.
func (s server) TXT(_ context.Context, name string, _ bool) (push.Answer, error) {
	set := s.w.sets[name]
	if past := s.w.past[name]; s.secondary && len(past) > 1 && s.w.now.Before(past[len(past)-2].until.Add(s.w.lag)) {
		set = past[len(past)-2].set
	}
	if len(set.Records) == 0 {
		set = s.w.wild
	}
	return push.Answer{Set: set, NXDomain: len(set.Records) == 0}, nil
}

// Serial implements push.Server: the secondary is at the former one as long as it
// is behind with any name.
func (s server) Serial(context.Context, string) (uint32, error) {
	serial := uint32(0)
	for _, past := range s.w.past {
		serial += uint32(len(past))
		if s.secondary && len(past) > 1 && s.w.now.Before(past[len(past)-2].until.Add(s.w.lag)) {
			serial--
		}
	}
	return serial, nil
}

// held gives the versions of a name that receivers may hold: what any server
// had within its TTL.
func (w *world) held(name string) []txt.RRset {
	var out []txt.RRset
	for _, p := range w.past[name] {
		ttl := time.Duration(p.set.TTL) * time.Second
		if len(p.set.Records) == 0 {
			ttl = negative
			if !p.until.IsZero() && !p.asked {
				continue
			}
		}
		if p.until.IsZero() || p.until.Add(ttl+w.lag).After(w.now) {
			out = append(out, p.set)
		}
	}
	return out
}

// asked reports whether anybody asks for a name of his own accord, or because a
// record says so.
func (w *world) asked(name string) bool {
	if name == domain {
		return true
	}
	for other := range w.past {
		if other == name {
			continue
		}
		for _, set := range w.held2(other) {
			for _, r := range set.SPF() {
				if strings.Contains(r.Text(), "include:"+strings.TrimSuffix(name, ".")+" ") {
					return true
				}
			}
		}
	}
	return false
}

// held2 is held for names that hold includes, which are asked for always.
func (w *world) held2(name string) []txt.RRset {
	if name != domain {
		return nil
	}
	return w.held(name)
}

// look evaluates mixes of what may be cached.
func (w *world) look() {
	if w.before == nil {
		return
	}
	need := intersection(w.before.Set(spf.Pass), w.after.Set(spf.Pass))
	for _, e := range w.earlier {
		if e.until.After(w.now) {
			need = intersection(need, e.pass)
		}
	}
	names := slices.Sorted(maps.Keys(w.past))
	for range 12 {
		records := map[string][]spf.TXT{}
		for _, name := range names {
			records[name] = nil
			held := w.held(name)
			if len(held) == 0 {
				continue
			}
			for _, r := range held[w.r.IntN(len(held))].Records {
				records[name] = append(records[name], r.Strings)
			}
		}
		p := w.policyOf(records, w.heldTrees()...)
		w.mixes++
		if lost := minus(need, p.Set(spf.Pass)); len(lost.Ranges()) > 0 || len(p.Prefixes(spf.PermError)) > 0 {
			w.t.Fatalf("a receiver that holds %q fails %v, permerror %v", records, lost.Prefixes(), p.Prefixes(spf.PermError))
		}
	}
}

func (w *world) policyOf(records map[string][]spf.TXT, lists ...*spf.AddressTree) *spf.Policy {
	c := &spf.Checker{Resolver: &spf.Overlay{Base: dnstest.NewZone(), TXT: records, Trees: lists}}
	p, err := c.Policy(context.Background(), domain)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) texts() map[string][]spf.TXT {
	records := map[string][]spf.TXT{}
	for name, set := range w.sets {
		records[name] = nil
		for _, r := range set.Records {
			records[name] = append(records[name], r.Strings)
		}
	}
	return records
}

func wantedTexts(wanted []providers.Wanted) map[string][]spf.TXT {
	records := map[string][]spf.TXT{}
	for _, w := range wanted {
		if w.List == nil {
			records[w.Name] = []spf.TXT{{w.Text}}
		}
	}
	return records
}

func intersection(a, b *netipx.IPSet) *netipx.IPSet {
	var s netipx.IPSetBuilder
	s.AddSet(a)
	s.Intersect(b)
	set, _ := s.IPSet()
	return set
}

func minus(a, b *netipx.IPSet) *netipx.IPSet {
	var s netipx.IPSetBuilder
	s.AddSet(a)
	s.RemoveSet(b)
	set, _ := s.IPSet()
	return set
}

func partName(of string, number int) string { return fmt.Sprintf("part%d.%s", number, of) }

// push gives a new program, which knows nothing but the journal.
func (w *world) push(wanted []providers.Wanted) *push.Push {
	j, err := journal.Open(w.dir, func(path string, data []byte) error {
		if w.full {
			return errors.New("no space left on device")
		}
		return os.WriteFile(path, data, 0o644)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	z := &push.Zone{Name: domain, Negative: negative, Servers: []push.Server{server{w, false}, server{w, true}}}
	return &push.Push{
		Domain: domain, Wanted: wanted, Publisher: w, Journal: j,
		Rollout:  providers.Rollout{Resolver: dnstest.NewZone()},
		PartName: partName, ListName: listName, Reserved: func(string) bool { return false },
		ZoneOf: func(context.Context, string) (*push.Zone, error) { return z, nil },
		Now:    func() time.Time { return w.now },
		Sleep: func(ctx context.Context, d time.Duration) error {
			w.now = w.now.Add(d)
			return ctx.Err()
		},
		Patience: time.Minute, Report: func(string, ...any) {},
	}
}

// run pushes until there is nothing more to do, or it is killed or fails.
func (w *world) run(p *push.Push) (done bool, err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(killed); !ok {
				panic(r)
			}
		}
	}()
	for range 100 {
		step, err := p.Next(w.t.Context())
		if err != nil {
			return false, err
		}
		switch step.Stage.Kind {
		case providers.Done:
			return true, nil
		case providers.Wait:
			w.now = step.Stage.After
			w.look()
			continue
		}
		if err := p.Do(w.t.Context(), step); err != nil {
			return false, err
		}
		w.now = w.now.Add(time.Duration(w.r.IntN(90)) * time.Second)
		w.look()
	}
	return false, errors.New("it does not come to an end")
}
