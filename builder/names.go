package builder

import (
	"context"
	"fmt"
	"slices"
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

// PartName gives the canonical name of a part of a record of the domain's: its
// own, or that of a region.
func (d *Domain) PartName(of string, number int) string { return partName(d.Split.Names, number, of) }

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
	absent  *string         // what stands at a name that does not exist, once that was asked
}

// name gives the first free name that is not given out yet. text is the record
// that is to stand there: what holds it already is as good as free.
func (n *namer) name(ctx context.Context, given map[string]bool, text string) (string, error) {
	for number := 1; number <= maxNumber; number++ {
		name := partName(n.pattern, number, n.owner)
		if given[name] || n.b.used.has(name) {
			continue
		}
		if first := n.b.used.partsOf(name); first.owner != n.owner {
			return "", &Refusal{Kind: Collision, Msg: fmt.Sprintf("%s is the name of a part of %s, by its split.names %q, and of %s, by %q: give one of them another pattern",
				trimDot(name), trimDot(first.owner), first.pattern, trimDot(n.owner), n.pattern)}
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
// published record or the text that is to stand there. What a wildcard puts
// there does not count.
func (n *namer) free(ctx context.Context, name, text string) (bool, error) {
	at, err := n.b.standing(ctx, name)
	if err != nil || at.isEmpty() {
		return err == nil, err
	}
	if at.rest == "" && (n.own[name] && len(at.records) <= 1 || len(at.records) == 1 && at.records[0] == text) {
		return true, nil
	}
	if n.absent == nil {
		absent, err := n.b.standing(ctx, partName(n.pattern, maxNumber+1, n.owner))
		if err != nil {
			return false, err
		}
		n.absent = new(absent.String())
	}
	return at.String() == *n.absent, nil
}

// standing is what the DNS has at a name.
type standing struct {
	records []string // SPF
	rest    string   // all else, in an order of its own; empty for nothing
}

func (s standing) isEmpty() bool { return len(s.records) == 0 && s.rest == "" }
func (s standing) String() string {
	return fmt.Sprintf("%q %s", slices.Sorted(slices.Values(s.records)), s.rest)
}

func (b *build) standing(ctx context.Context, name string) (s standing, err error) {
	at, err := b.fetch(ctx, name)
	if err != nil {
		return s, err
	}
	var rest []string
	if at.alias != "" {
		rest = append(rest, "CNAME "+at.alias)
	}
	for _, txt := range at.siblings {
		rest = append(rest, fmt.Sprintf("TXT %q", txt))
	}
	for _, f := range [...]spf.Family{spf.V4, spf.V6} {
		answer, err := b.resolver.LookupIP(ctx, name, f)
		if err != nil {
			return s, fmt.Errorf("the lookup of %s failed: %w", trimDot(name), err)
		}
		for _, ip := range answer.Records {
			rest = append(rest, ip.String())
		}
	}
	answer, err := b.resolver.LookupMX(ctx, name)
	if err != nil {
		return s, fmt.Errorf("the lookup of %s MX failed: %w", trimDot(name), err)
	}
	for _, mx := range answer.Records {
		rest = append(rest, fmt.Sprintf("MX %d %s", mx.Preference, mx.Host))
	}
	slices.Sort(rest)
	return standing{at.records, strings.Join(rest, " ")}, nil
}
