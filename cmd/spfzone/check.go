package main

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/spf13/cobra"

	"github.com/spfzone/spfzone/spf"
)

// checkOptions are the flags of check.
type checkOptions struct {
	ip, from, helo, receiver string
	trace, planned, received bool
	require                  choice
}

func newCheck(a *app) *cobra.Command {
	o := checkOptions{require: choice{name: "RESULT"}}
	cmd := &cobra.Command{
		Use:   "check --ip IP --from ADDRESS [--helo NAME]",
		Short: "Evaluate SPF for one sender",
		Long: `check evaluates SPF for one sender as a receiver does (RFC 7208), and says which
term decided and in which record it stands. Without --from, or with an empty
one as a bounce has it, the HELO name is what is checked.

The exit code is 0 whatever the result, unless --require names another one:
then it is 1. A lookup that fails gives the result temperror.`,
		Example: `  spfzone check --ip 192.0.2.1 --from bob@x.com --helo mail.x.com
  spfzone check --ip 192.0.2.1 --from bob@x.com --planned --require pass
  spfzone check --ip 2001:db8::1 --helo mail.x.com --trace`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.limited(cmd.Context(), func(ctx context.Context) error { return a.check(ctx, o) })
		},
	}
	for _, r := range spf.Results() {
		o.require.words = append(o.require.words, r.String())
	}
	f := cmd.Flags()
	f.StringVar(&o.ip, "ip", "", "`IP` address of the client")
	f.StringVar(&o.from, "from", "", "MAIL FROM `ADDRESS`, with or without a name before it in <>, or its domain")
	f.StringVar(&o.helo, "helo", "", "HELO or EHLO `NAME` of the client")
	f.StringVar(&o.receiver, "receiver", "", "`HOST` that checks, for %{r} and Received-SPF")
	f.BoolVar(&o.trace, "trace", false, "show every step, with the lookups so far")
	a.lockFlag(f)
	f.BoolVar(&o.planned, "planned", false, "check what the configuration would publish")
	f.BoolVar(&o.received, "received-spf", false, "print the Received-SPF header field too")
	f.Var(&o.require, "require", "exit with 1 unless this is the result: "+strings.Join(o.require.words, ", "))
	return cmd
}

func (a *app) check(ctx context.Context, o checkOptions) error {
	if o.ip == "" {
		return usagef("--ip is required")
	}
	ip, err := netip.ParseAddr(o.ip)
	if err != nil {
		return usagef("--ip: %q is no IP address", o.ip)
	}
	if o.from == "" && o.helo == "" {
		return usagef("--from or --helo is required")
	}
	if o.from, err = mailFrom(o.from); err != nil {
		return err
	}
	if err := plainOrLiteral(o.helo); err != nil {
		return usagef("--helo: %w", err)
	}
	r, err := a.world(ctx, o.planned, checkedDomain(o))
	if err != nil {
		return err
	}
	c := a.checker(r)
	c.Receiver = o.receiver
	evaluate := c.Check
	if o.trace {
		evaluate = c.Trace
	}
	v, err := evaluate(ctx, ip, o.from, o.helo)
	if err != nil {
		return err
	}
	header := ""
	if o.received {
		header = v.Header(spf.Received{ClientIP: ip, EnvelopeFrom: o.from, HELO: o.helo, Receiver: o.receiver})
	}
	err = a.answerWith(newCheckDocument(&v, header), func(p *printer) { p.evaluation(&v, header) })
	if err == nil && o.require.value != "" && o.require.value != v.Result.String() {
		return withCode(exitNo, fmt.Errorf("the result is %v, and --require wants %s", v.Result, o.require.value))
	}
	return err
}

// checkedDomain gives the domain that a check evaluates.
func checkedDomain(o checkOptions) string {
	if o.from == "" {
		return o.helo
	}
	return domainOfAddress(o.from)
}

func domainOfAddress(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }

// mailFrom gives the MAIL FROM that is meant: an address, a domain alone, or an
// address in angle brackets with or without a name before them, as mail programs
// show it. It is empty for "<>".
func mailFrom(given string) (string, error) {
	from := given
	if strings.HasSuffix(given, ">") {
		if i := strings.LastIndexByte(given, '<'); i >= 0 {
			from = given[i+1 : len(given)-1]
		}
	}
	if strings.HasPrefix(from, "<") {
		return "", usagef("--from: %q has a bracket that does not close", given)
	}
	domain := domainOfAddress(from)
	if err := plainOrLiteral(domain); err != nil {
		return "", usagef("--from: %w", err)
	}
	return from, nil
}

// plainOrLiteral is plain for what may be an address in square brackets (RFC 5321,
// Section 4.1.3), of which SPF has no more to say than none.
func plainOrLiteral(name string) error {
	if strings.HasPrefix(name, "[") && strings.HasSuffix(name, "]") {
		return nil
	}
	return plain(name)
}

// checkDocument is what check prints as JSON.
type checkDocument struct {
	Version     int            `json:"version"`
	Result      string         `json:"result"`
	Domain      string         `json:"domain"`
	Identity    string         `json:"identity"`
	Matched     string         `json:"matched"`
	MatchedIn   string         `json:"matched_in"`
	Explanation string         `json:"explanation"`
	Lookups     int            `json:"lookups"`
	Voids       int            `json:"voids"`
	Error       string         `json:"error,omitempty"`
	ReceivedSPF string         `json:"received_spf,omitempty"`
	Trace       []stepDocument `json:"trace,omitempty"`
}

// stepDocument is a step of the trace.
type stepDocument struct {
	Depth   int      `json:"depth"`
	Domain  string   `json:"domain"`
	Term    string   `json:"term"`
	Target  string   `json:"target"`
	Found   []string `json:"found"`
	Matched bool     `json:"matched"`
	Result  string   `json:"result"`
	Lookups int      `json:"lookups"`
	Voids   int      `json:"voids"`
	Error   string   `json:"error,omitempty"`
}

func newCheckDocument(v *spf.Evaluation, header string) checkDocument {
	d := checkDocument{
		Version:     1,
		Result:      v.Result.String(),
		Domain:      trimDot(v.Domain),
		Identity:    v.Identity.String(),
		MatchedIn:   trimDot(v.MatchedIn),
		Explanation: v.Explanation,
		Lookups:     v.Lookups,
		Voids:       v.Voids,
		Error:       errorText(v.Err),
		ReceivedSPF: header,
	}
	if v.Matched != nil {
		d.Matched = v.Matched.String()
	}
	for _, s := range v.Trace {
		d.Trace = append(d.Trace, stepDocument{
			Depth:   s.Depth,
			Domain:  trimDot(s.Domain),
			Term:    s.Term,
			Target:  trimDot(s.Target),
			Found:   append([]string{}, s.Found...),
			Matched: s.Matched,
			Result:  stepResult(s),
			Lookups: s.Lookups,
			Voids:   s.Voids,
			Error:   errorText(s.Err),
		})
	}
	return d
}

// errorText gives the message of an error, and nothing for none.
func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// stepResult gives the result that a step came to: of the target for include
// and redirect=, what it decides for another term that matches, and nothing
// for a term that does not.
func stepResult(s spf.Step) string {
	if s.Result == spf.None && !leadsOn(s.Term) {
		return ""
	}
	return s.Result.String()
}

// leadsOn reports whether a term, in canonical text, leads to another record.
func leadsOn(term string) bool {
	return strings.HasPrefix(strings.TrimLeft(term, signs), "include:") || strings.HasPrefix(term, "redirect=")
}
