package providers

import (
	"strings"

	"github.com/spfzone/spfzone/internal/spelling"
)

// nearest ends a message with the valid name that is most like what was
// written, if one is, and with all of them otherwise.
func nearest(written string, valid []string) string {
	if hint := spelling.DidYouMean(strings.ToLower(written), valid); hint != "" {
		return hint
	}
	if len(valid) == 0 {
		return "; it has none"
	}
	return "; it has " + strings.Join(valid, ", ")
}
