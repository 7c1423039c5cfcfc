package zonefile_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/zonefile"
)

func TestPatchFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.com.zone")
	text := head + "@ TXT \"v=spf1 mx -all\" ; ours\n$INCLUDE hosts.inc\n"
	after := headNext + "@ TXT \"v=spf1 ip4:192.0.2.0/24 -all\" ; ours\n$INCLUDE hosts.inc\n"
	writeFile(t, path, text)
	writeFile(t, filepath.Join(dir, "hosts.inc"), "www A 192.0.2.80\n")
	for _, step := range []struct {
		name    string
		edits   []zonefile.Edit
		changed bool
	}{
		{"nothing to change", apex(oldSPF), false},
		{"another text", apex(newSPF), true},
		{"again", apex(newSPF), false},
	} {
		changed, err := zonefile.PatchFile(path, zonefile.Source{Origin: "x.com."}, step.edits, now)
		if err != nil || changed != step.changed {
			t.Errorf("%s: %v, %v, want %v", step.name, changed, err, step.changed)
		}
	}
	if diff := cmp.Diff(map[string]string{"x.com.zone": after, "hosts.inc": "www A 192.0.2.80\n"}, folder(t, dir)); diff != "" {
		t.Errorf("folder (-want +got):\n%s", diff)
	}
}

func TestPatchFileRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "zones", "x.com.zone")
	if err := os.Mkdir(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "outside.inc"), "a A 192.0.2.1\n")
	writeFile(t, filepath.Join(dir, "zones", "bad.inc"), "\nb A 192.0.2\n")
	if err := os.Symlink("../outside.inc", filepath.Join(dir, "zones", "link.inc")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	tests := []struct{ name, line, want string }{
		{"a syntax error", "@ TXT \"\n", "ZONES/x.com.zone:5: the string in quotes is not closed on its line"},
		{"an error in an included file", "$INCLUDE bad.inc\n", "ZONES/bad.inc:2: bad A A: \"192.0.2\""},
		{"an error in an included file of an absolute path", "$INCLUDE ZONES/bad.inc\n", "ZONES/bad.inc:2: bad A A: \"192.0.2\""},
		{"a file outside", "$INCLUDE ../outside.inc\n", "ZONES/x.com.zone:5: the file ../outside.inc cannot be included: it is outside of the folder ZONES"},
		{"a file outside, of an absolute path", "$INCLUDE ZONES/../outside.inc\n", "ZONES/x.com.zone:5: the file ZONES/../outside.inc cannot be included: it is outside of the folder ZONES"},
		{"a link that leads outside", "$INCLUDE link.inc\n", "ZONES/x.com.zone:5: the file link.inc cannot be included: openat link.inc: path escapes from parent"},
		{"an alias", "@ CNAME y.com.\n", "ZONES/x.com.zone:5: x.com. is an alias, beside which no other record may stand (RFC 1034, Section 3.6.2): publish the SPF record at the name that it leads to"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			here := strings.NewReplacer("ZONES", filepath.ToSlash(filepath.Dir(path)))
			text := head + here.Replace(tt.line)
			writeFile(t, path, text)
			before := folder(t, filepath.Dir(path))
			changed, err := zonefile.PatchFile(path, zonefile.Source{Origin: "x.com."}, apex(newSPF), now)
			if err == nil || err.Error() != here.Replace(tt.want) || changed {
				t.Errorf("%v, error\n got %v\nwant %s", changed, err, here.Replace(tt.want))
			}
			if diff := cmp.Diff(before, folder(t, filepath.Dir(path))); diff != "" {
				t.Errorf("folder (-want +got):\n%s", diff)
			}
		})
	}
}

// A folder that includes are looked for in may be another than the zone file's.
func TestFileSourceFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "zones"), 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "zones", "a.inc"), "a A 192.0.2.1\n")
	s := zonefile.FileSource(filepath.Join(dir, "zones", "x.zone"), dir, "x.com.")
	text := head + "$INCLUDE zones/a.inc\n@ TXT v=spf1\n"
	if _, err := zonefile.Patch([]byte(text), s, apex(newSPF), now); err != nil {
		t.Error(err)
	}
}

func TestSwapFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "zone")
	writeFile(t, path, "one")
	if err := zonefile.SwapFile(path, []byte("zero"), []byte("two")); !errors.Is(err, zonefile.ErrChanged) || err.Error() != path+": "+zonefile.ErrChanged.Error() {
		t.Errorf("of other content: %v", err)
	}
	if err := zonefile.SwapFile(path+"2", []byte("zero"), []byte("two")); !errors.Is(err, zonefile.ErrChanged) {
		t.Errorf("of no file: %v", err)
	}
	if diff := cmp.Diff(map[string]string{"zone": "one"}, folder(t, dir)); diff != "" {
		t.Errorf("folder (-want +got):\n%s", diff)
	}
	if err := zonefile.SwapFile(path, []byte("one"), []byte("two")); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(map[string]string{"zone": "two"}, folder(t, dir)); diff != "" {
		t.Errorf("folder (-want +got):\n%s", diff)
	}
}

// Of many that edit one file at once, each makes its change or is told that
// another was faster; no change is lost.
func TestPatchFileAtOnce(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no flock")
	}
	path := filepath.Join(t.TempDir(), "zone")
	writeFile(t, path, head)
	names := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	var wait sync.WaitGroup
	for _, name := range names {
		wait.Go(func() {
			for {
				_, err := zonefile.PatchFile(path, zonefile.Source{Origin: "x.com."}, one(name+".x.com.", 60, newSPF), now)
				if errors.Is(err, zonefile.ErrChanged) {
					continue
				}
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
				return
			}
		})
	}
	wait.Wait()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.Count(string(text), "\n"+name+" 60 IN TXT \"v=spf1 ") != 1 {
			t.Errorf("%s is not in\n%s", name, text)
		}
	}
	if !strings.Contains(string(text), " hostmaster 15 ") {
		t.Errorf("the serial has not moved 8 times:\n%s", text)
	}
}
