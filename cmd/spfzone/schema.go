package main

import (
	"github.com/spf13/cobra"

	"github.com/spfzone/spfzone/builder"
)

func newSchema(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the configuration",
		Long: `schema prints the JSON Schema of the configuration, with which editors complete
and check it as it is written. Put it beside the configuration, whose first line
names it:

  # yaml-language-server: $schema=./spfzone.schema.json`,
		Example: "  spfzone schema > spfzone.schema.json",
		Args:    noArguments,
		RunE:    func(*cobra.Command, []string) error { return a.answer(builder.Schema()) },
	}
}
