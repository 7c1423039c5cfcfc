package builder

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spfzone/spfzone/spf"
)

// Guarded is the DNS as [Guard] found it. It answers every question as it did
// there, so that what is built with it is what was held against the lock.
type Guarded struct {
	spf.Resolver
	Sources []SourceChange // as in [Refresh]

	lock  *Lock
	build *build
	lost  map[string][]SourceChange // those with an alarm, by the record that lists them
}

// Guard holds the sources of domains, all where only is nil, against a lock as
// [Update] does, with the same alarms, and makes no lock. What an alarm of Update
// stops is not to be published: [Guarded.Refusal] says so of each domain. A
// source that the lock does not have cannot have lost anything. The lock is
// o.Old, and is required. The error is that of Update.
func Guard(ctx context.Context, cfg *Config, o UpdateOptions, only []string) (*Guarded, error) {
	u := newUpdate(cfg, o)
	u.only = only
	if err := u.look(ctx); err != nil {
		return nil, err
	}
	g := &Guarded{Resolver: u.snapshot, lock: o.Old, build: newBuild(cfg, Options{}), lost: map[string][]SourceChange{}}
	for _, s := range u.sources {
		g.Sources = append(g.Sources, s.change)
		if s.change.stops() && !s.change.New {
			lists := s.lists
			if s.domain != "" {
				lists = []string{s.domain}
			}
			for _, name := range lists {
				g.lost[name] = append(g.lost[name], s.change)
			}
		}
	}
	return g, nil
}

// Refusal says why a domain is not to be published: the alarms of the sources
// that its records, or those that they lead to, list. It is nil if all is well.
func (g *Guarded) Refusal(d *Domain) *Refusal {
	lost := g.lostBy(d, map[*Domain]bool{})
	if len(lost) == 0 {
		return nil
	}
	var lines, names []string
	var alarms []error
	broken := false
	for _, c := range lost {
		lines = append(lines, fmt.Sprintf("%s (%s) is not as %s has it: %s", c.Name, c.Entry.Whose(), g.lock.name, c.Alarm.Msg))
		names = append(names, " --accept "+c.Name)
		alarms = append(alarms, c.Alarm)
		broken = broken || c.Alarm.Broken
	}
	if broken {
		lines = append(lines, g.lock.WayOut())
	} else {
		lines = append(lines, fmt.Sprintf("if that is right so, let it through with 'spfzone update%s'; --locked takes what %s has, where its addresses stand in the record (flatten: always)", strings.Join(slices.Compact(names), ""), g.lock.name))
	}
	return &Refusal{Kind: SourceAlarm, Domain: d.Name, Msg: strings.Join(lines, "\n"), Err: errors.Join(alarms...)}
}

// WayOut says what to do about a source that is broken: while a record includes it,
// receivers give permerror.
func (l *Lock) WayOut() string {
	return fmt.Sprintf("give it 'flatten: always', if it has not, and publish with --locked: its addresses stand there then as %s has them, where a record that includes it is permerror; or take it out of the configuration", l.name)
}

// lostBy gives the sources with an alarm that a domain depends on, sorted, those
// first whose lookups fail.
func (g *Guarded) lostBy(d *Domain, seen map[*Domain]bool) (lost []SourceChange) {
	if seen[d] {
		return nil
	}
	seen[d] = true
	for _, l := range d.own() {
		lost = append(lost, g.lost[l.name]...)
	}
	for _, n := range g.build.needs(d) {
		lost = append(lost, g.lostBy(n.domain, seen)...)
	}
	slices.SortStableFunc(lost, func(a, b SourceChange) int {
		if x, y := a.Alarm.Kind == SourceFailed, b.Alarm.Kind == SourceFailed; x != y {
			if x {
				return -1
			}
			return 1
		}
		return sourceKey{a.Name, a.Term, a.Domain}.compare(sourceKey{b.Name, b.Term, b.Domain})
	})
	return slices.CompactFunc(lost, func(a, b SourceChange) bool {
		return sourceKey{a.Name, a.Term, a.Domain} == sourceKey{b.Name, b.Term, b.Domain}
	})
}
