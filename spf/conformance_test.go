package spf_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/spf"
)

// The preferred result of each case counts.
func TestConformanceRFC7208(t *testing.T) {
	suites, err := dnstest.LoadSuites(suiteFile(t, "rfc7208-tests.yml"))
	if err != nil {
		t.Fatal(err)
	}
	results, explanations, total := 0, 0, 0
	for _, s := range suites {
		for _, c := range s.Cases {
			total++
			ev := runCase(t, s.Zone, c)
			if ev.Result.String() != c.Results[0] {
				t.Errorf("%s: %s: got %v, want %v (%v)", s.Description, c.Name, ev.Result, c.Results[0], ev.Err)
				continue
			}
			results++
			if c.Explanation == "" {
				continue
			}
			if ev.Explanation != c.Explanation {
				t.Errorf("%s: %s: explanation %q, want %q", s.Description, c.Name, ev.Explanation, c.Explanation)
				continue
			}
			explanations++
		}
	}
	t.Logf("%d of %d results, %d explanations", results, total, explanations)
	if results != 203 || explanations != 22 {
		t.Errorf("%d results and %d explanations, want 203 and 22", results, explanations)
	}
}

func runCase(t *testing.T, zone spf.Resolver, c dnstest.Case) spf.Evaluation {
	t.Helper()
	checker := &spf.Checker{Resolver: zone, DefaultExplanation: "DEFAULT"}
	ev, err := checker.Check(context.Background(), c.IP, c.MailFrom, c.HELO)
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	traced, err := checker.Trace(context.Background(), c.IP, c.MailFrom, c.HELO)
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	if traced.Result != ev.Result || traced.Explanation != ev.Explanation || len(traced.Trace) == 0 && ev.Result != spf.None {
		t.Errorf("%s: with trace %v %q in %d steps, without %v %q", c.Name, traced.Result, traced.Explanation, len(traced.Trace), ev.Result, ev.Explanation)
	}
	return ev
}

// suiteFile finds a test suite beside the project, or skips.
func suiteFile(t *testing.T, name string) string {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join("..", "..", "shared", "data", "conformance", name))
	if len(files) == 0 {
		t.Skipf("%s is not beside the project", name)
	}
	return files[0]
}

// The older suites ask for what RFC 7208 has changed since; each deviation is
// listed with the reason.
func TestConformanceOlderSuites(t *testing.T) {
	for _, suite := range []struct {
		file       string
		deviations map[string]string
	}{
		{"rfc4408-tests.yml", deviations4408},
		{"pyspf-tests.yml", deviationsPyspf},
	} {
		t.Run(suite.file, func(t *testing.T) {
			suites, err := dnstest.LoadSuites(suiteFile(t, suite.file))
			if err != nil {
				t.Fatal(err)
			}
			seen := map[string]bool{}
			total := 0
			for _, s := range suites {
				for _, c := range s.Cases {
					total++
					ev := runCase(t, s.Zone, c)
					ok := slices.Contains(c.Results, ev.Result.String()) && (c.Explanation == "" || c.Explanation == ev.Explanation)
					if _, listed := suite.deviations[c.Name]; listed == ok {
						t.Errorf("%s: %s: got %v %q, want %v %q (%v); listed as deviation: %v",
							s.Description, c.Name, ev.Result, ev.Explanation, c.Results, c.Explanation, ev.Err, listed)
					}
					seen[c.Name] = true
				}
			}
			for name := range suite.deviations {
				if !seen[name] {
					t.Errorf("%s: deviation listed for a case that is not there", name)
				}
			}
			t.Logf("%d cases, %d deviations", total, len(suite.deviations))
		})
	}
}

var deviations4408 = map[string]string{}
var deviationsPyspf = map[string]string{
	"default-modifier":       "default= stood in drafts only; RFC 7208, Section 6, has unknown modifiers ignored",
	"default-modifier-harsh": "as above; the result \"ambiguous\" belongs to pyspf's harsh mode",
}
