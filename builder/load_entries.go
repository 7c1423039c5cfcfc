package builder

import (
	"net/netip"
	"strings"
	"time"
	"unicode"

	"github.com/spfzone/spfzone/spf"
)

// entries reads what senders may name, and the providers.
func (l *loader) entries(top *sections) {
	seen := make(map[string]position) // one for all three: names are unique over them
	l.section(top.networks, "a mapping of networks by name", seen, l.network)
	l.section(top.gateways, "a mapping of gateways by name", seen, l.gateway)
	l.section(top.services, "a mapping of services by name", seen, l.service)
	l.section(top.providers, "a mapping of providers by name", make(map[string]position), l.provider)
}

func (l *loader) section(values []value, what string, seen map[string]position, read func(pair)) {
	for _, v := range values {
		for _, p := range l.pairs(v, what, seen) {
			read(p)
		}
	}
}

// add makes an entry known to senders.
func (l *loader) add(p pair, s Source) {
	*s.entry() = Entry{Name: p.name, Place: p.key.place()}
	if msg := checkEntryName(p.name); msg != "" {
		l.fail(p.key.at(), "%q cannot be a name here: %s", cut(p.name), msg)
	}
	l.sources[p.name] = entryAt{s, p.key.at()}
}

// mechanismNames are what a sender may start with besides a name.
var mechanismNames = []string{"a", "mx", "ip4", "ip6", "include", "exists", "ptr", "all"}

// checkEntryName says why a name could not be told from SPF's own terms.
func checkEntryName(name string) string {
	for _, m := range mechanismNames {
		if strings.EqualFold(name, m) {
			return "it is a mechanism of SPF"
		}
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return "it is an address"
	}
	for i, c := range name {
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) && (i == 0 || !strings.ContainsRune("-_.", c)) {
			return "names are made of letters and digits, with hyphens, underscores and dots behind the first"
		}
	}
	return ""
}

// maxWeight bounds a weight, so that sums of them are exact.
const maxWeight = 1_000_000_000

// entryFields are the fields that every entry has.
func entryFields[T interface{ entry() *Entry }]() []field[T] {
	text := func(key string, of func(*Entry) *string) field[T] {
		return field[T]{key, func(l *loader, v value, to T) { *of(to.entry()), _ = l.scalar(v, "a text") }}
	}
	return []field[T]{
		text("owner", func(e *Entry) *string { return &e.Owner }),
		text("ticket", func(e *Entry) *string { return &e.Ticket }),
		text("comment", func(e *Entry) *string { return &e.Comment }),
		{"expires", func(l *loader, v value, to T) { to.entry().Expires = l.date(v) }},
		{"weight", func(l *loader, v value, to T) { l.limit(v, &to.entry().Weight, 0, maxWeight) }},
	}
}

// date gives a day, at its start in UTC.
func (l *loader) date(v value) time.Time {
	const what = "a date as YYYY-MM-DD"
	text, ok := l.scalar(v, what)
	if !ok {
		return time.Time{}
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		l.wanted(v, what)
	}
	return day
}

var networkFields = append(entryFields[*Network](),
	field[*Network]{"addresses", func(l *loader, v value, n *Network) { l.addresses(v, n) }},
	field[*Network]{"strategy", func(l *loader, v value, n *Network) {
		s := l.strategy(v)
		n.Strategy = &s
	}})

func (l *loader) network(p pair) {
	n := &Network{}
	l.add(p, n)
	l.config.Networks = append(l.config.Networks, n)
	if p.val.isList() {
		l.addresses(p.val, n)
		return
	}
	if p.val.isScalar() {
		l.wanted(p.val, "a list of addresses and prefixes, or a mapping")
		return
	}
	before := l.mistakes.total
	readFields(l, p.val, "a network", networkFields, n)
	if n.Prefixes == nil && l.mistakes.total == before {
		l.fail(p.key.at(), `the network %q has no "addresses"`, p.name)
	}
}

func (l *loader) addresses(v value, n *Network) {
	items, ok := l.list(v, "a list of addresses and prefixes")
	if !ok {
		return
	}
	if len(items) == 0 {
		l.fail(v.at(), "the network lists no address")
	}
	for _, item := range items {
		text, ok := l.scalar(item, "an address or a prefix")
		if !ok {
			continue
		}
		p, msg := parsePrefix(text)
		if msg == "" && p.Bits() == 0 {
			msg = "it authorises every address: list the networks that send"
		}
		if msg != "" {
			l.fail(item.at(), "%q: %s", cut(text), msg)
			continue
		}
		n.Prefixes = append(n.Prefixes, p)
		l.prefixes = append(l.prefixes, prefixAt{p, n, item.at()})
	}
}

var gatewayFields = append(entryFields[*Gateway](),
	field[*Gateway]{"host", func(l *loader, v value, g *Gateway) { g.Host = l.host(v) }},
	field[*Gateway]{"pin", func(l *loader, v value, g *Gateway) { g.Pin = l.boolean(v) }})

func (l *loader) gateway(p pair) {
	g := &Gateway{}
	l.add(p, g)
	l.config.Gateways = append(l.config.Gateways, g)
	if p.val.isScalar() {
		g.Host = l.host(p.val)
		return
	}
	before := l.mistakes.total
	readFields(l, p.val, "a gateway", gatewayFields, g)
	if g.Host == "" && l.mistakes.total == before {
		l.fail(p.key.at(), `the gateway %q has no "host"`, p.name)
	}
}

// host gives the name of a host as it is written, but for internationalised
// labels.
func (l *loader) host(v value) string {
	text, ok := l.scalar(v, "the name of a host")
	if !ok {
		return ""
	}
	if _, msg := parsePrefix(text); msg == "" {
		l.fail(v.at(), "wanted the name of a host, found the address %q: list it under networks", text)
		return ""
	}
	name, msg := hostName(text)
	if msg != "" {
		l.fail(v.at(), "%s", msg)
		return ""
	}
	switch {
	case isASCII(text):
		return text
	case strings.HasSuffix(text, "."):
		return name
	}
	return trimDot(name)
}

var serviceFields = append(entryFields[*Service](),
	field[*Service]{"include", func(l *loader, v value, s *Service) { s.Include = l.include(v) }},
	field[*Service]{"flatten", func(l *loader, v value, s *Service) {
		i, _ := l.word(v, FlattenAuto.String(), FlattenAlways.String(), FlattenNever.String())
		s.Flatten = Flatten(i)
	}})

func (l *loader) service(p pair) {
	s := &Service{}
	l.add(p, s)
	l.config.Services = append(l.config.Services, s)
	if p.val.isScalar() {
		s.Include = l.include(p.val)
		return
	}
	before := l.mistakes.total
	readFields(l, p.val, "a service", serviceFields, s)
	if s.Include == "" && l.mistakes.total == before {
		l.fail(p.key.at(), `the service %q has no "include"`, p.name)
	}
}

// include gives the canonical name behind a service's include.
func (l *loader) include(v value) string {
	text, ok := l.scalar(v, "the domain of an include")
	if !ok {
		return ""
	}
	if strings.HasPrefix(strings.ToLower(text), "include:") {
		l.fail(v.at(), "write the domain alone, without %q", text[:len("include:")])
		return ""
	}
	if strings.Contains(text, "%{") {
		l.fail(v.at(), "%q holds a macro: write it as the sender %q", cut(text), "include:"+cut(text))
		return ""
	}
	name, msg := hostName(text)
	if msg == "" {
		msg = checkLabels(text, name)
	}
	if msg != "" {
		l.fail(v.at(), "%s", msg)
		return ""
	}
	return name
}

func (l *loader) provider(p pair) {
	out := &Provider{Place: p.key.place(), Name: p.name, Fields: make(map[string]Field)}
	l.config.Providers = append(l.config.Providers, out)
	l.providers[p.name] = true
	for _, f := range l.pairs(p.val, "a provider's type and settings", make(map[string]position)) {
		if !f.val.isScalar() || f.val.isNull() {
			l.wanted(f.val, "a text, a number, true or false")
			continue
		}
		if f.name != "type" {
			out.Fields[f.name] = Field{f.val.place(), f.val.node.Value}
			continue
		}
		out.Type, _ = l.scalar(f.val, "the type of a provider")
	}
	if out.Type == "" && p.val.isMapping() {
		l.fail(p.key.at(), `the provider %q has no "type"`, p.name)
	}
}

// hostName gives the canonical name of what is published or looked up by its
// name, or says what is wrong. The DNS allows more than letters, digits,
// hyphens and underscores, yet anything else here is a slip.
func hostName(text string) (name, msg string) {
	name, err := spf.CanonicalName(text)
	if err != nil {
		return "", err.Error()
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c != '.' && c != '-' && c != '_' && !('a' <= c && c <= 'z') && !('0' <= c && c <= '9') {
			return "", strQuote(text) + " is not a domain name: it holds " + strQuote(string(rune(c)))
		}
	}
	return name, ""
}

// checkLabels says what is wrong with a name of one label, which SPF does not
// evaluate.
func checkLabels(text, name string) string {
	if strings.Count(name, ".") < 2 {
		return strQuote(text) + " has one label, and SPF knows no such domain (RFC 7208, Section 4.3): write the whole name"
	}
	return ""
}
