package builder

import (
	"context"
	"fmt"
	"math/big"
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"

	"github.com/spfzone/spfzone/spf"
)

// judgeAll looks at every source.
func (u *update) judgeAll(ctx context.Context) error {
	return each(ctx, len(u.sources), func(i int) error { return u.judge(ctx, u.sources[i]) })
}

// judge compares what a source passes now with what it passed, and finds the
// cause for alarm.
func (u *update) judge(ctx context.Context, s *watched) error {
	earlier := s.change
	now, asking, err := s.look(ctx, u.snapshot, s.probes)
	if err != nil {
		return err
	}
	s.asking = asking
	s.change = SourceChange{Name: s.name, Term: s.term, Domain: s.domain, Entry: s.entry, Domains: s.domains(), Prefixes: len(now.Prefixes(spf.Pass))}
	before, err := u.before(ctx, s, now)
	if err != nil {
		return err
	}
	if s.change.New = before == nil; before != nil {
		s.passed = new(extentOf(before.Set(spf.Pass)))
	}
	if failure := asking.failure(); failure != nil {
		s.change.Alarm = &Alarm{Kind: SourceFailed, Msg: failure.Error()}
		s.change.Kept = false
		return nil
	}
	if earlier.Kept {
		s.change.Alarm, s.change.Kept, s.change.Accepted = earlier.Alarm, true, true
	}
	if before != now {
		if err := u.compare(ctx, s, before, now); err != nil {
			return err
		}
	}
	if alarm := u.alarm(s, before, now); alarm != nil {
		s.change.Alarm, s.change.Accepted = alarm, slices.Contains(u.options.Accept, s.name)
	}
	return nil
}

// before gives the policy of a source under the old lock: nil if that does not
// have the source, and now itself if no answer has changed.
func (u *update) before(ctx context.Context, s *watched, now *spf.Policy) (*spf.Policy, error) {
	old := u.options.Old
	if old.source(s.sourceKey) == nil {
		return nil, nil
	}
	if s.asking.failure() == nil && u.unchanged(s.asking) {
		return now, nil
	}
	policy, asking, err := s.look(ctx, old, nil)
	if err != nil {
		return nil, err
	}
	if err := asking.failure(); err != nil {
		return nil, &LockError{Place{File: old.name, Line: 1}, fmt.Sprintf("%s is among the sources, and what it asks for is not among the answers: restore the file, or remove it to begin anew (%v)", s.name, err)}
	}
	return policy, nil
}

// unchanged reports whether the old lock has the same answers.
func (u *update) unchanged(a *asking) bool {
	for q := range a.questions() {
		if old := u.options.Old.answers[q]; old == nil || !old.same(u.snapshot.known(q)) {
			return false
		}
	}
	return true
}

// keep has the old lock answer for the sources whose alarm is accepted and which
// cannot be evaluated, as far as it has them. It reports whether there are any.
func (u *update) keep(ctx context.Context) (any bool, err error) {
	for _, s := range u.sources {
		c := &s.change
		if c.Alarm == nil || c.Alarm.Kind != SourceFailed && !c.Alarm.Broken || c.New {
			continue
		}
		if old := u.options.Old.source(s.sourceKey); old.kept.IsZero() && !slices.Contains(u.options.Accept, s.name) {
			continue
		}
		_, former, err := s.look(ctx, u.options.Old, s.probes)
		if err != nil {
			return false, err
		}
		u.snapshot.keep(former.questions())
		c.Kept, any = true, true
	}
	return any, nil
}

// alarm finds what is wrong with a source. What was so before is no alarm.
func (u *update) alarm(s *watched, before, now *spf.Policy) *Alarm {
	if before == now {
		return nil
	}
	if broken := whole(now); broken != nil {
		if before != nil && whole(before) != nil {
			return nil
		}
		return &Alarm{Kind: SourceVanished, Broken: true, Msg: strings.TrimPrefix(broken.(*Refusal).Msg, trimDot(s.at)+": ")}
	}
	if !s.guarded {
		return nil
	}
	left := now.Set(spf.Pass)
	if empty(left) && now.Static() && (before == nil || !empty(before.Set(spf.Pass))) {
		return &Alarm{Kind: SourceVanished, Msg: fmt.Sprintf("%s: no address passes", s.term)}
	}
	if before == nil {
		return nil
	}
	for _, f := range [...]spf.Family{spf.V4, spf.V6} {
		if msg := u.shrunk(before.Set(spf.Pass), left, f); msg != "" {
			return &Alarm{Kind: SourceShrunk, Msg: fmt.Sprintf("%s: %s, more than %d %%", s.term, msg, u.options.Shrink)}
		}
	}
	if msg := u.eroded(s, now); msg != "" {
		return &Alarm{Kind: SourceShrunk, Msg: fmt.Sprintf("%s: %s, more than %d %%", s.term, msg, u.options.Shrink)}
	}
	return nil
}

func empty(set *netipx.IPSet) bool { return len(set.Ranges()) == 0 }

// shrunk says what a family has lost, if that is too much.
func (u *update) shrunk(before, left *netipx.IPSet, f spf.Family) string {
	was, gone := new(big.Int), new(big.Int)
	for _, r := range before.Ranges() {
		if spf.FamilyOf(r.From()) == f {
			was.Add(was, sizeOf(r))
		}
	}
	for _, r := range minus(before, left).Ranges() {
		if spf.FamilyOf(r.From()) == f {
			gone.Add(gone, sizeOf(r))
		}
	}
	if was.Sign() == 0 {
		return ""
	}
	percent := gone.Mul(gone, big.NewInt(100))
	if percent.Cmp(new(big.Int).Mul(was, big.NewInt(int64(u.options.Shrink)))) > 0 {
		return fmt.Sprintf("%d %% of its %v addresses are lost", percent.Div(percent, was), f)
	}
	prefixes := ofFamily(before.Prefixes(), f)
	lost := 0
	for _, p := range prefixes {
		if !left.OverlapsPrefix(p) {
			lost++
		}
	}
	if lost*100 > len(prefixes)*u.options.Shrink {
		return fmt.Sprintf("%d of its %d %v prefixes are lost", lost, len(prefixes), f)
	}
	return ""
}

func ofFamily(prefixes []netip.Prefix, f spf.Family) []netip.Prefix {
	return slices.DeleteFunc(prefixes, func(p netip.Prefix) bool { return spf.FamilyOf(p.Addr()) != f })
}

// sizeOf counts the addresses of a range.
func sizeOf(r netipx.IPRange) *big.Int {
	n := new(big.Int).SetBytes(r.To().AsSlice())
	n.Sub(n, new(big.Int).SetBytes(r.From().AsSlice()))
	return n.Add(n, big.NewInt(1))
}

// minus gives the addresses of one set that are not in another.
func minus(a, b *netipx.IPSet) *netipx.IPSet {
	var left netipx.IPSetBuilder
	left.AddSet(a)
	left.RemoveSet(b)
	return mustSet(&left)
}
