package zonefile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ReplaceFile makes data the content of the file at path, so that a reader
// finds the old content or the new one, never a part. The new content goes to
// the disk in a file beside it, which then takes its name. The permissions
// stay, a symbolic link stays and its target is replaced; a new file has the
// permissions that the umask leaves of 0666. A file that has this content
// already is not touched, and then changed is false. After an error the old
// content stands; a [*fs.PathError] is of path, whichever file it happened to.
func ReplaceFile(path string, data []byte) (changed bool, err error) {
	r, err := Prepare(path, data)
	if err != nil {
		return false, err
	}
	done, err := Replace(context.Background(), []*Replacement{r})
	return done == 1 && r.Changed(), err
}

// replace writes a new file and gives it the target's name by rename.
func replace(target string, data []byte, mode *fs.FileMode, rename func(from, to string) error) error {
	temporary, err := writeBeside(target, data, mode)
	if err != nil {
		return err
	}
	if err = syncFile(temporary); err == nil {
		err = rename(temporary, target)
	}
	if err != nil {
		return errors.Join(err, removeIfThere(temporary))
	}
	syncFolder(filepath.Dir(target))
	return nil
}

// errorOf says of a path what went wrong with the temporary file beside it,
// whose name says nothing to anybody.
func errorOf(path string, err error) error {
	var file *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &file):
		return &fs.PathError{Op: file.Op, Path: path, Err: file.Err}
	case errors.As(err, &link):
		return &fs.PathError{Op: link.Op, Path: path, Err: link.Err}
	}
	return err
}

// replaceable gives the file that path leads to, with its permissions, or nil
// where there is no file yet.
func replaceable(path string) (target string, mode *fs.FileMode, err error) {
	target, err = filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(path); err == nil {
			return "", nil, fmt.Errorf("%s is a symbolic link to nothing", path)
		}
		return path, nil, nil
	}
	if err != nil {
		return "", nil, err
	}
	stat, err := os.Stat(target)
	if err != nil {
		return "", nil, err
	}
	if !stat.Mode().IsRegular() {
		return "", nil, fmt.Errorf("%s is not a regular file", path)
	}
	perm := stat.Mode().Perm()
	return target, &perm, nil
}

func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// syncFolder makes the new name last through a power cut. Not every system can
// sync a folder, and the file is whole either way, so errors do not count.
func syncFolder(path string) {
	if d, err := os.Open(path); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}
