package builder

import "strings"

// usedNames are the names that a configuration uses, those that it may give to
// parts aside. What it holds grows with the domains, and not with the domains
// times the gateways.
type usedNames struct {
	records  map[string]bool      // domains and regions, by canonical name
	patterns map[string]patterned // of the records that may have parts, by canonical name
	hosts    map[string]bool      // gateways, by canonical name
	labels   map[string]bool      // gateways that are relative to a zone
	zones    map[string]bool
}

// patterned is a record of the configuration, with the pattern of the names of
// its parts and its place among all of them.
type patterned struct {
	owner, pattern string
	place          int
}

func newUsedNames(cfg *Config) *usedNames {
	u := &usedNames{map[string]bool{}, map[string]patterned{}, map[string]bool{}, map[string]bool{}, map[string]bool{}}
	for _, d := range cfg.Domains {
		u.zones[qualify(d.Zone, "")] = true
		u.records[d.Name] = true
		u.addPattern(d.Name, d.Split.Names)
		for _, r := range d.Regions {
			u.records[r.Name] = true
			if r.Domain == nil {
				u.addPattern(r.Name, d.Split.Names)
			}
		}
	}
	for _, g := range cfg.Gateways {
		if strings.Contains(g.Host, ".") {
			u.hosts[g.HostIn("")] = true
		} else {
			u.labels[strings.ToLower(g.Host)] = true
		}
	}
	return u
}

func (u *usedNames) addPattern(owner, pattern string) {
	u.patterns[owner] = patterned{owner, pattern, len(u.patterns)}
}

// has reports whether a canonical name is one of a record or a gateway.
func (u *usedNames) has(name string) bool {
	label, zone, _ := strings.Cut(name, ".")
	return u.records[name] || u.hosts[name] || u.labels[label] && u.zones[zone]
}

// partsOf gives the first record of the configuration to whose parts a name
// belongs.
func (u *usedNames) partsOf(name string) patterned {
	var first patterned
	for _, owner, ok := strings.Cut(name, "."); ok; _, owner, ok = strings.Cut(owner, ".") {
		p, listed := u.patterns[owner]
		if listed && isPartName(name, p.pattern, p.owner) && (first.owner == "" || p.place < first.place) {
			first = p
		}
	}
	return first
}
