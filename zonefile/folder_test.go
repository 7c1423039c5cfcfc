package zonefile_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spfzone/spfzone/zonefile"
)

// TestIncludedFromAnotherFolder has the error name the file that is there.
func TestIncludedFromAnotherFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "zf"), 0o777); err != nil {
		t.Fatal(err)
	}
	const zone = "$TTL 60\n@ SOA ns hostmaster 1 7200 3600 1209600 300\n$INCLUDE zf/hosts.inc\n"
	inc := filepath.Join(dir, "zf", "hosts.inc")
	if err := os.WriteFile(inc, []byte("www A 192.0.2.1\n@ TXT \"v=spf1 mx -all\"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	s := zonefile.FileSource(filepath.Join(dir, "zf", "x.zone"), dir, "x.com.")
	_, err := zonefile.Patch([]byte(zone), s, []zonefile.Edit{{Name: "x.com.", Text: "v=spf1 -all", TTL: 60}}, time.Unix(0, 0))
	var place *zonefile.PlaceError
	if !errors.As(err, &place) || place.File != inc || place.Line != 2 {
		t.Errorf("error %v, want one at %s:2", err, inc)
	}
}
