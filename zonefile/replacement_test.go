package zonefile_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/zonefile"
)

// prepared readies new content for files, of which "b" has it already.
func prepared(t *testing.T, dir string, names ...string) []*zonefile.Replacement {
	t.Helper()
	var list []*zonefile.Replacement
	for _, name := range names {
		r, err := zonefile.Prepare(filepath.Join(dir, name), []byte("new "+name))
		if err != nil {
			t.Fatal(err)
		}
		if r.Changed() != (name != "b") {
			t.Errorf("%s: Changed = %v", name, r.Changed())
		}
		list = append(list, r)
	}
	return list
}

func TestReplace(t *testing.T) {
	stopped, stop := context.WithCancel(t.Context())
	stop()
	old := map[string]string{"a": "old", "b": "new b"}
	all := map[string]string{"a": "new a", "b": "new b", "c": "new c"}
	tests := []struct {
		name  string
		ctx   context.Context
		spoil string // becomes a folder that is not empty before the last step
		done  int
		want  map[string]string
	}{
		{"all", t.Context(), "", 3, all},
		{"stopped", stopped, "", 0, old},
		{"the last one fails", t.Context(), "c", 2, map[string]string{"a": "new a", "b": "new b", "c/x": ""}},
		{"the first one fails", t.Context(), "a", 0, map[string]string{"a/x": "", "b": "new b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, data := range old {
				writeFile(t, filepath.Join(dir, name), data)
			}
			list := prepared(t, dir, "a", "b", "c")
			if tt.spoil != "" {
				_ = os.Remove(filepath.Join(dir, tt.spoil))
				if err := os.Mkdir(filepath.Join(dir, tt.spoil), 0o777); err != nil {
					t.Fatal(err)
				}
				writeFile(t, filepath.Join(dir, tt.spoil, "x"), "")
			}
			done, err := zonefile.Replace(tt.ctx, list)
			if done != tt.done || (err == nil) != (tt.done == len(list)) {
				t.Errorf("Replace = %d, %v, want %d", done, err, tt.done)
			}
			if tt.ctx == stopped && !errors.Is(err, context.Canceled) {
				t.Errorf("Replace: %v, want the context's error", err)
			}
			if diff := cmp.Diff(tt.want, tree(t, dir)); diff != "" {
				t.Errorf("folder (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDiscard(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "b"), "new b")
	for _, r := range prepared(t, dir, "a", "b") {
		if err := r.Discard(); err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff(map[string]string{"b": "new b"}, tree(t, dir)); diff != "" {
		t.Errorf("folder (-want +got):\n%s", diff)
	}
}

// Many files go to the disk side by side, and each has its own content.
func TestReplaceMany(t *testing.T) {
	dir := t.TempDir()
	var list []*zonefile.Replacement
	want := map[string]string{}
	for i := range 300 {
		name := fmt.Sprint("f", i)
		want[name] = "new " + name
		list = append(list, prepared(t, dir, name)...)
	}
	if done, err := zonefile.Replace(t.Context(), list); done != 300 || err != nil {
		t.Errorf("Replace = %d, %v", done, err)
	}
	if diff := cmp.Diff(want, tree(t, dir)); diff != "" {
		t.Errorf("folder (-want +got):\n%s", diff)
	}
}

// tree is folder with what is in its folders.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			for name, data := range tree(t, filepath.Join(dir, e.Name())) {
				files[e.Name()+"/"+name] = data
			}
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(data)
	}
	return files
}
