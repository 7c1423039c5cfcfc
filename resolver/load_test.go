package resolver

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/spf"
)

// writeFiles gives a folder with the files. A text that begins with "->" is a
// symbolic link.
func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if target, ok := strings.CutPrefix(text, "->"); ok && err == nil {
			err = os.Symlink(target, path)
		} else if err == nil {
			err = os.WriteFile(path, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLoadIncludes(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"zones/x.zone":         "$ORIGIN x.test.\n$INCLUDE spf.inc\n$INCLUDE sub/mail.inc mail\n@ A 192.0.2.1\n",
		"zones/spf.inc":        "@ TXT \"v=spf1 a -all\"\n",
		"zones/sub/mail.inc":   "@ A 192.0.2.2\n$INCLUDE deeper.inc\n",
		"zones/sub/deeper.inc": "deep A 192.0.2.3\n$INCLUDE ../spf.inc\n",
		"zones/link.zone":      "$INCLUDE link.inc\n",
		"zones/link.inc":       "->spf.inc",
	})
	path := filepath.Join(dir, "zones", "x.zone")
	w, err := LoadFiles(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"x.test.":           {"192.0.2.1"},
		"mail.x.test.":      {"192.0.2.2"},
		"deep.mail.x.test.": {"192.0.2.3"},
	} {
		a, err := w.LookupIP(t.Context(), name, spf.V4)
		var got []string
		for _, ip := range a.Records {
			got = append(got, ip.String())
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
	if a, err := w.LookupTXT(t.Context(), "mail.x.test."); err != nil || len(a.Records) != 1 {
		t.Errorf("a file included twice: %v, %v", a, err)
	}
	if _, err := LoadFiles(filepath.Join(dir, "zones", "link.zone")); err != nil {
		t.Errorf("a symbolic link within the folder: %v", err)
	}

	absolute := filepath.Join(dir, "zones", "absolute.zone")
	if err := os.WriteFile(absolute, []byte("$INCLUDE "+filepath.ToSlash(dir)+"/zones/spf.inc\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadFiles(absolute); err != nil {
		t.Errorf("an absolute path within the folder: %v", err)
	}
	t.Chdir(filepath.Join(dir, "zones"))
	for _, path := range []string{"x.zone", "./x.zone", "../zones/x.zone", "absolute.zone"} {
		if _, err := LoadFiles(path); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestLoadRefusesIncludes(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"secret":                "root:x:0:0\n",
		"zones/up.zone":         "$ORIGIN x.test.\n\n$INCLUDE ../secret\n",
		"zones/around.zone":     "$INCLUDE sub/../../secret\n",
		"zones/absolute.zone":   "$INCLUDE /etc/passwd\n",
		"zones/link.zone":       "$INCLUDE link\n",
		"zones/link":            "->../secret",
		"zones/dirlink.zone":    "$INCLUDE dir/secret\n",
		"zones/dir":             "->..",
		"zones/nested.zone":     "$INCLUDE sub/nested.inc\n",
		"zones/sub/nested.inc":  "$INCLUDE ../../secret\n",
		"zones/none.zone":       "$INCLUDE none.inc\n",
		"zones/itself.zone":     "$INCLUDE itself.zone\n",
		"zones/bomb.zone":       strings.Repeat("$INCLUDE bomb1.inc\n", 10),
		"zones/bomb1.inc":       strings.Repeat("$INCLUDE bomb2.inc\n", 10),
		"zones/bomb2.inc":       strings.Repeat("$INCLUDE bomb3.inc\n", 10),
		"zones/bomb3.inc":       strings.Repeat("$INCLUDE bomb4.inc\n", 10),
		"zones/bomb4.inc":       "x.test. A 192.0.2.1\n",
		"zones/syntax.zone":     "$INCLUDE sub/syntax.inc\n",
		"zones/sub/syntax.inc":  "x.test. A 192.0.2.1\nx.test. A 192.0.2\n",
		"zones/aliases.zone":    "x.test. CNAME a.test.\nx.test. CNAME b.test.\n",
		"zones/other.zone":      "x.test. CNAME a.test.\nx.test. TXT a\n",
		"zones/dot.zone":        "x.test. MX 10 a\\.b.test.\n",
		"zones/directory/x":     "",
		"zones/notgzip.zone.gz": "x.test. A 192.0.2.1\n",
	})
	zones := filepath.Join(dir, "zones")
	tests := []struct{ file, want string }{
		{"up.zone", "up.zone:3:18: failed to open `../secret': it is outside of the zone file's folder, at \"../secret\""},
		{"around.zone", "around.zone:1:25: failed to open `sub/../../secret' as `../secret': it is outside of the zone file's folder, at \"sub/../../secret\""},
		{"absolute.zone", "absolute.zone:1:20: failed to open `/etc/passwd' as `etc/passwd': openat etc/passwd: no such file or directory, at \"/etc/passwd\""},
		{"link.zone", "link.zone:1:13: failed to open `link': openat link: path escapes from parent, at \"link\""},
		{"dirlink.zone", "dirlink.zone:1:19: failed to open `dir/secret': openat dir/secret: path escapes from parent, at \"dir/secret\""},
		{"nested.zone", "sub/nested.inc:1:21: failed to open `../../secret' as `../secret': it is outside of the zone file's folder, at \"../../secret\""},
		{"none.zone", "none.zone:1:17: failed to open `none.inc': openat none.inc: no such file or directory, at \"none.inc\""},
		{"itself.zone", "itself.zone:1:20: too deeply nested $INCLUDE, at \"itself.zone\""},
		{"bomb.zone", "bomb1.inc:10:18: failed to open `bomb2.inc': more than 1000 files are included, at \"bomb2.inc\""},
		{"syntax.zone", "sub/syntax.inc:2:17: \"192.0.2\" has no place in a record of type A"},
		{"aliases.zone", "aliases.zone: x.test. has two CNAMEs, to a.test. and b.test. (RFC 2181, Section 10.1)"},
		{"other.zone", "other.zone: x.test.: a CNAME and other records (RFC 1034, Section 3.6.2)"},
		{"dot.zone", "dot.zone: the MX record of x.test. names nothing that can be asked for"},
		{"directory", filepath.Join(zones, "directory") + ": read " + filepath.Join(zones, "directory") + ": is a directory"},
		{"notgzip.zone.gz", "notgzip.zone.gz: gzip: invalid header"},
		{"lacking.zone", "open " + filepath.Join(zones, "lacking.zone") + ": no such file or directory"},
	}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			_, err := LoadFiles(filepath.Join(zones, tt.file))
			want := tt.want
			if !strings.Contains(want, zones) {
				want = zones + string(filepath.Separator) + want
			}
			if diff := cmp.Diff(want, fmt.Sprint(err)); diff != "" {
				t.Error(diff)
			}
			var file *ZoneFileError
			if !errors.As(err, &file) {
				t.Errorf("%T, want a *ZoneFileError", err)
			}
		})
	}
}

func TestLoadGzip(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	fmt.Fprint(z, strings.Repeat("x.test. A 192.0.2.1\n", 1000))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	dir := writeFiles(t, map[string]string{"whole.gz": b.String(), "cut.gz": b.String()[:b.Len()-20]})
	w, err := LoadFiles(filepath.Join(dir, "whole.gz"))
	if err != nil {
		t.Fatal(err)
	}
	if a, err := w.LookupIP(t.Context(), "x.test.", spf.V4); err != nil || len(a.Records) != 1 {
		t.Errorf("the same record a thousand times: %v, %v", a, err)
	}
	cut := filepath.Join(dir, "cut.gz")
	if _, err := LoadFiles(cut); err == nil || !strings.HasPrefix(err.Error(), cut+": ") {
		t.Errorf("a file that was cut off: %v", err)
	}
}

// A record of 100 kB does not fit a DNS message, but a file may hold it.
func TestLoadLargeRecord(t *testing.T) {
	line := "x.test. TXT" + strings.Repeat(` "`+strings.Repeat("x", 255)+`"`, 400) + "\n"
	w, err := ParseZone(strings.NewReader(line), "large.zone")
	if err != nil {
		t.Fatal(err)
	}
	a, err := w.LookupTXT(t.Context(), "x.test.")
	if err != nil || len(a.Records) != 1 || a.Records[0].Join() != strings.Repeat("x", 400*255) {
		t.Errorf("%d records, %v", len(a.Records), err)
	}
}
