package builder_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/resolver"
	"github.com/spfzone/spfzone/spf"
)

const explainWorld = `$ORIGIN x.test.
@        IN TXT "v=spf1 mx a:gw.x.test include:part1.x.test include:%{d2}.v.test include:part1.x.test exists:%{i}.x.test -all ip4:192.0.2.0/24"
@        IN TXT "site-verification=1"
@        IN MX 10 mail
@        IN MX 20 backup
gw       IN A 192.0.2.25
part1    IN TXT "v=spf1 ip4:198.51.100.0/24 exp=why.x.test foo=bar ~all"
x.test.v.test. IN TXT "v=spf1 a ptr ?include:x.test redirect=part2.x.test"
part2    IN TXT "v=spf1 -all"
part2    IN TXT "v=spf1 +all"
self     IN TXT "v=spf1 include:self.x.test redirect=none.x.test"
syntax   IN TXT "v=spf1 ip4:1.2.3 -all"
dead     IN TXT "v=spf1 mx exists:gw.x.test -all redirect=none.x.test"
`

func TestExplain(t *testing.T) {
	w, err := resolver.ParseZone(strings.NewReader(explainWorld), "world")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, domain, want string }{
		{
			"a tree", "X.test", `
x.test. 205 octets 10/3 +1
  mx [mail.x.test. backup.x.test.] 1/0 (1/0)
  a:gw.x.test [192.0.2.25] no AAAA 1/1 (2/1)
  include:part1.x.test 1/0 (3/1)
    part1.x.test. 108 octets 0/0
      ip4:198.51.100.0/24 0/0 (3/1)
      ~all 0/0 (3/1)
      exp=why.x.test 0/0 (3/1)
      foo=bar 0/0 (3/1)
  include:%{d2}.v.test 5/1 (8/2)
    x.test.v.test. 105 octets 4/1
      a no A no AAAA 1/1 (5/2)
      ptr conditional 1/0 (6/2)
      ?include:x.test 1/0 (7/2) error: x.test includes itself by way of x.test.v.test: permerror
      redirect=part2.x.test 1/0 (8/2)
        part2.x.test. 89 octets 0/0 error: 2 SPF records where one belongs (RFC 7208, Section 4.5): merge them
  include:part1.x.test 1/0 (9/2)
    part1.x.test. 108 octets 0/0 repeated
  exists:%{i}.x.test conditional no A no AAAA 1/1 (10/3)
  -all 0/0 (10/3)
  ip4:192.0.2.0/24 ignored 0/0 (10/3)
`,
		},
		{
			"itself", "self.x.test", `
self.x.test. 100 octets 2/0
  include:self.x.test 1/0 (1/0) error: self.x.test includes itself: permerror
  redirect=none.x.test 1/0 (2/0)
    none.x.test. 0 octets 0/0 error: the name does not exist
`,
		},
		{"syntax", "syntax.x.test", `
syntax.x.test. 76 octets 0/0 error: offset 7: "ip4:1.2.3": not an IPv4 address of four numbers (RFC 7208, Section 5.6)
`},
		{"no record", "mail.x.test", `
mail.x.test. 0 octets 0/0 error: the name does not exist
`},
		{"behind all", "dead.x.test", `
dead.x.test. 105 octets 2/1
  mx no A no AAAA 1/1 (1/1)
  exists:gw.x.test [192.0.2.25] 1/0 (2/1)
  -all 0/0 (2/1)
  redirect=none.x.test ignored 0/0 (2/1)
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, err := builder.Explain(t.Context(), w, tt.domain, spf.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, "\n"+tree(n, "")); diff != "" {
				t.Errorf("tree (-want +got):\n%s", diff)
			}
		})
	}
}

// tree writes all that a node says: response size, lookups/voids, and behind a
// term the totals in parentheses.
func tree(n *builder.Node, indent string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s %d octets %d/%d", indent, n.Name, n.ResponseBytes, n.Lookups, n.Voids)
	if n.OtherTXT > 0 {
		fmt.Fprintf(&b, " +%d", n.OtherTXT)
	}
	if n.Repeated {
		b.WriteString(" repeated")
	}
	if n.Err != nil {
		fmt.Fprintf(&b, " error: %v", n.Err)
	}
	b.WriteByte('\n')
	for _, t := range n.Terms {
		b.WriteString(indent + "  " + t.Text)
		for _, flag := range [...]struct {
			text string
			is   bool
		}{
			{" ignored", t.Ignored},
			{" conditional", t.Conditional},
			{fmt.Sprintf(" %v", t.Found), len(t.Found) > 0},
			{" no A", t.Void[spf.V4]},
			{" no AAAA", t.Void[spf.V6]},
		} {
			if flag.is {
				b.WriteString(flag.text)
			}
		}
		fmt.Fprintf(&b, " %d/%d (%d/%d)", t.Lookups, t.Voids, t.TotalLookups, t.TotalVoids)
		if t.Err != nil {
			fmt.Fprintf(&b, " error: %v", t.Err)
		}
		b.WriteByte('\n')
		if t.Child != nil {
			b.WriteString(tree(t.Child, indent+"    "))
		}
	}
	return b.String()
}

func TestExplainFailedLookups(t *testing.T) {
	z := dnstest.NewZone()
	z.Add("x.test", "TXT", "v=spf1 a:gw.x.test mx:gw.x.test include:gone.x.test -all")
	for _, name := range []string{"gw.x.test", "gone.x.test"} {
		for _, typ := range []string{"A", "MX", "TXT"} {
			z.Add(name, "TIMEOUT", typ)
		}
	}
	n, err := builder.Explain(t.Context(), z, "x.test", spf.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := `x.test. 104 octets 3/1
  a:gw.x.test no AAAA 1/1 (1/1) error: the lookup of gw.x.test. A failed: gw.x.test. A: time-out
  mx:gw.x.test 1/0 (2/1) error: the lookup of gw.x.test. MX failed: gw.x.test. MX: time-out
  include:gone.x.test 1/0 (3/1)
    gone.x.test. 0 octets 0/0 error: the lookup of gone.x.test. TXT failed: gone.x.test. TXT: time-out
  -all 0/0 (3/1)
`
	if diff := cmp.Diff(want, tree(n, "")); diff != "" {
		t.Errorf("tree (-want +got):\n%s", diff)
	}
}

func TestExplainMailExchanges(t *testing.T) {
	z := dnstest.NewZone()
	z.Add("x.test", "TXT", "v=spf1 mx -all")
	for i := range 3 {
		z.Add("x.test", "MX", fmt.Sprintf("mx%d.x.test", i))
	}
	n, err := builder.Explain(t.Context(), z, "x.test", spf.Limits{MX: 2})
	if err != nil {
		t.Fatal(err)
	}
	want := "3 mail exchanges, of which 2 are allowed (RFC 7208, Section 4.6.4): permerror"
	if got := n.Terms[0].Err; got == nil || got.Error() != want {
		t.Errorf("error %v, want %s", got, want)
	}
}

// growing answers every name with a record that includes two longer ones.
type growing struct {
	dnstest.Zonedata
	asked int
}

func (g *growing) LookupTXT(context.Context, string) (spf.Answer[spf.TXT], error) {
	g.asked++
	return spf.Answer[spf.TXT]{Records: []spf.TXT{{"v=spf1 include:a.%{d} include:b.%{d} -all"}}}, nil
}

func TestExplainEnds(t *testing.T) {
	g := &growing{}
	if _, err := builder.Explain(t.Context(), g, "x.test", spf.Limits{}); err != nil {
		t.Fatal(err)
	}
	if g.asked != 1000 {
		t.Errorf("%d records were asked for, want 1000", g.asked)
	}
}

func TestExplainErrors(t *testing.T) {
	if _, err := builder.Explain(t.Context(), dnstest.NewZone(), "a b", spf.Limits{}); err == nil {
		t.Error("no error for what is no domain name")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := builder.Explain(ctx, dnstest.NewZone(), "x.test", spf.Limits{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
}
