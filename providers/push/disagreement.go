package push

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spfzone/spfzone/providers/txt"
)

// Said is what an authoritative server says of the TXT records of a name.
type Said struct {
	Server string
	Answer Answer
	Serial uint32 // of its copy of the zone
	Known  bool   // whether it told that
}

// DisagreementError says that authoritative servers have different RRsets at a
// name, and go on to.
type DisagreementError struct {
	Name string
	Says []Said
}

func (e *DisagreementError) Error() string {
	return fmt.Sprintf("the authoritative servers do not agree on the TXT records of %s: %s", trimDot(e.Name), e.Difference())
}

// Disagreement is nil if servers have given the same answers for a name, and else
// asks them for their serial numbers.
func Disagreement(ctx context.Context, zone, name string, servers []Server, answers []Answer) *DisagreementError {
	if !slices.ContainsFunc(answers, func(a Answer) bool { return !a.has(answers[0]) }) {
		return nil
	}
	e := &DisagreementError{Name: name, Says: serials(ctx, zone, servers)}
	for i, a := range answers {
		e.Says[i].Answer = a
	}
	return e
}

// has reports whether an answer has the records of another.
func (a Answer) has(o Answer) bool { return a.Set.Equal(o.Set) && a.Alias == o.Alias }

// Difference says what servers have and lack against the one with the latest
// serial number, or the first, and which serial numbers they have.
func (e *DisagreementError) Difference() string {
	last := latest(e.Says)
	var parts []string
	for _, s := range e.Says {
		if s.Answer.has(last.Answer) {
			continue
		}
		parts = append(parts, fmt.Sprintf("against %s, %s %s", last.Server, s.Server, strings.Join(differences(last.Answer, s.Answer), ", and ")))
		if text := s.behind(last); text != "" {
			parts = append(parts, text)
		} else if s.Known && last.Known {
			parts = append(parts, fmt.Sprintf("both have the serial %d", s.Serial))
		}
	}
	return strings.Join(parts, "; ")
}

// differences says what an answer has and lacks against another.
func differences(from, to Answer) (out []string) {
	lacks, more := txt.Minus(from.Set.Records, to.Set.Records), txt.Minus(to.Set.Records, from.Set.Records)
	if text := termsApart(lacks, more); text != "" {
		out = append(out, text)
	} else {
		if len(lacks) > 0 {
			out = append(out, "lacks "+listed(lacks))
		}
		if len(more) > 0 {
			out = append(out, "has "+listed(more)+" more")
		}
	}
	if a, b := from.Set, to.Set; a.TTL != b.TTL && len(a.Records) > 0 && len(b.Records) > 0 {
		out = append(out, fmt.Sprintf("has the TTL %d in place of %d", b.TTL, a.TTL))
	}
	if from.Alias != to.Alias {
		out = append(out, map[bool]string{true: "has", false: "lacks"}[to.Alias]+" an alias (CNAME)")
	}
	return out
}

func listed(records []txt.Record) string {
	var texts []string
	for _, r := range records {
		texts = append(texts, r.String())
	}
	return strings.Join(texts, ", ")
}

// termsApart says in which terms one SPF record differs from one other, if they
// have most terms in common.
func termsApart(from, to []txt.Record) string {
	if len(from) != 1 || len(to) != 1 || !from[0].IsSPF() || !to[0].IsSPF() {
		return ""
	}
	was, is := strings.Fields(from[0].Text()), strings.Fields(to[0].Text())
	lacks, more := apart(was, is), apart(is, was)
	if len(lacks)+len(more) == 0 || 2*max(len(lacks), len(more)) > len(was) {
		return ""
	}
	switch w, i := strings.Join(lacks, " "), strings.Join(more, " "); {
	case i == "":
		return fmt.Sprintf("has the SPF record without %q", w)
	case w == "":
		return fmt.Sprintf("has the SPF record with %q more", i)
	default:
		return fmt.Sprintf("has the SPF record with %q in place of %q", i, w)
	}
}

// apart gives what is in a and not in b, as often as it is.
func apart(a, b []string) (out []string) {
	left := map[string]int{}
	for _, s := range b {
		left[s]++
	}
	for _, s := range a {
		if left[s]--; left[s] < 0 {
			out = append(out, s)
		}
	}
	return out
}

// SilentError says that some authoritative servers do not answer, or not as those
// that keep the zone.
type SilentError struct {
	Cause error
	All   bool // no server answers
}

func (e *SilentError) Error() string { return e.Cause.Error() }

// Unwrap gives why.
func (e *SilentError) Unwrap() error { return e.Cause }

// silent makes one of the failures of servers; nil if there are none.
func silent(failures []error) error {
	cause, all := errors.Join(failures...), true
	for _, err := range failures {
		all = all && err != nil
	}
	if cause == nil {
		return nil
	}
	return &SilentError{cause, all}
}
