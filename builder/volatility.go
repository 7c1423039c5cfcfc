package builder

import (
	"math"
	"time"

	"github.com/spfzone/spfzone/spf"
)

const (
	// usualChanges is how often a prefix of a service changes in a year where
	// nothing is known of it: what counts then is how many it has.
	usualChanges = 1
	// fewestChanges stands for a service that has not changed while it was looked
	// at, though it may.
	fewestChanges = 0.1
	// shortestHistory is the least time from which anything is concluded.
	shortestHistory = 30 * 24 * time.Hour
)

const year = 365 * 24 * time.Hour

// perYear gives the changes of a prefix in a year. The history ends with its
// last change, so that the same lock gives the same whenever it is read.
//
// The TTL of what a service publishes says nothing here: a cache counts it
// down, and the same configuration would be built otherwise a minute later.
func (v Volatility) perYear() float64 {
	if v.Changes == 0 || v.Prefixes == 0 {
		return fewestChanges
	}
	looked := max(v.Last.Sub(v.Since), shortestHistory)
	changed := float64(v.Gained+v.Lost) / float64(v.Prefixes)
	return math.Max(changed*float64(year)/float64(looked), fewestChanges)
}

// changes gives how often a prefix behind a mechanism changes in a year, by the
// lock's history where there is one.
func (b *build) changes(m spf.Mechanism) float64 {
	name := m.String()
	if s := b.serviceNames[name]; s != "" {
		name = s
	}
	if b.lock != nil {
		if v, known := b.lock.Volatility(name); known {
			return v.perYear()
		}
	}
	return usualChanges
}

// setChanges says of a node, and of all below it, how often a prefix changes.
func (n *node) setChanges(perYear float64) {
	n.changes = perYear
	if n.open != nil {
		for _, below := range n.open.nodes {
			below.setChanges(perYear)
		}
	}
}
