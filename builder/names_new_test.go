package builder_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNewNames(t *testing.T) {
	c := configured(t, `
defaults: {all: fail}
networks: {dc: [192.0.2.0/24]}
domains:
  x.test:
    senders: [dc]
    split: {names: "p%d._s"}
    regions: {uk.x.test: [dc]}
  sub.x.test: {zone: X.test, senders: [dc]}
  y.test: {senders: [dc]}
`)
	type answer struct {
		Above string
		OK    bool
	}
	tests := []struct {
		name string
		want answer
	}{
		{"x.test.", answer{}},
		{"p1._s.x.test.", answer{"x.test.", true}},
		{"p07._s.x.test.", answer{}},
		{"_s.x.test.", answer{}},
		{"uk.x.test.", answer{"x.test.", true}},
		{"p3._s.uk.x.test.", answer{"x.test.", true}},
		{"sub.x.test.", answer{"x.test.", true}},
		{"part1.sub.x.test.", answer{"x.test.", true}},
		{"part1.y.test.", answer{"y.test.", true}},
		{"_spf.y.test.", answer{"y.test.", true}},
		{"1.2.0.192.in-addr._spf2.y.test.", answer{"y.test.", true}},
		{"_spf1.y.test.", answer{}},
		{"_spfx.y.test.", answer{}},
		{"_spf.google.test.", answer{}},
		{"mail.y.test.", answer{}},
		{".", answer{}},
	}
	isNew := c.NewNames()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			above, ok := isNew(tt.name)
			if diff := cmp.Diff(tt.want, answer{above, ok}); diff != "" {
				t.Error(diff)
			}
		})
	}
}
