package builder

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/spf"
)

func TestPerYear(t *testing.T) {
	since := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	tests := []struct {
		name string
		v    Volatility
		want float64
	}{
		{"nothing has changed", Volatility{Since: since, Prefixes: 4}, fewestChanges},
		{"nothing passes", Volatility{Since: since, Last: since, Changes: 1, Lost: 3}, fewestChanges},
		{"half of it in half a year", Volatility{Since: since, Last: since.Add(year / 2), Changes: 1, Gained: 2, Prefixes: 4}, 1},
		{"a short history counts as a month", Volatility{Since: since, Last: since.Add(time.Hour), Changes: 1, Gained: 4, Prefixes: 4}, float64(year) / float64(shortestHistory)},
	}
	for _, tt := range tests {
		if got := tt.v.perYear(); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// Of two services that cost the same octets, the one that changes less is
// flattened.
func TestTheSteadierServiceIsFlattened(t *testing.T) {
	set := setOf([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")})
	service := func(name string) *node {
		spec, err := spf.DomainName(name)
		if err != nil {
			t.Fatal(err)
		}
		return &node{mechanism: spf.Include{Domain: spec}, kept: counts{lookups: 1}, flat: &outline{set: set}}
	}
	for _, volatile := range []int{0, 1} {
		nodes := []*node{service("a.test."), service("b.test.")}
		nodes[volatile].setChanges(12)
		nodes[1-volatile].setChanges(fewestChanges)
		ways := combine(nodes, counts{lookups: 1})
		if len(ways) == 0 {
			t.Fatal("no way")
		}
		var got []mode
		for _, c := range ways[0].list() {
			got = append(got, c.mode)
		}
		want := []mode{flat, flat}
		want[volatile] = kept
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the volatile service is number %d: (-want +got)\n%s", volatile, diff)
		}
	}
}
