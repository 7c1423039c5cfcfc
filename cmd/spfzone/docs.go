package main

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/spfzone/spfzone/zonefile"
)

//go:generate go run . docs ../../docs

func newDocs(_ *app) *cobra.Command {
	return &cobra.Command{
		Use:    "docs DIR",
		Short:  "Write the manual pages and the reference",
		Long:   "docs writes DIR/man/*.1 and DIR/reference.md, made from the commands themselves.",
		Hidden: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("%s takes one DIR, and was given %d", cmd.CommandPath(), len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			for name, text := range manual(cmd.Root()) {
				path := filepath.Join(args[0], filepath.FromSlash(name))
				if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
					return err
				}
				if _, err := zonefile.ReplaceFile(path, []byte(text)); err != nil {
					return err
				}
			}
			return nil
		},
	}
}
