package spf

import (
	"fmt"
	"strings"
)

// SyntaxError says what in a record breaks the grammar of RFC 7208.
type SyntaxError struct {
	Offset  int    // of Text in the record, in octets from 0
	Text    string // what offends: a term, or a part of one
	Section string // of RFC 7208
	Msg     string // what is wrong, and the fix where it is known
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("offset %d: %q: %s (RFC 7208, Section %s)", e.Offset, e.Text, e.Msg, e.Section)
}

// slips are names that operators write for a mechanism or modifier.
var slips = map[string]string{
	"ip": "ip4 or ip6", "ipv4": "ip4", "ipv6": "ip6", "aaaa": "a", "host": "a",
	"includes": "include", "inlcude": "include", "incldue": "include", "inculde": "include", "includ": "include",
	"exist": "exists", "al": "all", "a11": "all", "redirects": "redirect", "none": "all",
}

// unknownMechanism explains a term that is neither a mechanism nor a modifier
// (Section 4.6.1).
func unknownMechanism(name, term string) string {
	switch {
	case strings.ContainsAny(term, "“”‘’\"'"):
		return "quotation marks are no part of a record: remove them"
	case strings.Contains(term, "\u00a0"):
		return "a no-break space does not separate terms: write a space"
	case strings.HasSuffix(term, ","):
		return "terms are separated by spaces, without commas"
	case strings.EqualFold(name, Version):
		return "the version stands once, at the start: merge the two records"
	case name == "redirect" || name == "exp":
		return fmt.Sprintf("%s is a modifier: write %s=", name, name)
	case name == "":
		return "a term starts with the name of a mechanism"
	}
	if fix, ok := slips[name]; ok {
		return fmt.Sprintf("unknown mechanism %q: write %s", name, fix)
	}
	if fix := strings.TrimRight(name, "."); fix != name {
		return fmt.Sprintf("unknown mechanism %q: remove the dot", name)
	}
	return fmt.Sprintf("unknown mechanism %q", name)
}
