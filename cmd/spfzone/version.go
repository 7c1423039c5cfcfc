package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersion(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of spfzone",
		Long:  "version prints what the program was built from.",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			d := newVersionDocument()
			return a.answerWith(d, func(p *printer) { p.version(d) })
		},
	}
}

// versionDocument is what version prints as JSON.
type versionDocument struct {
	Version  int    `json:"version"`
	Program  string `json:"program"`
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// newVersionDocument asks the binary what it was built from.
func newVersionDocument() versionDocument {
	d := versionDocument{Version: 1, Program: "unknown", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return d
	}
	if info.Main.Version != "" {
		d.Program = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			d.Revision = s.Value
		case "vcs.modified":
			d.Modified = s.Value == "true"
		}
	}
	return d
}

func (p *printer) version(d versionDocument) {
	revision := ""
	if d.Revision != "" {
		revision = ", revision " + d.Revision
	}
	if d.Modified {
		revision += " with changes"
	}
	p.linef("spfzone %s (%s, %s%s)", d.Program, d.Go, d.Platform, revision)
}
