package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
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

// TestMessagesAreDocumented holds the table of messages in docs/watch.md to the
// calls of the log: each has a message that is written out, and a row with that
// and its level.
func TestMessagesAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/watch.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{} // level, by message
	for _, row := range regexp.MustCompile("(?m)^\\| `(.+?)` \\| (INFO|WARN|ERROR|INFO to ERROR) \\|").FindAllStringSubmatch(string(page), -1) {
		documented[row[1]] = row[2]
	}
	logged := map[string]string{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if !strings.HasSuffix(path, "_test.go") {
			messagesIn(t, path, logged)
		}
	}
	if len(logged) == 0 {
		t.Error("no message was found")
	}
	if diff := cmp.Diff(documented, logged); diff != "" {
		t.Errorf("docs/watch.md has other messages than the log (-docs +log):\n%s", diff)
	}
}

// messagesIn adds the messages that a file logs, with their levels.
func messagesIn(t *testing.T, path string, levels map[string]string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]struct {
		level   string
		message int // the place of the message in the arguments
	}{"Info": {"INFO", 0}, "Warn": {"WARN", 0}, "Error": {"ERROR", 0}, "Log": {"INFO to ERROR", 2}}
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		method, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || !isLog(method.X) {
			return true
		}
		is, known := of[method.Sel.Name]
		if !known {
			return true
		}
		text, ok := call.Args[is.message].(*ast.BasicLit)
		if !ok {
			t.Errorf("%s: a message of the log is not written out", path)
			return true
		}
		message, err := strconv.Unquote(text.Value)
		if err != nil {
			t.Fatal(err)
		}
		if head, _, long := strings.Cut(message, ": "); long {
			message = head + ": …"
		}
		levels[message] = is.level
		return true
	})
}

// isLog reports whether an expression is the log, or the app's.
func isLog(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Name == "log"
	case *ast.SelectorExpr:
		return x.Sel.Name == "log"
	}
	return false
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
