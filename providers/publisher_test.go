package providers

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/providers/txt"
)

// memory is a Swapper that keeps one RRset, and does what a test wants.
type memory struct {
	set     txt.RRset
	reads   int
	failing func(read int) error                 // of the nth read, from 1
	swap    func(m *memory, new txt.RRset) error // what replacing does
}

func (m *memory) ReadTXT(context.Context, string, string) (txt.RRset, error) {
	m.reads++
	if m.failing != nil {
		if err := m.failing(m.reads); err != nil {
			return txt.RRset{}, err
		}
	}
	return m.set, nil
}

func (m *memory) ReplaceTXT(_ context.Context, _, _ string, _, new txt.RRset) error {
	return m.swap(m, new)
}

func publisherOf(m *memory, s Strategy) *Publisher {
	return &Publisher{name: "p", strategy: s, backend: native{m}, scrub: newScrubber(nil), pause: noPause}
}

func rrset(ttl uint32, r ...txt.Record) txt.RRset { return txt.RRset{TTL: ttl, Records: r} }

var swapper = Strategy{Alone: CompareAndSwap, Beside: CompareAndSwap}

func TestReplaceRefuses(t *testing.T) {
	old := rrset(300, rec("a"), rec(oldSPF))
	tests := []struct {
		name, zone, at string
		old, new       txt.RRset
		strategy       Strategy
		want           string
		cause          error
	}{
		{"a sibling changes", testZone, apex, old, rrset(300, rec("b"), rec(newSPF)), swapper,
			"the change cannot be made safely: records other than SPF records differ; nothing was changed", ErrUnsafe},
		{"a sibling in other strings", testZone, apex, old, rrset(300, rec("a", ""), rec(newSPF)), swapper,
			"the change cannot be made safely: records other than SPF records differ; nothing was changed", ErrUnsafe},
		{"two SPF records", testZone, apex, old, rrset(300, rec("a"), rec(oldSPF), rec(newSPF)), swapper,
			"the change cannot be made safely: it would leave 2 SPF records, where one may stand (RFC 7208, Section 4.5); nothing was changed", ErrUnsafe},
		{"a TTL that cannot be had", testZone, apex, old, old.With(newSPF, 60), Strategy{Alone: CompareAndSwap, Beside: CompareAndSwap, TTL: TTLs{Least: 3600}},
			"the change cannot be made safely: the provider does not publish the TTL 60 here, but 3600; nothing was changed", ErrUnsafe},
		{"siblings at risk", testZone, apex, old, old.With(newSPF, 300), Strategy{Alone: SetRRset, Why: "it would"},
			"other TXT records at the name would be at risk: it would; nothing was changed", ErrSiblings},
		{"never", testZone, apex, old, old.With(newSPF, 300), Strategy{Why: "it would"},
			"the change cannot be made safely: it would; nothing was changed", ErrUnsafe},
		{"outside the zone", testZone, "notexample.test.", old, old.With(newSPF, 300), swapper,
			"notexample.test. is not within the zone example.test.; nothing was changed", nil},
		{"relative", testZone, "part1", old, old.With(newSPF, 300), swapper,
			`"part1" in the zone "example.test.": both have to be absolute; nothing was changed`, nil},
		{"somebody was here", testZone, apex, rrset(300, rec("a"), rec("v=spf1 a")), old.With(newSPF, 300), swapper,
			"the records are not what was read; nothing was changed, as somebody else changed them meanwhile: run it again", ErrConflict},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := &memory{set: old, swap: func(*memory, txt.RRset) error { t.Error("it was written"); return nil }}
			err := publisherOf(m, tt.strategy).Replace(t.Context(), tt.zone, tt.at, tt.old, tt.new)
			want := "provider p: replacing the TXT records of " + tt.at + ": " + tt.want
			if err == nil || err.Error() != want {
				t.Errorf("\n got %v\nwant %s", err, want)
			}
			if tt.cause != nil && !errors.Is(err, tt.cause) {
				t.Errorf("%v is not %v", err, tt.cause)
			}
		})
	}
}

func TestReplaceBelievesWhatItReads(t *testing.T) {
	old := rrset(300, rec("a"), rec(oldSPF))
	new := old.With(newSPF, 300)
	down := errors.New("the server is down")
	later := func(n int) func(int) error {
		return func(read int) error {
			if read > 1 && read <= n {
				return down
			}
			return nil
		}
	}
	tests := []struct {
		name    string
		swap    func(m *memory, new txt.RRset) error
		failing func(int) error
		want    string
		state   State
	}{
		{"done", func(m *memory, n txt.RRset) error { m.set = n; return nil }, nil, "", Unchanged},
		{"done, and called a failure", func(m *memory, n txt.RRset) error { m.set = n; return down }, nil, "", Unchanged},
		{"done in other strings", func(m *memory, n txt.RRset) error {
			m.set = rrset(300, rec("a"), rec("v=spf1 ", newSPF[7:]))
			return nil
		}, nil, "", Unchanged},
		{"done, and seen after some time", func(m *memory, n txt.RRset) error { m.set = n; return nil }, later(4), "", Unchanged},
		{"not done, and called a success", func(*memory, txt.RRset) error { return nil }, nil,
			"the provider says that it is done, but what is read back differs; nothing was changed", Unchanged},
		{"not done", func(*memory, txt.RRset) error { return down }, nil, "the server is down; nothing was changed", Unchanged},
		{"a conflict", func(m *memory, _ txt.RRset) error {
			m.set = rrset(300, rec("c"))
			return ErrConflict
		}, nil, "the records are not what was read; nothing was changed, as somebody else changed them meanwhile: run it again", Unchanged},
		{"done, and replaced by others", func(m *memory, n txt.RRset) error {
			m.set = n.With("v=spf1 a -all", 300)
			return nil
		}, nil, "the provider says that it is done, but what is read back differs; others have written since: the records are not what was read; 2 TXT records stand there now, of which 1 are SPF records", Unknown},
		{"done, called a failure, and replaced by others", func(m *memory, n txt.RRset) error {
			m.set = n.With("v=spf1 a -all", 300)
			return down
		}, nil, "the server is down; others have written since: the records are not what was read; 2 TXT records stand there now, of which 1 are SPF records", Unknown},
		{"a sibling lost", func(m *memory, _ txt.RRset) error { m.set = rrset(300, rec(newSPF)); return nil }, nil,
			"the provider says that it is done, but what is read back differs; 1 TXT records stand there now, of which 1 are SPF records", Unknown},
		{"a sibling changed", func(m *memory, _ txt.RRset) error { m.set = rrset(300, rec("", "a"), rec(newSPF)); return nil }, nil,
			"the provider says that it is done, but what is read back differs; 2 TXT records stand there now, of which 1 are SPF records", Unknown},
		{"not to be seen", func(m *memory, n txt.RRset) error { m.set = n; return nil }, later(99),
			"reading it back: the server is down; what stands there now is not known", Unknown},
		{"a panic", func(*memory, txt.RRset) error { panic("index out of range") }, nil,
			"the provider's module panicked: index out of range; nothing was changed", Unchanged},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := &memory{set: old, swap: tt.swap, failing: tt.failing}
			err := publisherOf(m, swapper).Replace(t.Context(), testZone, apex, old, new)
			got, state := "", Unchanged
			var e *Error
			if errors.As(err, &e) {
				got, state = strings.TrimPrefix(e.Error(), "provider p: replacing the TXT records of example.test.: "), e.State
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || state != tt.state {
				t.Errorf("state %v, error %s", state, diff)
			}
		})
	}
}

// A change that was under way when the caller's context ended is looked after
// to the end.
func TestReplaceLooksAfterTheContextHasEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	old := rrset(300, rec(oldSPF))
	m := &memory{set: old, swap: func(m *memory, n txt.RRset) error { m.set = n; cancel(); return ctx.Err() }}
	if err := publisherOf(m, swapper).Replace(ctx, testZone, apex, old, old.With(newSPF, 300)); err != nil {
		t.Error(err)
	}
	m.set = old
	if err := publisherOf(m, swapper).Replace(ctx, testZone, apex, old, old.With(newSPF, 300)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestAttainable(t *testing.T) {
	lone, pair := rrset(3600, rec(oldSPF)), rrset(3600, rec("a"), rec(oldSPF))
	appending := func(ttl TTLs) Strategy { return Strategy{Alone: AppendDelete, Beside: AppendDelete, TTL: ttl} }
	tests := []struct {
		name     string
		strategy Strategy
		old      txt.RRset
		text     string
		ttl      uint32
		want     uint32
	}{
		{"any", swapper, pair, newSPF, 60, 60},
		{"least", Strategy{Alone: SetRRset, TTL: TTLs{Least: 300}}, lone, newSPF, 60, 300},
		{"most", Strategy{Alone: SetRRset, TTL: TTLs{Most: 86400}}, lone, newSPF, 604800, 86400},
		{"RFC 2181, Section 8", swapper, lone, newSPF, 1<<32 - 1, 1<<31 - 1},
		{"a step up", Strategy{Alone: SetRRset, TTL: TTLs{Steps: []uint32{60, 300}}}, lone, newSPF, 61, 300},
		{"the last step", Strategy{Alone: SetRRset, TTL: TTLs{Steps: []uint32{60, 300}}}, lone, newSPF, 9999, 300},
		{"what stands is kept", Strategy{Alone: SetRRset, TTL: TTLs{Least: 7200}}, lone, newSPF, 3600, 3600},
		{"with the text", appending(TTLs{}), pair, newSPF, 60, 60},
		{"without the text", appending(TTLs{}), pair, oldSPF, 60, 3600},
		{"without the text, by adding again", appending(TTLs{Again: true}), pair, oldSPF, 60, 60},
		{"stiff", Strategy{Alone: SetRRset, TTL: TTLs{Stiff: true}}, lone, oldSPF, 60, 3600},
		{"that of the others", appending(TTLs{Shared: true, Kept: true}), pair, newSPF, 60, 3600},
		{"the zone's", Strategy{Alone: SetRRset, TTL: TTLs{Zone: true}}, lone, newSPF, 60, 3600},
		{"nothing there yet", appending(TTLs{Kept: true, Least: 300}), txt.RRset{}, newSPF, 60, 300},
		{"nothing left", swapper, lone, "", 60, 0},
		{"siblings left", appending(TTLs{}), pair, "", 60, 3600},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := publisherOf(&memory{}, tt.strategy).Attainable(tt.old, tt.old.With(tt.text, tt.ttl))
			if got.TTL != tt.want {
				t.Errorf("got %d, want %d", got.TTL, tt.want)
			}
		})
	}
}

// A module that reads the first page of a zone only is not trusted with a zone
// that fills it.
func TestPages(t *testing.T) {
	for _, v := range vendorFakes() {
		if v.kind != "dnsimple" {
			continue
		}
		s, p := v.start(t)
		for range 35 {
			s.add("www", "A", maxTTL, "192.0.2.1")
		}
		_, err := p.Read(t.Context(), testZone, apex)
		const want = "provider test: reading the TXT records of example.test.: the change cannot be made safely: the module reads 30 entries of a zone at most, and just as many came, so that some may be missing"
		if err == nil || err.Error() != want {
			t.Errorf("got %v\nwant %s", err, want)
		}
		return
	}
	t.Error("no module was tried")
}

func TestDescribe(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range Describe() {
		if seen[d.Type] || d.Doc == "" || len(d.Fields) == 0 || len(d.Guarantees) == 0 {
			t.Errorf("%s is there twice, or says too little", d.Type)
		}
		seen[d.Type] = true
		refuses := d.Strategy.Alone == Refuse || d.Strategy.Beside == Refuse
		if refuses && d.Strategy.Why == "" {
			t.Errorf("%s refuses without saying why", d.Type)
		}
		if l := d.Strategy.Lists; (l.Most == 0) != (l.Why != "") {
			t.Errorf("%s takes %d names of a list, as %q", d.Type, l.Most, l.Why)
		}
		for _, g := range d.Guarantees {
			if !strings.HasSuffix(g, ".") {
				t.Errorf("%s: %q is no sentence", d.Type, g)
			}
		}
	}
	if want := 21 + len(heavyFakes()); len(seen) != want {
		t.Errorf("%d types, want %d", len(seen), want)
	}
	want := []string{
		"An SPF record alone at its name: replaced at one moment; a change that others make in the moment before it is lost.",
		"Beside other TXT records: the new record is added, then the old one deleted; for the moment between both are published.",
		"Address lists: names are added and deleted one by one.",
		"The TTL is at least 60 s.",
	}
	for _, d := range Describe() {
		if diff := cmp.Diff(want, d.Guarantees); d.Type == "cloudflare" && diff != "" {
			t.Error(diff)
		}
	}
}
