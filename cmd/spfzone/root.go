package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/spfzone/spfzone/internal/spelling"
	"github.com/spfzone/spfzone/resolver"
)

// What the global flags that name one of a few words may be.
const (
	outputText  = "text"
	outputJSON  = "json"
	colorAuto   = "auto"
	colorAlways = "always"
	colorNever  = "never"
)

// newRoot gives the command line of the program.
func newRoot(a *app) *cobra.Command {
	a.output = choice{outputText, "FORM", []string{outputText, outputJSON}}
	a.color = choice{colorAuto, "WHEN", []string{colorAuto, colorAlways, colorNever}}
	root := &cobra.Command{
		Use:           "spfzone",
		Short:         "Build SPF records and the zone data that carries them, and prove them",
		Long:          rootLong,
		Args:          noArguments,
		RunE:          func(*cobra.Command, []string) error { return usagef("no command is given") },
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(flagError)
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpCommand(newHelp())
	f := root.PersistentFlags()
	f.StringArrayVar(&a.config, "config", nil, "configuration `FILE`; may be given several times (default "+defaultConfig+")")
	f.StringArrayVar(&a.resolvers, "resolver", nil, "ask `WHOM`, a name server or file:ZONEFILE; may be given several times (default system)")
	f.Var(&a.output, "output", "form of the answer: text or json")
	f.Var(&a.color, "color", "when to color text: auto, always or never")
	f.Var((*timeLimit)(&a.timeout), "timeout", "end the command after `TIME`, such as 30s (default no limit)")
	f.BoolVar(&a.quiet, "quiet", false, "print no notes and no progress on stderr, errors alone")
	root.AddCommand(newBuild(a), newCheck(a), newPolicy(a), newExplain(a), newPlan(a), newPush(a), newRollback(a), newVerify(a), newProviders(a), newDiff(a), newUpdate(a), newWatch(a), newSchema(a), newVersion(a), newCompletion(a), newDocs(a))
	return root
}

var rootLong = `spfzone builds SPF records (RFC 7208) from a YAML list of sending networks,
gateways and services, and proves that what it built authorises exactly the
addresses that were listed. It also says what any published record means.

Answers go to stdout, everything else to stderr. --output json gives answers
of a documented form that does not change. Only push and rollback wait for input,
and only at a terminal.

--resolver takes ` + strings.Replace(resolver.Forms, ", https", ",\nhttps", 1) + `.
Several servers are asked in their order until one answers. Zone files answer
for every name that there is.

Exit codes:
` + exitTable()

// exitTable gives the exit codes as text.
func exitTable() string {
	var b strings.Builder
	for _, e := range exitMeanings {
		fmt.Fprintf(&b, "  %-9s %s\n", e.code, e.meaning)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// noArguments refuses arguments.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if cmd.HasSubCommands() {
		return usagef("%q is no command of %s%s", args[0], cmd.CommandPath(), suggestion(cmd, args[0]))
	}
	return usagef("%s takes no arguments, and was given %q", cmd.CommandPath(), args[0])
}

// suggestion names the command that a word is nearest to.
func suggestion(cmd *cobra.Command, word string) string {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return spelling.DidYouMean(word, names)
}

// flagError makes what the flags are given a usage error, and names the flag
// that an unknown one is nearest to, and --format for a form that it alone has.
func flagError(cmd *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) && invalid.GetFlag().Name == "output" && formats(cmd, invalid.GetValue()) {
		return usagef("%w; --format %s gives that form", err, invalid.GetValue())
	}
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return &usageError{err}
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, "--"+f.Name)
		}
	})
	return usagef("%w%s", err, spelling.DidYouMean("--"+unknown.GetSpecifiedName(), names))
}

// formats reports whether a command has a flag --format that takes a word.
func formats(cmd *cobra.Command, word string) bool {
	f := cmd.Flags().Lookup("format")
	if f == nil {
		return false
	}
	c, ok := f.Value.(*choice)
	return ok && slices.Contains(c.words, word)
}

// oneDomain wants one argument, a domain.
func oneDomain(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usagef("%s takes one DOMAIN, and was given %d", cmd.CommandPath(), len(args))
	}
	return nil
}

// timeLimit is a flag that is a length of time, and nothing where it is zero.
type timeLimit time.Duration

// String implements [pflag.Value].
func (l *timeLimit) String() string {
	if *l == 0 {
		return ""
	}
	return time.Duration(*l).String()
}

// Type implements [pflag.Value].
func (l *timeLimit) Type() string { return "TIME" }

// Set implements [pflag.Value].
func (l *timeLimit) Set(s string) error {
	d, err := time.ParseDuration(s)
	if _, number := strconv.ParseUint(s, 10, 32); number == nil && d == 0 && err != nil {
		return fmt.Errorf("a time has a unit: say %ss", s)
	}
	if err != nil || d < 0 {
		return errors.New("must be a time such as 30s or 2m")
	}
	*l = timeLimit(d)
	return nil
}

// atLeastOne is a flag that is a number of one or more.
type atLeastOne int

// String implements [pflag.Value].
func (n *atLeastOne) String() string { return strconv.Itoa(int(*n)) }

// Type implements [pflag.Value].
func (n *atLeastOne) Type() string { return "N" }

// Set implements [pflag.Value].
func (n *atLeastOne) Set(s string) error {
	i, err := strconv.ParseUint(s, 10, 16)
	if err != nil || i == 0 {
		return errors.New("must be a number of one or more")
	}
	*n = atLeastOne(i)
	return nil
}

// choice is a flag that is one of a few words.
type choice struct {
	value string
	name  string // of the value, in the help
	words []string
}

// String implements [pflag.Value].
func (c *choice) String() string { return c.value }

// Type implements [pflag.Value].
func (c *choice) Type() string { return c.name }

// Set implements [pflag.Value].
func (c *choice) Set(s string) error {
	if !slices.Contains(c.words, s) {
		return fmt.Errorf("must be one of %s", strings.Join(c.words, ", "))
	}
	c.value = s
	return nil
}
