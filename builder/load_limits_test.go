package builder_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/builder"
)

// TestParseIsBounded reads texts of 10 MB that are made to take long, or much
// memory.
func TestParseIsBounded(t *testing.T) {
	t.Parallel()
	if builder.RaceDetector {
		t.Skip("a minute of work in one goroutine, in which the race detector finds nothing")
	}
	const size = 10 << 20
	repeat := func(before, text, behind string) string {
		return before + strings.Repeat(text, size/len(text)) + behind
	}
	const crowded = "more than 4000000 lines, colons, commas and brackets up to here: spread the configuration over several files"
	const start = "f:1: YAML: a text may not start like this: put it in quotation marks; and indent with spaces, not tabs"
	tests := []struct{ name, text, want string }{
		{"nested lists", repeat("", "[", ""), "f:1:4000001: " + crowded},
		{"nested lists, fewer", strings.Repeat("[", 3_000_000), "f:1: YAML: exceeded max depth of 10000"},
		{"nested list items", repeat("", "- ", ""), "f:1: YAML: exceeded max depth of 10000"},
		{"nested keys", repeat("", "? ", ""), "f:1: YAML: exceeded max depth of 10000"},
		{"empty lists", repeat("x: [", "[],", "]"), "f:1:6000002: " + crowded},
		{"spaces", repeat("", " ", ""), "f:1:1: the file holds no configuration"},
		{"lines", repeat("", "\n", ""), "f:4000001:1: " + crowded},
		{"tabs", repeat("", "\t", ""), start},
		{"comment", repeat("", "#", ""), "f:1:1: the file holds no configuration"},
		{"comments", repeat("", "# x\n", ""), "f:1:1: the file holds no configuration"},
		{"one word", repeat("", "x", ""), `f:1:1: wanted a mapping for a configuration, found the text "` + strings.Repeat("x", 60) + `…"`},
		{"one key", repeat("", "x", ": y"), "f:1: YAML: a second colon, or a key in the wrong place: check the indentation, or put the text in quotation marks"},
		{"open quotation mark", repeat(`x: "`, "xxxx\n", ""), "f:1: YAML: a quotation mark is not closed"},
		{"anchors", repeat("", "&a ", ""), "f:1: YAML: did not find expected <document start>"},
		{"aliases", repeat("", "*a ", ""), "f:1: YAML: unknown anchor 'a' referenced"},
		{"documents", repeat("", "---\n", ""), "f:2:1: a second YAML document: write one document a file"},
		{"zeros", repeat("", "\x00", ""), "f:1:1: a NUL octet: this is no text file"},
		{"items", repeat("domains:\n", "- a\n", ""), "f:2:1: wanted a mapping of domains by name, found a list"},
		{"error at the end", repeat("defaults:\n  all: fail\ndomains:\n", "  x.com: {senders: []}\n", " y: z\n"),
			fmt.Sprintf("f:%d: YAML: this does not fit the lines above: check the indentation, and quotation marks and brackets before it", 4+size/23)},
		{"too large", strings.Repeat("x", 64<<20+1), "f:1:1: the file is larger than 64 MB"},
		{"exponential aliases", exponential(), "f:6:29: aliases stand for more than 1000000 values up to here"},
		{"quadratic aliases", quadratic(), "f:1003:29: aliases stand for more than 1000000 values up to here"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := builder.Parse(builder.Input{Name: "f", Reader: strings.NewReader(tt.text)})
			var errs *builder.ConfigErrors
			if !errors.As(err, &errs) {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Error("(-want +got)", diff)
			}
		})
	}
}

// exponential has nine lists, each of ten aliases to the one before.
func exponential() string {
	text := "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c < 'j'; c++ {
		text += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c,", c-1), 10), ","))
	}
	return text
}

// quadratic has a thousand senders, and uses them in all domains.
func quadratic() string {
	var b strings.Builder
	b.WriteString("defaults: {all: fail}\ndomains:\n  x.com: {senders: &all [" + strings.Repeat("mx,", 1000) + "]}\n")
	for i := range 10_000 {
		fmt.Fprintf(&b, "  x%05d.example: {senders: *all}\n", i)
	}
	return b.String()
}

// TestManyMistakes holds the work for each mistake to what is told of them.
func TestManyMistakes(t *testing.T) {
	var b strings.Builder
	b.WriteString("defaults: {all: fail}\nnetworks:\n")
	for i := range 20_000 {
		fmt.Fprintf(&b, "  network%d: [192.0.2.1]\n", i)
	}
	b.WriteString("domains:\n  x.com:\n    senders:\n")
	for range 100_000 {
		b.WriteString("    - netwrk7\n")
	}
	_, err := builder.Parse(builder.Input{Name: "f", Reader: strings.NewReader(b.String())})
	var errs *builder.ConfigErrors
	if !errors.As(err, &errs) {
		t.Fatalf("error %v", err)
	}
	want := &builder.ConfigErrors{More: 99_980}
	for i := range 20 {
		want.First = append(want.First, &builder.ConfigError{
			Place: place(20_006+i, 7),
			Msg:   `unknown sender "netwrk7": no network, gateway or service has that name, and it is no term of SPF; did you mean "network7"?`,
		})
	}
	if diff := cmp.Diff(want, errs); diff != "" {
		t.Error("(-want +got)", diff)
	}
	var one *builder.ConfigError
	if !errors.As(err, &one) || one != errs.First[0] {
		t.Errorf("the first mistake in the error is %v", one)
	}
}

// TestManyOverlaps holds the notes to what can be read.
func TestManyOverlaps(t *testing.T) {
	var b strings.Builder
	b.WriteString("defaults: {all: fail}\nnetworks:\n")
	for i := range 3_000 {
		fmt.Fprintf(&b, "  n%d: [10.0.0.0/%d, 10.0.0.0/%d]\n", i, 8+i%16, 8+i%3)
	}
	b.WriteString("domains:\n  x.com:\n    senders:\n")
	for i := range 3_000 {
		fmt.Fprintf(&b, "    - n%d\n", i)
	}
	c := parse(t, b.String())
	if len(c.Notes) != 101 || !strings.HasPrefix(c.Notes[100].Text, "and ") {
		t.Errorf("%d notes, the last %v", len(c.Notes), c.Notes[len(c.Notes)-1])
	}
}
