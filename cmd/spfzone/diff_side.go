package main

import (
	"context"
	"net/netip"
	"strings"

	"github.com/spfzone/spfzone/resolver"
	"github.com/spfzone/spfzone/spf"
)

// side is one of the two that diff compares.
type side struct {
	given  string // on the command line
	domain string // canonical; empty of a text, until it is known
	text   string // of the record, if that was given
	open   func(context.Context, *app) (spf.Resolver, error)
}

// parseSide reads an argument of diff.
func parseSide(given, lock string) (*side, error) {
	s := &side{given: given}
	if spf.IsSPF(given) {
		s.text = given
		s.open = s.openText
		return s, nil
	}
	kind, rest, _ := strings.Cut(given, ":")
	path := ""
	switch kind {
	case "plan":
		s.open = func(ctx context.Context, a *app) (spf.Resolver, error) { return a.world(ctx, true, s.domain) }
	case "lock", "file":
		path = lock
		if i := strings.LastIndexByte(rest, ':'); i >= 0 {
			path, rest = rest[:i], rest[i+1:]
		} else if kind == "file" {
			return nil, usagef("%q: a zone file is written as file:PATH:DOMAIN", given)
		}
		s.open = func(ctx context.Context, a *app) (spf.Resolver, error) { return s.openLock(ctx, a, path) }
		if kind == "file" {
			s.open = func(_ context.Context, a *app) (spf.Resolver, error) { return s.openFiles(a, path) }
		}
	default:
		rest = given
		s.open = func(_ context.Context, a *app) (spf.Resolver, error) { return a.dns() }
	}
	var err error
	s.domain, err = canonical(rest)
	return s, err
}

// nameTexts gives records that were given as text their domain.
func nameTexts(sides []*side, domain string) error {
	for i, s := range sides {
		if s.text == "" {
			continue
		}
		other := sides[1-i].domain
		switch {
		case domain != "":
			name, err := canonical(domain)
			if err != nil {
				return err
			}
			s.domain = name
		case other != "" && sides[1-i].text == "":
			s.domain = other
		case meansItself(s.text):
			return usagef("%q means its own domain: name that with --domain", s.text)
		default:
			s.domain = "record.invalid."
		}
	}
	return nil
}

// meansItself reports whether a record says something else at another domain.
func meansItself(text string) bool {
	r, err := spf.Parse(text)
	if err != nil {
		return false
	}
	own := r.Redirect.Macro().Uses("dop")
	for _, d := range r.Directives {
		own = own || d.Domain().Macro().Uses("dop")
		switch d.Mechanism.(type) {
		case spf.A, spf.MX, spf.PTR:
			own = own || d.Domain().IsZero()
		}
	}
	return own
}

func (s *side) openText(_ context.Context, a *app) (spf.Resolver, error) {
	base, err := a.dns()
	return &spf.Overlay{Base: base, TXT: map[string][]spf.TXT{s.domain: {{s.text}}}}, err
}

func (s *side) openLock(ctx context.Context, a *app, path string) (spf.Resolver, error) {
	l, err := a.readLock(path)
	if err != nil {
		return nil, err
	}
	w, err := a.plannedOver(ctx, l, "what "+path+" has", s.domain)
	return w.resolver, err
}

func (s *side) openFiles(a *app, paths string) (spf.Resolver, error) {
	base, err := a.dns()
	if err != nil {
		return nil, err
	}
	files, err := resolver.LoadFiles(strings.Split(paths, ",")...)
	if err != nil {
		return nil, err
	}
	return &zoneOver{Resolver: base, files: files, domain: s.domain}, nil
}

// zoneOver answers from zone files, and asks another resolver for what they
// lack, save for the TXT records at and below a domain, which are the files'
// alone. A fragment has no more of its zone than the SPF records.
type zoneOver struct {
	spf.Resolver
	files  spf.Resolver
	domain string
}

// orBase gives the answer of files where it has records.
func orBase[T any](files func() (spf.Answer[T], error), base func() (spf.Answer[T], error)) (spf.Answer[T], error) {
	if a, err := files(); err != nil || len(a.Records) > 0 {
		return a, err
	}
	return base()
}

// LookupTXT implements [spf.Resolver].
func (z *zoneOver) LookupTXT(ctx context.Context, name string) (spf.Answer[spf.TXT], error) {
	if name == z.domain || strings.HasSuffix(name, "."+z.domain) {
		return z.files.LookupTXT(ctx, name)
	}
	return orBase(
		func() (spf.Answer[spf.TXT], error) { return z.files.LookupTXT(ctx, name) },
		func() (spf.Answer[spf.TXT], error) { return z.Resolver.LookupTXT(ctx, name) })
}

// LookupIP implements [spf.Resolver].
func (z *zoneOver) LookupIP(ctx context.Context, name string, f spf.Family) (spf.Answer[netip.Addr], error) {
	return orBase(
		func() (spf.Answer[netip.Addr], error) { return z.files.LookupIP(ctx, name, f) },
		func() (spf.Answer[netip.Addr], error) { return z.Resolver.LookupIP(ctx, name, f) })
}

// LookupMX implements [spf.Resolver].
func (z *zoneOver) LookupMX(ctx context.Context, name string) (spf.Answer[spf.MailExchange], error) {
	return orBase(
		func() (spf.Answer[spf.MailExchange], error) { return z.files.LookupMX(ctx, name) },
		func() (spf.Answer[spf.MailExchange], error) { return z.Resolver.LookupMX(ctx, name) })
}
