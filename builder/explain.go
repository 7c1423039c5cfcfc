package builder

import (
	"context"

	"github.com/spfzone/spfzone/spf"
)

// Node is a record at one place of the tree that check_host walks.
type Node struct {
	Name          string // canonical
	Text          string // of the SPF record; empty where there is none, or several
	OtherTXT      int    // TXT records at the name beside the SPF record
	ResponseBytes int    // of the response to a TXT question for the name; 0 where it has none
	Terms         []NodeTerm
	Lookups       int   // that a client costs here and below which no term matches
	Voids         int   // of these, without answer; the worse of both families
	Err           error // why no term follows: a failed lookup, none or several records, bad syntax
	Repeated      bool  // the terms stand where the record came first, and are left out here
}

// NodeTerm is a term of a record, in the order of evaluation.
type NodeTerm struct {
	Text         string   // canonical
	Target       string   // canonical name that is asked for; empty if none is, or if the message decides
	Found        []string // addresses, hosts or names that the DNS has for a, mx and exists
	Void         [2]bool  // by family: the answer is empty for its clients
	Conditional  bool     // the target depends on the message, and so nothing was asked
	Ignored      bool     // never reached: it stands behind all
	Lookups      int      // of the term and what is below it
	Voids        int      // of these, without answer; the worse of both families
	TotalLookups int      // of a client that no term matched from the root of the tree up to here
	TotalVoids   int
	Child        *Node // of include and redirect=
	Err          error
}

// maxRecords bounds the records of a tree. No receiver comes near it; a zone
// with wildcards could go on for ever.
const maxRecords = 1000

// Explain walks the records that check_host may read for a domain, as a client
// does that no term matches: it is the one that goes everywhere. Counters are
// those of RFC 7208, Section 4.6.4, without an end at the limits, so that the
// whole tree is seen. limits.MX alone matters: more names than that in an
// answer are an error of the term.
//
// What goes wrong in the DNS or in a record is part of the tree. The error is
// not nil only if the domain is no domain name, or ctx is over.
func Explain(ctx context.Context, r spf.Resolver, domain string, limits spf.Limits) (*Node, error) {
	name, err := spf.CanonicalName(domain)
	if err != nil {
		return nil, err
	}
	e := &explainer{ctx: ctx, resolver: r, maxMX: limits.MX, seen: map[string]*explained{}}
	if e.maxMX == 0 {
		e.maxMX = 10
	}
	var total counters
	x := e.node(name, &total)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return x.node, nil
}
