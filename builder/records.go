package builder

import (
	"context"
	"fmt"
	"net/netip"

	"go4.org/netipx"

	"github.com/spfzone/spfzone/spf"
)

// texts is the TXT records that a name publishes.
type texts struct {
	records  []string  // SPF, as they are
	siblings []spf.TXT // all others
	alias    string    // of the name that they stand at instead, as in spf.Answer
}

// fetch gives the TXT records that a name publishes.
func (b *build) fetch(ctx context.Context, name string) (t texts, err error) {
	answer, err := b.resolver.LookupTXT(ctx, name)
	if err != nil {
		return t, fmt.Errorf("the lookup of %s TXT failed: %w", trimDot(name), err)
	}
	t.alias = answer.Alias
	for _, txt := range answer.Records {
		if text := txt.Join(); spf.IsSPF(text) {
			t.records = append(t.records, text)
		} else {
			t.siblings = append(t.siblings, txt)
		}
	}
	return t, nil
}

// record gives the one SPF record that a name publishes, or nil.
func (b *build) record(ctx context.Context, name string) (*spf.Record, error) {
	at, err := b.fetch(ctx, name)
	if err != nil || len(at.records) != 1 {
		return nil, err
	}
	r, err := spf.Parse(at.records[0])
	if err != nil {
		return nil, nil // what is wrong with it, its policy says
	}
	return r, nil
}

// pinned gives the addresses of a host as they are now.
func (b *build) pinned(ctx context.Context, host string) (*netipx.IPSet, error) {
	var set netipx.IPSetBuilder
	found := false
	for _, f := range [...]spf.Family{spf.V4, spf.V6} {
		answer, err := b.resolver.LookupIP(ctx, host, f)
		if err != nil {
			return nil, fmt.Errorf("the addresses of %s cannot be had: %w", trimDot(host), err)
		}
		for _, ip := range answer.Records {
			found = true
			set.AddPrefix(netip.PrefixFrom(ip, ip.BitLen()))
		}
	}
	if !found {
		return nil, &Refusal{Kind: Broken, Msg: fmt.Sprintf("the host %s, which is to be pinned, has no address", trimDot(host))}
	}
	return mustSet(&set), nil
}
