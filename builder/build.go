package builder

import (
	"context"

	"github.com/spfzone/spfzone/spf"
)

// Options are what [Build] needs besides the configuration.
type Options struct {
	Resolver spf.Resolver          // whom to ask for services, pinned gateways and what is published; required
	Only     []string              // canonical names of the domains to build; nil for all
	Progress func(done, total int) // called as domains are done, from one goroutine at a time; may be nil
}

var _ = context.Background
