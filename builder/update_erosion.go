package builder

import (
	"fmt"
	"math/big"
	"slices"
	"time"

	"go4.org/netipx"

	"github.com/spfzone/spfzone/spf"
)

// guardedHistory is how far back the guard looks for the most that a source
// passed, as far as the lock has its changes.
const guardedHistory = year

// extent counts the addresses of a set: those of IPv4, and the IPv6 networks of
// 64 bits that would hold as many.
type extent [2]uint64

func extentOf(set *netipx.IPSet) extent {
	var counts [2]big.Int
	for _, r := range set.Ranges() {
		n := &counts[spf.FamilyOf(r.From())]
		n.Add(n, sizeOf(r))
	}
	v6 := &counts[spf.V6]
	v6.Add(v6, new(big.Int).SetUint64(1<<64-1)).Rsh(v6, 64)
	if !v6.IsUint64() { // all addresses there are
		v6.SetUint64(1<<64 - 1)
	}
	return extent{counts[spf.V4].Uint64(), v6.Uint64()}
}

// eroded says what a source has lost by and by, if that is too much of the most
// that it passed: no single update may have lost much. What was accepted is not
// counted again.
func (u *update) eroded(s *watched, now *spf.Policy) string {
	if len(s.change.Lost) == 0 {
		return ""
	}
	changes := u.options.Old.source(s.sourceKey).guarded(u.now)
	left := extentOf(now.Set(spf.Pass))
	for _, f := range [...]spf.Family{spf.V4, spf.V6} {
		most, until := uint64(0), time.Time{}
		for _, c := range changes {
			if c.before != nil && c.before[f] > most {
				most, until = c.before[f], c.at
			}
		}
		if most > left[f] && u.tooMuch(most-left[f], most) {
			return fmt.Sprintf("%d %% of the %v addresses that it had until %s are lost", percent(most-left[f], most), f, until.Format(time.DateOnly))
		}
	}
	lost, worst, until := countThrough(s.change.Lost)-countThrough(s.change.Gained), 0, time.Time{}
	for _, c := range slices.Backward(changes) {
		if lost += c.lost - c.gained; lost > worst {
			worst, until = lost, c.at
		}
	}
	if had := s.change.Prefixes + worst; u.tooMuch(uint64(worst), uint64(had)) {
		return fmt.Sprintf("%d of the %d prefixes that it had until %s are lost", worst, had, until.Format(time.DateOnly))
	}
	return ""
}

// tooMuch reports whether the loss of a part is more than may be lost.
func (u *update) tooMuch(lost, of uint64) bool {
	share := new(big.Int).SetUint64(lost)
	limit := new(big.Int).SetUint64(of)
	return share.Mul(share, big.NewInt(100)).Cmp(limit.Mul(limit, big.NewInt(int64(u.options.Shrink)))) > 0
}

func percent(part, of uint64) *big.Int {
	n := new(big.Int).SetUint64(part)
	return n.Mul(n, big.NewInt(100)).Div(n, new(big.Int).SetUint64(of))
}

// guarded gives the changes with which a new one is counted: the recent ones,
// behind the last that was an alarm and accepted.
func (s *lockedSource) guarded(now time.Time) []lockedChange {
	changes := s.changes
	for i, c := range changes {
		if c.accepted || now.Sub(c.at) > guardedHistory {
			changes = s.changes[i+1:]
		}
	}
	return changes
}
