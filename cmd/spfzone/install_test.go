//go:build unix

package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestInstall installs something in the place of the program, and wants it and
// the manual pages to be there, with their modes. The unit of systemd has the
// paths of an installation with no PREFIX given.
func TestInstall(t *testing.T) {
	if _, err := exec.LookPath("make"); err != nil {
		t.Skipf("make is not there: %v", err)
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "built")
	if err := os.WriteFile(program, []byte("the program"), 0o700); err != nil {
		t.Fatal(err)
	}
	install := func(args ...string) (string, error) {
		cmd := exec.Command("make", append([]string{"-C", "../..", "install"}, args...)...)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := install("DESTDIR="+filepath.Join(dir, "none"), "PROGRAM="+filepath.Join(dir, "unbuilt")); err == nil || !strings.Contains(out, `run "make build" first`) {
		t.Errorf("without a program: %v\n%s", err, out)
	}
	want := map[string]string{"bin/spfzone": "-rwxr-xr-x"}
	for page := range manual(newRoot(&app{})) {
		if name, ok := strings.CutPrefix(page, "man/"); ok {
			want["share/man/man1/"+name] = "-rw-r--r--"
		}
	}
	if len(want) < 10 {
		t.Fatalf("%d files are wanted", len(want))
	}
	for _, c := range []struct{ name, prefix string }{{"by default", "/usr/local"}, {"of a package", "/usr"}} {
		root := filepath.Join(dir, c.name)
		args := []string{"DESTDIR=" + root, "PROGRAM=" + program}
		if c.prefix != "/usr/local" {
			args = append(args, "PREFIX="+c.prefix)
		}
		if out, err := install(args...); err != nil {
			t.Fatalf("%s: %v\n%s", c.name, err, out)
		}
		got := map[string]string{}
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			got[strings.TrimPrefix(path, root+c.prefix+"/")] = info.Mode().String()
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	if entries, err := os.ReadDir(filepath.Join(dir, "none")); err == nil {
		t.Errorf("without a program %d files were installed", len(entries))
	}
	unit, err := os.ReadFile("../../deploy/systemd/spfzone-watch.service")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"\nExecStart=/usr/local/bin/spfzone ", "\nDocumentation=man:spfzone-watch(1)\n"} {
		if !strings.Contains(string(unit), line) {
			t.Errorf("the unit lacks %q", line)
		}
	}
	if strings.Contains(string(unit), "/usr/bin/spfzone") {
		t.Error("the unit names another path than that of the installation")
	}
}
