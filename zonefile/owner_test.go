//go:build unix

package zonefile_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/spfzone/spfzone/zonefile"
)

func TestSwapFileKeepsTheOwner(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give files away")
	}
	path := filepath.Join(t.TempDir(), "zone")
	writeFile(t, path, "one")
	if err := os.Chown(path, 53, 54); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := zonefile.SwapFile(path, []byte("one"), []byte("two")); err != nil {
		t.Fatal(err)
	}
	stat, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if sys := stat.Sys().(*syscall.Stat_t); sys.Uid != 53 || sys.Gid != 54 || stat.Mode() != 0o640 {
		t.Errorf("owner %d, group %d, mode %v", sys.Uid, sys.Gid, stat.Mode())
	}
}
