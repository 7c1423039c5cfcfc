package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"gopkg.in/yaml.v3"
)

// TestMetricsAreDocumented holds the table in docs/watch.md to the metrics. With
// -update it writes it.
func TestMetricsAreDocumented(t *testing.T) {
	const path = "../../docs/watch.md"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- metrics -->\n", "<!-- end of metrics -->\n"
	head, rest, ok := strings.Cut(string(page), begin)
	got, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no marks around the table", path)
	}
	want := metricsTable()
	if *update {
		if err := os.WriteFile(path, []byte(head+begin+want+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("%s is not what the metrics are: run 'go test ./cmd/spfzone -update' (-docs +metrics):\n%s", path, diff)
	}
}

func metricsTable() string {
	var b strings.Builder
	b.WriteString("| metric | labels | kind | what it says |\n|---|---|---|---|\n")
	for _, m := range metrics {
		var labels []string
		for _, l := range m.labels {
			labels = append(labels, "`"+l+"`")
		}
		kind := map[prometheus.ValueType]string{counter: "counter", gauge: "gauge"}[m.kind]
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", m.name, strings.Join(labels, ", "), kind, m.help)
	}
	return b.String()
}

// TestMetricNames holds them to the conventions of Prometheus.
func TestMetricNames(t *testing.T) {
	for _, m := range metrics {
		if (m.kind == counter) != strings.HasSuffix(m.name, "_total") || !strings.HasPrefix(m.name, "spfzone_") || !strings.HasSuffix(m.help, ".") {
			t.Errorf("%+v", m)
		}
	}
}

// TestDeploy reads the command lines of the examples under deploy/, which must
// be such as the program takes, and the names of metrics, which must exist.
func TestDeploy(t *testing.T) {
	read := func(path string) string {
		text, err := os.ReadFile("../../deploy/" + path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	unit := strings.ReplaceAll(read("systemd/spfzone-watch.service"), "\\\n", " ")
	_, line, ok := strings.Cut(unit, "\nExecStart=")
	if !ok {
		t.Fatal("the unit starts nothing")
	}
	line, _, _ = strings.Cut(line, "\n")
	takes(t, strings.Fields(line)[1:])

	var job struct {
		Spec struct {
			JobTemplate struct {
				Spec struct {
					Template struct {
						Spec struct {
							Containers []struct{ Args []string }
						}
					}
				}
			} `yaml:"jobTemplate"`
		}
	}
	jobs := yaml.NewDecoder(strings.NewReader(read("kubernetes/verify-cronjob.yaml")))
	if err := jobs.Decode(&job); err != nil {
		t.Fatal(err)
	}
	containers := job.Spec.JobTemplate.Spec.Template.Spec.Containers
	if len(containers) != 1 {
		t.Fatalf("%d containers", len(containers))
	}
	takes(t, containers[0].Args)

	var alerts struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	if err := yaml.Unmarshal([]byte(read("prometheus/alerts.yaml")), &alerts); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, m := range metrics {
		known[m.name] = true
	}
	rules := 0
	for _, g := range alerts.Groups {
		for _, r := range g.Rules {
			rules++
			names := metricName.FindAllString(r.Expr, -1)
			for _, name := range names {
				if !known[name] {
					t.Errorf("%s: there is no metric %s", r.Alert, name)
				}
			}
			if len(names) == 0 && !strings.Contains(r.Expr, "up{") {
				t.Errorf("%s looks at no metric: %s", r.Alert, r.Expr)
			}
		}
	}
	if rules == 0 {
		t.Error("no rules")
	}
}

var metricName = regexp.MustCompile(`\bspfzone_\w+`)

// takes wants a command line that the program takes.
func takes(t *testing.T, args []string) {
	t.Helper()
	ran := false
	root := newRoot(&app{})
	for _, cmd := range root.Commands() {
		cmd.RunE = func(*cobra.Command, []string) error { ran = true; return nil }
	}
	root.SetArgs(args)
	if err := root.Execute(); err != nil || !ran {
		t.Errorf("spfzone %s: %v", strings.Join(args, " "), err)
	}
}
