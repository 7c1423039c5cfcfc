// Package zonecheck has the zone checkers of three name servers judge a
// zone-file fragment: named-checkzone (BIND), kzonecheck (Knot DNS) and
// nsd-checkzone (NSD). Only tests use it.
package zonecheck

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// checker is a program that exits 0 if it accepts a zone file.
type checker struct {
	program string
	debian  string // the package that holds the program
	args    func(origin, file string) []string
}

func checkers() []checker {
	return []checker{
		{"named-checkzone", "bind9-utils", func(origin, file string) []string {
			return []string{"-i", "local", "-k", "fail", "-n", "fail", "-m", "fail", "-r", "fail", origin, file}
		}},
		{"kzonecheck", "knot-dnssecutils", func(origin, file string) []string {
			return []string{"-o", origin, file}
		}},
		{"nsd-checkzone", "nsd", func(origin, file string) []string {
			return []string{origin, file}
		}},
	}
}

// Available skips the test if a checker is absent, or fails it if the
// environment has SPFZONE_INTEGRATION=required.
func Available(t testing.TB) {
	t.Helper()
	var programs, packages []string
	for _, c := range checkers() {
		if _, err := c.find(); err != nil {
			programs, packages = append(programs, c.program), append(packages, c.debian)
		}
	}
	if len(programs) == 0 {
		return
	}
	report := t.Skipf
	if os.Getenv("SPFZONE_INTEGRATION") == "required" {
		report = t.Fatalf
	}
	report("%s not found: install the Debian packages %s", strings.Join(programs, ", "), strings.Join(packages, ", "))
}

// find looks in the system folders too, which not every user's PATH holds.
func (c checker) find() (path string, err error) {
	if path, err = exec.LookPath(c.program); err == nil {
		return path, nil
	}
	return exec.LookPath(filepath.Join("/usr/sbin", c.program))
}

// Check makes a whole zone of the fragment, by an SOA and a name server at the
// origin and by the records given as further zone-file lines, and fails the
// test for every checker that refuses it. The origin is absolute. The zone's
// names are relative to it until the fragment's own $ORIGIN. It calls
// [Available] first.
func Check(t testing.TB, origin string, fragment []byte, further ...string) {
	t.Helper()
	Available(t)
	file := filepath.Join(t.TempDir(), "zone")
	if err := os.WriteFile(file, zone(origin, fragment, further), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range checkers() {
		if answer, err := c.run(origin, file); err != nil {
			t.Errorf("%s refuses the zone %s: %v\n%s\n%s", c.program, origin, err, answer, fragment)
		}
	}
}

func zone(origin string, fragment []byte, further []string) []byte {
	var b bytes.Buffer
	b.WriteString("$ORIGIN " + origin + "\n" +
		"$TTL 3600\n" +
		"@ IN SOA ns.zonecheck hostmaster 1 7200 3600 1209600 300\n" +
		"@ IN NS ns.zonecheck\n" +
		"ns.zonecheck IN A 192.0.2.53\n")
	for _, line := range further {
		b.WriteString(line + "\n")
	}
	b.Write(fragment)
	return b.Bytes()
}

func (c checker) run(origin, file string) (answer []byte, err error) {
	path, err := c.find()
	if err != nil {
		return nil, err
	}
	return exec.Command(path, c.args(origin, file)...).CombinedOutput()
}

// Refusal gives what the checkers say against a whole zone; empty if all accept
// it. The caller has called [Available].
func Refusal(t testing.TB, origin string, text []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "zone")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	var refusals []string
	for _, c := range checkers() {
		if answer, err := c.run(origin, file); err != nil {
			refusals = append(refusals, c.program+": "+string(answer))
		}
	}
	return strings.Join(refusals, "\n")
}
