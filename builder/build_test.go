package builder_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/resolver"
	"github.com/spfzone/spfzone/spf"
)

var update = flag.Bool("update", false, "write the plans that come out into testdata/plans")

// Each archive in testdata/plans says in its head what it shows, and holds a
// configuration, a world, and the whole plan that must come out. A world that
// is not a zone file but has "timeouts" in its name has lines of a name, a type
// and a value, or of a name, TIMEOUT and the type whose lookup fails.
func TestPlans(t *testing.T) {
	files, err := filepath.Glob("testdata/plans/*.txtar")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d plans, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { testPlan(t, file) })
	}
}

func testPlan(t *testing.T, file string) {
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Files) != 3 || a.Files[0].Name != "spfzone.yaml" || a.Files[2].Name != "plan" {
		t.Fatalf("%s does not hold spfzone.yaml, a world and plan", file)
	}
	if len(strings.TrimSpace(string(a.Comment))) == 0 {
		t.Errorf("%s does not say what it shows", file)
	}
	got := show(buildOver(t, string(a.Files[0].Data), parseWorld(t, a.Files[1])))
	if *update {
		a.Files[2].Data = []byte(got)
		if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(a.Files[2].Data), got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func parseWorld(t testing.TB, f txtar.File) spf.Resolver {
	t.Helper()
	if f.Name == "zone" {
		return world(t, string(f.Data))
	}
	z := dnstest.NewZone()
	for line := range strings.Lines(string(f.Data)) {
		fields := strings.SplitN(strings.TrimSpace(line), " ", 3)
		z.Add(fields[0], fields[1], fields[2])
	}
	return z
}

// world reads a zone file.
func world(t testing.TB, zone string) spf.Resolver {
	t.Helper()
	w, err := resolver.ParseZone(strings.NewReader(zone), "world")
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func configured(t testing.TB, config string) *builder.Config {
	t.Helper()
	cfg, err := builder.Parse(builder.Input{Name: "spfzone.yaml", Reader: strings.NewReader(config)})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// build plans a configuration over a world, both given as text.
func build(t testing.TB, config, zone string) *builder.Plan {
	t.Helper()
	return buildOver(t, config, world(t, zone))
}

func buildOver(t testing.TB, config string, over spf.Resolver) *builder.Plan {
	t.Helper()
	p, err := builder.Build(t.Context(), configured(t, config), builder.Options{
		Resolver: over,
		Now:      func() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// show gives a plan as text, whole: of each domain why it was refused, or its
// records with the octets of the response, what each term comes from, what
// became of each include, and the counters.
func show(p *builder.Plan) string {
	var b strings.Builder
	for _, d := range p.Domains {
		if d.Err != nil {
			fmt.Fprintf(&b, "%s refused, %s: %v\n", d.Domain.Name, d.Err.Kind, d.Err)
		}
		for _, r := range d.Records {
			fmt.Fprintf(&b, "%s %d TXT", r.Name, int(r.TTL.Seconds()))
			for _, s := range r.Strings {
				fmt.Fprintf(&b, " %q", s)
			}
			fmt.Fprintf(&b, "\n  %s; %d octets\n", r.About, r.ResponseBytes)
			showTerms(&b, r)
		}
		for _, l := range d.Lists {
			fmt.Fprintf(&b, "%s %d list\n", l.Name, int(l.TTL.Seconds()))
			for _, owner := range l.Owners {
				fmt.Fprintf(&b, "  %s\n", owner)
			}
		}
		for _, f := range d.Flattened {
			fmt.Fprintf(&b, "flattened %s: %v\n", f.Include, f)
		}
		for _, f := range d.Kept {
			fmt.Fprintf(&b, "kept %s: %v\n", f.Include, f)
		}
		for _, n := range d.Notes {
			fmt.Fprintf(&b, "note: %s\n", n)
		}
		if d.Err == nil {
			fmt.Fprintf(&b, "lookups %d of %d, voids %d of %d, parts %d of at least %d\n",
				d.Lookups.Worst, d.Lookups.Limit, d.Voids.Worst, d.Voids.Limit, d.Parts.Count, d.Parts.LowerBound)
		}
	}
	return b.String()
}

// showTerms gives the terms that come from something, where it is not plain
// that each is a sender of its own.
func showTerms(b *strings.Builder, r builder.Record) {
	for _, term := range r.Terms {
		var names []string
		for _, e := range term.Sources {
			names = append(names, e.Name)
		}
		if from := strings.Join(names, ", "); from != "" && from != term.Text {
			fmt.Fprintf(b, "  %s from %s\n", term.Text, from)
		}
	}
}
