package push_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/providers/journal"
	"github.com/spfzone/spfzone/providers/push"
	"github.com/spfzone/spfzone/providers/txt"
)

// vandal makes the write that it is told and, with the one of a certain name,
// another at another name, which nobody asked for.
type vandal struct {
	*world
	with, at, text string
}

func (v *vandal) Replace(ctx context.Context, zone, name string, old, new txt.RRset) error {
	err := v.world.Replace(ctx, zone, name, old, new)
	if name == v.with {
		v.world.set(v.at, v.world.sets[v.at].With(v.text, 60))
	}
	return err
}

// liar is a server that answers for some name what is not there, by UDP, by TCP
// or both.
type liar struct {
	push.Server
	w        *world
	since    string // the text of the domain's record from which on it lies
	at, text string
	udp, tcp bool
}

func (l liar) TXT(ctx context.Context, name string, tcp bool) (push.Answer, error) {
	a, err := l.Server.TXT(ctx, name, tcp)
	now := l.w.sets[domain].SPF()
	if name == l.at && (tcp && l.tcp || !tcp && l.udp) && len(now) == 1 && now[0].Text() == l.since {
		a.Set = a.Set.With(l.text, a.Set.TTL)
	}
	return a, err
}

const (
	oldRoot  = "v=spf1 ip4:10.0.1.0/24 include:part1.x.test -all"
	newRoot  = "v=spf1 ip4:10.0.1.0/24 ip4:10.0.3.0/24 include:part1.x.test -all"
	part     = "v=spf1 ip4:10.0.20.0/24 ip4:10.0.30.128 -all"
	cut      = "v=spf1 ip4:10.0.20.0/24 ip4:10.0.30.12  -all" // as long, and short of a digit
	tooEarly = "v=spf1 -all"
)

// What every server has is what was written, octet by octet, and yet the record
// says something else.
func TestPolicyThatDiffersIsPutBack(t *testing.T) {
	tests := []struct {
		name   string
		vandal vandal
		liar   liar
		want   string
		stands string // in the end, at part1
	}{
		{"a part is cut off by the same length", vandal{with: domain, at: "part1.x.test.", text: cut}, liar{},
			`x.test: as ns1 by UDP answers, the record of x.test does not say what it is to: [10.0.30.12/32] get pass and were to get fail; [10.0.30.128/32] get fail and were to get pass; mail is refused that both the old and the new records let through, from [10.0.30.128/32]; what was there before is there again`, cut},
		{"a part is broken", vandal{with: domain, at: "part1.x.test.", text: "v=spf1 ip4:10.0.20.0/240 ip4:10.0.30.128 -all"}, liar{},
			`x.test: as ns1 by UDP answers, the record of x.test does not say what it is to: [0.0.0.0/5 8.0.0.0/7 10.0.0.0/24 10.0.2.0/24] and 34 more get permerror and were to get fail; [10.0.20.0/24 10.0.30.128/32] get permerror and were to get pass; mail is refused that both the old and the new records let through, from [10.0.20.0/24 10.0.30.128/32]; what was there before is there again`,
			"v=spf1 ip4:10.0.20.0/240 ip4:10.0.30.128 -all"},
		{"a part vanishes", vandal{with: domain, at: "part1.x.test.", text: ""}, liar{},
			`x.test: as ns1 by UDP answers, the record of x.test does not say what it is to: [0.0.0.0/5 8.0.0.0/7 10.0.0.0/24 10.0.2.0/24] and 34 more get permerror and were to get fail; [10.0.20.0/24 10.0.30.128/32] get permerror and were to get pass; mail is refused that both the old and the new records let through, from [10.0.20.0/24 10.0.30.128/32]; what was there before is there again`, ""},
		{"a secondary has another part", vandal{}, liar{at: "part1.x.test.", text: cut, udp: true, tcp: true},
			`x.test: as ns2 by UDP answers, the record of x.test does not say what it is to: [10.0.30.12/32] get pass and were to get fail; [10.0.30.128/32] get fail and were to get pass; mail is refused that both the old and the new records let through, from [10.0.30.128/32]; what was there before is there again`, part},
		{"by TCP only", vandal{}, liar{at: "part1.x.test.", text: cut, tcp: true},
			`x.test: as ns2 by TCP answers, the record of x.test does not say what it is to: [10.0.30.12/32] get pass and were to get fail; [10.0.30.128/32] get fail and were to get pass; mail is refused that both the old and the new records let through, from [10.0.30.128/32]; what was there before is there again`, part},
		{"more is let through than was to be", vandal{with: domain, at: "part1.x.test.", text: "v=spf1 ip4:10.0.20.0/24 ip4:10.0.30.128 +all"}, liar{},
			`x.test: as ns1 by UDP answers, the record of x.test does not say what it is to: [0.0.0.0/5 8.0.0.0/7 10.0.0.0/24 10.0.2.0/24] and 34 more get pass and were to get fail; what was there before is there again`,
			"v=spf1 ip4:10.0.20.0/24 ip4:10.0.30.128 +all"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, 1)
			w.mustRun(withPart(oldRoot, part))
			p := w.push(withPart(newRoot, part))
			tt.vandal.world = w
			p.Publisher = &tt.vandal
			if tt.liar.at != "" {
				zoneOf := p.ZoneOf
				p.ZoneOf = func(ctx context.Context, name string) (*push.Zone, error) {
					z, err := zoneOf(ctx, name)
					lying := *z
					tt.liar.Server, tt.liar.w, tt.liar.since = server{w, true}, w, newRoot
					lying.Servers = []push.Server{z.Servers[0], tt.liar}
					return &lying, err
				}
			}
			_, err := w.run(p)
			var policy *push.PolicyError
			var restored *push.RestoredError
			if !errors.As(err, &policy) || !errors.As(err, &restored) || err.Error() != tt.want {
				t.Fatalf("error %v\nwant  %s", err, tt.want)
			}
			if got := w.sets[domain].SPF()[0].Text(); got != oldRoot {
				t.Errorf("%q stands there", got)
			}
			var text []string
			for _, r := range w.sets["part1.x.test."].SPF() {
				text = append(text, r.Text())
			}
			if got := strings.Join(text, " and "); got != tt.stands {
				t.Errorf("%q stands at the part, want %q", got, tt.stands)
			}
			entries := p.Journal.Entries(domain)
			if last := entries[len(entries)-1]; last.Outcome != journal.Restored || last.Error == "" {
				t.Errorf("the journal says %s %q", last.Outcome, last.Error)
			}
			w.mustRun(withPart(newRoot, part))
			w.before, w.after = nil, w.policyOf(wantedTexts(withPart(newRoot, part)))
			if !w.policyOf(w.texts()).Equal(w.after) {
				t.Errorf("after another push: %v", w.texts())
			}
		})
	}
}

// The records are evaluated after each write, not only at the end: the vandal
// comes with the first of two parts.
func TestPolicyIsComparedAfterEachWrite(t *testing.T) {
	w := newWorld(t, 1)
	w.mustRun(one("v=spf1 ip4:10.0.1.0/24 -all"))
	wanted := append(withPart("v=spf1 include:part1.x.test include:part2.x.test -all", "v=spf1 ip4:10.0.1.0/24 -all"),
		providers.Wanted{Name: "part2.x.test.", Of: domain, TTL: w.push(nil).Patience, Text: "v=spf1 ip4:10.0.2.0/24 -all"})
	p := w.push(wanted)
	p.Publisher = &vandal{w, "part1.x.test.", domain, tooEarly}
	writes := w.writes
	_, err := w.run(p)
	const want = `part1.x.test: as ns1 by UDP answers, the record of x.test does not say what it is to: [10.0.1.0/24] get fail and were to get pass; mail is refused that both the old and the new records let through, from [10.0.1.0/24]; what was there before is there again`
	if err == nil || err.Error() != want {
		t.Errorf("error %v\nwant  %s", err, want)
	}
	if n := w.writes - writes; n != 2 {
		t.Errorf("%d writes, want the part and its removal", n)
	}
	if len(w.sets["part1.x.test."].Records)+len(w.sets["part2.x.test."].Records) > 0 {
		t.Error("a part is left")
	}
}

// A policy that cannot be read is no reason to take anything back.
func TestPolicyThatCannotBeRead(t *testing.T) {
	w := newWorld(t, 1)
	w.mustRun(withPart(oldRoot, part))
	p := w.push(withPart(newRoot, part))
	zoneOf := p.ZoneOf
	p.ZoneOf = func(ctx context.Context, name string) (*push.Zone, error) {
		z, err := zoneOf(ctx, name)
		failing := *z
		failing.Servers = []push.Server{mute{server{w, false}, w}}
		return &failing, err
	}
	_, err := w.run(p)
	const want = `x.test is written, but x.test: a lookup fails, so that what its record says is not known for 0.0.0.0/5: try again; run it again later`
	if err == nil || err.Error() != want {
		t.Errorf("error %v\nwant  %s", err, want)
	}
	if got := w.sets[domain].SPF()[0].Text(); got != newRoot {
		t.Errorf("%q stands there", got)
	}
	w.mustRun(withPart(newRoot, part))
	if diff := cmp.Diff([]journal.Outcome{}, slices.DeleteFunc(outcomes(w), func(o journal.Outcome) bool { return o == journal.Published })); diff != "" {
		t.Error(diff)
	}
}

func outcomes(w *world) []journal.Outcome {
	out := []journal.Outcome{}
	for _, e := range w.push(nil).Journal.Entries(domain) {
		out = append(out, e.Outcome)
	}
	return out
}

// mute does not answer for the part once the root is new.
type mute struct {
	push.Server
	w *world
}

func (m mute) TXT(ctx context.Context, name string, tcp bool) (push.Answer, error) {
	if now := m.w.sets[domain].SPF(); name == "part1.x.test." && len(now) == 1 && now[0].Text() == newRoot {
		return push.Answer{}, errors.New("time-out")
	}
	return m.Server.TXT(ctx, name, tcp)
}
