package builder

import (
	"cmp"
	"slices"

	"go4.org/netipx"

	"github.com/spfzone/spfzone/spf"
)

// stretch is a row of addresses of one class. It ends where the next one
// begins.
type stretch struct {
	from point
	may  labels
}

// stretchesOf divides the addresses of a family by class. The first stretch
// begins at the first address, and no two in a row are of one class.
func stretchesOf(f spf.Family, c classes) []stretch {
	sets := []edges{edgesOf(f, c.open), edgesOf(f, c.match), edgesOf(f, c.leave)}
	may := [...]labels{doNotCare, mustMatch, mustLeave}
	starts := []point{{}}
	for _, e := range sets {
		starts = append(starts, e...)
	}
	slices.SortFunc(starts, func(a, b point) int {
		return cmp.Or(cmp.Compare(a.high, b.high), cmp.Compare(a.low, b.low))
	})
	var out []stretch
	var passed [len(may)]int
	for _, at := range slices.Compact(starts) {
		class := c.rest
		for i := len(sets) - 1; i >= 0; i-- {
			for passed[i] < len(sets[i]) && !at.less(sets[i][passed[i]]) {
				passed[i]++
			}
			if passed[i]%2 == 1 {
				class = may[i]
			}
		}
		if len(out) == 0 || out[len(out)-1].may != class {
			out = append(out, stretch{at, class})
		}
	}
	return out
}

// edges are where a set begins and where it ends, in turn.
type edges []point

func edgesOf(f spf.Family, set *netipx.IPSet) edges {
	if set == nil {
		return nil
	}
	var out edges
	for _, r := range set.Ranges() {
		if r.From().Is4() != (f == spf.V4) {
			continue
		}
		out = append(out, pointOf(r.From()))
		if end, ok := pointOf(r.To()).after(f); ok {
			out = append(out, end)
		}
	}
	return out
}
