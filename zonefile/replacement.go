package zonefile

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// Replacement is new content of a file that is ready, and not in its place yet:
// it stands in a file beside it. [Replace] or [Replacement.Discard] must follow.
type Replacement struct {
	path      string // as it was given
	target    string // the file that path leads to
	temporary string // empty where target has the content already
}

// Prepare writes the new content of the file at path, as [ReplaceFile] does, up
// to the last step. Of a file that has this content already nothing is written.
func Prepare(path string, data []byte) (*Replacement, error) {
	target, mode, err := replaceable(path)
	if err != nil {
		return nil, err
	}
	r := &Replacement{path: path, target: target}
	if mode != nil {
		old, err := os.ReadFile(target)
		if err != nil {
			return nil, err
		}
		if bytes.Equal(old, data) {
			return r, nil
		}
	}
	r.temporary, err = writeBeside(target, data, mode)
	if err != nil {
		return nil, errorOf(path, err)
	}
	return r, nil
}

// Changed reports whether the file has, or had, another content.
func (r *Replacement) Changed() bool { return r.temporary != "" }

// Discard leaves the file as it is.
func (r *Replacement) Discard() error {
	if r.temporary == "" {
		return nil
	}
	return removeIfThere(r.temporary)
}

// syncing bounds the files that are put on the disk at once: a disk is quicker
// with several than one by one.
const syncing = 32

// Replace puts replacements in the place of their files, in order, once all of
// them are on the disk. It ends with the first that fails, or when ctx is over:
// done says how many files are as they are to be. The others are as they were,
// and their replacements are discarded.
func Replace(ctx context.Context, list []*Replacement) (done int, err error) {
	defer func() {
		for _, r := range list[done:] {
			err = errors.Join(err, r.Discard())
		}
	}()
	if err := syncAll(ctx, list); err != nil {
		return 0, err
	}
	folders := map[string]bool{}
	defer func() {
		for folder := range folders {
			syncFolder(folder)
		}
	}()
	for _, r := range list {
		if err := ctx.Err(); err != nil {
			return done, err
		}
		if r.Changed() {
			if err := os.Rename(r.temporary, r.target); err != nil {
				return done, errorOf(r.path, err)
			}
			folders[filepath.Dir(r.target)] = true
		}
		done++
	}
	return done, nil
}

// syncAll puts the content of replacements on the disk.
func syncAll(ctx context.Context, list []*Replacement) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, min(syncing, len(list)))
	for k := range errs {
		wg.Go(func() {
			for errs[k] == nil && ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(list) {
					return
				}
				if r := list[i]; r.Changed() {
					errs[k] = errorOf(r.path, syncFile(r.temporary))
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// syncFile puts a file on the disk.
func syncFile(path string) (err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0) // Windows syncs no file that cannot be written
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return f.Sync()
}

// writeBeside writes a file beside another one, with its permissions, and gives
// its name. Nothing is left of it after an error.
func writeBeside(target string, data []byte, mode *fs.FileMode) (temporary string, err error) {
	temporary = filepath.Join(filepath.Dir(target), "."+filepath.Base(target)+"."+rand.Text())
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return "", err
	}
	if mode != nil {
		err = f.Chmod(*mode)
	}
	if err == nil {
		_, err = f.Write(data)
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		// The system's own clock for files may be some milliseconds behind, and a
		// name server leaves a file alone that is older than its last load.
		now := time.Now()
		err = os.Chtimes(temporary, now, now)
	}
	if err != nil {
		return "", errors.Join(err, removeIfThere(temporary))
	}
	return temporary, nil
}
