package builder

import (
	"fmt"
	"time"

	"github.com/spfzone/spfzone/spf"
)

// Plan is what [Build] made of a configuration.
type Plan struct {
	Domains []*DomainPlan // in the order of the configuration
}

// DomainPlan is the outcome for one domain: records that are proven, or an
// error and no records.
type DomainPlan struct {
	Domain    *Domain
	Records   []Record // the domain's own first, then the parts, then the regions
	Lists     []AddressList
	Tried     *Tried // of a refused domain
	Lookups   Count
	Voids     Count
	Parts     Parts
	Queries   Queries
	Flattened []Decision
	Kept      []Decision
	Notes     []string // what is worth saying, though no error
	Err       *Refusal
}

// Tried is records that were made and refused, as they break a limit, are not
// proven, or do not give what a vector expects: to be looked at, not published.
type Tried struct {
	Listed  bool // none could be made: these are the list, a term for each sender, those last that fail
	Records []Record
	Lists   []AddressList
}

// Count is a counter of RFC 7208, Section 4.6.4: the most that any address
// needs, and the limit.
type Count struct{ Worst, Limit int }

// Parts counts the parts of a split record, and the least that could hold it.
type Parts struct {
	Count, LowerBound int
	Spare             int // octets that would be left with the least, if terms could be cut anywhere
}

// Decision says what became of an include, and why.
type Decision struct {
	Include  string // canonical name
	In       string // canonical name of the region in whose record it is listed; empty for the domain's own
	Why      string
	Prefixes int // that stand in its place, where it was flattened
	Cost     int // octets that it adds and prefixes that may change, where it was flattened
	Next     int // Cost, and how much more all includes would cost together, at the least, if this one were treated otherwise, 0 at the least; -1 where nothing else fits
}

// Record is a TXT record to publish.
type Record struct {
	Name          string // canonical
	TTL           time.Duration
	Record        *spf.Record
	Text          string
	Strings       []string
	ResponseBytes int         // of the response to a question for it, the other TXT records at the name counted
	Terms         []Published // of Text, in order
	About         string      // what the record is, in a few words
	Of            string      // canonical name of the record that this is a part of; empty for one that stands for itself
}

// Published is a term of a record and what it comes from.
type Published struct {
	Text    string
	Sources []*Entry // none for all, and for an include of a part
}

// RefusalKind sorts refusals by what the operator does next.
type RefusalKind string

// The kinds of refusal.
const (
	OverBudget RefusalKind = "over-budget" // more lookups or voids than the limits allow
	TooLarge   RefusalKind = "too-large"   // does not fit the size limits
	Unproven   RefusalKind = "unproven"    // the records do not say what is listed
	Broken     RefusalKind = "broken"      // a listed sender cannot be evaluated: permerror
	DNSFailure RefusalKind = "dns"         // a lookup failed: try again
	Collision  RefusalKind = "collision"   // no free name for a part, or a CNAME where a record is to stand
	Vectors    RefusalKind = "vectors"     // expect: vectors come out otherwise
	// SourceAlarm is not of a build: it is what [Guarded] refuses to publish.
	SourceAlarm RefusalKind = "source"
)

// Refusal is why a domain was not built. Its message may have several lines.
type Refusal struct {
	Kind    RefusalKind
	Domain  string // canonical
	Msg     string
	Sources []*Entry // behind the senders that cannot be evaluated; Msg names them too
	Err     error    // underlying; may be nil
}

func (r *Refusal) Error() string { return fmt.Sprintf("%s: %s", trimDot(r.Domain), r.Msg) }

// Unwrap gives the underlying error.
func (r *Refusal) Unwrap() error { return r.Err }

// Overlay answers from the records of a plan, and asks base for all else: what
// the DNS would say if the plan were published.
func (p *Plan) Overlay(base spf.Resolver) spf.Resolver {
	o := &spf.Overlay{Base: base, TXT: map[string][]spf.TXT{}}
	for _, d := range p.Domains {
		for _, r := range d.Records {
			o.TXT[r.Name] = []spf.TXT{r.Strings}
		}
		for _, l := range d.Lists {
			o.Trees = append(o.Trees, l.tree)
		}
	}
	return o
}
