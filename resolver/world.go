package resolver

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"

	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/spf"
)

// World answers from zone files, and says that a name does not exist where
// these lack it. Its answers do not expire. It is safe for concurrent use.
type World struct {
	source string
	names  map[string]*node // canonical; with the empty non-terminals (RFC 9499)
}

// LoadFiles reads zone files (RFC 1035, Section 5), gzipped ones too. Names
// that are relative before any $ORIGIN are relative to the root. $INCLUDE is
// refused. An error says the file and the line.
func LoadFiles(paths ...string) (*World, error) {
	w := &World{source: strings.Join(paths, ","), names: map[string]*node{}}
	for _, path := range paths {
		if err := w.loadFile(path); err != nil {
			return nil, err
		}
	}
	return w, nil
}

func (w *World) loadFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return w.load(r, path)
}

// ParseZone reads a World from the text of a zone file. name stands for the
// file in errors.
func ParseZone(r io.Reader, name string) (*World, error) {
	w := &World{source: name, names: map[string]*node{}}
	return w, w.load(r, name)
}

func (w *World) load(r io.Reader, file string) error {
	zp := dns.NewZoneParser(r, ".", file)
	zp.SetDefaultTTL(3600)
	for rr, ok := zp.Next(); ok; rr, ok = zp.Next() {
		if err := w.add(rr); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return zp.Err()
}

// add keeps a record, if it is of a type that SPF asks for, and its name.
// Nobody can ask for a name with a dot inside a label.
func (w *World) add(rr dns.RR) error {
	name, ok := rawName(rr.Header().Name)
	if !ok {
		return nil
	}
	return w.node(name).add(rr)
}

// node gives the node of a name, made together with those above it.
func (w *World) node(name string) *node {
	n := w.names[name]
	if n == nil {
		n = &node{}
		w.names[name] = n
		if parent := parentOf(name); parent != "" && w.names[parent] == nil {
			w.node(parent)
		}
	}
	return n
}

// parentOf gives the name without its first label, and nothing for the root.
func parentOf(name string) string {
	dot := strings.IndexByte(name, '.')
	switch {
	case name == ".":
		return ""
	case dot == len(name)-1:
		return "."
	}
	return name[dot+1:]
}

// find gives the node that answers for a name: its own, or the wildcard that
// stands for it (RFC 4592), CNAMEs followed. It is nil where there is none.
func (w *World) find(name string) (*node, error) {
	for range maxAliases + 1 {
		n := w.names[name]
		if n == nil {
			n = w.wildcard(name)
		}
		if n == nil || n.cname == "" {
			return n, nil
		}
		name = n.cname
	}
	return nil, errAliasLoop
}

// wildcard gives the node of the wildcard below the closest encloser of a name
// that does not exist (RFC 4592, Section 3.3.1).
func (w *World) wildcard(name string) *node {
	for name != "" {
		name = parentOf(name)
		if w.names[name] == nil {
			continue
		}
		if name == "." {
			return w.names["*."]
		}
		return w.names["*."+name]
	}
	return nil
}

func lookup[T any](w *World, name string, pick func(*node) []T) (spf.Answer[T], error) {
	n, err := w.find(name)
	a := spf.Answer[T]{TTL: spf.Forever, Source: w.source, NXDomain: n == nil}
	if n != nil {
		a.Records = pick(n)
	}
	return a, err
}

// LookupTXT implements [spf.Resolver].
func (w *World) LookupTXT(_ context.Context, name string) (spf.Answer[spf.TXT], error) {
	return lookup(w, name, (*node).texts)
}

// LookupIP implements [spf.Resolver].
func (w *World) LookupIP(_ context.Context, name string, f spf.Family) (spf.Answer[netip.Addr], error) {
	if f == spf.V4 {
		return lookup(w, name, (*node).ip4s)
	}
	return lookup(w, name, (*node).ip6s)
}

// LookupMX implements [spf.Resolver].
func (w *World) LookupMX(_ context.Context, name string) (spf.Answer[spf.MailExchange], error) {
	return lookup(w, name, (*node).exchanges)
}

// LookupPTR implements [spf.Resolver].
func (w *World) LookupPTR(_ context.Context, addr netip.Addr) (spf.Answer[string], error) {
	name, err := reverseName(addr)
	if err != nil {
		return spf.Answer[string]{}, err
	}
	return lookup(w, name, (*node).pointers)
}
