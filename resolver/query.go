package resolver

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/miekg/dns"
)

// question is what is asked: a canonical name in raw octets, and a type.
type question struct {
	name  string
	qtype uint16
}

// payload is the size of UDP answers that is asked for, which passes every
// path unfragmented (DNS flag day 2020; RFC 9715, Section 3.1).
const payload = 1232

// message puts the question into the form of the DNS library.
func (q question) message() *dns.Msg {
	m := new(dns.Msg)
	m.SetQuestion(escape(q.name), q.qtype)
	m.SetEdns0(payload, false)
	return m
}

// matches reports whether a message answers the question: same name but for
// the case, same type and class (RFC 5452, Section 9.1). A server that refuses
// may leave the question out.
func (q question) matches(m *dns.Msg) bool {
	if len(m.Question) == 0 {
		return m.Rcode != dns.RcodeSuccess && m.Rcode != dns.RcodeNameError
	}
	if len(m.Question) != 1 {
		return false
	}
	name, ok := rawName(m.Question[0].Name)
	return ok && name == q.name && m.Question[0].Qtype == q.qtype && m.Question[0].Qclass == dns.ClassINET
}

// String gives the question as it stands in errors.
func (q question) String() string { return escape(q.name) + " " + dns.TypeToString[q.qtype] }

// maxName and maxLabel are the most octets of an absolute name with its dots,
// and of a label (RFC 1035, Section 2.3.4).
const (
	maxName  = 254
	maxLabel = 63
)

// exists reports whether there can be a name: nobody can ask for one with a
// label that is empty or too long, or that is too long itself.
func exists(name string) bool {
	if name == "." {
		return true
	}
	if len(name) > maxName || !strings.HasSuffix(name, ".") {
		return false
	}
	for label := range strings.SplitSeq(name[:len(name)-1], ".") {
		if label == "" || len(label) > maxLabel {
			return false
		}
	}
	return true
}

// QueryError says which question got no usable answer, and why.
type QueryError struct {
	Name string // in the presentation form of RFC 1035, Section 5.1
	Type string // "TXT", "A", "AAAA", "MX" or "PTR"
	Err  error  // what each server did, or the context's error
}

func (e *QueryError) Error() string { return fmt.Sprintf("%s %s: %v", e.Name, e.Type, e.Err) }

// Unwrap gives what the servers did.
func (e *QueryError) Unwrap() error { return e.Err }

func (q question) failed(err error) *QueryError {
	return &QueryError{Name: escape(q.name), Type: dns.TypeToString[q.qtype], Err: err}
}

// ServerError says what one server did instead of answering.
type ServerError struct {
	Server string // in the form of Open
	Err    error
}

func (e *ServerError) Error() string { return fmt.Sprintf("%s: %v", e.Server, e.Err) }

// Unwrap gives the failure itself.
func (e *ServerError) Unwrap() error { return e.Err }

// serverErrors are the failures of several servers, for one line.
type serverErrors []error

func (e serverErrors) Error() string {
	var texts []string
	for _, err := range e {
		texts = append(texts, err.Error())
	}
	return strings.Join(texts, "; ")
}

func (e serverErrors) Unwrap() []error { return e }

// joined gives the one failure, or all.
func joined(errs []error) error {
	if len(errs) == 1 {
		return errs[0]
	}
	return serverErrors(errs)
}

// refusal is an answer that asking again will not better.
type refusal struct{ msg string }

func (e *refusal) Error() string { return e.msg }

// passing reports whether a server that failed so may do better when it is
// asked once more; none at all counts as such.
func passing(err error) bool {
	var r *refusal
	return !errors.As(err, &r) && !errors.Is(err, errAliasLoop)
}

// ended gives the reason why a context is over, if it is, so that a server's
// failure is not blamed for it.
func ended(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
