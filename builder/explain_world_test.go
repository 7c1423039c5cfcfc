package builder_test

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"testing"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/resolver"
	"github.com/spfzone/spfzone/spf"
)

// oneIn says how few of the domains are compared, to keep the test short. All
// of them agree.
const oneIn = 8

// TestExplainCountsAsPolicyDoes compares the counters of the tree with those
// that the policy has for addresses which no term matches, over the real
// world.
func TestExplainCountsAsPolicyDoes(t *testing.T) {
	t.Parallel()
	const data = "../../shared/data/"
	list, err := os.Open(data + "world-domains.txt.gz")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("no real-world data beside the project")
	} else if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	domains, err := gzip.NewReader(list)
	if err != nil {
		t.Fatal(err)
	}
	world, err := resolver.LoadFiles(data + "world.zone.gz")
	if err != nil {
		t.Fatal(err)
	}
	checker := &spf.Checker{Resolver: world}
	compared := 0
	lines := bufio.NewScanner(domains)
	for line := 0; lines.Scan(); line++ {
		if line%oneIn != 0 {
			continue
		}
		p, err := checker.Policy(t.Context(), lines.Text())
		if err != nil {
			t.Fatal(err)
		}
		four, six := p.At(netip.MustParseAddr("255.255.255.254")), p.At(netip.MustParseAddr("ffff::ffff"))
		if !unmatched(four, p.Domain) || !unmatched(six, p.Domain) {
			continue
		}
		n, err := builder.Explain(t.Context(), world, p.Domain, spf.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		compared++
		if n.Lookups != four.Lookups || n.Lookups != six.Lookups || n.Voids != max(four.Voids, six.Voids) {
			t.Errorf("%s: the tree has %d lookups and %d voids, the policy %d and %d for IPv4, %d and %d for IPv6",
				p.Domain, n.Lookups, n.Voids, four.Lookups, four.Voids, six.Lookups, six.Voids)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d domains compared", compared)
	if compared < 3_000 {
		t.Errorf("%d domains compared, want 3,000 or more", compared)
	}
}

// unmatched reports whether evaluation came to the end of the domain's own
// record.
func unmatched(o *spf.Outcome, domain string) bool {
	if o.If != nil || o.Err != nil || o.MatchedIn != domain {
		return false
	}
	if o.Matched == nil {
		return true
	}
	_, isAll := o.Matched.Mechanism.(spf.All)
	return isAll
}
