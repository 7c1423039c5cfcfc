package zonefile

import "fmt"

// inherit writes out what records took from those before them: the owner, where
// the record that stated it is deleted, and the TTL, where no $TTL is in force
// and the record that stated it is deleted, changed, or no longer the last.
func (p *patch) inherit() {
	at := given{} // what a reader of the new text has at this place
	for i, rr := range p.rrs {
		if !p.gone[i] {
			if !rr.ownToken && at.owner != rr.owner {
				p.splice(rr.start, rr.start, p.ownerText(rr))
			}
			ttl, changed := p.ttls[i]
			if !changed {
				ttl = rr.ttl
				if rr.ttlToken < 0 && !rr.standing && at.ttl != ttl && rr.typ != "SOA" {
					t := rr.tokens[rr.typToken]
					p.splice(t.start, t.start, fmt.Sprintf("%d ", ttl))
				}
			}
			at.take(rr.owner, ttl, rr.standing)
		}
		for _, a := range p.added {
			if a.after == i {
				at.take(a.owner, a.ttl, rr.standing)
			}
		}
	}
}

// given is the owner and the TTL of the record before.
type given struct {
	owner string
	ttl   uint32
}

func (g *given) take(owner string, ttl uint32, standing bool) {
	g.owner = owner
	if !standing {
		g.ttl = ttl
	}
}

// ownerText is an owner field that stands before the white space of an entry.
func (p *patch) ownerText(rr resource) string {
	if relative, ok := (origin{canonical: p.originAt(rr.start)}).relative(rr.owner); ok {
		return relative
	}
	return escapeName(rr.owner)
}
