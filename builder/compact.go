package builder

import (
	"net/netip"

	"go4.org/netipx"

	"github.com/spfzone/spfzone/spf"
)

// The compact encoding writes a set of addresses as a list of terms of which
// the first match counts: some say that an address is in the set, and others,
// exclusions, that it is not. "-ip4:192.0.2.7 ip4:192.0.2.0/24" takes 37
// octets, and the eight prefixes without an exclusion 142.
//
// Of two terms in such a list either the prefixes have no address in common,
// or one holds the other. The larger one first would leave the smaller one
// without effect. So a list that could not be shorter has the more specific
// terms first, or may be put in that order, and each address gets what the
// longest prefix that holds it says. What a list costs is then a sum over the
// tree of all prefixes, in which a term changes the label of all below it; and
// the least sum for each prefix and each label that it inherits follows from
// those of its two halves.

// label says which kind of term decides an address.
type label uint8

const (
	unlabelled label = iota // no term: evaluation goes on behind the list
	matched                 // a term that says it is in the set
	excluded                // a term that says it is not
)

// labels is a set of them.
type labels uint8

func labelsOf(list ...label) labels {
	var s labels
	for _, l := range list {
		s |= 1 << l
	}
	return s
}

func (s labels) has(l label) bool { return s>>l&1 != 0 }

// The classes of addresses, by the labels that do for them.
var (
	mustMatch  = labelsOf(matched)
	mayExclude = labelsOf(unlabelled, excluded)
	mustLeave  = labelsOf(unlabelled)
	doNotCare  = labelsOf(unlabelled, matched, excluded)
)

// classes says for each address which labels do. An address that is in several
// of the sets belongs to the one that is named first; nil is empty.
type classes struct {
	open  *netipx.IPSet // any label
	match *netipx.IPSet
	leave *netipx.IPSet // neither a match nor an exclusion
	rest  labels        // for all other addresses
}

// block is a term for a prefix.
type block struct {
	prefix   netip.Prefix
	excluded bool
}

// cluster is a block that is in no other one, with all that are in it, the more
// specific first. The order of clusters among each other does not matter, and
// they may stand in different records; one alone may not be torn apart.
type cluster []block

// excludes reports whether the cluster has an exclusion. One that has none is a
// single block.
func (c cluster) excludes() bool { return len(c) > 1 }

// compact gives the list with the fewest octets that labels every address as
// its class wants it, in ascending order, IPv4 first; of such lists one with
// the fewest exclusions. qualifier is what stands before each match, and
// before an exclusion stands one octet. A cluster that holds refuses is broken
// up into what is best for its halves; holds may be nil.
func compact(c classes, qualifier spf.Qualifier, holds func(cluster) bool) []cluster {
	var out []cluster
	for _, f := range [...]spf.Family{spf.V4, spf.V6} {
		t := newPrefixTree(f, c, qualifier)
		root, _ := t.solve(point{}, 0, 0, len(t.stretches)-1)
		t.clusters(&out, root, point{}, 0, holds)
	}
	return out
}
