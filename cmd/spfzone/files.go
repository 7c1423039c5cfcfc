package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spfzone/spfzone/zonefile"
)

// files are those that build writes: all of them, once the content of each is
// on the disk, or none.
type files struct {
	dir      string
	format   string
	made     []string // folders that were not there, the innermost first
	prepared []*zonefile.Replacement
	list     []fileDocument
}

// prepare writes the content of a zone beside its file, whose name must not be
// taken by something else.
func (f *files) prepare(z *zone) error {
	content, err := z.content(f.format)
	if err != nil {
		return err
	}
	path := filepath.Join(f.dir, z.fileName(f.format))
	if err := refuseForeign(path, f.format); err != nil {
		return err
	}
	if len(f.list) == 0 {
		if err := f.makeFolder(); err != nil {
			return err
		}
	}
	r, err := zonefile.Prepare(path, content)
	if err != nil {
		return notWritten([]fileDocument{{Path: path}}, err)
	}
	f.prepared = append(f.prepared, r)
	f.list = append(f.list, fileDocument{Zone: z.origin, Path: path, Changed: r.Changed()})
	return nil
}

// makeFolder makes the folder, and notes what it had to make.
func (f *files) makeFolder() error {
	for at := filepath.Clean(f.dir); ; at = filepath.Dir(at) {
		if _, err := os.Lstat(at); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		f.made = append(f.made, at)
	}
	return os.MkdirAll(f.dir, 0o777)
}

// replace puts the content in place, and says of each file whether it changed.
func (f *files) replace(ctx context.Context) ([]fileDocument, error) {
	prepared := f.prepared
	f.prepared = nil
	done, err := zonefile.Replace(ctx, prepared)
	switch {
	case done > 0:
		f.made = nil
	case err != nil:
		f.discard()
	}
	if err != nil && ctx.Err() == nil {
		return nil, notWritten(f.list[done:], err)
	}
	return f.list, err
}

// stale gives the paths of files that build has written for zones that are not
// among these.
func (f *files) stale(zones map[string]bool) ([]string, error) {
	entries, err := os.ReadDir(f.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // nothing was written
	}
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for name := range zones {
		for _, format := range [...]string{formatZone, formatJSON} {
			names[(&zone{name: name}).fileName(format)] = true
		}
	}
	var out []string
	for _, e := range entries {
		format := strings.TrimPrefix(filepath.Ext(e.Name()), ".")
		if names[e.Name()] || !e.Type().IsRegular() || format != formatZone && format != formatJSON {
			continue
		}
		path := filepath.Join(f.dir, e.Name())
		if stat, err := e.Info(); err != nil || stat.Size() == 0 || refuseForeign(path, format) != nil {
			continue // somebody else's
		}
		out = append(out, path)
	}
	return out, nil
}

// discard leaves no trace: what was prepared goes, and the folder if there was
// none.
func (f *files) discard() {
	for _, r := range f.prepared {
		_ = r.Discard() // of what cannot be removed, nothing better can be said
	}
	for _, folder := range f.made {
		_ = os.Remove(folder) // stays if it is not empty
	}
	f.prepared, f.list, f.made = nil, nil, nil
}
