package builder

import (
	"context"
	"sync/atomic"

	"github.com/spfzone/spfzone/spf"
)

// reading passes questions on and takes note of records that depend on the
// domain asked for.
type reading struct {
	spf.Resolver
	usesSender atomic.Bool
}

// LookupTXT implements [spf.Resolver].
func (r *reading) LookupTXT(ctx context.Context, name string) (spf.Answer[spf.TXT], error) {
	answer, err := r.Resolver.LookupTXT(ctx, name)
	for _, txt := range answer.Records {
		if mentionsSender(txt.Join()) {
			r.usesSender.Store(true)
		}
	}
	return answer, err
}
