package builder

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/spfzone/spfzone/spf"
)

// Config is what an operator lists. [Load] gives one that is whole: every
// sender leads to its entry, every default is put in. It does not change
// afterwards.
type Config struct {
	Networks  []*Network  // each list in the order of the files
	Gateways  []*Gateway  //
	Services  []*Service  //
	Domains   []*Domain   //
	Providers []*Provider //
	Notes     []Note      // what is worth saying, though no error
}

// Place is where something stands in a file. Line and Column count from 1;
// Column is 0 where only the line is known.
type Place struct {
	File         string
	Line, Column int
}

// String gives file:line:column.
func (p Place) String() string {
	if p.Column == 0 {
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Note is a remark on the configuration that stops nothing.
type Note struct {
	Place Place
	Text  string
}

// Entry is what every sender may carry besides what it stands for.
type Entry struct {
	Name    string // under networks, gateways or services; a sender's own text elsewhere
	Place   Place
	Owner   string
	Ticket  string
	Comment string
	Expires time.Time // a day, at its start in UTC; zero if it does not expire
	Weight  int       // how much mail comes from there, in any unit that is the same for all; 0 if not known
}

// Whose says whose an entry is, and where it stands: "owner it@x.com, ticket
// OPS-7, spfzone.yaml:4:12".
func (e *Entry) Whose() string {
	text := ""
	if e.Owner != "" {
		text += "owner " + e.Owner + ", "
	}
	if e.Ticket != "" {
		text += "ticket " + e.Ticket + ", "
	}
	return text + e.Place.String()
}

// Network is a list of address blocks.
type Network struct {
	Entry
	Prefixes []netip.Prefix // masked, of their own family; as listed
	Strategy *Strategy      // nil for that of the domain that sends from it
}

// Gateway is a host that sends.
type Gateway struct {
	Entry
	Host string // as written: one label is relative to a zone, any other name is absolute
	Pin  bool   // publish its addresses as they are now in place of its name
}

// HostIn gives the canonical name of the gateway for a domain in a zone.
func (g *Gateway) HostIn(zone string) string { return qualify(g.Host, zone) }

// qualify makes a name of one label relative to a zone, and any other name
// absolute.
func qualify(name, zone string) string {
	if !strings.Contains(name, ".") {
		name += "." + zone
	}
	return strings.ToLower(strings.TrimSuffix(name, ".")) + "."
}

// Service is a third party, by the record that it publishes for its customers.
type Service struct {
	Entry
	Include string // canonical name
	Flatten Flatten
}

// Flatten says whether addresses may stand in place of an include.
type Flatten uint8

// The ways to treat an include.
const (
	FlattenAuto   Flatten = iota // where the lookup limit needs it
	FlattenAlways                // "always"
	FlattenNever                 // "never"
)

// String gives the word of the configuration.
func (f Flatten) String() string { return [...]string{"auto", "always", "never"}[f%3] }

// Source is what a sender stands for: a *[Network], a *[Gateway], a
// *[Service] or a *[Term].
type Source interface {
	entry() *Entry
	isSource()
}

// Term is a sender in SPF's own words.
type Term struct {
	Entry
	Mechanism spf.Mechanism
}

func (n *Network) isSource()     {}
func (g *Gateway) isSource()     {}
func (s *Service) isSource()     {}
func (t *Term) isSource()        {}
func (n *Network) entry() *Entry { return &n.Entry }
func (g *Gateway) entry() *Entry { return &g.Entry }
func (s *Service) entry() *Entry { return &s.Entry }
func (t *Term) entry() *Entry    { return &t.Entry }

// Sender is one item of a domain's or region's senders.
type Sender struct {
	Place     Place
	Qualifier spf.Qualifier
	Source    Source
	Own       *Entry // where the item says more than its network, gateway or service does; else nil
}

// Entry gives what the sender carries besides what it stands for.
func (s Sender) Entry() *Entry {
	if s.Own != nil {
		return s.Own
	}
	return s.Source.entry()
}

// Domain is one domain's list.
type Domain struct {
	Place    Place
	Name     string // canonical
	Zone     string // absolute, in the letter case that it was written in
	Senders  []Sender
	All      spf.Qualifier  // of the closing all; without meaning where Redirect is there
	Redirect spf.DomainSpec // in place of all
	Exp      spf.DomainSpec
	TTL      time.Duration // whole seconds
	Limits   Limits
	Encoding Encoding
	Strategy Strategy
	Split    Split
	Regions  []*Region
	Expect   []Vector
	Publish  string   // name of a provider; empty for none
	Siblings []string // texts of other TXT records at the name; nil to read them from the DNS
}

// Limits bound what is built.
type Limits struct {
	Lookups  int // RFC 7208, Section 4.6.4: at most 10
	Reserve  int // of Lookups, those to leave free
	Voids    int // RFC 7208, Section 4.6.4: 2
	Response int // octets of the DNS response to a TXT question
	Record   int // octets of a record's text; 0 for no limit
}

// Evaluation gives the limits as check_host has them.
func (l Limits) Evaluation() spf.Limits {
	return spf.Limits{Lookups: orNone(l.Lookups), Voids: orNone(l.Voids)}
}

// orNone gives what stands for none in [spf.Limits], where zero stands for the
// RFC's number.
func orNone(n int) int {
	if n == 0 {
		return -1
	}
	return n
}

// Strategy says how networks are published.
type Strategy uint8

// The strategies.
const (
	StrategyTerms  Strategy = iota // as ip4 and ip6 terms, in the record or its parts; the default
	StrategyExists                 // as names of a subtree that one exists term asks for
)

// String gives the word of the configuration.
func (s Strategy) String() string { return [...]string{"terms", "exists"}[s%2] }

// Encoding says how a set of addresses is written as terms.
type Encoding uint8

// The encodings.
const (
	EncodingPlain   Encoding = iota // the fewest prefixes that hold the addresses and no other; the default
	EncodingCompact                 // the fewest octets, by terms that except some addresses from larger prefixes
)

// String gives the word of the configuration.
func (e Encoding) String() string { return [...]string{"plain", "compact"}[e%2] }

// SplitBy says what the parts of a record are.
type SplitBy uint8

// The ways to split.
const (
	SplitBySize    SplitBy = iota // as few as hold the record; the default
	SplitByNetwork                // one for each network
	SplitByRegion                 // one for each region, at the region's own name
)

// String gives the word of the configuration.
func (s SplitBy) String() string { return [...]string{"size", "network", "region"}[s%3] }

// Split says how a record is split.
type Split struct {
	By    SplitBy
	Names string // of the parts, relative to the domain; "%d" stands for the number
}

// Region is a record of its own below a domain, which includes it. It is the
// SPF record of the region's name too.
type Region struct {
	Place   Place
	Name    string   // canonical
	Senders []Sender // nil where Domain is not
	Domain  *Domain  // the configured domain of that name, whose record it is; else nil
}

// Vector is a check that must come out as listed.
type Vector struct {
	Place  Place
	IP     netip.Addr
	From   string // MAIL FROM; postmaster at the domain if empty
	HELO   string // the domain if empty
	Result spf.Result
}

// Provider is whom records are published through. Its fields belong to its
// type.
type Provider struct {
	Place  Place
	Name   string
	Type   string
	Fields map[string]Field
}

// Field is one setting of a provider, "${NAME}" not expanded.
type Field struct {
	Place Place
	Value string
}
