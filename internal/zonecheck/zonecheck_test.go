package zonecheck

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestCheckAccepts(t *testing.T) {
	Check(t, "x.com.", []byte("$ORIGIN X.com.\n@ 60 IN TXT \"v=spf1 mx -all\"\n"), "@ MX 10 mail", "mail A 192.0.2.1")
}

// Each checker must be seen to refuse, else its yes is worth nothing. What not
// all of them refuse in every version, some must.
func TestEveryCheckerRefuses(t *testing.T) {
	Available(t)
	const named, knot, nsd = "named-checkzone", "kzonecheck", "nsd-checkzone"
	tests := []struct {
		name, fragment string
		by             []string
	}{
		{"an open quote", "@ 60 IN TXT \"v=spf1\n", []string{named, knot, nsd}},
		{"256 octets in a string", "@ 60 IN TXT \"" + strings.Repeat("x", 256) + "\"\n", []string{named, nsd}},
		{"a name outside the zone", "y.com. 60 IN TXT \"x\"\n", []string{nsd}},
		{"an unknown type", "@ 60 IN TEXT \"x\"\n", []string{named, knot, nsd}},
	}
	for _, tt := range tests {
		file := filepath.Join(t.TempDir(), "zone")
		if err := os.WriteFile(file, zone("x.com.", []byte(tt.fragment), nil), 0o644); err != nil {
			t.Fatal(err)
		}
		for _, c := range checkers() {
			if !slices.Contains(tt.by, c.program) {
				continue
			}
			t.Run(tt.name+"/"+c.program, func(t *testing.T) {
				if answer, err := c.run("x.com.", file); err == nil {
					t.Errorf("accepted:\n%s", answer)
				}
			})
		}
	}
}
