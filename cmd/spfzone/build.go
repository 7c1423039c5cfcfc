package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/spf"
)

// The forms of build's answer.
const (
	formatZone = "zone"
	formatJSON = "json"
)

// buildOptions are the flags of build.
type buildOptions struct {
	only      []string
	dir       string
	format    choice
	keepGoing bool
	locked    bool
}

func newBuild(a *app) *cobra.Command {
	o := buildOptions{format: choice{formatZone, "FORM", []string{formatZone, formatJSON}}}
	cmd := &cobra.Command{
		Use:   "build",
		Short: "Build the records of the configuration, and prove them",
		Long: `build makes the SPF records of the configuration's domains, or of those that
--only names, and proves that they give every address the result that the lists
give it. It prints a zone-file fragment for each zone, or with -o writes one file
for each: DIR/ZONE.zone, replaced whole, and left alone if nothing changed. With
--only, the files of other zones are not looked at.

If a domain is refused, nothing is written. With --keep-going the zones are
written whose domains are all built. --format json gives the records, counters
and decisions as JSON, refused domains with their errors.

What is published stays where it can: parts keep their networks, and includes
stay flattened or kept, so that a small change of the configuration changes few
records. --repack chooses and lays out afresh. A note says what that would save.

--locked builds with the answers in the lock file, which 'spfzone update' writes:
no name server is asked, and the same configuration gives the same octets.
Without it, the lock file has one use if it is there: where includes must be
flattened, those come first whose addresses have changed the least.

DIR/ZONE.zone is replaced only if build wrote it: a zone file that you keep by
hand is refused, with exit code 4. The file of a zone in which the configuration
has no domain any more stays, and a note names it.

The exit code is 4 if a domain is refused, 3 if that is for a lookup that failed
and 1 if that is for the configuration's own expect: vectors.`,
		Example: `  spfzone build
  spfzone build -o zones --keep-going
  spfzone build --only x.com --format json
  spfzone build --locked -o zones`,
		Args: noDomains,
		RunE: func(cmd *cobra.Command, _ []string) error {
			chosen := cmd.Flags().Changed("format")
			return a.limited(cmd.Context(), func(ctx context.Context) error { return a.build(ctx, o, chosen) })
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.only, "only", nil, "build this `DOMAIN` alone; may be given several times")
	f.StringVarP(&o.dir, "dir", "o", "", "write files to `DIR`, which is made if it is not there")
	f.Var(&o.format, "format", "form of the records: zone or json; json if --output is")
	f.BoolVar(&o.locked, "locked", false, "ask the lock file alone, and no name server")
	a.lockFlag(f)
	a.repackFlag(f)
	f.BoolVar(&o.keepGoing, "keep-going", false, "write the zones whose domains are all built, though others are refused")
	return cmd
}

// noDomains refuses arguments, and says where domains belong.
func noDomains(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usagef("%s takes no arguments: to build some domains alone, write --only %s", cmd.CommandPath(), strings.Join(args, " --only "))
}

func (a *app) build(ctx context.Context, o buildOptions, formatChosen bool) error {
	if a.output.value == outputJSON && o.dir == "" {
		if formatChosen && o.format.value != formatJSON {
			return usagef("--output json and --format %s both want stdout: add -o DIR, or leave one out", o.format.value)
		}
		o.format.value = formatJSON
	}
	c, err := a.load()
	if err != nil {
		return err
	}
	a.noteProviders(c)
	only, err := listed(c, o.only)
	if err != nil {
		return err
	}
	if o.dir != "" {
		if err := wholeZones(c, only); err != nil {
			return err
		}
	}
	r, err := a.asked(o)
	if err != nil {
		return err
	}
	d := newDelivery(a, c, o)
	defer d.discard()
	if err := a.eachPlan(ctx, c, r, builder.Options{Only: only, ByZone: true}, d.take); err != nil {
		return err
	}
	if err := d.finish(ctx); err != nil {
		return err
	}
	return d.refusals()
}

// lockFlag is the flag of the commands that use a lock file.
func (a *app) lockFlag(f *pflag.FlagSet) {
	f.StringVar(&a.lock, "lock", builder.DefaultLock, "lock `FILE`")
}

// repackFlag is the flag of the commands that choose what to publish.
func (a *app) repackFlag(f *pflag.FlagSet) {
	f.BoolVar(&a.repack, "repack", false, "choose includes and lay parts out afresh, whatever is published")
}

// asked gives whom to ask.
func (a *app) asked(o buildOptions) (spf.Resolver, error) {
	if !o.locked {
		return a.dns()
	}
	if len(a.resolvers) > 0 {
		return nil, usagef("build --locked asks nobody, and --resolver names whom to ask: leave out one of them (plan, push and verify take both, as they also look at what is published)")
	}
	return a.readLock(a.lock)
}

// unlistedError says that the configuration has no such domain.
type unlistedError struct{ domain string }

func (e *unlistedError) Error() string {
	return trimDot(e.domain) + " is not among the domains of the configuration"
}

// listed gives the canonical names of the domains to build, nil for all. Each
// must be in the configuration.
func listed(c *builder.Config, domains []string) ([]string, error) {
	var only []string
	for _, domain := range domains {
		name, err := canonical(domain)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(c.Domains, func(d *builder.Domain) bool { return d.Name == name }) {
			return nil, &usageError{&unlistedError{name}}
		}
		only = append(only, name)
	}
	return only, nil
}

// wholeZones refuses to write the file of a zone without some of its domains:
// they would be lost from it.
func wholeZones(c *builder.Config, only []string) error {
	if only == nil {
		return nil
	}
	zones := map[string]bool{}
	for _, d := range c.Domains {
		if slices.Contains(only, d.Name) {
			zones[canonicalZone(d)] = true
		}
	}
	for _, d := range c.Domains {
		if zone := canonicalZone(d); zones[zone] && !slices.Contains(only, d.Name) {
			return usagef("the file of the zone %s would lose %s: add --only %[2]s, or leave out -o", trimDot(zone), trimDot(d.Name))
		}
	}
	return nil
}

// canonicalZone gives the canonical name of a domain's zone.
func canonicalZone(d *builder.Domain) string {
	name, err := spf.CanonicalName(d.Zone)
	if err != nil {
		panic(err) // Load has checked it
	}
	return name
}
