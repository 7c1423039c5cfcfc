package spf

import (
	"context"
	"net/netip"
)

type compiled struct{}
type subpolicy struct{}

func (c *Checker) checkCompiled(ctx context.Context, ip netip.Addr, local, domain, helo string) (Evaluation, bool) {
	return Evaluation{}, false
}
