package providers_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/providers"
)

// A refusal says what it is for, and of several ways that are none it tells of
// the addresses that one of them would lose.
func TestUnsafeError(t *testing.T) {
	parts := func(texts ...string) []providers.Wanted {
		root := "v=spf1"
		var out []providers.Wanted
		for i, text := range texts {
			root += fmt.Sprintf(" include:part%d.x.test", i+1)
			out = append(out, providers.Wanted{Name: partName(domain, i+1), Of: domain, Text: text, TTL: time.Minute})
		}
		return append([]providers.Wanted{{Name: domain, Text: root + " -all", TTL: time.Minute}}, out...)
	}
	regions := func(block int) []providers.Wanted {
		root := "v=spf1"
		var out []providers.Wanted
		for i := range 10 {
			root += fmt.Sprintf(" ip4:10.%d.0.0/24", i)
			out = append(out, providers.Wanted{Name: fmt.Sprintf("r%d.x.test.", i), Text: fmt.Sprintf("v=spf1 ip4:10.%d.%d.0/24 -all", i, block), TTL: time.Minute})
		}
		return append([]providers.Wanted{{Name: domain, Text: root + " -all", TTL: time.Minute}}, out...)
	}
	none := func([]providers.Wanted) func(string, string) bool { return func(string, string) bool { return false } }
	asWanted := func(wanted []providers.Wanted) func(string, string) bool {
		return func(name, text string) bool {
			return slices.ContainsFunc(wanted, func(w providers.Wanted) bool { return w.Text == text })
		}
	}
	const start = "x.test: no order of changes is safe: "
	tests := []struct {
		name     string
		old, new []providers.Wanted
		fits     func([]providers.Wanted) func(name, text string) bool
		want     string
	}{
		{"every record is too large", parts("v=spf1 ip4:10.0.1.0/24 -all"), parts("v=spf1 ip4:10.0.2.0/24 -all"), none,
			start + "with the names that its parts would have, the record is larger than limits.response or limits.record allows: raise that limit, or publish the change in two steps"},
		{"addresses are lost, and new names are too long", parts("v=spf1 ip4:10.0.1.0/24 -all", "v=spf1 ip4:10.0.2.0/24 -all"),
			parts("v=spf1 ip4:10.0.2.0/24 ip4:10.0.9.0/24 -all", "v=spf1 ip4:10.0.1.0/24 ip4:10.0.8.0/24 -all"), asWanted,
			start + "with what receivers may have cached, mail from [10.0.2.0/24] would be refused in between; publish the change in two steps that have these addresses in common"},
		{"too many records change", regions(1), regions(2), nil,
			start + "receivers may hold more than 512 mixes of its records while so many of them change: publish the change in two steps"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := providers.Rollout{Resolver: dnstest.NewZone()}
			if tt.fits != nil {
				r.Fits = tt.fits(tt.new)
			}
			published := providers.Published{}
			for _, w := range tt.old {
				published[w.Name] = providers.PublishedName{Now: providers.Version{w.Text}, TTL: time.Minute}
			}
			stage, err := r.Next(t.Context(), time.Unix(1_800_000_000, 0), published, tt.new, providers.Names{Part: partName})
			var unsafe *providers.UnsafeError
			if !errors.As(err, &unsafe) || err.Error() != tt.want {
				t.Errorf("stage %v, error %v\nwant %s", stage, err, tt.want)
			}
		})
	}
}
