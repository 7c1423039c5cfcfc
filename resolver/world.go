package resolver

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"

	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/spf"
)

// World answers from zone files, and says that a name does not exist where
// these lack it. It does not heed delegations: what the files have at a name
// is the answer. Its answers do not expire. It is safe for concurrent use.
type World struct {
	source string
	names  map[string]*node // canonical; with the empty non-terminals (RFC 9499)

	order   sync.Once
	ordered []string // the names backwards, sorted, once a subtree is asked for
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

// finish drops what was loaded twice, and says what no name server would load.
func (w *World) finish() error {
	for name, n := range w.names {
		if err := n.finish(); err != nil {
			return fmt.Errorf("%s: %s: %w", w.source, escape(name), err)
		}
	}
	return nil
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
// stands for it (RFC 4592), CNAMEs and DNAMEs followed. It is nil where there
// is none. alias is where the first of them leads, or empty.
func (w *World) find(name string) (n *node, alias string, err error) {
	for range maxAliases + 1 {
		n = w.names[name]
		if n == nil && exists(name) {
			encloser := w.encloser(name)
			if e := w.names[encloser]; e != nil && e.dname != "" {
				name = joinName(strings.TrimSuffix(name, encloser), e.dname)
				if !exists(name) {
					return nil, alias, fmt.Errorf("the DNAME of %s makes a name that is too long", escape(encloser))
				}
				alias = cmp.Or(alias, name)
				continue
			}
			n = w.names[joinName("*.", encloser)]
		}
		if n == nil || n.cname == "" {
			return n, alias, nil
		}
		name = n.cname
		alias = cmp.Or(alias, name)
	}
	return nil, alias, errAliasLoop
}

// encloser gives the closest encloser of a name that does not exist (RFC 4592,
// Section 3.3.1), and nothing in an empty World.
func (w *World) encloser(name string) string {
	for name = parentOf(name); name != "" && w.names[name] == nil; {
		name = parentOf(name)
	}
	return name
}

// joinName puts labels, each with its dot, before a name.
func joinName(labels, name string) string {
	if name == "." {
		return labels
	}
	return labels + name
}

func lookup[T any](w *World, name string, pick func(*node) []T) (spf.Answer[T], error) {
	n, alias, err := w.find(name)
	if err != nil {
		return spf.Answer[T]{}, err
	}
	a := spf.Answer[T]{TTL: spf.Forever, Source: w.source, NXDomain: n == nil, Alias: alias}
	if n != nil {
		a.Records = pick(n)
	}
	return a, nil
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
