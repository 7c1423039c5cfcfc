package spf

import (
	"fmt"
	"strings"

	"golang.org/x/net/idna"
)

// CanonicalName gives the absolute form of a domain name, in lower case and
// with the final dot. A name with octets above 127 is UTF-8, its U-labels
// becoming A-labels (RFC 5891); every other name may hold any visible ASCII
// character, as the DNS allows more than host names.
func CanonicalName(s string) (string, error) {
	name := s
	if !isASCII(name) {
		ascii, err := idna.Lookup.ToASCII(name)
		if err != nil {
			return "", fmt.Errorf("%q is not a domain name: %w", s, err)
		}
		name = ascii
	}
	if isCanonical(name) && validName(name) {
		return name, nil
	}
	name = strings.ToLower(strings.TrimSuffix(name, ".")) + "."
	if err := checkName(name); err != nil {
		return "", fmt.Errorf("%q is not a domain name: %w", s, err)
	}
	return name, nil
}

func isCanonical(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] >= 0x7f || 'A' <= s[i] && s[i] <= 'Z' {
			return false
		}
	}
	return len(s) > 1 && s[len(s)-1] == '.'
}

// checkName says what is wrong with a name that ends in a dot (RFC 1035,
// Section 2.3.4).
func checkName(name string) error {
	if len(name) > maxName+1 {
		return fmt.Errorf("%d octets, of which %d are allowed", len(name)-1, maxName)
	}
	for label := range strings.SplitSeq(name[:len(name)-1], ".") {
		if label == "" {
			return fmt.Errorf("it has an empty label")
		}
		if len(label) > maxLabel {
			return fmt.Errorf("the label %q has %d octets, of which %d are allowed", label, len(label), maxLabel)
		}
		for i := 0; i < len(label); i++ {
			if label[i] <= ' ' || label[i] >= 0x7f {
				return fmt.Errorf("it holds the octet 0x%02x", label[i])
			}
		}
	}
	return nil
}

// maxLabel is the most octets of a label.
const maxLabel = 63

// validName reports whether an absolute name has labels of 1 to 63 octets and
// fits a DNS message. It does not judge the octets.
func validName(name string) bool {
	if len(name) < 2 || len(name) > maxName+1 || name[len(name)-1] != '.' {
		return false
	}
	start := 0
	for i := 0; i < len(name); i++ {
		if name[i] != '.' {
			continue
		}
		if n := i - start; n == 0 || n > maxLabel {
			return false
		}
		start = i + 1
	}
	return true
}

// isMultiLabel reports whether an absolute name has two labels or more.
func isMultiLabel(name string) bool {
	for i := 0; i < len(name)-1; i++ {
		if name[i] == '.' {
			return true
		}
	}
	return false
}

// trimDot gives a name without its final dot.
func trimDot(name string) string { return strings.TrimSuffix(name, ".") }
