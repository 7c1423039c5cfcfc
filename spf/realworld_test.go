package spf_test

import (
	"bufio"
	"compress/gzip"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spfzone/spfzone/resolver"
	"github.com/spfzone/spfzone/spf"
)

var data = filepath.Join("..", "..", "shared", "data")

// realWorld loads the zone of real SPF records, and the domains in it.
func realWorld(t testing.TB) (*resolver.World, []string) {
	t.Helper()
	f, err := os.Open(filepath.Join(data, "world-domains.txt.gz"))
	if os.IsNotExist(err) {
		t.Skip("the real-world data is not beside the project")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var domains []string
	for lines := bufio.NewScanner(z); lines.Scan(); {
		domains = append(domains, lines.Text())
	}
	w, err := resolver.LoadFiles(filepath.Join(data, "world.zone.gz"))
	if err != nil {
		t.Fatal(err)
	}
	return w, domains
}

// forEach calls f for all domains, on all processors.
func forEach(domains []string, f func(i int, domain string)) {
	var wg sync.WaitGroup
	var next atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(domains); i = int(next.Add(1)) - 1 {
				f(i, domains[i])
			}
		})
	}
	wg.Wait()
}

// The policy and the check agree for every domain of the real world: at the
// first and last address of every prefix of the policy, and outside.
func TestRealWorldPolicyAgreesWithCheck(t *testing.T) {
	w, domains := realWorld(t)
	c := &spf.Checker{Resolver: w}
	policies := make([]*spf.Policy, len(domains))
	start := time.Now()
	forEach(domains, func(i int, domain string) {
		p, err := c.Policy(t.Context(), domain)
		if err != nil {
			t.Errorf("%s: %v", domain, err)
			return
		}
		policies[i] = p
	})
	t.Logf("%d policies in %v on %d processors; peak memory %s", len(domains), time.Since(start), runtime.GOMAXPROCS(0), peakMemory())

	checker := &spf.Checker{Resolver: w}
	var compared, conditional, terms atomic.Int64
	forEach(domains, func(i int, domain string) {
		if policies[i] == nil {
			return
		}
		n := 0
		for ip := range edges(policies[i]) {
			want, static := policies[i].Result(ip)
			if !static {
				conditional.Add(1)
				continue
			}
			got, err := checker.Check(t.Context(), ip, "bob@"+domain, "mail.test")
			if err != nil || got.Result != want {
				t.Errorf("%s: %v: check gives %v (%v), policy %v", domain, ip, got.Result, got.Err, want)
			}
			compared.Add(1)
			if n++; n%8 == 0 {
				compareTerms(t, checker, domain, ip, want)
				terms.Add(1)
			}
		}
	})
	t.Logf("peak memory with all checks, %s", peakMemory())
	t.Logf("%d comparisons, %d of them also term by term; %d addresses where conditional terms decide", compared.Load(), terms.Load(), conditional.Load())
	if compared.Load() < 1_000_000 {
		t.Errorf("%d comparisons, want more than a million", compared.Load())
	}
}

func compareTerms(t *testing.T, c *spf.Checker, domain string, ip netip.Addr, want spf.Result) {
	t.Helper()
	got, err := c.CheckHost(t.Context(), ip, domain, "bob@"+domain, "mail.test")
	if err != nil || got.Result != want {
		t.Errorf("%s: %v: check_host gives %v (%v), policy %v", domain, ip, got.Result, got.Err, want)
	}
}

// peakMemory gives the most memory that the process has had so far, where the
// system says so.
func peakMemory() string {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "unknown here"
	}
	for line := range strings.Lines(string(status)) {
		if peak, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			return strings.TrimSpace(peak)
		}
	}
	return "unknown here"
}
