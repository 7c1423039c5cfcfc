package builder

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"strings"

	"github.com/spfzone/spfzone/spf"
)

// prove compares what the records say with what is listed, for every address,
// the limits of receivers held to on the side of the records.
func prove(ctx context.Context, d *Domain, listed, built *spf.Checker) (*spf.Policy, error) {
	var policy *spf.Policy
	for _, name := range d.names() {
		want, err := listed.Policy(ctx, name)
		if err != nil {
			return nil, err
		}
		got, err := built.Policy(ctx, name)
		if err != nil {
			return nil, err
		}
		if changes := want.Diff(got); len(changes) > 0 {
			return nil, unproven(d.Name, name, changes)
		}
		if name == d.Name {
			policy = got
		}
	}
	return policy, nil
}

// names gives the names of the records that a domain lists: its own, and those
// of its regions.
func (d *Domain) names() []string {
	names := []string{d.Name}
	for _, r := range d.Regions {
		names = append(names, r.Name)
	}
	return names
}

// under gives what evaluates with contents published, as with nothing else in
// the world: all that b evaluates shares what no contents change.
func (b *build) under(c contents, limits spf.Limits) *spf.Checker {
	base := b.checkers.get(limits, func() *spf.Checker {
		return &spf.Checker{Resolver: b.resolver, Limits: limits, CacheSize: keptAnswers}
	})
	return base.Over(*c.over(b.resolver))
}

// keptAnswers bounds the answers and policies that are kept of names that
// domains may share. Many are those of one domain only.
const keptAnswers = 1 << 14

// unproven says which addresses would get another result than the list gives
// them.
func unproven(domain, name string, changes []spf.Change) error {
	var b strings.Builder
	fmt.Fprintf(&b, "the records of %s do not say what is listed", trimDot(name))
	for _, c := range changes {
		fmt.Fprintf(&b, "\n%s: listed %v, built %v", some(c.Prefixes), c.From, c.To)
		if c.To.If == nil && c.To.Err != nil {
			fmt.Fprintf(&b, " (%v)", c.To.Err)
		}
	}
	return &Refusal{Kind: Unproven, Domain: domain, Msg: b.String()}
}

// some gives prefixes as text, the first few of many.
func some(prefixes []netip.Prefix) string {
	const most = 8
	var b strings.Builder
	for i, p := range prefixes {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(prefixes)-most)
			break
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(p.String())
	}
	return b.String()
}

// vectors checks what the operator expects of single senders.
func vectors(ctx context.Context, d *Domain, built *spf.Checker) error {
	wrong, err := d.Unmet(ctx, built)
	if err != nil || len(wrong) == 0 {
		return err
	}
	return &Refusal{Kind: Vectors, Domain: d.Name, Msg: strings.Join(wrong, "\n")}
}

// Unmet says of each of the domain's vectors that does not come out as listed
// what was expected, and what came out.
func (d *Domain) Unmet(ctx context.Context, c *spf.Checker) (wrong []string, err error) {
	for _, v := range d.Expect {
		from, helo := v.identities(d)
		got, err := c.Check(ctx, v.IP, from, helo)
		if err != nil {
			return nil, err
		}
		if got.Result != v.Result {
			wrong = append(wrong, fmt.Sprintf("%v: %v from %s: %v expected, %s", v.Place, v.IP, from, v.Result, cameOut(got)))
		}
	}
	return wrong, nil
}

// identities gives MAIL FROM and HELO of a vector of a domain.
func (v Vector) identities(d *Domain) (from, helo string) {
	return cmp.Or(v.From, "postmaster@"+trimDot(d.Name)), cmp.Or(v.HELO, trimDot(d.Name))
}

// cameOut says what a check gave and why.
func cameOut(v spf.Evaluation) string {
	s := v.Result.String() + " came out"
	switch {
	case v.Err != nil:
		s += ": " + v.Err.Error()
	case v.Matched != nil:
		s += fmt.Sprintf(", by %v in the record of %s", *v.Matched, trimDot(v.MatchedIn))
	}
	return s
}
