package leaks

import (
	"encoding/base64"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const value = `c0ntrol "of the"/searches+`

func TestHolds(t *testing.T) {
	b64 := base64.StdEncoding.EncodeToString
	tests := []struct{ name, text string }{
		{"as it is", "token " + value + "."},
		{"in JSON", `{"token":"c0ntrol \"of the\"/searches+"}`},
		{"in a query", "?token=" + url.QueryEscape(value)},
		{"in a path", "/" + url.PathEscape(value)},
		{"base64", b64([]byte(value))},
		{"behind one octet", b64([]byte(":" + value))},
		{"behind two octets", b64([]byte("u:" + value + "@"))},
		{"behind many octets", b64([]byte("somebody:" + value + " and more"))},
		{"base64 for addresses", base64.RawURLEncoding.EncodeToString([]byte("u:" + value))},
	}
	for _, tt := range tests {
		if !Holds([]byte(tt.text), value) {
			t.Errorf("%s: not found in %s", tt.name, tt.text)
		}
		if Holds([]byte(tt.text), "an0ther secret") || Holds([]byte(tt.text[:len(tt.text)/2]), value) {
			t.Errorf("%s: found where it is not", tt.name)
		}
	}
	pem := "-----BEGIN X-----\n" + strings.Repeat("Ab1+", 10) + "\n" + strings.Repeat("Cd2/", 10) + "\n-----END X-----\n"
	if !Holds([]byte("x "+strings.Repeat("Cd2/", 10)), pem) || Holds([]byte("-----BEGIN X-----"), pem) {
		t.Error("lines of a key are not told from its frame")
	}
}

// recorder is a test that notes what becomes of it.
type recorder struct {
	testing.TB
	failed bool
}

func (r *recorder) Errorf(string, ...any) { r.failed = true }

func TestLook(t *testing.T) {
	secret := Use(t, "leaks.test", "0nly f0r this test")
	for text, leaks := range map[string]bool{"nothing": false, "it is " + secret: true} {
		dir := t.TempDir()
		for name, content := range map[string]string{"config.yaml": secret, ".journal/1.json": text} {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		direct, below := &recorder{TB: t}, &recorder{TB: t}
		Look(direct, "text", []byte(text))
		LookBelow(below, dir, "config.yaml")
		if direct.failed != leaks || below.failed != leaks {
			t.Errorf("%q: %v, and %v below a folder", text, direct.failed, below.failed)
		}
	}
}

// TestControl prints a secret, for the check of all output to find.
func TestControl(t *testing.T) {
	t.Log("printed on purpose: " + Use(t, Control, value))
}
