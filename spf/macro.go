package spf

import "strings"

// MacroString is a macro-string of RFC 7208, Section 7.1, parsed. It is
// immutable; the zero value is the empty string.
type MacroString struct {
	parts []MacroPart
}

// MacroPart is a run of literal octets, or one macro to expand. "%%", "%_" and
// "%-" are literals: "%", " " and "%20".
type MacroPart struct {
	Literal string // set when Letter is 0

	Letter     byte   // one of s l o d i p h c r t v, always in lower case; 0 for a literal
	URLEscape  bool   // the letter was written in upper case (Section 7.3)
	Digits     int    // how many right-hand parts to keep; 0 for all
	Reverse    bool   // the "r" transformer
	Delimiters string // as written, out of ".-+,/_="; empty means "."
}

// DomainSpec is a domain-spec of RFC 7208, Section 7.1: a macro-string that
// ends in a top label or a macro. It is immutable; the zero value stands for
// an absent one.
type DomainSpec struct {
	macro MacroString
	name  string // canonical name, where the domain-spec holds no macro
}

// IsZero reports whether the domain-spec is absent.
func (d DomainSpec) IsZero() bool { return len(d.macro.parts) == 0 }

// Macro gives the domain-spec as a macro-string.
func (d DomainSpec) Macro() MacroString { return d.macro }

// Name gives the canonical name that the domain-spec stands for, if it holds
// no macro ("%%", "%_" and "%-" are none).
func (d DomainSpec) Name() (name string, ok bool) { return d.name, d.name != "" }

// Parts gives a copy of the parts, no two literals side by side.
func (m MacroString) Parts() []MacroPart { return append([]MacroPart(nil), m.parts...) }

// Uses reports whether a macro with one of the letters stands in m, such as
// "dov". Letters are given in lower case, and found in either.
func (m MacroString) Uses(letters string) bool {
	for i := range m.parts {
		if l := m.parts[i].Letter; l != 0 && strings.IndexByte(letters, l) >= 0 {
			return true
		}
	}
	return false
}
