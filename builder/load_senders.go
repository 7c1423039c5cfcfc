package builder

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/spfzone/spfzone/spf"
)

// senders reads a list of senders. Names of one label are relative to the
// zone.
func (l *loader) senders(v value, zone string) []Sender {
	items, ok := l.list(v, "a list of senders")
	if !ok {
		return nil
	}
	list := make([]Sender, 0, len(items))
	for _, item := range items {
		if s, ok := l.sender(item, zone); ok {
			list = append(list, s)
		}
	}
	return list
}

// senderDraft is a sender that is written as a mapping.
type senderDraft struct {
	Entry
	sender value
}

func (d *senderDraft) entry() *Entry { return &d.Entry }

var senderFields = append(entryFields[*senderDraft](),
	keep("sender", func(d *senderDraft) *value { return &d.sender }))

func (l *loader) sender(v value, zone string) (Sender, bool) {
	if !v.isMapping() {
		return l.plainSender(v, zone)
	}
	if term, ok := spacedTerm(v); ok {
		l.fail(v.at(), "a term has no space behind the colon: write %s", strQuote(term))
		return Sender{}, false
	}
	draft := &senderDraft{}
	before := l.mistakes.total
	readFields(l, v, "a sender", senderFields, draft)
	if !draft.sender.given() {
		if l.mistakes.total == before {
			l.fail(v.at(), `the sender has no "sender"`)
		}
		return Sender{}, false
	}
	s, ok := l.plainSender(draft.sender, zone)
	if !ok {
		return s, false
	}
	s.Own = draft.over(*s.Source.entry())
	s.Own.Place = s.Place
	if t, ok := s.Source.(*Term); ok {
		t.Entry, s.Own = *s.Own, nil
	}
	return s, true
}

// spacedTerm gives the term that was meant where a space behind its colon made
// a mapping of it.
func spacedTerm(v value) (string, bool) {
	if len(v.node.Content) != 2 {
		return "", false
	}
	k, to := v.with(v.node.Content[0]), v.with(v.node.Content[1])
	if !k.isScalar() || !to.isScalar() || !isMechanismName(strings.TrimLeft(k.node.Value, "+-~?")) {
		return "", false
	}
	return k.node.Value + ":" + to.node.Value, true
}

// over gives an entry with what the draft says besides or instead.
func (d *senderDraft) over(e Entry) *Entry {
	if d.Owner != "" {
		e.Owner = d.Owner
	}
	if d.Ticket != "" {
		e.Ticket = d.Ticket
	}
	if d.Comment != "" {
		e.Comment = d.Comment
	}
	if !d.Expires.IsZero() {
		e.Expires = d.Expires
	}
	return &e
}

// plainSender reads a sender that is written as a text.
func (l *loader) plainSender(v value, zone string) (Sender, bool) {
	text, ok := l.scalar(v, "a sender: a name, an address or a term of SPF")
	if !ok {
		return Sender{}, false
	}
	s := Sender{Place: v.place()}
	rest := text
	if i := strings.IndexByte("+-~?", text[0]); i >= 0 {
		s.Qualifier, rest = spf.Qualifier(i), text[1:]
	}
	if rest == "" {
		l.wanted(v, "a sender behind the qualifier")
		return s, false
	}
	if e, ok := l.sources[rest]; ok {
		s.Source = e.source
		return s, true
	}
	m, msg := parseTerm(rest, zone)
	switch {
	case msg == unknownSender:
		l.failNear(v.at(), rest, l.senderNames, "unknown sender %s: no network, gateway or service has that name, and it is no term of SPF", strQuote(rest))
		return s, false
	case msg == "" && s.Qualifier == spf.QPass && everyAddress(m):
		msg = "it authorises every address: list the networks that send"
	}
	if msg != "" {
		l.fail(v.at(), "%s: %s", strQuote(text), msg)
		return s, false
	}
	s.Source = &Term{Entry{Name: rest, Place: s.Place}, m}
	return s, true
}

// senderNames are what a sender may be called.
func (l *loader) senderNames() []string {
	var names []string
	for _, n := range l.config.Networks {
		names = append(names, n.Name)
	}
	for _, g := range l.config.Gateways {
		names = append(names, g.Name)
	}
	for _, s := range l.config.Services {
		names = append(names, s.Name)
	}
	return append(names, "mx", "ptr")
}

func isMechanismName(s string) bool {
	for _, m := range mechanismNames {
		if strings.EqualFold(s, m) {
			return true
		}
	}
	return false
}

// everyAddress reports whether a mechanism is a whole family.
func everyAddress(m spf.Mechanism) bool {
	switch m := m.(type) {
	case spf.IP4:
		return m.Prefix.Bits() == 0
	case spf.IP6:
		return m.Prefix.Bits() == 0
	}
	return false
}

// unknownSender is the message for a text that is no term at all.
const unknownSender = "unknown"

// parseTerm reads an address, a prefix or a mechanism without its qualifier,
// or says what is wrong.
func parseTerm(text, zone string) (spf.Mechanism, string) {
	if looksLikeAddress(text) {
		p, msg := parsePrefix(text)
		return networkMechanism(p), msg
	}
	end := strings.IndexAny(text, ":/=")
	if end < 0 {
		end = len(text)
	}
	name := strings.ToLower(text[:end])
	switch {
	case name == "all":
		return nil, `write "all:" beside the senders for the end of the record`
	case name == "redirect" || name == "exp":
		return nil, fmt.Sprintf(`a modifier is no sender: write "%s:" beside the senders`, name)
	case end < len(text) && text[end] == '=':
		return nil, "a modifier is no sender"
	case end == len(text) && !isMechanismName(name):
		return nil, unknownSender
	case name == "ip4" || name == "ip6":
		if address := strings.TrimPrefix(text[end:], ":"); looksLikeAddress(address) {
			if _, msg := parsePrefix(address); msg != "" {
				return nil, msg
			}
		}
	case name == "a" || name == "mx" || name == "include" || name == "exists" || name == "ptr":
		if end < len(text) && text[end] == ':' {
			spec, msg := absoluteSpec(text[end+1:], zone)
			if msg != "" {
				return nil, msg
			}
			text = text[:end+1] + spec
		}
	}
	d, err := spf.ParseDirective(text)
	if err != nil {
		return nil, syntaxMessage(err)
	}
	return d.Mechanism, ""
}

// looksLikeAddress reports whether a text can only be meant as an address. No
// mechanism is both.
func looksLikeAddress(text string) bool {
	address, _, _ := strings.Cut(text, "/")
	if _, err := netip.ParseAddr(address); err == nil {
		return true
	}
	return address != "" && strings.Trim(address, "0123456789.") == ""
}

func networkMechanism(p netip.Prefix) spf.Mechanism {
	if p.Addr().Is4() {
		return spf.IP4{Prefix: p}
	}
	return spf.IP6{Prefix: p}
}

// absoluteSpec makes what stands behind the colon of a term, or in redirect
// and exp, a name that is whole: one label is completed with the zone, a final
// dot goes, U-labels become A-labels. What holds a macro or nothing stays.
func absoluteSpec(text, zone string) (spec, msg string) {
	if strings.Contains(text, "%") {
		return text, ""
	}
	name, tail := text, ""
	if i := strings.IndexByte(text, '/'); i >= 0 {
		name, tail = text[:i], text[i:]
	}
	if name == "" {
		return text, ""
	}
	canonical, err := spf.CanonicalName(name)
	if err != nil {
		return "", err.Error()
	}
	if strings.Count(canonical, ".") == 1 && !strings.HasSuffix(name, ".") {
		canonical += zone
	}
	return trimDot(strings.ToLower(canonical)) + tail, ""
}

// syntaxMessage gives what is wrong with a term, without its offset in a
// record.
func syntaxMessage(err error) string {
	var syntax *spf.SyntaxError
	if !errors.As(err, &syntax) {
		return err.Error()
	}
	return fmt.Sprintf("%s (RFC 7208, Section %s)", syntax.Msg, syntax.Section)
}
