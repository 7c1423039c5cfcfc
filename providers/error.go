package providers

import (
	"errors"
	"fmt"

	"github.com/spfzone/spfzone/providers/txt"
)

// State says what a failed change did to the TXT RRset of the name, or the
// address list there.
type State int

const (
	// Unchanged says that the call changed nothing, or put everything back.
	Unchanged State = iota
	// Unknown says that this cannot be said: read the name again.
	Unknown
)

func (s State) String() string {
	if s == Unchanged {
		return "nothing was changed"
	}
	return "what stands there now is not known"
}

// Error is a failure to read or change a TXT RRset or an address list. It holds
// no secret.
type Error struct {
	Provider string // its name in the configuration
	Name     string
	Verb     string // "reading", "creating", "replacing", "deleting", "changing the TTL" or "serving"
	Cause    error  // asks for [ErrConflict] and the like by errors.Is
	State    State
	Found    *txt.RRset // what was read after the failure; nil if it could not be
	List     bool       // it is about the address list at the name
}

// Error says who, where, what, why, and what stands there now.
func (e *Error) Error() string {
	what := "TXT records"
	if e.List {
		what = "address list"
	}
	s := fmt.Sprintf("provider %s: %s the %s of %s: %v", e.Provider, e.Verb, what, e.Name, e.Cause)
	switch {
	case e.Verb == "reading", e.State == Unchanged && errors.Is(e.Cause, txt.ErrPutBack):
	case e.State == Unknown && e.Found != nil:
		s += fmt.Sprintf("; %d TXT records stand there now, of which %d are SPF records", len(e.Found.Records), len(e.Found.SPF()))
	case e.State == Unchanged && errors.Is(e.Cause, txt.ErrConflict) && !e.List:
		s += "; " + e.State.String() + ", as somebody else changed them meanwhile: run it again"
	default:
		s += "; " + e.State.String()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }
