// Package spelling guesses what somebody meant who wrote a word that means
// nothing.
package spelling

import "fmt"

// DidYouMean ends a message with the candidate that is nearest to what was
// written, if one is near: at most a third of the longer one to change. It is empty if
// none is.
func DidYouMean(written string, candidates []string) string {
	const longest = 80
	if len(written) > longest {
		return ""
	}
	best, nearest := longest, ""
	for _, c := range candidates {
		most := max(len(written), len(c)) / 3
		if len(c) > longest || len(c)-len(written) > most || len(written)-len(c) > most {
			continue
		}
		if d := editDistance(written, c); d <= most && d < best {
			best, nearest = d, c
		}
	}
	if nearest == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", nearest)
}

// editDistance counts the octets to insert, remove, change, or swap with the
// next, that make one text of the other.
func editDistance(a, b string) int {
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := above[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(above[j]+1, row[j-1]+1, change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above, row = above, row, before
	}
	return above[len(b)]
}
