package providers

import (
	"fmt"
	"strings"
)

// nearest ends a message with the valid name that is most like what was
// written, if one is, and with all of them otherwise.
func nearest(written string, valid []string) string {
	best, name := 0, ""
	for _, v := range valid {
		if n := common(strings.ToLower(written), v); n > best {
			best, name = n, v
		}
	}
	if longest := max(len(written), len(name)); 3*best >= 2*longest {
		return fmt.Sprintf("; did you mean %q?", name)
	}
	if len(valid) == 0 {
		return "; it has none"
	}
	return "; it has " + strings.Join(valid, ", ")
}

// common is the length of the longest text that is left of both when octets
// are taken out.
func common(a, b string) int {
	row := make([]int, len(b)+1)
	for i := range len(a) {
		diagonal := 0
		for j := range len(b) {
			above := row[j+1]
			if a[i] == b[j] {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(row[j+1], row[j])
			}
			diagonal = above
		}
	}
	return row[len(b)]
}
