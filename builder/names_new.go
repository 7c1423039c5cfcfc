package builder

import "strings"

// NewNames tells the names that a build may give records of its own to and that
// may not exist yet: those of parts and address lists, and those of domains and
// regions that are not their zone's own. above is the canonical name of the zone,
// or of the record that a part belongs to where that lies in another one. It is
// safe for use by several goroutines at once.
func (c *Config) NewNames() func(name string) (above string, ok bool) {
	u := newUsedNames(c)
	zones := map[string]string{}
	for _, d := range c.Domains {
		zones[d.Name] = qualify(d.Zone, "")
		for _, r := range d.Regions {
			zones[r.Name] = qualify(d.Zone, "")
		}
	}
	return func(name string) (string, bool) {
		owner := name
		if !u.records[name] {
			if owner = u.partsOf(name).owner; owner == "" {
				owner = u.listOwner(name)
			}
		}
		zone, ok := zones[owner]
		if !ok || name == zone {
			return "", false
		}
		if strings.HasSuffix(name, "."+zone) {
			return zone, true
		}
		return owner, owner != name
	}
}

// listOwner gives the record of the configuration to one of whose address lists
// a name belongs, and nothing if there is none.
func (u *usedNames) listOwner(name string) string {
	for label, owner, ok := strings.Cut(name, "."); ok; label, owner, ok = strings.Cut(owner, ".") {
		if u.records[owner] && isListLabel(label) {
			return owner
		}
	}
	return ""
}
