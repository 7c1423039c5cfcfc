package builder

import "strings"

// trimDot gives a canonical name as people write it.
func trimDot(name string) string { return strings.TrimSuffix(name, ".") }
