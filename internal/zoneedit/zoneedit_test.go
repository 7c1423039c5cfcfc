package zoneedit_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/internal/zoneedit"
	"github.com/spfzone/spfzone/providers/txt"
	"github.com/spfzone/spfzone/zonefile"
)

const zone = "$TTL 3600\n@ SOA ns hostmaster 2026112400 7200 3600 1209600 300\n"

// newEditor edits a zone file with some more lines.
func newEditor(t *testing.T, lines string) *zoneedit.Editor {
	t.Helper()
	e := &zoneedit.Editor{
		File: filepath.Join(t.TempDir(), "x.com.zone"),
		Now:  func() time.Time { return time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC) },
		Swap: zonefile.SwapFile,
	}
	if err := os.WriteFile(e.File, []byte(zone+lines), 0o644); err != nil {
		t.Fatal(err)
	}
	return e
}

func content(t *testing.T, e *zoneedit.Editor) string {
	t.Helper()
	text, err := os.ReadFile(e.File)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// replace puts an SPF record in the place of what is there.
func replace(t *testing.T, e *zoneedit.Editor, text string) error {
	t.Helper()
	old, err := e.ReadTXT(t.Context(), "x.com.", "x.com.")
	if err != nil {
		t.Fatal(err)
	}
	return e.ReplaceTXT(t.Context(), "x.com.", "x.com.", old, old.With(text, 3600))
}

func needsShell(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the commands are those of a POSIX system")
	}
}

func TestReload(t *testing.T) {
	needsShell(t)
	e := newEditor(t, "@ TXT v=spf1\n")
	mark := filepath.Join(t.TempDir(), "mark")
	e.Reload = "  touch   " + mark
	if err := replace(t, e, "v=spf1 -all"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(mark); err != nil {
		t.Error(err)
	}
	want := strings.Replace(zone, "2026112400", "2026112401", 1) + "@ TXT \"v=spf1 -all\"\n"
	if diff := cmp.Diff(want, content(t, e)); diff != "" {
		t.Error(diff)
	}
}

// A reload that fails puts back what was there, under a serial that nobody has
// seen.
func TestReloadFails(t *testing.T) {
	needsShell(t)
	e := newEditor(t, "@ TXT ( v=spf1 ) ; ours\n")
	e.Reload = "ls --no-such-\x1b[2Joption"
	was := content(t, e)
	err := replace(t, e, "v=spf1 -all")
	if err == nil || errors.Is(err, txt.ErrUnpublished) || !strings.HasPrefix(err.Error(), `the reload command "ls --no-such-\x1b[2Joption" failed: exit status `) || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff(was, content(t, e)); diff != "" {
		t.Errorf("the command never worked, and the file was edited: %s", diff)
	}
	e.Reload = "mkdir " + filepath.Join(t.TempDir(), "once") // which works the first time
	err = replace(t, e, "v=spf1 -all")
	if err == nil || !errors.Is(err, txt.ErrPutBack) || !strings.HasSuffix(err.Error(), `; what was there is there again, under the serial number 2026112402, as the name server may have read the other`) {
		t.Errorf("error %v", err)
	}
	want := strings.Replace(zone, "2026112400", "2026112402", 1) + "@ TXT ( v=spf1 ) ; ours\n"
	if diff := cmp.Diff(want, content(t, e)); diff != "" {
		t.Error(diff)
	}
	e = newEditor(t, "@ TXT ( v=spf1 ) ; ours\n")
	e.Reload = "/no/such/program"
	want = `the reload command "/no/such/program" failed: fork/exec /no/such/program: no such file or directory`
	if err := replace(t, e, "v=spf1 -all"); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// If what was there cannot be put back, the error says that the change stands.
func TestReloadFailsAndOthersWrite(t *testing.T) {
	needsShell(t)
	e := newEditor(t, "@ TXT v=spf1\n")
	swaps := 0
	e.Swap = func(path string, read, data []byte) error {
		if swaps++; swaps == 2 {
			return fmt.Errorf("%s: %w", path, zonefile.ErrChanged)
		}
		return zonefile.SwapFile(path, read, data)
	}
	once := filepath.Join(t.TempDir(), "once")
	e.Reload = "rmdir " + once
	if err := os.Mkdir(once, 0o777); err != nil {
		t.Fatal(err)
	}
	err := replace(t, e, "v=spf1 -all")
	if want := `the change is stored, but may not be published: the reload command "rmdir ` + once + `" failed: exit status 1; it said "rmdir: failed to remove '` + once + `': No such file or directory"; putting back what was there: ` + e.File + ": " + zonefile.ErrChanged.Error(); err == nil || err.Error() != want || !errors.Is(err, txt.ErrUnpublished) {
		t.Errorf("error %v, want %s", err, want)
	}
	if !strings.Contains(content(t, e), "v=spf1 -all") {
		t.Error(content(t, e))
	}
}

func TestReloadEndsWithTheContext(t *testing.T) {
	needsShell(t)
	e := newEditor(t, "@ TXT v=spf1\n")
	once := filepath.Join(t.TempDir(), "reload.sh")
	if err := os.WriteFile(once, []byte("mkdir "+once+".d && exit; exec sleep 600\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	e.Reload = "sh " + once
	ctx, cancel := context.WithCancel(t.Context())
	e.Swap = func(path string, read, data []byte) error {
		cancel()
		return zonefile.SwapFile(path, read, data)
	}
	old := txt.RRset{TTL: 3600, Records: []txt.Record{{Strings: []string{"v=spf1"}}}}
	if err := e.ReplaceTXT(ctx, "x.com.", "x.com.", old, txt.RRset{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// What others change elsewhere in the file in the meantime stays, and the edit
// is made; what they change at the name is a conflict.
func TestOthersWriteInTheMeantime(t *testing.T) {
	tests := []struct {
		name, line string
		want       error
	}{
		{"elsewhere", "www A 192.0.2.1\n", nil},
		{"at the name", "@ TXT x\n", txt.ErrConflict},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := newEditor(t, "@ TXT v=spf1\n")
			swaps := 0
			e.Swap = func(path string, read, data []byte) error {
				if swaps++; swaps == 1 {
					if err := os.WriteFile(path, []byte(string(read)+tt.line), 0o644); err != nil {
						t.Error(err)
					}
				}
				return zonefile.SwapFile(path, read, data)
			}
			if err := replace(t, e, "v=spf1 -all"); !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			text := content(t, e)
			if !strings.Contains(text, tt.line) || strings.Contains(text, "-all") != (tt.want == nil) {
				t.Error(text)
			}
		})
	}
	e := newEditor(t, "@ TXT v=spf1\n")
	e.Swap = func(string, []byte, []byte) error { return zonefile.ErrChanged }
	if err := replace(t, e, "v=spf1 -all"); !errors.Is(err, txt.ErrConflict) {
		t.Errorf("each time: %v", err)
	}
}

func TestRefuses(t *testing.T) {
	e := newEditor(t, "www CNAME y.com.\n$GENERATE 1-2 p$ TXT v=spf1\n")
	if _, err := e.ReadTXT(t.Context(), "x.com.", "www.x.com."); !errors.Is(err, txt.ErrUnsafe) {
		t.Errorf("an alias: %v", err)
	}
	old := txt.RRset{TTL: 3600, Records: []txt.Record{{Strings: []string{"v=spf1"}}}}
	if err := e.ReplaceTXT(t.Context(), "x.com.", "p1.x.com.", old, txt.RRset{}); !errors.Is(err, txt.ErrUnsafe) {
		t.Errorf("a generated record: %v", err)
	}
	if _, err := (&zoneedit.Editor{File: e.File + "2"}).ReadTXT(t.Context(), "x.com.", "x.com."); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestTry(t *testing.T) {
	e := newEditor(t, "@ TXT v=spf1\nwww CNAME @\n")
	was := content(t, e)
	set := txt.RRset{TTL: 3600, Records: []txt.Record{{Strings: []string{"v=spf1 -all"}}}}
	if err := e.TryTXT(t.Context(), "x.com.", "x.com.", set); err != nil {
		t.Error(err)
	}
	if err := e.TryTXT(t.Context(), "x.com.", "www.x.com.", set); !errors.Is(err, txt.ErrUnsafe) {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff(was, content(t, e)); diff != "" {
		t.Error(diff)
	}
	e.File += ".none"
	if err := e.TryTXT(t.Context(), "x.com.", "www.x.com.", set); err != nil {
		t.Error(err)
	}
}
