package txt_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/providers/txt"
)

func rec(s ...string) txt.Record { return txt.Record{Strings: s} }

func TestParse(t *testing.T) {
	tests := []struct {
		name, in string
		want     txt.Record
		err      string
	}{
		{"one", `"v=spf1 -all"`, rec("v=spf1 -all"), ""},
		{"two", `"a" "b"`, rec("a", "b"), ""},
		{"no space between", `"a""b"`, rec("a", "b"), ""},
		{"empty", `""`, rec(""), ""},
		{"escapes", `"a\"b\\c\;d\000\255é"`, rec("a\"b\\c;d\x00\xffé"), ""},
		{"nothing", " ", rec(), `no string, where a TXT record has one or more (RFC 1035, Section 3.3.14)`},
		{"no quotes", `"a" b`, rec(), `no quote before a string, at octet 5`},
		{"open", `"a\"`, rec(), `no quote behind a string, at octet 1`},
		{"two digits", `"\12"`, rec(), `"\" with neither an octet nor \DDD up to \255, at octet 2`},
		{"over an octet", `"\256"`, rec(), `"\" with neither an octet nor \DDD up to \255, at octet 2`},
		{"ends in a backslash", `"\`, rec(), `"\" with neither an octet nor \DDD up to \255, at octet 2`},
		{"256 octets", `"` + strings.Repeat("x", 256) + `"`, rec(), `string 1 has 256 octets, of which 255 are allowed (RFC 1035, Section 3.3)`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := txt.Parse(tt.in)
			if (err != nil || tt.err != "") && (err == nil || err.Error() != tt.err) {
				t.Fatalf("error %v, want %s", err, tt.err)
			}
			if !got.Equal(tt.want) {
				t.Errorf("got %q, want %q", got.Strings, tt.want.Strings)
			}
		})
	}
}

func FuzzRecord(f *testing.F) {
	f.Add("v=spf1 -all", "")
	f.Add("a\"b\\c;d\x00\x7f\xffé\n", "\\")
	f.Fuzz(func(t *testing.T, a, b string) {
		r := rec(a, b)
		got, err := txt.ParseLoose(r.String())
		if err != nil || !got.Equal(r) {
			t.Errorf("%q became %s, which is read as %q, %v", r.Strings, r, got.Strings, err)
		}
		if c := txt.Chunk(a + b); c.Text() != a+b {
			t.Errorf("chunks of %q are %q", a+b, c.Strings)
		}
	})
}

func TestRRsetWith(t *testing.T) {
	site, old := rec("google-site-verification=x"), rec("v=spf1 ", "-all")
	set := txt.RRset{TTL: 300, Records: []txt.Record{old, site}}
	tests := []struct {
		name string
		set  txt.RRset
		text string
		ttl  uint32
		want txt.RRset
	}{
		{"replace", set, "v=spf1 mx -all", 300, txt.RRset{TTL: 300, Records: []txt.Record{site, rec("v=spf1 mx -all")}}},
		{"the same text keeps its strings", set, "v=spf1 -all", 60, txt.RRset{TTL: 60, Records: []txt.Record{site, old}}},
		{"delete", set, "", 0, txt.RRset{TTL: 300, Records: []txt.Record{site}}},
		{"delete the last", txt.RRset{TTL: 300, Records: []txt.Record{old}}, "", 300, txt.RRset{}},
		{"create", txt.RRset{}, "v=spf1 -all", 300, txt.RRset{TTL: 300, Records: []txt.Record{rec("v=spf1 -all")}}},
		{"two become one", txt.RRset{TTL: 1, Records: []txt.Record{old, rec("V=SPF1")}}, "v=spf1 mx", 1, txt.RRset{TTL: 1, Records: []txt.Record{rec("v=spf1 mx")}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.set.With(tt.text, tt.ttl)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRRsetEqual(t *testing.T) {
	a, b := rec("a"), rec("b")
	set := func(ttl uint32, r ...txt.Record) txt.RRset { return txt.RRset{TTL: ttl, Records: r} }
	tests := []struct {
		name string
		x, y txt.RRset
		want bool
	}{
		{"order", set(1, a, b), set(1, b, a), true},
		{"TTL", set(1, a), set(2, a), false},
		{"none, whatever the TTL", set(1), set(2), true},
		{"one more", set(1, a), set(1, a, b), false},
		{"twice", set(1, a, a, b), set(1, a, b, b), false},
		{"strings", set(1, rec("ab")), set(1, rec("a", "b")), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.x.Equal(tt.y); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestRRsetAsJSON(t *testing.T) {
	set := txt.RRset{TTL: 60, Records: []txt.Record{rec("a\xff\"", "b")}}
	const want = `{"ttl":60,"records":["\"a\\255\\\"\" \"b\""]}`
	got, err := json.Marshal(set)
	if err != nil || string(got) != want {
		t.Fatalf("got %s, %v, want %s", got, err, want)
	}
	var back txt.RRset
	if err := json.Unmarshal(got, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(set, back); diff != "" {
		t.Error(diff)
	}
}
