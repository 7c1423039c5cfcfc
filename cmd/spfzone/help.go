package main

import (
	"strings"

	"github.com/spf13/cobra"
)

func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Print the help of a command",
		Long:  "help prints what --help prints.",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return usagef("%q is no command of %s%s", strings.Join(args, " "), cmd.Root().Name(), suggestion(cmd.Root(), args[0]))
			}
			return about.Help()
		},
	}
}
