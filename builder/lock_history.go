package builder

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spfzone/spfzone/spf"
)

// lockedSource is what a lock keeps of a source besides answers.
type lockedSource struct {
	sourceKey
	entry    Entry // without a place
	prefixes int   // that it passes
	since    time.Time
	kept     time.Time      // since when its former answers are kept, as it cannot be evaluated; zero if they are not
	changes  []lockedChange // the oldest first
}

// sourceKey tells sources apart.
type sourceKey struct {
	name   string // of the entry, or the term
	term   string
	domain string // canonical; empty where it makes no difference who asks
}

// lockedChange is a change of what a source passes.
type lockedChange struct {
	at           time.Time
	gained, lost int     // prefixes, of the fewest that cover the addresses
	before       *extent // that it passed before; nil where an older lock does not say
	accepted     bool    // it was an alarm, and was accepted
}

// mostChanges bounds the history of a source.
const mostChanges = 24

// with adds a change. The oldest makes room, and the history then begins at
// its time.
func (s lockedSource) with(c lockedChange) lockedSource {
	s.changes = append(s.changes[:len(s.changes):len(s.changes)], c)
	for len(s.changes) > mostChanges {
		s.since, s.changes = s.changes[0].at, s.changes[1:]
	}
	return s
}

// Volatility says how what a service or gateway passes has changed.
type Volatility struct {
	Since    time.Time // from when on changes were looked for
	Last     time.Time // when the last one was seen; zero if none was
	Changes  int       // seen since then, at most 24 of each source
	Gained   int       // prefixes, in all changes together
	Lost     int
	Prefixes int // that pass now
}

// Volatility gives the history of a service or gateway by its name in the
// configuration, or of a term by its text with its domain ("mx:x.com"). What
// stands for several hosts, as a gateway does in several zones, is summed up. It
// is not known where the lock has no such source. Changes are seen when [Update]
// runs: one of several in between.
func (l *Lock) Volatility(name string) (v Volatility, known bool) {
	for _, s := range l.sources {
		if s.name != name {
			continue
		}
		if !known || s.since.Before(v.Since) {
			v.Since = s.since
		}
		known = true
		v.Prefixes += s.prefixes
		v.Changes += len(s.changes)
		for _, c := range s.changes {
			v.Gained += c.gained
			v.Lost += c.lost
			if c.at.After(v.Last) {
				v.Last = c.at
			}
		}
	}
	return v, known
}

func (s lockedSource) line() sourceLine {
	line := sourceLine{
		Name: s.name, Term: s.term, Domain: s.domain,
		Owner: s.entry.Owner, Ticket: s.entry.Ticket, Comment: s.entry.Comment,
		Prefixes: s.prefixes, Since: stamp(s.since),
	}
	if !s.entry.Expires.IsZero() {
		line.Expires = s.entry.Expires.Format(time.DateOnly)
	}
	if !s.kept.IsZero() {
		line.Kept = stamp(s.kept)
	}
	for _, c := range s.changes {
		line.Changes = append(line.Changes, c.String())
	}
	return line
}

func (c lockedChange) String() string {
	text := fmt.Sprintf("%s +%d -%d", stamp(c.at), c.gained, c.lost)
	if c.before != nil {
		text += fmt.Sprintf(" of %d %d", c.before[spf.V4], c.before[spf.V6])
	}
	if c.accepted {
		text += " accepted"
	}
	return text
}

func parseChange(text string) (c lockedChange, err error) {
	fields := strings.Split(text, " ")
	wrong := fmt.Errorf("%q is no change: they are written as 2006-01-02T15:04:05Z +1 -2 of 256 0", text)
	if c.accepted = fields[len(fields)-1] == "accepted"; c.accepted {
		fields = fields[:len(fields)-1]
	}
	if len(fields) != 3 && len(fields) != 6 {
		return c, wrong
	}
	at, errAt := parseStamp(fields[0])
	gained, errGained := strconv.Atoi(strings.TrimPrefix(fields[1], "+"))
	lost, errLost := strconv.Atoi(strings.TrimPrefix(fields[2], "-"))
	c.at, c.gained, c.lost = at, gained, lost
	if len(fields) == 6 {
		c.before = &extent{}
		for f := range c.before {
			if c.before[f], err = strconv.ParseUint(fields[4+f], 10, 64); err != nil {
				return c, wrong
			}
		}
	}
	if errAt != nil || errGained != nil || errLost != nil || c.String() != text {
		return c, wrong
	}
	return c, nil
}

// parseStamp reads a time as stamp writes it.
func parseStamp(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || stamp(t) != text {
		return t, fmt.Errorf("%q is no time: they are written in UTC as 2006-01-02T15:04:05Z", text)
	}
	return t, nil
}

func (k sourceKey) compare(o sourceKey) int {
	for _, pair := range [...][2]string{{k.name, o.name}, {k.term, o.term}, {k.domain, o.domain}} {
		if c := strings.Compare(pair[0], pair[1]); c != 0 {
			return c
		}
	}
	return 0
}
