package builder_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/resolver"
)

// build plans a configuration over a world, both given as text.
func build(t testing.TB, config, world string) *builder.Plan {
	t.Helper()
	cfg, err := builder.Parse(builder.Input{Name: "spfzone.yaml", Reader: strings.NewReader(config)})
	if err != nil {
		t.Fatal(err)
	}
	w, err := resolver.ParseZone(strings.NewReader(world), "world")
	if err != nil {
		t.Fatal(err)
	}
	p, err := builder.Build(t.Context(), cfg, builder.Options{Resolver: w})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func show(p *builder.Plan) string {
	var b strings.Builder
	for _, d := range p.Domains {
		if d.Err != nil {
			fmt.Fprintf(&b, "%s: %v\n", d.Err.Kind, d.Err)
		}
		for _, r := range d.Records {
			fmt.Fprintf(&b, "%s %q\n", r.Name, r.Text)
		}
		for _, f := range d.Flattened {
			fmt.Fprintf(&b, "flattened %s into %d: %s\n", f.Include, f.Prefixes, f.Why)
		}
		for _, f := range d.Kept {
			fmt.Fprintf(&b, "kept %s: %s\n", f.Include, f.Why)
		}
		if d.Err == nil {
			fmt.Fprintf(&b, "lookups %d/%d voids %d/%d parts %d/%d\n", d.Lookups.Worst, d.Lookups.Limit, d.Voids.Worst, d.Voids.Limit, d.Parts.Count, d.Parts.LowerBound)
		}
	}
	return b.String()
}

func TestTry(t *testing.T) {
	p := build(t, `
defaults: {all: fail}
networks:
  na: [192.168.128.0/20]
  nb: [192.168.64.0/22]
  nc: [192.168.192.0/18]
gateways: {ironport: ironport, sandberg: {host: sandberg, pin: true}}
services: {v: {include: v.test, flatten: always}, w: {include: w.test}, m: {include: m.test, flatten: always}, p: {include: p.test, flatten: always}}
domains:
  x.com: {senders: [a, mx, na, nb, nc], split: {by: network}}
  y.com: {senders: [ironport, sandberg, v, ~na, w, m, p, -10.0.0.7, nb]}
  z.com:
    senders: [a]
    split: {by: region}
    regions:
      uk.z.com: [a, mx, nb]
      de.z.com: [mx, nc]
`, `
x.com. MX 10 x.com.
x.com. A 1.2.3.4
uk.z.com. MX 10 x.com.
uk.z.com. A 1.2.3.4
de.z.com. MX 10 x.com.
ironport.y.com. A 1.2.3.5
sandberg.y.com. A 1.2.3.6
v.test. TXT "v=spf1 a -ip4:10.0.0.1 ip4:10.0.0.0/24 -all"
v.test. A 4.4.4.4
w.test. TXT "v=spf1 redirect=v.test"
m.test. TXT "v=spf1 exists:%{i}.%{d} a -all"
m.test. A 4.4.4.4
p.test. TXT "v=spf1 -exists:%{i}.%{d} a -all"
p.test. A 4.4.4.4
`)
	t.Log("\n" + show(p))
	var nets []string
	for i := range 300 {
		nets = append(nets, fmt.Sprintf("10.%d.%d.0/24", i%250, i*2%250))
	}
	p = build(t, "defaults: {all: fail}\nnetworks: {n: ["+strings.Join(nets, ", ")+"]}\ndomains: {x.com: {senders: [mx, n]}}", "x.com. MX 10 a.x.com.\na.x.com. A 1.2.3.4\n")
	t.Log("\n" + show(p))
}
