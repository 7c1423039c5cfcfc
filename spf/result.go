package spf

import "fmt"

// Result is what check_host returns (RFC 7208, Section 2.6). The zero value is
// [None].
type Result uint8

// The seven results of RFC 7208, Section 2.6.
const (
	None Result = iota
	Neutral
	Pass
	Fail
	SoftFail
	TempError
	PermError
)

var resultNames = [...]string{"none", "neutral", "pass", "fail", "softfail", "temperror", "permerror"}

// Results lists every result, in the order of RFC 7208, Section 2.6.
func Results() []Result {
	return []Result{None, Neutral, Pass, Fail, SoftFail, TempError, PermError}
}

// String gives the result's name in lower case, as the RFC writes it.
func (r Result) String() string {
	if int(r) < len(resultNames) {
		return resultNames[r]
	}
	return fmt.Sprintf("result(%d)", uint8(r))
}

// ParseResult is the inverse of [Result.String].
func ParseResult(s string) (Result, error) {
	for i, name := range resultNames {
		if s == name {
			return Result(i), nil
		}
	}
	return None, fmt.Errorf("%q is no SPF result; the results are none, neutral, pass, fail, softfail, temperror and permerror", s)
}

// MarshalText implements [encoding.TextMarshaler].
func (r Result) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (r *Result) UnmarshalText(text []byte) error {
	v, err := ParseResult(string(text))
	if err == nil {
		*r = v
	}
	return err
}

// Qualifier is the sign before a mechanism (RFC 7208, Section 4.6.2). The zero
// value is [QPass].
type Qualifier uint8

// The four qualifiers of RFC 7208, Section 4.6.2.
const (
	QPass     Qualifier = iota // "+", the default, which is not printed
	QFail                      // "-"
	QSoftFail                  // "~"
	QNeutral                   // "?"
)

// Result is what check_host returns when a directive with this qualifier
// matches.
func (q Qualifier) Result() Result {
	return [...]Result{Pass, Fail, SoftFail, Neutral}[q&3]
}

// String gives the sign, and nothing for "+".
func (q Qualifier) String() string { return [...]string{"", "-", "~", "?"}[q&3] }
