// Package leaks finds secrets of tests where none may be: in what programs
// print and log, and in the files that they leave. Only tests use it, and the
// program that runs all of them.
package leaks

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// The lines that tests log, for whoever looks at the output of all of them. A
// secret is in them in hexadecimal, a form that no program has reason to use.
const (
	Used   = "a secret is in use: "   // its name, and it
	Looked = "looked for secrets in " // what was looked at, in one word, and its octets
)

// Control is the name of a secret that a test prints on purpose: whoever does
// not find it finds nothing.
const Control = "control"

// shortest is the length of the shortest secret: a shorter text may stand
// anywhere by chance.
const shortest = 8

var (
	mu   sync.Mutex
	used = map[string]string{} // the secrets of this process by name
)

// Use says that a test uses a secret, and gives it back. The name is that of a
// type of provider, a dot and the field.
func Use(t testing.TB, name, value string) string {
	t.Helper()
	if len(value) < shortest {
		t.Fatalf("the secret %s has fewer than %d octets", name, shortest)
	}
	mu.Lock()
	used[value] = name
	mu.Unlock()
	t.Logf("%s%s %s", Used, name, hex.EncodeToString([]byte(value)))
	return value
}

// Of makes a secret for a name, with characters that some forms of it change.
func Of(name string) string { return "s3cr3t/+T0ken of " + name }

// Holds reports whether a text has a secret, as it is or as requests and
// documents carry it, or a line of one that has several.
func Holds(text []byte, secret string) bool {
	parts := []string{secret}
	for line := range strings.Lines(secret) {
		if line = strings.TrimSpace(line); len(line) >= 4*shortest && !strings.HasPrefix(line, "-----") {
			parts = append(parts, line)
		}
	}
	return slices.ContainsFunc(parts, func(part string) bool {
		return slices.ContainsFunc(forms(part), func(f string) bool { return bytes.Contains(text, []byte(f)) })
	})
}

func forms(s string) []string {
	quoted, _ := json.Marshal(s)
	out := []string{s, string(quoted[1 : len(quoted)-1]), url.QueryEscape(s), url.PathEscape(s)}
	for shift := range 3 { // where it starts in a longer text of which base64 is made
		padded := append(make([]byte, shift), s...)
		from, to := (8*shift+5)/6, len(padded)*8/6 // the characters that are made of s alone
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			out = append(out, enc.EncodeToString(padded)[from:to])
		}
	}
	return out
}

// Look fails the test if a text has one of the secrets that were used so far.
func Look(t testing.TB, where string, text []byte) {
	t.Helper()
	mu.Lock()
	defer mu.Unlock()
	for value, name := range used {
		if Holds(text, value) {
			t.Errorf("the secret %s is in the %s", name, where)
		}
	}
	t.Logf("%s%s %d", Looked, where, len(text))
}

// LookBelow looks at all files below a folder but those that hold secrets of
// right, by their names.
func LookBelow(t testing.TB, dir string, of ...string) {
	t.Helper()
	var journal, files bytes.Buffer
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || slices.Contains(of, d.Name()) {
			return err
		}
		text, err := os.ReadFile(path)
		if strings.Contains(path, "journal") {
			journal.Write(text)
		} else {
			files.Write(text)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	Look(t, "journal", journal.Bytes())
	Look(t, "files", files.Bytes())
}
