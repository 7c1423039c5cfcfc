package builder

import "strings"

// linkedRegion is a region whose name may be that of a configured domain.
type linkedRegion struct {
	of      *Domain
	region  *Region
	at      position
	senders bool // has senders of its own
}

// regionDraft is a region that is written as a mapping.
type regionDraft struct{ senders value }

var regionFields = []field[*regionDraft]{keep("senders", func(d *regionDraft) *value { return &d.senders })}

// regions reads the regions of a domain. Whether they may have or lack senders
// is known when all domains are.
func (l *loader) regions(v value, d *Domain) {
	seen := make(map[string]position)
	for _, p := range l.pairs(v, "a mapping of regions by domain name", make(map[string]position)) {
		name, ok := l.domainName(p.key, p.name)
		if !ok {
			continue
		}
		if first, ok := seen[name]; ok {
			l.fail(p.key.at(), "the region %q stands already at %s", p.name, first.place())
			continue
		}
		seen[name] = p.key.at()
		r := &Region{Place: p.key.place(), Name: name}
		before := l.mistakes.total
		senders := l.regionSenders(p.val)
		unread := l.mistakes.total > before
		if senders.given() {
			r.Senders = l.senders(senders, d.Zone)
		}
		d.Regions = append(d.Regions, r)
		if !unread {
			l.linked = append(l.linked, linkedRegion{d, r, p.key.at(), senders.given()})
		}
	}
	if v.isMapping() && len(v.node.Content) == 0 {
		l.fail(v.at(), "no region is listed")
	}
}

// regionSenders gives the list of a region's senders, absent where it has
// none of its own.
func (l *loader) regionSenders(v value) value {
	draft := regionDraft{}
	switch {
	case v.isList():
		return v
	case v.isMapping():
		readFields(l, v, "a region", regionFields, &draft)
	case !v.isNull():
		l.wanted(v, "a list of senders, or nothing for a domain that is configured")
	}
	return draft.senders
}

// linkRegions leads regions to the domains that have their names, and holds
// each to be one record only.
func (l *loader) linkRegions(domains map[string]domainAt) {
	own := make(map[string]position)
	for _, r := range l.linked {
		name := trimDot(r.region.Name)
		to, configured := domains[r.region.Name]
		first, twice := own[r.region.Name]
		switch {
		case to.domain == r.of:
			l.fail(r.at, "the region %q is the domain itself, whose record would include itself", name)
		case configured && r.senders:
			l.fail(r.at, "the region %q lists senders, and so does the domain at %s: leave them to the domain", name, to.at.place())
		case configured:
			r.region.Domain = to.domain
		case !isBelow(r.region.Name, r.of.Name):
			l.fail(r.at, "the region %q is neither below %q nor a domain that is configured", name, trimDot(r.of.Name))
		case !r.senders:
			l.fail(r.at, "the region %q has no senders: list them, or list it under domains", name)
		case twice:
			l.fail(r.at, "the region %q has its senders at %s: list it under domains to use it twice", name, first.place())
		default:
			own[r.region.Name] = r.at
		}
	}
	l.refuseCircles()
}

// refuseCircles looks for regions that lead back to their domain, whose
// records would include each other without end.
func (l *loader) refuseCircles() {
	at := make(map[*Region]position)
	from := []*Domain{}
	for _, r := range l.linked {
		if r.region.Domain != nil {
			at[r.region] = r.at
			from = append(from, r.of)
		}
	}
	done := make(map[*Domain]bool)
	var path []*Domain
	var visit func(*Domain)
	visit = func(d *Domain) {
		if open, known := done[d]; known && !open {
			return
		}
		done[d] = true
		path = append(path, d)
		for _, r := range d.Regions {
			if r.Domain == nil {
				continue
			}
			if done[r.Domain] {
				l.fail(at[r], "the regions lead in a circle: %s", circle(path, r.Domain))
				continue
			}
			visit(r.Domain)
		}
		path = path[:len(path)-1]
		done[d] = false
	}
	for _, d := range from {
		visit(d)
	}
}

// circle writes the end of a path, from where it meets itself.
func circle(path []*Domain, meets *Domain) string {
	var names []string
	for _, d := range path {
		if d == meets || names != nil {
			names = append(names, trimDot(d.Name))
		}
	}
	return cut(strings.Join(append(names, trimDot(meets.Name)), " → "))
}
