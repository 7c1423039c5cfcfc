package zonefile

import (
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strings"
)

// SyntaxError is text that is no zone file, or none that can be edited.
type SyntaxError struct {
	File string
	Line int    // 0 if it is no line's fault
	Msg  string // what is wrong, and the fix where it is known
}

// Error gives "file:line: message".
func (e *SyntaxError) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Msg
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Msg)
}

func failure(file string, line int, format string, args ...any) error {
	return &SyntaxError{file, line, fmt.Sprintf(format, args...)}
}

// zone is a zone file, or one that it includes.
type zone struct {
	file   string // for errors
	path   string // from the folder of the zone file
	src    []byte
	origin *origin
	items  []item // one behind the other, they are the file
	adapt  []adaptation
}

// kind is what an entry is.
type kind int

const (
	nothing kind = iota // blank lines and comments
	directiveOrigin
	directiveTTL
	directiveInclude
	directiveGenerate
	resourceRecord
)

// item is an entry with its meaning.
type item struct {
	entry
	kind     kind
	origin   *origin // that relative names have here, or behind it
	value    uint32  // of $TTL, or the record's own TTL
	included *zone

	// of a record
	owner   *owner
	ttl     uint32 // also where the record has none of its own
	typ     string // upper case, TYPE16 being TXT
	behind  int    // where the first token behind the owner begins
	ttlAt   int    // the place of its token, -1 if it has none
	typAt   int
	rdata   []token
	strings []string // the octets, of TXT
}

// owner is a record's owner, and how it is stated: where the record's own line
// leaves it blank, on an earlier one.
type owner struct {
	canonical string
	written   string  // absolute, in the letter case of the file
	field     string  // as it is stated
	origin    *origin // where it is stated
}

// parser reads a zone file and those that it includes.
type parser struct {
	Source
	included includedFiles
	depth    int
	count    int // of files
}

const (
	// mostDeep is how deep files may include each other, as it is for the DNS
	// library; mostFiles, how many files there may be.
	mostDeep  = 7
	mostFiles = 1000
)

// parse reads a file. The TTLs of records that state none are left open, see
// [zone.inheritTTLs].
func (p *parser) parse(at string, src []byte, o *origin) (*zone, error) {
	z := &zone{file: p.shown(at), path: at, src: src, origin: o}
	s := newScanner(z.file, src)
	var last *owner
	for {
		e, err := s.next()
		if err == io.EOF {
			z.adapt = s.adapt
			return z, nil
		}
		if err != nil {
			return nil, err
		}
		it := item{entry: e, origin: o, ttlAt: -1}
		switch {
		case len(e.tokens) == 0:
		case !e.blank && z.src[e.tokens[0].start] == '$':
			o, err = p.directive(z, &it)
			it.origin = o
		default:
			last, err = z.record(&it, last)
		}
		if err != nil {
			return nil, err
		}
		z.items = append(z.items, it)
	}
}

// text is a token as it stands in the file, without its quotes.
func (z *zone) text(t token) string {
	if t.quoted {
		return string(z.src[t.start+1 : t.end-1])
	}
	return string(z.src[t.start:t.end])
}

func (z *zone) fail(line int, format string, args ...any) error {
	return failure(z.file, line, format, args...)
}

// directive reads one, and gives the origin behind it.
func (p *parser) directive(z *zone, it *item) (*origin, error) {
	args := it.tokens[1:]
	name := z.text(it.tokens[0])
	wrong := func(want string) error { return z.fail(it.line, "%s wants %s", name, want) }
	switch strings.ToUpper(name) {
	case "$ORIGIN":
		it.kind = directiveOrigin
		if len(args) != 1 {
			return nil, wrong("one domain name")
		}
		return z.originAt(args[0], it.origin)
	case "$TTL":
		it.kind = directiveTTL
		if len(args) != 1 {
			return nil, wrong("one TTL")
		}
		ttl, ok := parseTTL(z.text(args[0]))
		if !ok {
			return nil, wrong("a TTL of at most 2147483647 seconds (RFC 2181, Section 8)")
		}
		it.value = ttl
		return it.origin, nil
	case "$GENERATE":
		it.kind = directiveGenerate
		return it.origin, nil
	case "$INCLUDE":
		it.kind = directiveInclude
		if len(args) != 1 && len(args) != 2 {
			return nil, wrong("a file, and perhaps an origin")
		}
		return it.origin, p.includeFile(z, it, args)
	}
	return nil, z.fail(it.line, "the directive %s is not known", name)
}

func (z *zone) originAt(t token, o *origin) (*origin, error) {
	written, canonical, err := o.nameOf(z.text(t))
	if err != nil {
		return nil, z.fail(t.line, "%s is not a domain name: %v", z.text(t), err)
	}
	return &origin{written, canonical}, nil
}

// includeFile reads the file of $INCLUDE.
func (p *parser) includeFile(z *zone, it *item, args []token) (err error) {
	o := it.origin
	if len(args) == 2 {
		if o, err = z.originAt(args[1], o); err != nil {
			return err
		}
	}
	name := z.text(args[0])
	cannot := func(format string, args ...any) error {
		return z.fail(it.line, "the file %s cannot be included: %v", name, fmt.Errorf(format, args...))
	}
	if p.count++; p.count > mostFiles || p.depth == mostDeep {
		return cannot("more than %d files include each other, or more than %d are included", mostDeep, mostFiles)
	}
	if p.Open == nil {
		return cannot("other files are not read here")
	}
	at := path.Clean(name)
	if !path.IsAbs(name) {
		at = path.Join(path.Dir(z.path), name)
	}
	src, err := p.Open(at)
	if err != nil {
		return cannot("%w", err)
	}
	p.depth++
	defer func() { p.depth-- }()
	if it.included, err = p.parse(at, src, o); err != nil {
		return err
	}
	p.included[inFS(at)] = includedText{it.included.file, adapted(src, it.included.adapt)}
	return nil
}

// shown is the path of a file in errors.
func (p *parser) shown(at string) string {
	switch {
	case at == mainPath:
		return p.File
	case path.IsAbs(at):
		return at
	}
	folder := p.Folder
	if folder == "" {
		folder = filepath.Dir(p.File)
	}
	return filepath.Join(folder, filepath.FromSlash(at))
}

// mainPath is the path of the zone file itself, which no other has.
const mainPath = "./"

// inFS is the path of a file in the file system of the DNS library, where none
// begins with a slash.
func inFS(file string) string { return strings.TrimLeft(file, "/") }
