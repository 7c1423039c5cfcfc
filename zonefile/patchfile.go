package zonefile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"time"
)

// ErrChanged says that others have changed a file since it was read. What they
// wrote stands.
var ErrChanged = errors.New("the file was changed by others in the meantime, and is as they left it")

// PatchFile edits the zone file at a path by [Patch] and replaces it by
// [SwapFile]. What stands in s.File and s.Open is not used: they are those of
// [FileSource], with the zone file's own folder.
func PatchFile(path string, s Source, edits []Edit, now time.Time) (changed bool, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return false, err
	}
	from := FileSource(path, "", s.Origin)
	from.Serial = s.Serial
	patched, err := Patch(text, from, edits, now)
	if err != nil || bytes.Equal(patched, text) {
		return false, err
	}
	err = SwapFile(path, text, patched)
	return err == nil, err
}

// FileSource is the zone file at a path. The files that it includes are looked
// for in a folder, which is its own if folder is "": relative paths are relative
// to that, and what leads out of it is refused, symbolic links included.
func FileSource(file, folder, zone string) Source {
	if folder == "" {
		folder = filepath.Dir(file)
	}
	return Source{File: file, Folder: folder, Origin: zone, Open: func(name string) ([]byte, error) {
		local := filepath.FromSlash(name)
		if path.IsAbs(name) {
			abs, err := filepath.Abs(folder)
			if err != nil {
				return nil, err
			}
			if local, err = filepath.Rel(abs, local); err != nil {
				return nil, err
			}
		}
		if !filepath.IsLocal(local) {
			return nil, fmt.Errorf("it is outside of the folder %s", folder)
		}
		f, err := os.OpenInRoot(folder, local)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return io.ReadAll(f)
	}}
}

// SwapFile makes data the content of the file at path as [ReplaceFile] does, if
// its content still is what was read of it; else it is as it was, and the error
// is [ErrChanged]. The new file has the owner and the group of the old, or that
// is an error. Of several programs that do this on a system with flock, one
// does it at a time; a program that does something else may write in the moment
// between the look and the change of the name.
func SwapFile(path string, read, data []byte) error {
	target, mode, err := replaceable(path)
	if err != nil {
		return err
	}
	if mode == nil {
		return fmt.Errorf("%s: %w", path, ErrChanged)
	}
	return errorOf(path, replace(target, data, mode, func(from, to string) error {
		defer lockFolder(filepath.Dir(to))()
		now, err := os.ReadFile(to)
		switch {
		case errors.Is(err, os.ErrNotExist) || err == nil && !bytes.Equal(now, read):
			return fmt.Errorf("%s: %w", path, ErrChanged)
		case err != nil:
			return err
		}
		if err := keepOwner(from, to); err != nil {
			return fmt.Errorf("the owner and group of %s cannot be kept: %v", path, err)
		}
		return os.Rename(from, to)
	}))
}
