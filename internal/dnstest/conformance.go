package dnstest

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spfzone/spfzone/spf"
)

// Evaluate has a checker of the caller's making judge one case. Its default
// explanation is "DEFAULT".
type Evaluate func(t *testing.T, s Suite, c Case) spf.Evaluation

// RunRFC7208 runs the RFC 7208 test suite, of which the preferred result of
// each case counts. Fewer or more than its 203 results and 22 explanations are
// a failure.
func RunRFC7208(t *testing.T, evaluate Evaluate) {
	suites := loadSuite(t, "rfc7208-tests.yml")
	results, explanations := 0, 0
	for _, s := range suites {
		for _, c := range s.Cases {
			ev := evaluate(t, s, c)
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
	t.Logf("%d results and %d explanations as wanted", results, explanations)
	if results != 203 || explanations != 22 {
		t.Errorf("%d results and %d explanations, want 203 and 22", results, explanations)
	}
}

// RunOlderSuites runs the RFC 4408 and pyspf suites, in which any of a case's
// results will do. They ask for what RFC 7208 has changed since: each such
// deviation is listed with the reason, and must be one.
func RunOlderSuites(t *testing.T, evaluate Evaluate) {
	for _, suite := range []struct {
		file       string
		cases      int
		deviations map[string]string
	}{
		{"rfc4408-tests.yml", 191, nil},
		{"pyspf-tests.yml", 16, deviationsPyspf},
	} {
		t.Run(suite.file, func(t *testing.T) {
			seen := map[string]bool{}
			total := 0
			for _, s := range loadSuite(t, suite.file) {
				for _, c := range s.Cases {
					total++
					seen[c.Name] = true
					ev := evaluate(t, s, c)
					ok := slices.Contains(c.Results, ev.Result.String()) && (c.Explanation == "" || c.Explanation == ev.Explanation)
					if _, listed := suite.deviations[c.Name]; listed == ok {
						t.Errorf("%s: %s: got %v %q, want %v %q (%v); listed as deviation: %v",
							s.Description, c.Name, ev.Result, ev.Explanation, c.Results, c.Explanation, ev.Err, listed)
					}
				}
			}
			for name := range suite.deviations {
				if !seen[name] {
					t.Errorf("%s: deviation listed for a case that is not there", name)
				}
			}
			if total != suite.cases {
				t.Errorf("%d cases, want %d", total, suite.cases)
			}
		})
	}
}

var deviationsPyspf = map[string]string{
	"default-modifier":       "default= stood in drafts only; RFC 7208, Section 6, has unknown modifiers ignored",
	"default-modifier-harsh": "as above; the result \"ambiguous\" belongs to pyspf's harsh mode",
}

func loadSuite(t *testing.T, file string) []Suite {
	t.Helper()
	suites, err := LoadSuites(suiteFile(t, file))
	if err != nil {
		t.Fatal(err)
	}
	return suites
}

// suiteFile finds a test suite beside the project, or else in the module cache
// as part of the evaluator that bench compares with, or skips the test.
func suiteFile(t *testing.T, name string) string {
	t.Helper()
	root := projectRoot(t)
	path := filepath.Join(root, "..", "shared", "data", "conformance", name)
	if _, err := os.Stat(path); err == nil {
		return path
	}
	list := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "blitiri.com.ar/go/spf")
	list.Dir = filepath.Join(root, "bench")
	if dir, err := list.Output(); err == nil {
		path = filepath.Join(strings.TrimSpace(string(dir)), "testdata", name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	t.Skipf("%s is neither beside the project nor in the module cache: run go mod download in the folder bench", name)
	return ""
}

// projectRoot is the folder of go.mod above the test's own.
func projectRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test's folder")
		}
		dir = up
	}
}
