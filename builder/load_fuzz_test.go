package builder_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spfzone/spfzone/builder"
)

// fuzzSeeds are what fuzzing starts from besides the files of testdata.
var fuzzSeeds = []string{
	"",
	"defaults: {all: fail}\ndomains: {x.com: {senders: [mx, -192.0.2.66, ~2001:db8::/32, a:mail]}}",
	"defaults: &d {all: fail, limits: {record: 255}}\ndomains: {x.com: &x {senders: []}, y.com: *x}",
	"domains:\n  x.com:\n    all: neutral\n    senders:\n    - {sender: ?mx, owner: o, expires: 2027-01-01}\n    regions: {y.com: , a.x.com: [a]}\n  y.com: {redirect: _spf}",
	"networks: {n: {addresses: [192.0.2.0/24, 192.0.2.1]}}\ngateways: {g: {host: g., pin: true}}\nservices: {s: {include: bücher.example, flatten: never}}",
	"a: &a [*a]\n<<: *a",
	"? [x]\n: {y: !t z}\n---\n...",
	"x: 'a\n  b\n c: \"\\x00\"",
	"domains: {x.com: {senders: [exists:%{i}.x.com]}}",
	"providers: {p: {type: t, key: \"${KEY}\"}}\ndomains: {x.com: {senders: [], all: fail, ttl: 1w2d, split: {by: network, names: \"%d\"}, publish: p}}",
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) != 1 {
		f.Fatalf("%d files in testdata, want 1 (%v)", len(files), err)
	}
	if len(fuzzSeeds) != 10 {
		f.Fatalf("%d seeds, want 10", len(fuzzSeeds))
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	for _, text := range fuzzSeeds {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := builder.Parse(builder.Input{Name: "f", Reader: strings.NewReader(text)})
		if err != nil {
			checkErrors(t, text, err)
			return
		}
		if len(c.Domains) == 0 {
			t.Fatal("no domain and no error")
		}
		for _, d := range c.Domains {
			checkDomain(t, c, d)
		}
	})
}

// checkErrors holds errors to places that are in the text, in their order.
func checkErrors(t *testing.T, text string, err error) {
	var errs *builder.ConfigErrors
	if !errors.As(err, &errs) || len(errs.First) == 0 || len(errs.First) > 20 {
		t.Fatalf("error %v", err)
	}
	lines := strings.Count(text, "\n") + strings.Count(text, "\r") + 1
	before := builder.Place{Line: 1}
	for _, e := range errs.First {
		at := e.Place
		if at.Line < before.Line || at.Line == before.Line && at.Column < before.Column || at.Line > lines || e.Msg == "" {
			t.Fatalf("%v behind line %d, of %d", e, before.Line, lines)
		}
		before = at
	}
}

// checkDomain holds a domain to what the types promise.
func checkDomain(t *testing.T, c *builder.Config, d *builder.Domain) {
	if !strings.HasSuffix(d.Name, ".") || !strings.HasSuffix("."+d.Name, "."+strings.ToLower(d.Zone)) {
		t.Fatalf("domain %q in the zone %q", d.Name, d.Zone)
	}
	if d.Redirect.IsZero() && d.All.String() == "" {
		t.Fatalf("%s passes everyone", d.Name)
	}
	if !strings.Contains(d.Split.Names, "%d") || d.Limits.Response == 0 || d.Limits.Lookups == 0 {
		t.Fatalf("%s lacks defaults: %+v", d.Name, d)
	}
	for _, s := range d.Senders {
		if source(s.Source) == "nothing" || s.Entry() == nil {
			t.Fatalf("%v leads to nothing", s)
		}
	}
	for _, r := range d.Regions {
		if (r.Domain == nil) == (r.Senders == nil) {
			t.Fatalf("region %s has both senders and a domain, or neither", r.Name)
		}
	}
	if d.Publish == "" {
		return
	}
	for _, p := range c.Providers {
		if p.Name == d.Publish {
			return
		}
	}
	t.Fatalf("%s has the unknown provider %q", d.Name, d.Publish)
}
