package builder

import (
	"net/netip"
	"strings"

	"github.com/spfzone/spfzone/spf"
)

// vectorDraft is a vector as it is listed.
type vectorDraft struct{ ip, from, helo, result value }

var vectorFields = []field[*vectorDraft]{
	keep("ip", func(d *vectorDraft) *value { return &d.ip }),
	keep("from", func(d *vectorDraft) *value { return &d.from }),
	keep("helo", func(d *vectorDraft) *value { return &d.helo }),
	keep("result", func(d *vectorDraft) *value { return &d.result }),
}

func (l *loader) vectors(v value, d *Domain) {
	items, ok := l.list(v, "a list of checks")
	if !ok {
		return
	}
	for _, item := range items {
		draft := &vectorDraft{}
		before := l.mistakes.total
		readFields(l, item, "a check", vectorFields, draft)
		if l.mistakes.total > before {
			continue
		}
		if !draft.ip.given() || !draft.result.given() {
			l.fail(item.at(), `a check has an "ip" and a "result"`)
			continue
		}
		d.Expect = append(d.Expect, l.vector(item, draft, d))
	}
}

func (l *loader) vector(v value, draft *vectorDraft, d *Domain) Vector {
	out := Vector{Place: v.place(), IP: l.address(draft.ip)}
	names := make([]string, 0, 8)
	for _, r := range spf.Results() {
		names = append(names, r.String())
	}
	i, _ := l.word(draft.result, names...)
	out.Result = spf.Results()[i]
	if draft.from.given() {
		out.From = l.mailbox(draft.from, d)
	}
	if draft.helo.given() {
		out.HELO, _ = l.scalar(draft.helo, "a host name")
	}
	return out
}

func (l *loader) address(v value) netip.Addr {
	text, ok := l.scalar(v, "an address")
	if !ok {
		return netip.Addr{}
	}
	p, msg := parsePrefix(text)
	if msg == "" && !p.IsSingleIP() {
		msg = "a check is of one address"
	}
	if msg != "" {
		l.fail(v.at(), "%s: %s", strQuote(text), msg)
	}
	return p.Addr()
}

// mailbox reads a MAIL FROM. One of a domain that has its record elsewhere
// would check that record, so it is held to the domain and what is below.
func (l *loader) mailbox(v value, d *Domain) string {
	if v.isScalar() && v.node.Value == "" && !v.isNull() {
		return ""
	}
	text, ok := l.scalar(v, "a mail address")
	if !ok {
		return ""
	}
	name, err := spf.CanonicalName(text[strings.LastIndexByte(text, '@')+1:])
	switch {
	case err != nil || !strings.Contains(text, "@"):
		l.wanted(v, "a mail address such as postmaster@"+trimDot(d.Name))
	case name != d.Name && !isBelow(name, d.Name) && !hasRegion(d, name):
		l.fail(v.at(), "%s is neither at %s nor below: list the check under its own domain", strQuote(text), trimDot(d.Name))
	}
	return text
}

func hasRegion(d *Domain, name string) bool {
	for _, r := range d.Regions {
		if r.Name == name {
			return true
		}
	}
	return false
}
