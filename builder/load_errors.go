package builder

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// ConfigError is a mistake in a configuration.
type ConfigError struct {
	Place Place
	Msg   string // what is wrong, and the fix where it is known
}

// Error gives file:line:column: message.
func (e *ConfigError) Error() string { return e.Place.String() + ": " + e.Msg }

// ConfigErrors are the mistakes in a configuration, in the order of the files
// and of the places in them: at most 20, and how many more there are.
type ConfigErrors struct {
	First []*ConfigError
	More  int
}

// Error gives a line for each mistake.
func (e *ConfigErrors) Error() string {
	var b strings.Builder
	for i, m := range e.First {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(m.Error())
	}
	if e.More > 0 {
		fmt.Fprintf(&b, "\nand %d more", e.More)
	}
	return b.String()
}

// Unwrap gives each [*ConfigError].
func (e *ConfigErrors) Unwrap() []error {
	errs := make([]error, len(e.First))
	for i, m := range e.First {
		errs[i] = m
	}
	return errs
}

// mostMistakes is how many mistakes are told.
const mostMistakes = 20

// mistakes keeps the first mistakes by their places, and counts the others.
type mistakes struct {
	kept  []mistake
	total int
}

type mistake struct {
	at   position
	msg  string
	hint func() string // ends the message; computed only for what is told
}

func (m *mistakes) add(at position, msg string, hint func() string) {
	m.total++
	m.kept = append(m.kept, mistake{at, msg, hint})
	if len(m.kept) == 4*mostMistakes {
		m.prune()
	}
}

func (m *mistakes) prune() {
	slices.SortStableFunc(m.kept, func(a, b mistake) int { return a.at.compare(b.at) })
	m.kept = m.kept[:min(len(m.kept), mostMistakes)]
}

// err gives what was noted, or nil where nothing was.
func (m *mistakes) err() error {
	if m.total == 0 {
		return nil
	}
	m.prune()
	errs := &ConfigErrors{More: m.total - len(m.kept)}
	for _, k := range m.kept {
		if k.hint != nil {
			k.msg += k.hint()
		}
		errs.First = append(errs.First, &ConfigError{k.at.place(), k.msg})
	}
	return errs
}

// source is a file of the configuration.
type source struct {
	name  string
	order int // among the files
}

// position is a place that can be ordered.
type position struct {
	source       *source
	line, column int
}

func (p position) place() Place { return Place{p.source.name, p.line, p.column} }

func (p position) compare(o position) int {
	return cmp.Or(cmp.Compare(p.source.order, o.source.order), cmp.Compare(p.line, o.line), cmp.Compare(p.column, o.column))
}
