package spf

import (
	"fmt"
	"strings"
)

// Identity is what was checked (RFC 7208, Section 2).
type Identity uint8

// The two identities of RFC 7208, Sections 2.3 and 2.4.
const (
	MailFrom Identity = iota
	HELO
)

// String gives "mailfrom" or "helo", as in Received-SPF (RFC 7208, Section
// 9.1).
func (i Identity) String() string { return [...]string{"mailfrom", "helo"}[i&1] }

// MarshalText implements [encoding.TextMarshaler].
func (i Identity) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// Evaluation is what came of one check.
type Evaluation struct {
	Result      Result
	Identity    Identity
	Domain      string     // that was evaluated; canonical, unless it is no domain name
	Matched     *Directive // that decided, the innermost one where it stands in an include; nil if none did
	MatchedIn   string     // the canonical name of the record that Matched, or the end of evaluation, stands in
	Lookups     int        // terms that asked the DNS, of Limits.Lookups
	Voids       int        // of these terms, those without answer, of Limits.Voids
	Explanation string     // for a fail; empty if there is none
	Err         error      // why the result is none, temperror or permerror; an *EvaluationError
	Trace       []Step     // from Checker.Trace only
}

// Step is one thing that check_host did.
type Step struct {
	Depth   int      // how many includes and redirects lead here; 0 is the domain's own record
	Domain  string   // canonical name of the record
	Term    string   // as the record has it, canonical; empty for the step that fetched the record
	Target  string   // name asked for, macros expanded; empty if none was
	Found   []string // the record's text, or the addresses, hosts or names that the DNS had
	Matched bool     // for a mechanism
	Result  Result   // for include and redirect: of the target. For the step of a match: what it decides
	Lookups int      // counters after the step
	Voids   int
	Err     error
}

// EvaluationError says why check_host gave none, temperror or permerror.
type EvaluationError struct {
	Domain  string // of the record
	Term    string // that was evaluated; may be empty
	Msg     string // may be empty where Err says it all
	Section string // of RFC 7208; may be empty
	Err     error  // underlying: a *SyntaxError, a *LookupError, or another EvaluationError
}

// Error gives the records that lead to the cause, and the cause. Of a long way,
// as that round a cycle, the middle is left out.
func (e *EvaluationError) Error() string {
	way := []*EvaluationError{e}
	for {
		next, ok := way[len(way)-1].Err.(*EvaluationError)
		if !ok {
			break
		}
		way = append(way, next)
	}
	const ends = 4
	var b strings.Builder
	for i, e := range way {
		switch left := len(way) - 2*ends; {
		case left <= 0 || i < ends || i >= len(way)-ends:
			e.write(&b)
		case i == ends:
			fmt.Fprintf(&b, "… (%d more)", left)
		default:
			continue
		}
		if e.Err != nil {
			b.WriteString(": ")
		}
	}
	if cause := way[len(way)-1].Err; cause != nil {
		b.WriteString(cause.Error())
	}
	return b.String()
}

// write gives the error without what it wraps.
func (e *EvaluationError) write(b *strings.Builder) {
	b.WriteString(trimDot(e.Domain))
	if e.Term != "" {
		b.WriteString(": ")
		b.WriteString(e.Term)
	}
	if e.Msg != "" {
		b.WriteString(": ")
		b.WriteString(e.Msg)
	}
	if e.Section != "" {
		fmt.Fprintf(b, " (RFC 7208, Section %s)", e.Section)
	}
}

// Unwrap gives the underlying error.
func (e *EvaluationError) Unwrap() error { return e.Err }
