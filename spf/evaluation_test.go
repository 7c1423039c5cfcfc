package spf_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/spf"
)

func TestEvaluationErrorLeavesOutTheMiddle(t *testing.T) {
	const way = "x.test: include:y.test: y.test: include:x.test: "
	tests := []struct {
		name   string
		limits spf.Limits
		want   string
	}{
		{"short", spf.Limits{Lookups: 3}, way + way[:24] + "y.test: include:x.test: more than 3 terms that ask the DNS (RFC 7208, Section 4.6.4)"},
		{"long", spf.Limits{Lookups: 1000}, way + way + "… (993 more): " + way[24:] + way + "x.test: include:y.test: more than 1000 terms that ask the DNS (RFC 7208, Section 4.6.4)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			z := zoneOfText("x.test TXT v=spf1 include:y.test -all\ny.test TXT v=spf1 include:x.test -all")
			c := &spf.Checker{Resolver: z, Limits: tt.limits}
			v, err := c.Check(t.Context(), netip.MustParseAddr("192.0.2.7"), "bob@x.test", "mail.x.test")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, v.Err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
