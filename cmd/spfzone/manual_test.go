package main

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestManual holds docs/ to the commands. With -update it writes them.
func TestManual(t *testing.T) {
	const docs = "../../docs"
	want := manual(newRoot(&app{}))
	if len(want) < 3 {
		t.Fatalf("%d pages", len(want))
	}
	if *update {
		if code := newTestApp(t, "").run(t.Context(), []string{"docs", docs}); code != exitYes {
			t.Fatalf("exit code %d", code)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		got, err := os.ReadFile(filepath.Join(docs, filepath.FromSlash(name)))
		if err != nil {
			t.Fatalf("%v: run 'make docs'", err)
		}
		if diff := cmp.Diff(string(got), want[name]); diff != "" {
			t.Errorf("docs/%s is not what the commands say: run 'make docs' (-docs +commands):\n%s", name, diff)
		}
	}
	err := filepath.WalkDir(filepath.Join(docs, "man"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && want["man/"+d.Name()] == "" {
			t.Errorf("%s belongs to no command", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestManualIsWhole holds each page to what a reader looks for.
func TestManualIsWhole(t *testing.T) {
	for _, cmd := range documented(newRoot(&app{})) {
		page := manPage(cmd)
		for _, section := range []string{"NAME", "SYNOPSIS", "DESCRIPTION", "SEE ALSO"} {
			if !strings.Contains(page, ".SH "+section+"\n") {
				t.Errorf("%s has no section %s", cmd.CommandPath(), section)
			}
		}
		if cmd.Long == "" || cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s has no long text, or a short one that is no phrase: %q", cmd.CommandPath(), cmd.Short)
		}
		for line := range strings.Lines(cmd.Long) {
			if len(line) > 90 {
				t.Errorf("%s: a line of its long text has %d octets: %s", cmd.CommandPath(), len(line), line)
			}
		}
	}
}

func TestRoff(t *testing.T) {
	tests := []struct{ text, want string }{
		{"plain", "plain"},
		{"--flag", `\-\-flag`},
		{`a\b`, `a\eb`},
		{".TH\n'quote'", "\\&.TH\n\\(aqquote\\(aq"},
	}
	for _, tt := range tests {
		if got := roff(tt.text); got != tt.want {
			t.Errorf("roff(%q) = %q, want %q", tt.text, got, tt.want)
		}
	}
}
