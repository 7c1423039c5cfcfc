package spf

import "strings"

// MaxString is the most octets of one character-string (RFC 1035, Section
// 3.3).
const MaxString = 255

// SplitStrings cuts the text of a record into character-strings of at most
// max octets, behind the space between two terms, so that no term is cut that
// fits a string; 0 stands for [MaxString]. Put together with nothing between
// them (RFC 7208, Section 3.3) they are the text again.
func SplitStrings(text string, max int) []string {
	if max <= 0 || max > MaxString {
		max = MaxString
	}
	var parts []string
	for len(text) > max {
		cut := strings.LastIndexByte(text[:max], ' ') + 1
		if cut == 0 {
			cut = max
		}
		parts = append(parts, text[:cut])
		text = text[cut:]
	}
	return append(parts, text)
}
