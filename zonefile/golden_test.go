package zonefile_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/zonefile"
)

var update = flag.Bool("update", false, "write testdata/patch/*.patched anew")

// TestPatchGolden edits zone files as they are found in life: as BIND writes
// them, as the manual of NSD has them, and as they grow by hand.
func TestPatchGolden(t *testing.T) {
	edits := []zonefile.Edit{
		{Name: "x.com.", Text: "v=spf1 mx include:part1.x.com include:part2.x.com include:_spf.google.com -all", TTL: 3600},
		{Name: "part1.x.com.", Text: long, TTL: 3600},
		{Name: "part2.x.com.", Text: "v=spf1 ip4:198.51.100.0/24 -all", TTL: 3600},
		{Name: "part3.x.com.", TTL: 3600},
		{Name: "old.x.com.", TTL: 3600},
		{Name: "uk.x.com.", Text: "v=spf1 redirect=x.com", TTL: 86400},
	}
	files, err := filepath.Glob("testdata/patch/*.zone")
	if err != nil || len(files) != 3 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			before, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := zonefile.Patch(before, zonefile.FileSource(file, "", "x.com."), edits, now)
			if err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(file, ".zone") + ".patched"
			if *update {
				writeFile(t, golden, string(got))
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", golden, diff)
			}
			if strings.Contains(string(got), "$GENERATE") {
				got = []byte(strings.Split(string(got), "$GENERATE")[0]) // NSD and Knot have no such thing
			}
			t.Run("checkers", func(t *testing.T) { accepted(t, "x.com.", got) })
		})
	}
}
