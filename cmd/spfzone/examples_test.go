package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/internal/zonecheck"
	"github.com/spfzone/spfzone/resolver"
)

// TestExamples builds every example and compares each fragment with the one
// that lies beside it. -update writes these anew.
func TestExamples(t *testing.T) {
	folders, err := filepath.Glob("../../examples/*")
	if err != nil {
		t.Fatal(err)
	}
	if len(folders) < 5 {
		t.Fatalf("%d examples, want 5 or more", len(folders))
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			dir := t.TempDir()
			code, stdout, stderr := runArgs(t, "--config", filepath.Join(folder, "spfzone.yaml"),
				"--resolver", "file:"+filepath.Join(folder, "world.zone"), "build", "-o", dir)
			if code != exitYes {
				t.Fatalf("exit %d, stdout:\n%s\nstderr:\n%s", code, stdout, stderr)
			}
			expected := filepath.Join(folder, "expected")
			if *update {
				if err := os.RemoveAll(expected); err != nil {
					t.Fatal(err)
				}
				if err := os.CopyFS(expected, os.DirFS(dir)); err != nil {
					t.Fatal(err)
				}
			}
			got := filesIn(t, dir)
			if diff := cmp.Diff(filesIn(t, expected), got); diff != "" || len(got) == 0 {
				t.Errorf("fragments (-want +got):\n%s", diff)
			}
			for name, text := range got {
				t.Run("checkers", func(t *testing.T) {
					zonecheck.Check(t, strings.TrimSuffix(name, "zone"), []byte(text))
				})
			}
		})
	}
}

// runArgs runs a command line in this process, with the resolvers that it
// names.
func runArgs(t *testing.T, args ...string) (code exitCode, stdout, stderr string) {
	t.Helper()
	a := newTestAppOver(nil)
	a.openResolver = resolver.Open
	code = a.run(t.Context(), args)
	return code, a.out.String(), a.err.String()
}

// filesIn gives the content of the files in a folder, by name.
func filesIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(text)
	}
	return files
}
