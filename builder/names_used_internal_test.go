package builder

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// usedNames knows what looking at every domain, region and gateway would tell.
func TestUsedNames(t *testing.T) {
	used, parts := 0, 0
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 3))
		name := func() string {
			labels := []string{"a", "b", "p1", "p2", "x1", "test"}
			var b strings.Builder
			for range 1 + r.IntN(3) {
				b.WriteString(labels[r.IntN(len(labels))] + ".")
			}
			return b.String()
		}
		cfg := &Config{}
		listed := map[string]bool{}
		for range 6 {
			d := &Domain{Name: name(), Split: Split{Names: []string{"p%d", "x%d", "p1.x%d", "P%d"}[r.IntN(4)]}}
			d.Zone = strings.ToUpper(d.Name)
			region := &Region{Name: name()}
			if listed[d.Name] || listed[region.Name] || d.Name == region.Name {
				continue
			}
			listed[d.Name], listed[region.Name] = true, true
			if r.IntN(2) == 0 {
				region.Domain = &Domain{}
			}
			d.Regions = []*Region{region}
			cfg.Domains = append(cfg.Domains, d)
		}
		for i := range 2 {
			cfg.Gateways = append(cfg.Gateways, &Gateway{Entry: Entry{Name: fmt.Sprint(i)}, Host: []string{"B", "a", "b.test", "A.test."}[r.IntN(4)]})
		}
		u := newUsedNames(cfg)
		for range 60 {
			n := name()
			want, first := bruteForce(cfg, n)
			if got := u.has(n); got != want {
				t.Fatalf("seed %d: has(%s) = %v", seed, n, got)
			}
			if got := u.partsOf(n).owner; got != first {
				t.Fatalf("seed %d: partsOf(%s) = %q, want %q", seed, n, got, first)
			}
			if want {
				used++
			}
			if first != "" {
				parts++
			}
		}
	}
	if used < 500 || parts < 200 {
		t.Errorf("only %d names in use, %d of parts", used, parts)
	}
}

func bruteForce(cfg *Config, name string) (used bool, partOf string) {
	part := func(owner, pattern string) {
		if partOf == "" && isPartName(name, pattern, owner) {
			partOf = owner
		}
	}
	for _, d := range cfg.Domains {
		used = used || d.Name == name
		part(d.Name, d.Split.Names)
		for _, r := range d.Regions {
			used = used || r.Name == name
			if r.Domain == nil {
				part(r.Name, d.Split.Names)
			}
		}
		for _, g := range cfg.Gateways {
			used = used || g.HostIn(d.Zone) == name
		}
	}
	return used, partOf
}
