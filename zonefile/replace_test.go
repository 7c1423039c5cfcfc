package zonefile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/zonefile"
)

func TestReplaceFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.com.zone")
	steps := []struct {
		name, data string
		changed    bool
	}{
		{"new", "one", true},
		{"same", "one", false},
		{"other", "two", true},
		{"empty", "", true},
		{"empty again", "", false},
	}
	for _, step := range steps {
		changed, err := zonefile.ReplaceFile(path, []byte(step.data))
		if err != nil || changed != step.changed {
			t.Errorf("%s: ReplaceFile = %v, %v, want %v", step.name, changed, err, step.changed)
		}
		if diff := cmp.Diff(map[string]string{"x.com.zone": step.data}, folder(t, filepath.Dir(path))); diff != "" {
			t.Errorf("%s: folder (-want +got):\n%s", step.name, diff)
		}
	}
}

func TestReplaceFileKeepsPermissions(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no permission bits")
	}
	path := filepath.Join(t.TempDir(), "zone")
	writeFile(t, path, "old")
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := zonefile.ReplaceFile(path, []byte("new")); err != nil {
		t.Fatal(err)
	}
	stat, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if stat.Mode() != 0o640 {
		t.Errorf("mode %v, want 0640", stat.Mode())
	}
}

func TestReplaceFileLeavesTheSameContentAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "zone")
	writeFile(t, path, "same")
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := zonefile.ReplaceFile(path, []byte("same")); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if !os.SameFile(before, after) || !before.ModTime().Equal(after.ModTime()) {
		t.Error("the file was written again")
	}
}

func TestReplaceFileFollowsALink(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "target"), "old")
	link := filepath.Join(dir, "link")
	if err := os.Symlink("target", link); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	if _, err := zonefile.ReplaceFile(link, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if to, err := os.Readlink(link); err != nil || to != "target" {
		t.Errorf("the link leads to %q, %v", to, err)
	}
	if diff := cmp.Diff(map[string]string{"target": "new", "link": "new"}, folder(t, dir)); diff != "" {
		t.Errorf("folder (-want +got):\n%s", diff)
	}
}

func TestReplaceFileRefuses(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink("nowhere", filepath.Join(dir, "dangling")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	tests := []struct{ name, path, want string }{
		{"a folder", dir, dir + " is not a regular file"},
		{"a link to nothing", filepath.Join(dir, "dangling"), filepath.Join(dir, "dangling") + " is a symbolic link to nothing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			changed, err := zonefile.ReplaceFile(tt.path, []byte("x"))
			if changed || err == nil || err.Error() != tt.want {
				t.Errorf("ReplaceFile = %v, %v, want %s", changed, err, tt.want)
			}
		})
	}
	t.Run("no such folder", func(t *testing.T) {
		path := filepath.Join(dir, "none", "zone")
		changed, err := zonefile.ReplaceFile(path, []byte("x"))
		var file *fs.PathError
		if changed || !errors.As(err, &file) || file.Path != path || strings.Contains(err.Error(), ".zone.") {
			t.Errorf("ReplaceFile = %v, %v, want an error of %s", changed, err, path)
		}
	})
	if got, err := os.ReadDir(dir); err != nil || len(got) != 1 {
		t.Errorf("left in the folder: %v, %v", got, err)
	}
}

// folder is the content of each file in dir.
func folder(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := make(map[string]string)
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(data)
	}
	return files
}

func writeFile(t *testing.T, path, data string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}
