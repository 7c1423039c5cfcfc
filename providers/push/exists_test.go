package push_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/providers/push"
)

// host is a server that has records of another type at a name.
type host struct {
	push.Server
	at string
}

func (h host) TXT(ctx context.Context, name string, tcp bool) (push.Answer, error) {
	a, err := h.Server.TXT(ctx, name, tcp)
	a.NXDomain = a.NXDomain && name != h.at
	return a, err
}

// A name that one server has, whichever it is, is given to no part.
func TestNameThatExistsAtOneServer(t *testing.T) {
	tests := []struct {
		name string
		at   [2]string // by server
		want string
	}{
		{"at none", [2]string{}, "part2.x.test."},
		{"at the first", [2]string{"part2.x.test.", ""}, "part3.x.test."},
		{"at the second", [2]string{"", "part2.x.test."}, "part3.x.test."},
		{"at both", [2]string{"part2.x.test.", "part2.x.test."}, "part3.x.test."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, 1)
			w.mustRun(withPart("v=spf1 ip4:10.0.1.0/24 include:part1.x.test -all", "v=spf1 ip4:10.0.2.0/24 -all"))
			p := w.push(withPart("v=spf1 ip4:10.0.2.0/24 include:part1.x.test -all", "v=spf1 ip4:10.0.1.0/24 -all"))
			zoneOf := p.ZoneOf
			p.ZoneOf = func(ctx context.Context, name string) (*push.Zone, error) {
				z, err := zoneOf(ctx, name)
				own := *z
				own.Servers = slices.Clone(z.Servers)
				for i, at := range tt.at {
					own.Servers[i] = host{z.Servers[i], at}
				}
				return &own, err
			}
			step, err := p.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, c := range step.Stage.Changes {
				names = append(names, c.Name)
			}
			if diff := cmp.Diff([]string{tt.want}, names); diff != "" || step.Stage.Kind != providers.Create {
				t.Errorf("%v of %s", step.Stage.Kind, diff)
			}
		})
	}
}
