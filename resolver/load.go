package resolver

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/miekg/dns"
)

// LoadFiles reads zone files (RFC 1035, Section 5), gzipped ones too. Names
// that are relative before any $ORIGIN are relative to the root. $INCLUDE
// takes files from the zone file's own folder and those below it, and refuses
// what leads out of it, symbolic links included. The error is a
// [*ZoneFileError], which says the file and the line.
func LoadFiles(paths ...string) (*World, error) {
	w := newWorld(strings.Join(paths, ","))
	for _, path := range paths {
		if err := w.loadFile(path); err != nil {
			return nil, &ZoneFileError{err}
		}
	}
	if err := w.finish(); err != nil {
		return nil, &ZoneFileError{err}
	}
	return w, nil
}

// ZoneFileError is why a zone file was not loaded: it is not there, it cannot
// be read, or it says what no name server would load.
type ZoneFileError struct{ Err error }

func (e *ZoneFileError) Error() string { return e.Err.Error() }

// Unwrap gives the underlying error.
func (e *ZoneFileError) Unwrap() error { return e.Err }

// ParseZone reads a World from the text of a zone file, in which $INCLUDE is
// refused. name stands for the file in errors.
func ParseZone(r io.Reader, name string) (*World, error) {
	w := newWorld(name)
	if err := w.load(dns.NewZoneParser(r, ".", name)); err != nil {
		return nil, err
	}
	return w, w.finish()
}

func newWorld(source string) *World { return &World{source: source, names: map[string]*node{}} }

func (w *World) loadFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	dir, base := filepath.Split(filepath.Clean(path))
	var r io.Reader = f
	if strings.HasSuffix(base, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer root.Close()
	zp := dns.NewZoneParser(r, ".", base)
	zp.SetIncludeAllowed(true)
	zp.SetIncludeFS(&folder{root: root, dir: dir})
	err = w.load(zp)
	var syntax *dns.ParseError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &syntax):
		return syntaxError(dir, syntax)
	}
	return fmt.Errorf("%s: %w", path, err)
}

// parseErrorText is how [dns.ParseError], which keeps its fields for itself,
// writes them: the file as it is named in its folder, what is wrong, the token
// and where it ends.
var (
	parseErrorText = regexp.MustCompile(`(?s)^(?:(.*?): )?dns: (.*): ("(?:[^"\\]|\\.)*") at line: (\d+):(\d+)$`)
	badDataText    = regexp.MustCompile(`^bad ([A-Z0-9]+) \S+$`)
)

// syntaxError says what is wrong in a file of a folder, as file:line:column.
func syntaxError(dir string, err *dns.ParseError) error {
	m := parseErrorText.FindStringSubmatch(err.Error())
	if m == nil {
		return fmt.Errorf("%s%w", dir, err)
	}
	what := m[2] + ", at " + m[3]
	if data := badDataText.FindStringSubmatch(m[2]); data != nil {
		what = m[3] + " has no place in a record of type " + data[1]
	}
	return fmt.Errorf("%s%s:%s:%s: %s", dir, m[1], m[4], m[5], what)
}

func (w *World) load(zp *dns.ZoneParser) error {
	zp.SetDefaultTTL(3600)
	for rr, ok := zp.Next(); ok; rr, ok = zp.Next() {
		if err := w.add(rr); err != nil {
			return err
		}
	}
	return zp.Err()
}

// folder is where $INCLUDE may find files: what it opens is in the folder,
// whatever ".." and symbolic links say.
type folder struct {
	root   *os.Root
	dir    string
	opened int
}

// maxIncludes is how many files a zone file may include in all, so that files
// that include each other come to an end.
const maxIncludes = 1000

// Open takes a path with slashes that is relative to the folder, or absolute
// and in the folder; of the latter the DNS library has cut off the first
// slash.
func (f *folder) Open(name string) (fs.File, error) {
	if f.opened++; f.opened > maxIncludes {
		return nil, fmt.Errorf("more than %d files are included", maxIncludes)
	}
	if abs, err := filepath.Abs(f.dir); err == nil {
		prefix := strings.TrimPrefix(path.Clean(filepath.ToSlash(abs)), "/") + "/"
		name = strings.TrimPrefix(name, prefix)
	}
	if !fs.ValidPath(name) {
		return nil, errors.New("it is outside of the zone file's folder")
	}
	return f.root.Open(filepath.FromSlash(name))
}
