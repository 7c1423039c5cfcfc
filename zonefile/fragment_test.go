package zonefile_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/zonefile"
)

func TestWrite(t *testing.T) {
	tests := []struct {
		name     string
		fragment zonefile.Fragment
		want     string
	}{
		{"no records", zonefile.Fragment{Origin: "x.com."}, "$ORIGIN x.com.\n"},
		{
			"the origin keeps its case, the owners are aligned",
			zonefile.Fragment{
				Origin: "X.com.",
				Header: []string{"SPF of x.com"},
				Records: []zonefile.Record{
					{Name: "x.com.", TTL: 3600, Strings: []string{"v=spf1 include:part1.x.com -all"}, Comments: []string{"5 of 10 lookups", ""}},
					{Name: "Part1.X.com.", TTL: 60, Strings: []string{"v=spf1 ip4:192.0.2.0/24 -all"}},
				},
			},
			"; SPF of x.com\n" +
				"$ORIGIN X.com.\n" +
				"; 5 of 10 lookups\n" +
				";\n" +
				"@     3600 IN TXT \"v=spf1 include:part1.x.com -all\"\n" +
				"part1 60 IN TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n",
		},
		{
			"several strings",
			zonefile.Fragment{
				Origin:  "x.com.",
				Records: []zonefile.Record{{Name: "a.b.x.com.", TTL: 0, Strings: []string{"v=spf1 mx ", "-all", ""}}},
			},
			"$ORIGIN x.com.\n" +
				"a.b 0 IN TXT (\n" +
				"\t\"v=spf1 mx \"\n" +
				"\t\"-all\"\n" +
				"\t\"\"\n" +
				"\t)\n",
		},
		{
			"escapes",
			zonefile.Fragment{
				Origin:  "x.com.",
				Records: []zonefile.Record{{Name: `a;"b.x.com.`, TTL: 1, Strings: []string{"a\"b\\c;d\x00\x7f\xffé\n"}}},
			},
			"$ORIGIN x.com.\n" + `a\059\034b 1 IN TXT "a\"b\\c;d\000\127\255\195\169\010"` + "\n",
		},
		{
			"comments stay on their line",
			zonefile.Fragment{
				Origin:  "x.com.",
				Header:  []string{"one\nevil TXT \"x\"\r\x00\x1b[2J\u2028\u202etwo\xff"},
				Records: nil,
			},
			"; one evil TXT \"x\"   [2J  two\ufffd\n$ORIGIN x.com.\n",
		},
		{
			"U-labels become A-labels",
			zonefile.Fragment{
				Origin:  "bücher.example.",
				Records: []zonefile.Record{{Name: "bücher.example.", TTL: 1, Strings: []string{"x"}}},
			},
			"$ORIGIN xn--bcher-kva.example.\n@ 1 IN TXT \"x\"\n",
		},
		{
			"the root as origin",
			zonefile.Fragment{
				Origin:  ".",
				Records: []zonefile.Record{{Name: "x.com.", TTL: 1, Strings: []string{"x"}}},
			},
			"$ORIGIN .\nx.com 1 IN TXT \"x\"\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			if err := zonefile.Write(&b, tt.fragment); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, b.String()); diff != "" {
				t.Errorf("fragment (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWriteRefuses(t *testing.T) {
	text := []string{"v=spf1 -all"}
	tests := []struct {
		name    string
		origin  string
		records []zonefile.Record
		want    string
	}{
		{"no origin", "", nil, `the origin "" is not absolute: it has no final dot`},
		{"relative origin", "x.com", nil, `the origin "x.com" is not absolute: it has no final dot`},
		{"a line end in the origin", "x.com\n.", nil, `the origin "x.com\n." is not a domain name: it holds the octet 0x0a`},
		{"relative owner", "x.com.", []zonefile.Record{{Name: "part1", Strings: text}},
			`the owner "part1" is not absolute: it has no final dot`},
		{"empty label", "x.com.", []zonefile.Record{{Name: "a..x.com.", Strings: text}},
			`the owner "a..x.com." is not a domain name: it has an empty label`},
		{"outside the origin", "x.com.", []zonefile.Record{{Name: "y.com.", Strings: text}},
			`y.com. is not at or below the origin x.com.`},
		{"outside by a label's part", "x.com.", []zonefile.Record{{Name: "ax.com.", Strings: text}},
			`ax.com. is not at or below the origin x.com.`},
		{"no string", "x.com.", []zonefile.Record{{Name: "x.com."}},
			`x.com. TXT: no string, where RFC 1035, Section 3.3.14, wants one or more`},
		{"256 octets", "x.com.", []zonefile.Record{{Name: "x.com.", Strings: []string{"", strings.Repeat("é", 128)}}},
			`x.com. TXT: string 2 has 256 octets, of which 255 are allowed (RFC 1035, Section 3.3)`},
		{"too much data", "x.com.", []zonefile.Record{{Name: "x.com.", Strings: make([]string, 65536)}},
			`x.com. TXT: 65536 octets of data, of which 65535 are allowed (RFC 1035, Section 3.2.1)`},
		{"TTL", "x.com.", []zonefile.Record{{Name: "x.com.", TTL: 1 << 31, Strings: text}},
			`x.com. TXT: the TTL 2147483648 is over 2147483647 (RFC 2181, Section 8)`},
		{"two TTLs", "x.com.", []zonefile.Record{{Name: "x.com.", TTL: 1, Strings: text}, {Name: "X.com.", TTL: 2, Strings: text}},
			`X.com. TXT: the TTLs 1 and 2 in one RRset (RFC 2181, Section 5.2)`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			err := zonefile.Write(&b, zonefile.Fragment{Origin: tt.origin, Header: []string{"header"}, Records: tt.records})
			if err == nil || err.Error() != tt.want {
				t.Errorf("error\n got %v\nwant %s", err, tt.want)
			}
			if b.Len() > 0 {
				t.Errorf("written before the error: %q", &b)
			}
		})
	}
}

// brokenWriter fails on every write.
type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }

func TestWriteGivesTheWritersError(t *testing.T) {
	full := errors.New("no space left")
	if err := zonefile.Write(brokenWriter{full}, zonefile.Fragment{Origin: "x.com."}); !errors.Is(err, full) {
		t.Errorf("Write = %v, want %v", err, full)
	}
}
