package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// manual gives the manual pages and the reference, by their paths in docs/.
// They hold no date, so that they change only when a command does.
func manual(root *cobra.Command) map[string]string {
	files := map[string]string{}
	var reference strings.Builder
	reference.WriteString("# Reference\n\nThis page is made from the commands, by `go generate ./cmd/spfzone`.\n")
	for _, cmd := range documented(root) {
		files["man/"+strings.ReplaceAll(cmd.CommandPath(), " ", "-")+".1"] = manPage(cmd)
		reference.WriteString("\n" + markdown(cmd))
	}
	files["reference.md"] = reference.String()
	return files
}

// documented gives the root and the commands below it, in the order of their
// names.
func documented(cmd *cobra.Command) []*cobra.Command {
	list := []*cobra.Command{cmd}
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			list = append(list, documented(c)...)
		}
	}
	return list
}

// synopsis gives how a command is written.
func synopsis(cmd *cobra.Command) string {
	if cmd.HasAvailableSubCommands() {
		return cmd.CommandPath() + " COMMAND [flags]"
	}
	return cmd.CommandPath() + strings.TrimPrefix(cmd.Use, cmd.Name()) + " [flags]"
}

// zeroDefault has the defaults that say nothing, as --help leaves them out.
var zeroDefault = map[string]bool{"": true, "false": true, "0": true, "0s": true, "[]": true}

// option is a flag as a reader sees it.
type option struct{ form, about string }

func options(set *pflag.FlagSet) []option {
	var list []option
	set.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		argument, about := pflag.UnquoteUsage(f)
		form := "--" + f.Name
		if f.Shorthand != "" {
			form = "-" + f.Shorthand + ", " + form
		}
		if argument != "" {
			form += " " + argument
		}
		if !zeroDefault[f.DefValue] {
			about += " (default " + f.DefValue + ")"
		}
		list = append(list, option{form, about})
	})
	return list
}

// markdown gives the section of a command.
func markdown(cmd *cobra.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n%s.\n\n```\n%s\n```\n\n", cmd.CommandPath(), cmd.Short, synopsis(cmd))
	b.WriteString(paragraphs(cmd.Long))
	if cmd.Example != "" {
		fmt.Fprintf(&b, "\nExamples:\n\n```\n%s\n```\n", dedent(cmd.Example))
	}
	if list := options(cmd.LocalFlags()); len(list) > 0 {
		b.WriteString("\n| flag | meaning |\n|---|---|\n")
		for _, o := range list {
			fmt.Fprintf(&b, "| `%s` | %s |\n", cell(o.form), cell(o.about))
		}
	}
	return b.String()
}

// paragraphs gives a text as Markdown: a paragraph with indented lines as it
// is.
func paragraphs(text string) string {
	list := strings.Split(text, "\n\n")
	for i, p := range list {
		if strings.HasPrefix(p, "  ") || strings.Contains(p, "\n  ") {
			list[i] = "```\n" + p + "\n```"
		}
	}
	return strings.Join(list, "\n\n") + "\n"
}

// cell gives a text as it stands in a cell of a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

func dedent(s string) string {
	var lines []string
	for line := range strings.SplitSeq(s, "\n") {
		lines = append(lines, strings.TrimPrefix(line, "  "))
	}
	return strings.Join(lines, "\n")
}

// manPage gives the manual page of a command, in the man macros of roff.
func manPage(cmd *cobra.Command) string {
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s 1 \"\" spfzone \"spfzone manual\"\n", roff(strings.ToUpper(name)))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(name), roff(lowerFirst(cmd.Short)))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n", roff(synopsis(cmd)))
	fmt.Fprintf(&b, ".SH DESCRIPTION\n.nf\n%s\n.fi\n", roff(cmd.Long))
	writeOptions(&b, "OPTIONS", options(cmd.LocalFlags()))
	writeOptions(&b, "GLOBAL OPTIONS", options(cmd.InheritedFlags()))
	if cmd.Example != "" {
		fmt.Fprintf(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", roff(cmd.Example))
	}
	if cmd.HasParent() { // whose own text has them
		fmt.Fprintf(&b, ".SH EXIT STATUS\n.nf\n%s\n.fi\n", roff(exitTable()))
	}
	b.WriteString(".SH SEE ALSO\n" + strings.Join(seeAlso(cmd), ",\n") + "\n")
	return b.String()
}

func writeOptions(b *strings.Builder, title string, list []option) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(b, ".SH %s\n", title)
	for _, o := range list {
		fmt.Fprintf(b, ".TP\n.B %s\n%s\n", roff(o.form), roff(o.about))
	}
}

// seeAlso names the pages of the commands around.
func seeAlso(cmd *cobra.Command) []string {
	if cmd.HasParent() {
		return []string{".BR " + roff(cmd.Parent().CommandPath()) + " (1)"}
	}
	var list []string
	for _, c := range documented(cmd)[1:] {
		list = append(list, ".BR "+roff(strings.ReplaceAll(c.CommandPath(), " ", "-"))+" (1)")
	}
	return list
}

// roff gives a text as it stands in a manual page: backslashes and hyphens
// escaped, and no line that begins with a control character.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`).Replace(s)
	var lines []string
	for line := range strings.SplitSeq(s, "\n") {
		if strings.HasPrefix(line, ".") {
			line = `\&` + line
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }
