//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package zonefile

import (
	"os"
	"syscall"
)

// lockFolder waits until no other program that does the same is about to
// replace a file in the folder. Where that cannot be had, as on some network
// file systems, it does nothing.
func lockFolder(path string) (unlock func()) {
	d, err := os.Open(path)
	if err != nil {
		return func() {}
	}
	_ = syscall.Flock(int(d.Fd()), syscall.LOCK_EX)
	return func() { _ = d.Close() }
}
