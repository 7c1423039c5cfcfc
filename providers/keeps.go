package providers

import (
	"errors"
	"net/netip"

	"github.com/spfzone/spfzone/spf"
)

// Keeps holds a policy on the way from one to another against what no stage of
// a [Rollout] may do. It gives the addresses that both let through and it does
// not, and those that get permerror by it alone.
func Keeps(before, after, is *spf.Policy) (lost, broken []netip.Prefix) {
	var unsafe *UnsafeError
	if errors.As(newNeed(before, after).check(is), &unsafe) {
		return unsafe.Lost, unsafe.Broken
	}
	return nil, nil
}
