package spf

import (
	"fmt"
	"testing"
)

func TestNewDualCIDR(t *testing.T) {
	tests := []struct {
		ip4, ip6 int
		want     string // as it is printed, or what it panics with
	}{
		{32, 128, ""}, {24, 128, "/24"}, {32, 64, "//64"}, {0, 0, "/0//0"}, {28, 64, "/28//64"},
		{-1, 128, "spf: prefix length out of range"}, {33, 128, "spf: prefix length out of range"},
		{32, -1, "spf: prefix length out of range"}, {32, 129, "spf: prefix length out of range"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%d,%d", tt.ip4, tt.ip6), func(t *testing.T) {
			got := ""
			func() {
				defer func() {
					if r := recover(); r != nil {
						got = fmt.Sprint(r)
					}
				}()
				c := NewDualCIDR(tt.ip4, tt.ip6)
				if c.IP4() != tt.ip4 || c.IP6() != tt.ip6 {
					t.Errorf("lengths %d and %d", c.IP4(), c.IP6())
				}
				got = c.String()
			}()
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
