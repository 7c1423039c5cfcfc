// Package configtest makes random configurations for tests, and says what they
// mean in records of its own making, apart from the builder's.
package configtest

import (
	"math/rand/v2"
	"net/netip"
)

// Params say what is drawn. Ranges are inclusive.
type Params struct {
	Domain    string       // to configure, without final dot; its regions are below it
	Hosts     []string     // absolute, without final dot: for gateways, a: and mx:
	Services  []Weighted   // includes to choose among, without replacement
	Terms     []string     // in SPF's own words, whole: drawn as they are
	Parts     []string     // patterns of the names of parts; none for the default
	Redirects []string     // targets of redirect=; none for never
	Around    netip.Prefix // IPv4 networks are in here; the zero value is 10.0.0.0/8
	Networks  Range        // named lists of prefixes
	Prefixes  Range        // in all networks together
	Gateways  Range        //
	Count     Range        // of services
	Own       Range        // of terms
	Regions   Range        // more than none for a quarter of the domains
	Responses []int        // limits.response
	Records   []int        // limits.record
	Qualified int          // percent of senders with another qualifier than pass
	Flatten   []string     // words for flatten:, each as likely
}

// Range is a number to be drawn, both ends included.
type Range struct{ Min, Max int }

func (r Range) draw(from *rand.Rand) int { return r.Min + from.IntN(r.Max-r.Min+1) }

// Weighted is a name, to be drawn in proportion to its weight.
type Weighted struct {
	Name   string
	Weight int
}

// Config is a configuration.
type Config struct {
	YAML   string
	Listed map[string]string // what each record is to mean, by canonical name
	Limit  Limits
}

// Limits are those of the configuration.
type Limits struct{ Response, Record int }
