//go:build unix

package zonefile

import (
	"fmt"
	"os"
	"syscall"
)

// keepOwner gives a new file the owner and group of another.
func keepOwner(path, as string) error {
	from, err := ownerOf(as)
	if err != nil {
		return err
	}
	have, err := ownerOf(path)
	if err != nil || *have == *from {
		return err
	}
	return os.Chown(path, from.uid, from.gid)
}

type fileOwner struct{ uid, gid int }

func ownerOf(path string) (*fileOwner, error) {
	stat, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	sys, ok := stat.Sys().(*syscall.Stat_t)
	if !ok {
		return nil, fmt.Errorf("the owner of %s cannot be read", path)
	}
	return &fileOwner{int(sys.Uid), int(sys.Gid)}, nil
}
