package builder

import (
	"context"
	"fmt"
	"strings"

	"github.com/spfzone/spfzone/spf"
)

// trimDot gives a canonical name as people write it.
func trimDot(name string) string { return strings.TrimSuffix(name, ".") }

// DefaultNames is the pattern of the names of parts.
const DefaultNames = "part%d"

// partName gives the canonical name of a part of owner's record.
func partName(pattern string, number int, owner string) string {
	return strings.ToLower(strings.ReplaceAll(pattern, "%d", fmt.Sprint(number))) + "." + owner
}

// maxNumber bounds the search for a free name.
const maxNumber = 100_000

// namer gives out the names of the parts of one record: none that the
// configuration or the zone uses for something else.
type namer struct {
	b       *build
	pattern string
	owner   string
	own     map[string]bool // parts that the published record has already
	known   map[string]bool // whether a name is free, of those that were looked up
}

// name gives the first free name that is not given out yet. text is the record
// that is to stand there: what holds it already is as good as free.
func (n *namer) name(ctx context.Context, given map[string]bool, text string) (string, error) {
	for number := 1; number <= maxNumber; number++ {
		name := partName(n.pattern, number, n.owner)
		if given[name] || n.b.named[name] {
			continue
		}
		free, known := n.known[name]
		if !known {
			var err error
			if free, err = n.free(ctx, name, text); err != nil {
				return "", err
			}
			n.known[name] = free
		}
		if free {
			return name, nil
		}
	}
	return "", &Refusal{Kind: Collision, Msg: fmt.Sprintf("no name is free for a part: %s and the %d after it are all in use", trimDot(partName(n.pattern, 1, n.owner)), maxNumber-1)}
}

// free reports whether nothing stands at a name, or nothing but a part of the
// published record or the text that is to stand there.
func (n *namer) free(ctx context.Context, name, text string) (bool, error) {
	records, siblings, err := n.b.fetch(ctx, name)
	if err != nil {
		return false, err
	}
	ours := n.own[name] || len(records) == 1 && records[0] == text
	if len(siblings) > 0 || len(records) > 0 && !ours {
		return false, nil
	}
	for _, f := range [...]spf.Family{spf.V4, spf.V6} {
		answer, err := n.b.resolver.LookupIP(ctx, name, f)
		if err != nil {
			return false, fmt.Errorf("the lookup of %s failed: %w", trimDot(name), err)
		}
		if len(answer.Records) > 0 {
			return false, nil
		}
	}
	answer, err := n.b.resolver.LookupMX(ctx, name)
	if err != nil {
		return false, fmt.Errorf("the lookup of %s MX failed: %w", trimDot(name), err)
	}
	return len(answer.Records) == 0, nil
}
