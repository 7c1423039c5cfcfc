package zonefile

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// Source says what the text of a zone file belongs to.
type Source struct {
	File   string // for errors
	Origin string // absolute: the zone, and what names are relative to at first
	// Open gives the text of a file that an $INCLUDE names, by the path as it
	// stands there.
	Open func(path string) ([]byte, error)
}

// resource is a record of the text.
type resource struct {
	entry
	owner    string // absolute, lower case, in octets; "" for one that cannot be had
	ownToken bool   // the first token is the owner
	ttl      uint32 // that holds for it
	ttlToken int    // index of the token with the TTL; -1 for none
	standing bool   // a $TTL is in force
	typ      string // upper case
	typToken int    // index of the token with the type
}

// reading is a text with its records.
type reading struct {
	Source
	zone    string // canonical
	text    []byte
	rrs     []resource
	origins []change // $ORIGIN lines
	foreign []foreign
}

// change is the origin from a place on.
type change struct {
	at     int
	origin string
}

// foreign is records that come from a line which is none: $INCLUDE or
// $GENERATE.
type foreign struct {
	line int
	what string
	rrs  []dns.RR
}

// read finds the records of a text.
func read(text []byte, s Source) (*reading, error) {
	zone, err := absolute(s.Origin)
	if err != nil {
		return nil, fmt.Errorf("the origin %w", err)
	}
	l := &lexer{file: s.File, text: text}
	entries, err := l.entries()
	if err != nil {
		return nil, err
	}
	r := &reading{Source: s, zone: zone, text: text, origins: []change{{0, zone}}}
	c := &cursor{origin: zone}
	for _, e := range entries {
		if err := r.add(c, e); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// cursor is what an entry takes from those before it.
type cursor struct {
	origin   string
	owner    string
	ttl      uint32
	standing bool // by $TTL
}

func (r *reading) word(t token) string { return string(r.text[t.start:t.end]) }

func (r *reading) fail(line int, format string, args ...any) error {
	return &SyntaxError{r.File, line, fmt.Sprintf(format, args...)}
}

func (r *reading) add(c *cursor, e entry) error {
	first := r.word(e.tokens[0])
	if !e.indented && strings.HasPrefix(first, "$") {
		return r.directive(c, e, strings.ToUpper(first))
	}
	return r.record(c, e)
}

func (r *reading) directive(c *cursor, e entry, name string) error {
	arg := ""
	if len(e.tokens) > 1 {
		arg = r.word(e.tokens[1])
	}
	switch name {
	case "$ORIGIN":
		origin, err := parseName(arg, c.origin)
		if err != nil {
			return r.fail(e.line, "$ORIGIN: %v", err)
		}
		c.origin = origin
		r.origins = append(r.origins, change{e.end, origin})
	case "$TTL":
		ttl, ok := parseTTL(arg)
		if !ok {
			return r.fail(e.line, "$TTL: %q is no TTL", arg)
		}
		c.ttl, c.standing = ttl, true
	case "$INCLUDE":
		return r.include(c, e, arg)
	case "$GENERATE":
		return r.foreignLines(c, e, name, string(r.text[e.start:e.end]))
	default:
		return r.fail(e.line, "%s is not known", name)
	}
	return nil
}

// include reads the records of another file, to know which they are.
func (r *reading) include(c *cursor, e entry, path string) error {
	if r.Open == nil {
		return r.fail(e.line, "$INCLUDE: other files cannot be read here")
	}
	origin := c.origin
	if len(e.tokens) > 2 {
		var err error
		if origin, err = parseName(r.word(e.tokens[2]), c.origin); err != nil {
			return r.fail(e.line, "$INCLUDE: %v", err)
		}
	}
	if text, err := octets(path); err == nil {
		path = text
	}
	text, err := r.Open(path)
	if err != nil {
		return r.fail(e.line, "$INCLUDE: %v", err)
	}
	inner := *c
	inner.origin = origin
	return r.foreignLines(&inner, e, "$INCLUDE "+filepath.Base(path), string(text))
}

// foreignLines has the DNS library read lines that are not edited.
func (r *reading) foreignLines(c *cursor, e entry, what, text string) error {
	head := fmt.Sprintf("$ORIGIN %s\n$TTL %d\n", escapeName(c.origin), max(c.ttl, 1))
	p := dns.NewZoneParser(strings.NewReader(head+text), "", r.File)
	f := foreign{line: e.line, what: what}
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		f.rrs = append(f.rrs, rr)
	}
	if err := p.Err(); err != nil {
		return r.fail(e.line, "%s: %v", what, err)
	}
	r.foreign = append(r.foreign, f)
	return nil
}

// record reads [owner] [TTL] [class] type data, TTL and class in any order.
func (r *reading) record(c *cursor, e entry) error {
	rr := resource{entry: e, ttlToken: -1, typToken: -1}
	i := 0
	if !e.indented {
		owner, err := parseName(r.word(e.tokens[0]), c.origin)
		if err != nil {
			return r.fail(e.line, "the owner: %v", err)
		}
		c.owner, rr.ownToken, i = owner, true, 1
	}
	if c.owner == "" {
		return r.fail(e.line, "the first record has no owner")
	}
	rr.owner = c.owner
	class := false
	for ; i < len(e.tokens); i++ {
		word := strings.ToUpper(r.word(e.tokens[i]))
		if ttl, ok := parseTTL(word); ok && rr.ttlToken < 0 {
			rr.ttl, rr.ttlToken = ttl, i
			continue
		}
		if !class && (word == "IN" || word == "CH" || word == "HS" || word == "CS") {
			class = true
			continue
		}
		rr.typ, rr.typToken = word, i
		break
	}
	if rr.typToken < 0 {
		return r.fail(e.line, "the record has no type")
	}
	switch {
	case rr.ttlToken < 0:
		rr.ttl = c.ttl
	case !c.standing:
		c.ttl = rr.ttl // that of the last record stands for those after it (RFC 1035, Section 5.1), unless there is a $TTL (RFC 2308, Section 4)
	}
	rr.standing = c.standing
	if rr.typ == "SOA" && c.ttl == 0 && !c.standing {
		c.ttl, _ = parseTTL(r.word(rr.tokens[len(rr.tokens)-1])) // the minimum, where no TTL has been given (RFC 1035, Section 3.3.13)
		if rr.ttlToken < 0 {
			rr.ttl = c.ttl
		}
	}
	r.rrs = append(r.rrs, rr)
	return nil
}

// parseName gives a name of the text as absolute, in lower case and octets. One
// with a dot within a label is given with "\" before it, and so equals none.
func parseName(word, origin string) (string, error) {
	if word == "" {
		return "", fmt.Errorf("the name is missing")
	}
	if word == "@" {
		return origin, nil
	}
	var b strings.Builder
	for i := 0; i < len(word); i++ {
		if word[i] != '\\' {
			b.WriteByte(word[i])
			continue
		}
		c, size, ok := escaped(word[i+1:])
		if !ok {
			return "", fmt.Errorf(`"\" with neither an octet nor \DDD up to \255 in %q`, word)
		}
		if c == '.' || c == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(c)
		i += size
	}
	name := lower(b.String())
	switch {
	case strings.HasSuffix(name, ".") && !strings.HasSuffix(name, `\.`), name == ".":
		return name, nil
	case origin == ".":
		return name + ".", nil
	}
	return name + "." + origin, nil
}

// lower puts the letters of ASCII in lower case, and leaves every other octet.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// parseTTL reads seconds, or numbers with the units that BIND knows, as 1h30m.
func parseTTL(word string) (ttl uint32, ok bool) {
	if word == "" || word[0] < '0' || word[0] > '9' {
		return 0, false
	}
	total, n := uint64(0), uint64(0)
	digits := false
	for _, c := range []byte(strings.ToLower(word)) {
		if '0' <= c && c <= '9' {
			n, digits = 10*n+uint64(c-'0'), true
		} else {
			unit := map[byte]uint64{'s': 1, 'm': 60, 'h': 3600, 'd': 86400, 'w': 604800}[c]
			if unit == 0 || !digits {
				return 0, false
			}
			total, n, digits = total+n*unit, 0, false
		}
		if total+n > 1<<32-1 {
			return 0, false
		}
	}
	return uint32(total + n), true
}

// strings gives the character-strings of a TXT record, in octets.
func (r *reading) strings(rr resource) (out []string, err error) {
	for _, t := range rr.tokens[rr.typToken+1:] {
		if !t.quoted && strings.HasPrefix(r.word(t), `\#`) {
			return nil, r.fail(t.line, "the TXT record of %s is written as that of an unknown type (RFC 3597): write it as strings", rr.owner)
		}
		s, err := octets(r.word(t))
		if err != nil {
			return nil, r.fail(t.line, "%v", err)
		}
		out = append(out, s)
	}
	if len(out) == 0 {
		return nil, r.fail(rr.line, "the TXT record has no string")
	}
	return out, nil
}

// serialOf gives the number of an SOA record, and its token.
func (r *reading) serialOf(rr resource) (serial uint32, t token, err error) {
	if len(rr.tokens) < rr.typToken+4 {
		return 0, t, r.fail(rr.line, "the SOA record is not whole")
	}
	t = rr.tokens[rr.typToken+3]
	n, err := strconv.ParseUint(r.word(t), 10, 32)
	if err != nil {
		return 0, t, r.fail(t.line, "%q is no serial number", r.word(t))
	}
	return uint32(n), t, nil
}
