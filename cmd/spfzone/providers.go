package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/spfzone/spfzone/providers"
)

// providersDocument is what providers prints as JSON.
type providersDocument struct {
	Version   int                `json:"version"`
	Providers []providerDocument `json:"providers"`
}

// providerDocument is a type of provider.
type providerDocument struct {
	Type       string          `json:"type"`
	About      string          `json:"about"`
	Guarantees []string        `json:"guarantees"`
	Fields     []fieldDocument `json:"fields"`
}

// fieldDocument is a setting of a provider.
type fieldDocument struct {
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Required bool   `json:"required"`
	About    string `json:"about"`
}

func newProviders(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "providers [TYPE...]",
		Short: "List whom records can be published through, and how safely",
		Long: `providers lists the types that a provider of the configuration may have, or those
named: what each needs to be told, and what it guarantees for the other TXT
records at a name and for changes that others make in the meantime.`,
		Example: `  spfzone providers
  spfzone providers rfc2136`,
		RunE: func(_ *cobra.Command, args []string) error { return a.providers(args) },
	}
}

func (a *app) providers(types []string) error {
	d := providersDocument{Version: 1, Providers: []providerDocument{}}
	known := map[string]bool{}
	for _, p := range providers.Describe() {
		known[p.Type] = true
		if len(types) == 0 || slices.Contains(types, p.Type) {
			d.Providers = append(d.Providers, newProviderDocument(p))
		}
	}
	for _, name := range types {
		if !known[name] {
			return usagef("%q is no type of provider: 'spfzone providers' lists them", name)
		}
	}
	return a.answerWith(d, func(p *printer) { p.providers(d.Providers) })
}

func newProviderDocument(p providers.Description) providerDocument {
	d := providerDocument{p.Type, p.Doc, p.Guarantees, []fieldDocument{}}
	for _, f := range p.Fields {
		d.Fields = append(d.Fields, fieldDocument{f.Name, string(f.Kind), f.Required, f.Doc})
	}
	return d
}

func (p *printer) providers(list []providerDocument) {
	for i, d := range list {
		if i > 0 {
			p.linef("")
		}
		p.linef("%s: %s", d.Type, strings.TrimSuffix(d.About, "."))
		for _, g := range d.Guarantees {
			p.linef("  %s", g)
		}
		width := 0
		for _, f := range d.Fields {
			width = max(width, len(f.Name))
		}
		for _, f := range d.Fields {
			kind := f.Kind
			if f.Required {
				kind += ", required"
			}
			p.linef("    %-*s  %s (%s)", width, f.Name, strings.TrimSuffix(f.About, "."), kind)
		}
	}
}
