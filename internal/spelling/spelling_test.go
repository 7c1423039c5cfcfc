package spelling

import (
	"strings"
	"testing"
)

func TestDidYouMean(t *testing.T) {
	commands := []string{"build", "check", "policy", "explain", "diff", "update"}
	tests := []struct {
		name, written string
		candidates    []string
		want          string
	}{
		{"a letter is missing", "chek", commands, `; did you mean "check"?`},
		{"two letters are swapped", "biuld", commands, `; did you mean "build"?`},
		{"a letter too many", "diiff", commands, `; did you mean "diff"?`},
		{"another letter", "explein", commands, `; did you mean "explain"?`},
		{"more than a third is other", "chk", []string{"check"}, ""},
		{"the nearest of several", "updat", []string{"updates", "update"}, `; did you mean "update"?`},
		{"nothing is near", "nosuch", commands, ""},
		{"no candidates", "build", nil, ""},
		{"nothing is written", "", commands, ""},
		{"too long to be a slip", strings.Repeat("x", 81), []string{strings.Repeat("x", 80)}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := DidYouMean(tt.written, tt.candidates); got != tt.want {
				t.Errorf("DidYouMean = %q, want %q", got, tt.want)
			}
		})
	}
}
