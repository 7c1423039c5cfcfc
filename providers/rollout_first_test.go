package providers_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/spf"
)

// Receivers that hold that the domain has no record are no reason to wait with
// the next change, as that changes nothing for them. That a name has none which
// others may ask for by another record is one.
func TestRolloutAfterFirstPublication(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	until := now.Add(time.Hour)
	absent := []providers.Former{{Until: until}}
	tests := []struct {
		name      string
		published providers.Published
		want      []providers.StageKind
		after     time.Time
	}{
		{"the domain was absent", providers.Published{
			"x.test.": {Now: providers.Version{"v=spf1 ip4:10.0.0.0/24 -all"}, TTL: time.Minute, Former: absent},
		}, []providers.StageKind{providers.Create, providers.Switch}, time.Time{}},
		{"a part was absent and asked for", providers.Published{
			"x.test.":       {Now: providers.Version{"v=spf1 include:part1.x.test -all"}, TTL: time.Minute},
			"part1.x.test.": {Now: providers.Version{"v=spf1 ip4:10.0.0.0/24 -all"}, TTL: time.Minute, Former: absent},
		}, []providers.StageKind{providers.Wait}, until},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := providers.Rollout{Resolver: dnstest.NewZone(), Limits: spf.Limits{}}
			wanted := []providers.Wanted{
				{Name: "x.test.", Text: "v=spf1 include:part1.x.test ip4:10.0.1.0/24 -all", TTL: time.Minute},
				{Name: "part1.x.test.", Text: "v=spf1 ip4:10.0.0.0/24 -all", TTL: time.Minute, Of: "x.test."},
			}
			var got []providers.StageKind
			for range tt.want {
				s, err := r.Next(t.Context(), now, tt.published, wanted, providers.Names{Part: partName})
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, s.Kind)
				if !s.After.Equal(tt.after) {
					t.Errorf("%v after %v, want %v", s.Kind, s.After, tt.after)
				}
				for _, c := range s.Changes {
					tt.published[c.Name] = providers.PublishedName{Now: providers.Version{c.New}, TTL: c.TTL, Former: tt.published[c.Name].Former}
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
