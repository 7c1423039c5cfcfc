package main

import (
	"context"
	"net/netip"

	"github.com/spf13/cobra"

	"github.com/spfzone/spfzone/spf"
)

// policyOptions are the flags of policy.
type policyOptions struct {
	ip      string
	planned bool
}

func newPolicy(a *app) *cobra.Command {
	var o policyOptions
	cmd := &cobra.Command{
		Use:   "policy DOMAIN",
		Short: "List the addresses that a domain's record gives each result",
		Long: `policy computes what a domain's record says about every IPv4 and IPv6 address,
limits included, and lists the addresses by result, in the fewest prefixes.
With --ip it says what is decided for one address, and why.

A term whose match depends on more of the message than the address (ptr, or a
target with one of the macro letters s, l, h, p and i) is shown where it
decides, with what follows where it matches and where it does not.

The exit code is 3 if a lookup failed, so that the answer is not whole.`,
		Example: `  spfzone policy x.com
  spfzone policy x.com --ip 192.0.2.1
  spfzone policy x.com --planned --output json`,
		Args: oneDomain,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.limited(cmd.Context(), func(ctx context.Context) error { return a.policy(ctx, args[0], o) })
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.ip, "ip", "", "say what is decided for this `IP` address alone")
	a.lockFlag(f)
	f.BoolVar(&o.planned, "planned", false, "use what the configuration would publish")
	return cmd
}

func (a *app) policy(ctx context.Context, domain string, o policyOptions) error {
	name, err := canonical(domain)
	if err != nil {
		return err
	}
	var ip netip.Addr
	if o.ip != "" {
		if ip, err = netip.ParseAddr(o.ip); err != nil {
			return usagef("--ip: %q is no IP address", o.ip)
		}
	}
	r, err := a.world(ctx, o.planned, name)
	if err != nil {
		return err
	}
	p, err := a.checker(r).Policy(ctx, name)
	switch {
	case err != nil && ctx.Err() == nil:
		return &usageError{err}
	case err != nil:
		return err
	}
	if ip.IsValid() {
		return a.policyAt(p, ip)
	}
	s := newPolicySummary(p)
	if err := a.answerWith(newPolicyDocument(p, s), func(out *printer) { out.policy(p, s) }); err != nil {
		return err
	}
	return s.err()
}

// policyAt answers for one address.
func (a *app) policyAt(p *spf.Policy, ip netip.Addr) error {
	outcome := p.At(ip)
	d := policyAtDocument{1, trimDot(p.Domain), ip.String(), newOutcomeDocument(outcome)}
	err := a.answerWith(d, func(out *printer) {
		out.field("ip", ip.String())
		out.field("domain", trimDot(p.Domain))
		out.outcome(outcome)
	})
	if err != nil {
		return err
	}
	return temporary(outcome)
}
