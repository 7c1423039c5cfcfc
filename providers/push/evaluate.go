package push

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/spf"
)

// PolicyError says that every server has what was written, and that a record of
// the domain nevertheless says something else than it is to say now: another
// record that it leads to is not what it was, or was to be.
type PolicyError struct {
	Domain  string
	Servers string         // who said so
	Changes []spf.Change   // from what was to be to what is
	Lost    []netip.Prefix // addresses that the old and the new records let through, and these do not
}

func (e *PolicyError) Error() string {
	var parts []string
	for _, c := range e.Changes {
		parts = append(parts, fmt.Sprintf("%s get %s and were to get %s", some(c.Prefixes), c.To, c.From))
	}
	text := fmt.Sprintf("as %s answers, the record of %s does not say what it is to: %s", e.Servers, trimDot(e.Domain), strings.Join(parts, "; "))
	if len(e.Lost) > 0 {
		text += fmt.Sprintf("; mail is refused that both the old and the new records let through, from %s", some(e.Lost))
	}
	return text
}

// some lists the first of several prefixes.
func some(prefixes []netip.Prefix) string {
	const most = 4
	if n := len(prefixes); n > most {
		return fmt.Sprintf("%v and %d more", prefixes[:most], n-most)
	}
	return fmt.Sprint(prefixes)
}

// doubt is for how long a policy that is not as it is to be may be an answer
// that is out of date. It is short, as mail may fail meanwhile.
const doubt = 5 * time.Second

// evaluate has the records of the domain evaluated as receivers do it, asking
// each authoritative server by UDP and by TCP, and compares the policies with
// those of a state that is to be published now.
func (p *Push) evaluate(ctx context.Context, was, is *state) (verdict, error) {
	v := late
	whole, cancel := context.WithTimeoutCause(ctx, max(p.Patience, doubt), errOver)
	defer cancel()
	err := p.until(ctx, min(p.Patience, doubt), func(context.Context) (bool, error) {
		err := p.says(whole, was, is) // which may take longer than there is doubt
		var differing *PolicyError
		switch {
		case err == nil:
			v = seen
		case errors.As(err, &differing):
			v = differs
		default:
			v = late
		}
		return err == nil, err
	})
	if err != nil && v == seen {
		v = late
	}
	return v, err
}

// says is one look of evaluate.
func (p *Push) says(ctx context.Context, was, is *state) error {
	most := 0
	for _, z := range is.zones {
		most = max(most, len(z.Servers))
	}
	for _, w := range p.Wanted {
		if w.Of != "" {
			continue
		}
		want, err := p.policy(ctx, w.Name, is.records(), p.Rollout.Resolver)
		if err != nil {
			return err
		}
		for n := range 2 * most {
			asks := &asServed{p.Rollout.Resolver, is.zones, n / 2, n%2 == 1}
			got, err := p.policy(ctx, w.Name, records{lists: is.records().lists}, asks)
			if err != nil {
				return err
			}
			changes := want.Diff(got)
			lost, broken := providers.Keeps(was.now[w.Name], was.then[w.Name], got)
			if len(changes)+len(lost)+len(broken) > 0 {
				return &PolicyError{w.Name, asks.String(), changes, lost}
			}
		}
	}
	return nil
}

// asServed asks one of each zone's servers for the records of the domain, and
// the DNS for everything else.
type asServed struct {
	spf.Resolver
	zones  map[string]*Zone // by the names that are asked for there
	number int
	tcp    bool
}

// String names the servers.
func (a *asServed) String() string {
	var names []string
	for _, name := range sortedNames(a.zones) {
		if s := a.server(a.zones[name]).String(); len(names) == 0 || names[len(names)-1] != s {
			names = append(names, s)
		}
	}
	by := "UDP"
	if a.tcp {
		by = "TCP"
	}
	return strings.Join(names, ", ") + " by " + by
}

func (a *asServed) server(z *Zone) Server { return z.Servers[a.number%len(z.Servers)] }

// LookupTXT implements [spf.Resolver].
func (a *asServed) LookupTXT(ctx context.Context, name string) (spf.Answer[spf.TXT], error) {
	z := a.zones[name]
	if z == nil {
		return a.Resolver.LookupTXT(ctx, name)
	}
	s := a.server(z)
	got, err := s.TXT(ctx, name, a.tcp)
	if err == nil && got.Truncated && !a.tcp {
		got, err = s.TXT(ctx, name, true)
	}
	answer := spf.Answer[spf.TXT]{NXDomain: got.NXDomain, Source: s.String()}
	for _, r := range got.Set.Records {
		answer.Records = append(answer.Records, r.Strings)
	}
	return answer, err
}
