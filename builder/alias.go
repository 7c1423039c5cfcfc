package builder

import (
	"context"
	"fmt"
	"strings"
)

// refuseAlias refuses a name at which a CNAME stands, as no other record may
// stand there (RFC 1034, Section 3.6.2). One that a wildcard puts there gives
// way to a record.
func (b *build) refuseAlias(ctx context.Context, name, alias, pattern string) error {
	if alias == "" {
		return nil
	}
	_, parent, _ := strings.Cut(strings.TrimPrefix(name, "*."), ".")
	beside, err := b.fetch(ctx, absentName(pattern, parent))
	if err != nil || beside.alias == alias {
		return err
	}
	return &Refusal{Kind: Collision, Msg: fmt.Sprintf("a CNAME stands at %s and leads to %s: no other record may stand beside it (RFC 1034, Section 3.6.2), and receivers take the SPF record of what it leads to. "+
		"Leave %[1]s out, or put the addresses of the host in the place of its CNAME", trimDot(name), trimDot(alias))}
}
