package zonefile

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// scanned renders entries: where they stand, their tokens and comments.
func scanned(t *testing.T, text string) (out []string) {
	t.Helper()
	s := newScanner("zone", []byte(text))
	for {
		e, err := s.next()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		line := fmt.Sprintf("%d %d-%d %v", e.line, e.start, e.end, e.blank)
		for _, tok := range e.tokens {
			line += fmt.Sprintf(" <%d %s>", tok.line, text[tok.start:tok.end])
		}
		for _, c := range e.comments {
			line += " #" + text[c.start:c.end]
		}
		out = append(out, line)
	}
}

func TestScan(t *testing.T) {
	tests := []struct {
		name, text string
		want       []string
	}{
		{"empty", "", nil},
		{"lines", "a b\n\n c\r\n;d\r\ne", []string{"1 0-4 false <1 a> <1 b>", "2 4-5 false", "3 5-9 true <3 c>", "4 9-13 false #;d", "5 13-14 false <5 e>"}},
		{"parentheses", "a(b ;c)\n(d\n)e)f\ng", []string{"1 0-16 false <1 a> <1 b> <2 d> <3 e> <3 f> #;c)", "4 16-17 false <4 g>"}},
		{"quotes", `a"b ;(" "\"" c;"d` + "\n", []string{`1 0-18 false <1 a> <1 "b ;("> <1 "\""> <1 c> #;"d`}},
		{"escapes", `a\;b\ \(\"c \\;d`, []string{`1 0-16 false <1 a\;b\ \(\"c> <1 \\> #;d`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, scanned(t, tt.text)); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzScan: the entries are the text, and what is in none of their tokens and
// comments is white space and parentheses.
func FuzzScan(f *testing.F) {
	f.Add("$TTL 1h\n@ IN SOA a b(1;c\n2 3 4 5)\r\n TXT \"a\\\"b\" c\\;d\\100 ; e")
	f.Add("a\"b\"\"c\"d(\n\n)\\ \n$INCLUDE \"a b\" c\n")
	f.Fuzz(func(t *testing.T, text string) {
		s := newScanner("zone", []byte(text))
		end, line := 0, 1
		for {
			e, err := s.next()
			if err != nil {
				if err == io.EOF && end != len(text) {
					t.Errorf("the entries end at %d, of %d", end, len(text))
				}
				return
			}
			if e.start != end || e.end <= e.start || e.line != line {
				t.Fatalf("an entry %+v behind %d, line %d", e, end, line)
			}
			end, line = e.end, line+strings.Count(text[e.start:e.end], "\n")
			rest := []byte(text[e.start:e.end])
			last := e.start
			for _, tok := range e.tokens {
				if tok.start < last || tok.end <= tok.start || tok.quoted != (text[tok.start] == '"') || tok.line != e.line+strings.Count(text[e.start:tok.start], "\n") {
					t.Fatalf("a token %+v behind %d in %+v", tok, last, e)
				}
				last = tok.end
				_, _ = unescape(text[tok.start:tok.end])
				clear(rest[tok.start-e.start : tok.end-e.start])
			}
			for _, c := range e.comments {
				clear(rest[c.start-e.start : c.end-e.start])
			}
			if left := strings.Trim(string(rest), "\x00 \t\r\n()"); left != "" && !strings.ContainsRune(text, 0) {
				t.Fatalf("%q is left over of %q", left, text[e.start:e.end])
			}
		}
	})
}
