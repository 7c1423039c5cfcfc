package zonefile_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/internal/zonecheck"
	"github.com/spfzone/spfzone/spf"
	"github.com/spfzone/spfzone/zonefile"
)

// now is the clock of these tests.
var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

const (
	head = "$TTL 3600\n" +
		"@ IN SOA ns1 hostmaster 7 7200 3600 1209600 300\n" +
		"  IN NS ns1\n" +
		"ns1 IN A 192.0.2.53\n"
	headNext = "$TTL 3600\n" +
		"@ IN SOA ns1 hostmaster 8 7200 3600 1209600 300\n" +
		"  IN NS ns1\n" +
		"ns1 IN A 192.0.2.53\n"
	// bare has the SOA's owner last.
	bare     = "$TTL 3600\n@ IN SOA ns1 hostmaster 7 7200 3600 1209600 300\n"
	bareNext = "$TTL 3600\n@ IN SOA ns1 hostmaster 8 7200 3600 1209600 300\n"
)

func one(name string, ttl uint32, text string) []zonefile.Edit {
	return []zonefile.Edit{{Name: name, Text: text, TTL: ttl}}
}

func apex(text string) []zonefile.Edit { return one("x.com.", 3600, text) }

func none(name string) []zonefile.Edit { return one(name, 0, "") }

// long is a record of three strings.
var (
	long     = "v=spf1 " + strings.Repeat("ip4:192.0.2.1 ", 40) + "-all"
	p1       = spf.SplitStrings(long, 0)[0]
	p2       = spf.SplitStrings(long, 0)[1]
	p3       = spf.SplitStrings(long, 0)[2]
	repeated = "v=spf1 " + strings.Repeat("a ", 122) + "v=spf1" // the last six octets are its second string
)

const (
	oldSPF = "v=spf1 mx -all"
	newSPF = "v=spf1 ip4:192.0.2.0/24 -all"
)

// patchCase is one edit. An empty after stands for before, unchanged.
type patchCase struct {
	name          string
	before, after string
	want          []zonefile.Edit
	lame          bool // the zone checkers would refuse both
}

func patchCases() []patchCase {
	return []patchCase{
		{name: "one string", want: apex(newSPF),
			before: head + "@ IN TXT \"v=spf1 mx -all\" ; ours\n",
			after:  headNext + "@ IN TXT \"v=spf1 ip4:192.0.2.0/24 -all\" ; ours\n"},
		{name: "nothing to change", want: apex(oldSPF),
			before: head + "@ IN TXT \"v=spf1 mx -all\"\n"},
		{name: "nothing to change, in two strings", want: apex(oldSPF),
			before: head + "@ IN TXT \"v=spf1 \" mx\\032-all\n"},
		{name: "nothing to delete", want: none("x.com."), before: head + "@ TXT \"v=spf10 mx -all\"\n"},
		{name: "the text differs in the case of a letter", want: apex(oldSPF),
			before: head + "@ IN TXT \"V=spf1 mx -all\"\n",
			after:  headNext + "@ IN TXT \"v=spf1 mx -all\"\n"},
		{name: "upper case, tabs, an absolute owner", want: apex(newSPF),
			before: head + "X.COM.\t3600\tin\ttxt\t\"v=spf1 mx -all\"\n",
			after:  headNext + "X.COM.\t3600\tin\ttxt\t\"v=spf1 ip4:192.0.2.0/24 -all\"\n"},
		{name: "the class before the TTL", want: one("x.com.", 60, newSPF),
			before: head + "@ IN 1h TXT \"v=spf1 mx -all\"\n",
			after:  headNext + "@ IN 60 TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n"},
		{name: "the TTL before the class, nothing but the TTL", want: one("x.com.", 60, oldSPF),
			before: head + "@   2H IN TXT \"v=spf1 \" \"mx -all\"\n",
			after:  headNext + "@   60 IN TXT \"v=spf1 \" \"mx -all\"\n"},
		{name: "the same TTL in another unit", want: one("x.com.", 5400, oldSPF),
			before: head + "@ 1h30m TXT \"v=spf1 mx -all\"\n"},
		{name: "no TTL stated, another wanted", want: one("x.com.", 60, oldSPF),
			before: head + "@\tTXT \"v=spf1 mx -all\"\nmail A 192.0.2.1\n",
			after:  headNext + "@\t60 TXT \"v=spf1 mx -all\"\nmail A 192.0.2.1\n"},
		{name: "a blank owner, no TTL stated, another wanted", want: one("x.com.", 60, newSPF),
			before: bare + "  NS ns1.y.com.\n\tTXT \"v=spf1 mx -all\"\n MX 10 mail\nmail A 192.0.2.1\n",
			after:  bareNext + "  NS ns1.y.com.\n\t60 TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n MX 10 mail\nmail A 192.0.2.1\n"},
		{name: "CRLF", want: apex(long),
			before: crlf(head + "@ IN TXT \"v=spf1 -all\" ; ours\n"),
			after:  crlf(headNext + "@ IN TXT \"" + p1 + "\" \"" + p2 + "\" \"" + p3 + "\" ; ours\n"), lame: true},
		{name: "a new record in CRLF", want: one("part1.x.com.", 60, long),
			before: crlf(head),
			after:  crlf(headNext + "part1 60 IN TXT (\n\t\"" + p1 + "\"\n\t\"" + p2 + "\"\n\t\"" + p3 + "\"\n\t)\n"), lame: true},
		{name: "no last line end", want: apex(newSPF),
			before: head + "@ IN TXT \"v=spf1 mx -all\"",
			after:  headNext + "@ IN TXT \"v=spf1 ip4:192.0.2.0/24 -all\""},
		{name: "a new record behind no last line end", want: one("part1.x.com.", 60, newSPF),
			before: head + "www A 192.0.2.80",
			after:  headNext + "www A 192.0.2.80\npart1 60 IN TXT \"v=spf1 ip4:192.0.2.0/24 -all\""},
		{name: "parentheses, comments on every line", want: apex(newSPF),
			before: head + "@ IN TXT ( ; what we send from\n\t\"v=spf1 \"  ; version\n\n\t\"mx \" ; hosts\n\t\"a \"\n\t\"-all\"; closed\n\t) ; end\n",
			after:  headNext + "@ IN TXT ( ; what we send from\n\t\"v=spf1 ip4:192.0.2.0/24 -all\"  ; version\n\n\t ; hosts\n\t; closed\n\t) ; end\n"},
		{name: "the first string stays", want: apex(long),
			before: head + "@ IN TXT (\n    \"" + p1 + "\" ; one\n    \"-all\" )\n",
			after:  headNext + "@ IN TXT (\n    \"" + p1 + "\" ; one\n    \"" + p2 + "\" \"" + p3 + "\" )\n"},
		{name: "the last string stays", want: apex(long),
			before: head + "@ IN TXT (\n    \"v=spf1 \"\n    \"" + p3 + "\" )\n",
			after:  headNext + "@ IN TXT (\n    \"" + p1 + "\"\n    \"" + p2 + "\"\n    \"" + p3 + "\" )\n"},
		{name: "a string before one that stays", want: apex(repeated),
			before: head + "@ IN TXT v=spf1 ; ours\n",
			after:  headNext + "@ IN TXT \"" + strings.TrimSuffix(repeated, "v=spf1") + "\" v=spf1 ; ours\n"},
		{name: "fewer strings in parentheses", want: apex(newSPF),
			before: head + "@ IN TXT (\n    \"v=spf1 \"\n    \"mx \"\n    \"a \" \"ip4:192.0.2.1 \"\n    \"-all\" )\n",
			after:  headNext + "@ IN TXT (\n    \"v=spf1 ip4:192.0.2.0/24 -all\"\n\n    )\n"},
		{name: "data as for an unknown type", want: apex(newSPF),
			before: head + "@ IN TYPE16 \\# 12 0b 763D73706631 ( ; v=spf1\n 202d616c6c )\n",
			after:  headNext + "@ IN TXT \"v=spf1 ip4:192.0.2.0/24 -all\" ( ; v=spf1\n )\n"},
		{name: "several SPF records, the first stays", want: apex(newSPF),
			before: head + "; one\n@ TXT \"v=spf1 mx -all\"\n; two\n@ TXT \"v=spf1 a -all\"\n@ TXT \"google-site-verification=x\"\n@ TXT (\n \"v=spf1 \" ; three\n \"-all\" )\n",
			after:  headNext + "; one\n@ TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n; two\n@ TXT \"google-site-verification=x\"\n; three\n"},
		{name: "several SPF records, the wanted one stays", want: apex(newSPF),
			before: head + "@ TXT \"v=spf1 mx -all\"\n@ TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n",
			after:  headNext + "@ TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n"},
		{name: "other TXT records with their escapes", want: apex(newSPF),
			before: head + "@ TXT \"say \\\"hi\\\" \\; \\\\ ; (\" \\100kim\n@ TXT \"v=spf1 mx -all\"\n@ TXT v=spf1 -all\n",
			after:  headNext + "@ TXT \"say \\\"hi\\\" \\; \\\\ ; (\" \\100kim\n@ TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n@ TXT v=spf1 -all\n"},
		{name: "the wanted text is escaped", want: apex(`v=spf1 exp=a"b\c -all`),
			before: head + "@ TXT \"v=spf1 mx -all\"\n",
			after:  headNext + "@ TXT \"v=spf1 exp=a\\\"b\\\\c -all\"\n"},
		{name: "records of the name elsewhere, $ORIGIN", want: one("a.x.com.", 3600, newSPF),
			before: head + "a MX 10 mail\n$ORIGIN a.x.com.\n@ TXT \"other\"\nwww A 192.0.2.80\n$ORIGIN x.com.\n; of a\na TXT \"v=spf1 mx -all\"\nmail A 192.0.2.1\n",
			after:  headNext + "a MX 10 mail\n$ORIGIN a.x.com.\n@ TXT \"other\"\nwww A 192.0.2.80\n$ORIGIN x.com.\n; of a\na TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\nmail A 192.0.2.1\n"},

		// deleting
		{name: "delete", want: none("x.com."),
			before: head + "@ TXT \"v=spf1 mx -all\"\nwww A 192.0.2.80\n",
			after:  headNext + "www A 192.0.2.80\n"},
		{name: "delete the last line, without its end", want: none("x.com."),
			before: head + "www A 192.0.2.80\n@ TXT \"v=spf1 mx -all\"",
			after:  headNext + "www A 192.0.2.80\n"},
		{name: "delete, the comments stay", want: none("x.com."),
			before: head + "; above\n@ TXT \"v=spf1 mx -all\" ; beside\n; below\n",
			after:  headNext + "; above\n; beside\n; below\n"},
		{name: "delete what states the owner of others", want: none("a.x.com."),
			before: head + "a   TXT \"v=spf1 mx -all\"\n; its address\n    A 192.0.2.1\n    AAAA 2001:db8::1\n",
			after:  headNext + "; its address\na    A 192.0.2.1\n    AAAA 2001:db8::1\n"},
		{name: "delete what states the owner of others behind another $ORIGIN", want: none("a.x.com."),
			before: head + "a   TXT \"v=spf1 mx -all\"\n$ORIGIN sub.x.com.\n    A 192.0.2.1\n",
			after:  headNext + "$ORIGIN sub.x.com.\na.x.com.    A 192.0.2.1\n"},
		{name: "delete what states the apex as owner", want: none("x.com."),
			before: head + "@ TXT \"v=spf1 mx -all\"\n MX 10 ns1\n",
			after:  headNext + "@ MX 10 ns1\n"},
		{name: "delete between two of the same owner", want: none("x.com."),
			before: bare + " NS ns1\n@ TXT \"v=spf1 mx -all\"\n MX 10 ns1\nns1 A 192.0.2.1\n",
			after:  bareNext + " NS ns1\n MX 10 ns1\nns1 A 192.0.2.1\n"},

		// creating
		{name: "behind the name's last TXT record", want: apex(newSPF),
			before: bare + " NS ns1\n TXT \"a\" ; first\n TXT \"b\"\n MX 10 ns1\nns1 A 192.0.2.1\n",
			after:  bareNext + " NS ns1\n TXT \"a\" ; first\n TXT \"b\"\n@ 3600 IN TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n MX 10 ns1\nns1 A 192.0.2.1\n"},
		{name: "behind the name's last record", want: one("mail.x.com.", 60, newSPF),
			before: head + "mail A 192.0.2.1\n AAAA 2001:db8::1\n\nwww A 192.0.2.2\n",
			after:  headNext + "mail A 192.0.2.1\n AAAA 2001:db8::1\nmail 60 IN TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n\nwww A 192.0.2.2\n"},
		{name: "behind the apex's SPF record, and what is under its owner", want: []zonefile.Edit{{"part1.x.com.", newSPF, 60}, {"part2.x.com.", oldSPF, 60}},
			before: bare + " NS ns1\n TXT \"v=spf1 mx -all\"\n; mail\n MX 10 ns1\n\nns1 A 192.0.2.1\n",
			after:  bareNext + " NS ns1\n TXT \"v=spf1 mx -all\"\n; mail\n MX 10 ns1\npart1 60 IN TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\npart2 60 IN TXT \"v=spf1 mx -all\"\n\nns1 A 192.0.2.1\n"},
		{name: "behind the apex's new SPF record", want: []zonefile.Edit{{"x.com.", newSPF, 60}, {"part1.x.com.", oldSPF, 60}},
			before: bare + " NS ns1\nns1 A 192.0.2.1\n",
			after:  bareNext + " NS ns1\n@ 60 IN TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\npart1 60 IN TXT \"v=spf1 mx -all\"\nns1 A 192.0.2.1\n"},
		{name: "at the end, under another origin", want: []zonefile.Edit{{"part1.x.com.", newSPF, 60}, {"p.sub.x.com.", oldSPF, 60}, {"sub.x.com.", oldSPF, 60}},
			before: head + "www A 192.0.2.2\n$ORIGIN sub.x.com.\n",
			after:  headNext + "www A 192.0.2.2\n$ORIGIN sub.x.com.\npart1.x.com. 60 IN TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\np 60 IN TXT \"v=spf1 mx -all\"\n@ 60 IN TXT \"v=spf1 mx -all\"\n"},
		{name: "one goes, another comes", want: []zonefile.Edit{{"x.com.", "", 0}, {"www.x.com.", newSPF, 60}},
			before: head + "www TXT \"a\"\n A 192.0.2.2\n@ TXT \"v=spf1 mx -all\"\n MX 10 ns1\n",
			after:  headNext + "www TXT \"a\"\nwww 3600 IN TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n A 192.0.2.2\n@ MX 10 ns1\n"},

		// TTLs
		{name: "the TTL of the other TXT records", want: one("x.com.", 60, newSPF),
			before: head + "@ 300 TXT \"a\"\n@ 300 TXT \"v=spf1 mx -all\"\n",
			after:  headNext + "@ 300 TXT \"a\"\n@ 300 TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n"},
		{name: "no $TTL, the next record takes the TTL of the one before", want: one("part1.x.com.", 60, newSPF),
			before: "@ 3600 SOA ns1 hostmaster 7 7200 3600 1209600 300\n NS ns1\nns1 A 192.0.2.1\npart1 A 192.0.2.3\nwww A 192.0.2.2\n",
			after:  "@ 3600 SOA ns1 hostmaster 8 7200 3600 1209600 300\n NS ns1\nns1 A 192.0.2.1\npart1 A 192.0.2.3\nwww A 192.0.2.2\npart1 60 IN TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n"},
		{name: "no $TTL, the next record states its own", want: one("part1.x.com.", 60, newSPF),
			before: "@ 3600 SOA ns1 hostmaster 7 7200 3600 1209600 300\n NS ns1\nns1 A 192.0.2.1\npart1 A 192.0.2.3\nwww 300 A 192.0.2.2\n",
			after:  "@ 3600 SOA ns1 hostmaster 8 7200 3600 1209600 300\n NS ns1\nns1 A 192.0.2.1\npart1 A 192.0.2.3\npart1 60 IN TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\nwww 300 A 192.0.2.2\n"},
		{name: "no TTL anywhere, that of the SOA record's minimum", want: one("x.com.", 300, newSPF),
			before: "@ SOA ns1 hostmaster 7 7200 3600 1209600 5m\n NS ns1\n TXT \"v=spf1 mx -all\"\nns1 A 192.0.2.1\n",
			after:  "@ SOA ns1 hostmaster 8 7200 3600 1209600 5m\n NS ns1\n TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\nns1 A 192.0.2.1\n", lame: true},
		{name: "no $TTL, a record took the TTL that changes", want: one("x.com.", 60, oldSPF),
			before: "@ 3600 SOA ns1 hostmaster 7 7200 3600 1209600 300\n NS ns1\n@ TXT \"v=spf1 mx -all\"\nns1 IN A 192.0.2.1\nwww A 192.0.2.2\n",
			after:  "@ 3600 SOA ns1 hostmaster 8 7200 3600 1209600 300\n NS ns1\n@ 60 TXT \"v=spf1 mx -all\"\nns1 3600 IN A 192.0.2.1\nwww A 192.0.2.2\n"},
		{name: "no $TTL, a record took the TTL of the one that goes", want: none("x.com."),
			before: "@ 3600 SOA ns1 hostmaster 7 7200 3600 1209600 300\n NS ns1\n@ 60 TXT \"v=spf1 mx -all\"\n MX 10 ns1\nns1 A 192.0.2.1\n",
			after:  "@ 3600 SOA ns1 hostmaster 8 7200 3600 1209600 300\n NS ns1\n 60 MX 10 ns1\nns1 A 192.0.2.1\n"},
		{name: "$TTL changes in between", want: one("a.x.com.", 60, newSPF),
			before: head + "$TTL 1m\na TXT \"v=spf1 mx -all\"\n$ttl 1d\nb A 192.0.2.1\n",
			after:  headNext + "$TTL 1m\na TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n$ttl 1d\nb A 192.0.2.1\n"},

		// the serial
		{name: "the serial alone on its line", want: apex(newSPF),
			before: "$TTL 3600\n@ IN SOA ns1 hostmaster (\n\t\t2026112399\t; serial\n\t\t7200 3600 1209600 300 )\n NS ns1\n TXT \"v=spf1 mx -all\"\nns1 A 192.0.2.1\n",
			after:  "$TTL 3600\n@ IN SOA ns1 hostmaster (\n\t\t2026112400\t; serial\n\t\t7200 3600 1209600 300 )\n NS ns1\n TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\nns1 A 192.0.2.1\n"},
		{name: "the serial without white space before it", want: apex(newSPF),
			before: "$TTL 3600\n@ IN SOA ns1 hostmaster(\n1;serial\n7200\n3600\n1209600\n300\n)\n NS ns1\n TXT(\"v=spf1 mx -all\")\nns1 A 192.0.2.1\n",
			after:  "$TTL 3600\n@ IN SOA ns1 hostmaster(\n2;serial\n7200\n3600\n1209600\n300\n)\n NS ns1\n TXT(\"v=spf1 ip4:192.0.2.0/24 -all\")\nns1 A 192.0.2.1\n"},
		{name: "another SOA record's serial stays", want: apex(newSPF),
			before: head + "@ TXT \"v=spf1 mx -all\"\n$ORIGIN y.com.\n@ SOA a b 1 2 3 4 5\n",
			after:  headNext + "@ TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n$ORIGIN y.com.\n@ SOA a b 1 2 3 4 5\n", lame: true},
	}
}

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

func TestPatch(t *testing.T) {
	for _, tt := range patchCases() {
		t.Run(tt.name, func(t *testing.T) {
			got, err := zonefile.Patch([]byte(tt.before), source(), tt.want, now)
			if err != nil {
				t.Fatal(err)
			}
			want := tt.after
			if want == "" {
				want = tt.before
			}
			if diff := cmp.Diff(want, string(got)); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
			again, err := zonefile.Patch(got, zonefile.Source{File: "zone", Origin: "X.COM."}, tt.want, now)
			if err != nil || string(again) != string(got) {
				t.Errorf("again: %s, %v", again, err)
			}
			if !tt.lame {
				t.Run("checkers", func(t *testing.T) { accepted(t, "x.com.", got) })
			}
		})
	}
}

func source() zonefile.Source { return zonefile.Source{File: "zone", Origin: "x.com."} }

// accepted has three name servers' checkers judge a zone file.
func accepted(t *testing.T, zone string, text []byte) {
	t.Helper()
	zonecheck.Available(t)
	if refusal := zonecheck.Refusal(t, zone, text); refusal != "" {
		t.Errorf("%s\n%s", refusal, text)
	}
}

func TestPatchRefuses(t *testing.T) {
	files := fstest.MapFS{
		"spf.inc":      {Data: []byte("\n@ TXT \"v=spf1 mx -all\"\n")},
		"soa.inc":      {Data: []byte("@ SOA ns1 hostmaster 7 7200 3600 1209600 300\n")},
		"bad.inc":      {Data: []byte("\n\n@ IN 300\n")},
		"a.inc":        {Data: []byte("a A 192.0.2.1\n")},
		"loop.inc":     {Data: []byte("$INCLUDE loop.inc\n")},
		"sub/data.inc": {Data: []byte("\na A 192.0.2\n")},
		"sub/cna.inc":  {Data: []byte("www CNAME y.com.\n$INCLUDE ../spf.inc\n")},
	}
	record := "@ TXT \"v=spf1 mx -all\"\n"
	tests := []struct {
		name   string
		text   string
		want   []zonefile.Edit
		err    string
		origin string
	}{
		{"outside the zone", head, one("y.com.", 60, newSPF), `y.com. is not in the zone x.com.`, ""},
		{"outside by a label's part", head, one("ax.com.", 60, newSPF), `ax.com. is not in the zone x.com.`, ""},
		{"a relative name", head, one("a", 60, newSPF), `the name "a" is not absolute: it has no final dot`, ""},
		{"a relative origin", head, apex(newSPF), `the origin "x" is not absolute: it has no final dot`, "x"},
		{"wanted twice", head, append(apex(newSPF), none("X.com.")...), `X.com. is edited twice`, ""},
		{"no SPF record", head, apex("v=spf2"), `x.com.: "v=spf2" is not an SPF record (RFC 7208, Section 4.5)`, ""},
		{"the TTL", head, one("x.com.", 1<<31, newSPF), `x.com.: the TTL 2147483648 is over 2147483647 (RFC 2181, Section 8)`, ""},

		{"an alias", head + "www CNAME y.com.\n", one("www.x.com.", 60, newSPF), `zone:5: www.x.com. is an alias, beside which no other record may stand (RFC 1034, Section 3.6.2): publish the SPF record at the name that it leads to`, ""},
		{"a delegation", head + "sub NS ns.y.com.\n", one("a.sub.x.com.", 60, newSPF), `zone:5: a.sub.x.com. is delegated here: publish its SPF record in the zone that it is delegated to`, ""},
		{"below DNAME", head + "sub DNAME y.com.\n", one("a.sub.x.com.", 60, newSPF), `zone:5: a.sub.x.com. is below a DNAME record, and nothing is served there (RFC 6672, Section 2.4)`, ""},
		{"signed", head + record + "@ RRSIG TXT 13 2 3600 20261201000000 20261101000000 1 x.com. AAAA\n", apex(newSPF), `zone:6: the zone is signed in this file, and an edit would break the signatures: edit the file that it is signed from, and sign again`, ""},
		{"class CH", head + "\nid.server CH TXT \"x\"\n", apex(newSPF), `zone:6: the class is CH, where SPF stands in class IN`, ""},

		{"the record is in an included file", head + "$INCLUDE spf.inc\n", apex(newSPF), `spf.inc:2: the SPF record of x.com. comes from here, which is not edited: move it into zone`, ""},
		{"the record is in a file that an included file includes", head + "$INCLUDE sub/cna.inc b\n", one("b.x.com.", 60, newSPF), `spf.inc:2: the SPF record of b.x.com. comes from here, which is not edited: move it into zone`, ""},
		{"the alias is in an included file", head + "$INCLUDE sub/cna.inc b\n", one("www.b.x.com.", 60, newSPF), `sub/cna.inc:1: www.b.x.com. is an alias, beside which no other record may stand (RFC 1034, Section 3.6.2): publish the SPF record at the name that it leads to`, ""},
		{"the SOA record is in an included file", "$TTL 1\n$INCLUDE soa.inc\n", apex(newSPF), `zone: no SOA record of x.com. stands in this file, so that its serial cannot move forward`, ""},
		{"an included file is missing", head + "$INCLUDE none.inc\n", apex(newSPF), `zone:5: the file none.inc cannot be included: open none.inc: file does not exist`, ""},
		{"an included file outside the folder", head + "$INCLUDE ../x.inc\n", apex(newSPF), `zone:5: the file ../x.inc cannot be included: open ../x.inc: file does not exist`, ""},
		{"an included file has an error", head + "$INCLUDE bad.inc\n", apex(newSPF), `bad.inc:3: the record has no type`, ""},
		{"a file that includes itself", head + "$INCLUDE loop.inc\n", apex(newSPF), `loop.inc:1: the file loop.inc cannot be included: more than 7 files include each other, or more than 1000 are included`, ""},
		{"generated", head + "$GENERATE 1-2 part$ TXT \"v=spf1 -all\"\n", one("part2.x.com.", 60, newSPF), `zone:5: the SPF record of part2.x.com. comes from here, which is not edited: move it into zone`, ""},

		{"no SOA record", "@ 60 TXT x\n", apex(newSPF), `zone: no SOA record of x.com. stands in this file, so that its serial cannot move forward`, ""},
		{"two SOA records", head + "@ SOA ns1 hostmaster 7 7200 3600 1209600 300\n", apex(newSPF), `zone:5: a second SOA record of x.com.: the first one is on line 2`, ""},
		{"a short SOA record", "@ 1 SOA ns1 hostmaster 7\n", apex(newSPF), `zone:1: the SOA record has 3 fields, of 7 (RFC 1035, Section 3.3.13)`, ""},
		{"a serial that is no number", "@ 1 SOA ns1 hostmaster (\n -7 7200 3600 1209600 300 )\n", apex(newSPF), `zone:2: the serial -7 is not a number of at most 4294967295 (RFC 1035, Section 3.3.13)`, ""},
		{"a serial that is too large", "@ 1 SOA ns1 hostmaster 4294967296 7200 3600 1209600 300\n", apex(newSPF), `zone:1: the serial 4294967296 is not a number of at most 4294967295 (RFC 1035, Section 3.3.13)`, ""},

		{"no $TTL, and what is included takes the TTL that changes", "@ 3600 SOA ns1 hostmaster 7 7200 3600 1209600 300\n" + record + "$INCLUDE a.inc\n", one("x.com.", 60, newSPF),
			`zone:3: what comes from here takes its TTL from a record above, which is to change: write a $TTL line above it`, ""},
		{"an open quote", head + "@ TXT \"v=spf1\n", apex(newSPF), `zone:5: the string in quotes is not closed on its line`, ""},
		{"an open quote at the end", head + "@ TXT \"v=spf1", apex(newSPF), `zone:5: the string in quotes is not closed on its line`, ""},
		{"an open parenthesis", head + "@ TXT (\n\"v=spf1\"\n", apex(newSPF), `zone:5: the parenthesis is not closed`, ""},
		{"a parenthesis that is not open", head + "@ TXT \"v=spf1\" )\n", apex(newSPF), `zone:5: a closing parenthesis, where none is open`, ""},
		{"a parenthesis before the owner", head + "( @ TXT \"v=spf1\" )\n", apex(newSPF), `zone:5: a parenthesis where the owner belongs: write it behind the type`, ""},
		{"a lone carriage return", head + "@ TXT \"v=spf1\"\r@ TXT x\n", apex(newSPF), `zone:5: a carriage return without a line feed behind it: end the lines in one way`, ""},
		{"a backslash before the line's end", head + "@ TXT x\\\n", apex(newSPF), `zone:5: a "\" at the end of the line`, ""},
		{"a bad escape", head + "@ TXT \\12\n", apex(newSPF), `zone:5: "\" with neither an octet nor \DDD up to \255 (RFC 1035, Section 5.1)`, ""},
		{"no owner", " TXT x\n", apex(newSPF), `zone:1: the record has no owner, and none stands above it`, ""},
		{"a bad owner", head + "a..b A 192.0.2.1\n", apex(newSPF), `zone:5: a..b is not an owner: an empty label`, ""},
		{"an owner in quotes", head + "\"a\" A 192.0.2.1\n", apex(newSPF), `zone:5: "a" is not an owner: it stands in quotes`, ""},
		{"a type in quotes", head + "a \"A\" 192.0.2.1\n", apex(newSPF), `zone:5: a string in quotes where the type belongs`, ""},
		{"no type", head + "a 60 IN\n", apex(newSPF), `zone:5: the record has no type`, ""},
		{"a bad TTL", head + "a 60x IN A 192.0.2.1\n", apex(newSPF), `zone:5: 60X is not a TTL of at most 2147483647 seconds (RFC 2181, Section 8)`, ""},
		{"a bad $TTL", "$TTL -1\n", apex(newSPF), `zone:1: $TTL wants a TTL of at most 2147483647 seconds (RFC 2181, Section 8)`, ""},
		{"$ORIGIN without a name", "$origin ; none\n", apex(newSPF), `zone:1: $origin wants one domain name`, ""},
		{"$ORIGIN with a bad name", "$ORIGIN a..b\n", apex(newSPF), `zone:1: a..b is not a domain name: an empty label`, ""},
		{"$INCLUDE without a file", "$INCLUDE\n", apex(newSPF), `zone:1: $INCLUDE wants a file, and perhaps an origin`, ""},
		{"an unknown directive", "$DATE 2026\n", apex(newSPF), `zone:1: the directive $DATE is not known`, ""},
		{"bad data", head + "www A 192.0.2\n", apex(newSPF), `zone:5: bad A A: "192.0.2"`, ""},
		{"bad data in an included file", head + "$INCLUDE sub/data.inc\n", apex(newSPF), `sub/data.inc:2: bad A A: "192.0.2"`, ""},
		{"bad data as for an unknown type", head + "@ TXT \\# 2 0xyz\n", apex(newSPF), `zone:5: the data are not hexadecimal (RFC 3597, Section 5)`, ""},
		{"data of another length as for an unknown type", head + "@ TXT \\# 2 0561\n", apex(newSPF), `zone:5: the data are not character-strings (RFC 1035, Section 3.3.14)`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			origin := "x.com."
			if tt.origin != "" {
				origin = tt.origin
			}
			got, err := zonefile.Patch([]byte(tt.text), zonefile.Source{File: "zone", Origin: origin, Open: files.ReadFile}, tt.want, now)
			if err == nil || err.Error() != tt.err || got != nil {
				t.Errorf("error\n got %v\nwant %s\n%s", err, tt.err, got)
			}
			var syntax *zonefile.SyntaxError
			var place *zonefile.PlaceError
			if placed := strings.Contains(tt.err, "zone:") || strings.Contains(tt.err, ".inc:"); placed != (errors.As(err, &syntax) || errors.As(err, &place)) {
				t.Errorf("the error is a %T", err)
			}
		})
	}
}

// $INCLUDE and $GENERATE are no hindrance to records that stand in the file.
func TestPatchBesideIncludes(t *testing.T) {
	files := fstest.MapFS{
		"hosts.inc":         {Data: []byte("www A 192.0.2.1\n@ 300 TXT \"a\"\n")},
		"etc/dns/a/one.inc": {Data: []byte("_dmarc TXT \"v=DMARC1; p=none\"\n$INCLUDE two.inc\n")},
		"etc/dns/a/two.inc": {Data: []byte("two MX (\n10\nmail.x.com. )\n")},
	}
	open := func(path string) ([]byte, error) { return files.ReadFile(strings.TrimPrefix(path, "/")) }
	behind := "$INCLUDE hosts.inc\n$INCLUDE \"/etc/dns/a/one.inc\" sub\n$GENERATE 1-9 host-$ 300 A 192.0.2.$\n"
	text := head + behind + "@ TXT \"v=spf1 mx -all\"\n"
	want := headNext + behind + "@ 300 TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n"
	got, err := zonefile.Patch([]byte(text), zonefile.Source{Origin: "x.com.", File: "zones/x.com.zone", Open: open}, apex(newSPF), now)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	if _, err = zonefile.Patch([]byte(text), source(), apex(newSPF), now); err == nil || err.Error() != "zone:5: the file hosts.inc cannot be included: other files are not read here" {
		t.Errorf("without a folder: %v", err)
	}
}

func TestTXT(t *testing.T) {
	files := fstest.MapFS{"a.inc": {Data: []byte("@ 60 TXT \"\" \\; \"\\255\"\n")}}
	s := zonefile.Source{Origin: "x.com.", File: "zone", Open: files.ReadFile}
	text := []byte(head + "www CNAME y.com.\n@ TXT \"v=spf1 \" \"-all\"\n$INCLUDE a.inc\n  TYPE16 \\# 3 02 6869\nns1 TXT x\n")
	got, err := zonefile.TXT(text, s, "X.com.")
	want := zonefile.TXTSet{TTL: 60, Records: [][]string{{"v=spf1 ", "-all"}, {"", ";", "\xff"}, {"hi"}}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, set (-want +got):\n%s", err, diff)
	}
	if got, err := zonefile.TXT(text, s, "mail.x.com."); err != nil || got.Records != nil || got.TTL != 0 {
		t.Errorf("of a name without any: %v, %v", got, err)
	}
	var place *zonefile.PlaceError
	if _, err := zonefile.TXT(text, s, "www.x.com."); !errors.As(err, &place) {
		t.Errorf("of an alias: %v", err)
	}
}

func TestRevert(t *testing.T) {
	text := []byte(strings.Replace(head, " 7 ", " 2026112300 ", 1) + "@ TXT ( v=spf1 ) ; ours\n")
	patched, err := zonefile.Patch(text, source(), apex(newSPF), now)
	if err != nil {
		t.Fatal(err)
	}
	got, err := zonefile.Revert(text, patched, source(), now)
	want := strings.Replace(string(text), "2026112300", "2026112401", 1)
	if diff := cmp.Diff(want, string(got)); diff != "" || err != nil {
		t.Errorf("%v, text (-want +got):\n%s", err, diff)
	}
}

func TestPatchSerial(t *testing.T) {
	tests := []struct {
		name     string
		form     zonefile.SerialForm
		old, new string
		now      time.Time
	}{
		{"a number", zonefile.SerialKeep, "7", "8", now},
		{"zero", zonefile.SerialKeep, "0", "1", now},
		{"a number that wraps around, not to 0", zonefile.SerialKeep, "4294967295", "1", now},
		{"seconds since 1970", zonefile.SerialKeep, "1795500000", "1795500001", now},
		{"a date of the past", zonefile.SerialKeep, "2019010107", "2026112400", now},
		{"yesterday's last", zonefile.SerialKeep, "2026112399", "2026112400", now},
		{"today's", zonefile.SerialKeep, "2026112400", "2026112401", now},
		{"today's last", zonefile.SerialKeep, "2026112499", "2026112500", now},
		{"a date to come", zonefile.SerialKeep, "2031010100", "2031010101", now},
		{"the last of a month to come", zonefile.SerialKeep, "2026113099", "2026120100", now},
		{"the last of a year to come", zonefile.SerialKeep, "2027123199", "2028010100", now},
		{"no date: there is no 31st", zonefile.SerialKeep, "2026113100", "2026113101", now},
		{"no date: before 1980", zonefile.SerialKeep, "1979010100", "1979010101", now},
		{"no date: after 2099", zonefile.SerialKeep, "2100010100", "2100010101", now},
		{"the day in the clock's own zone", zonefile.SerialKeep, "2026112400", "2026112500", now.In(time.FixedZone("", 12*3600))},
		{"a number becomes a date", zonefile.SerialDate, "7", "2026112400", now},
		{"half the circle away", zonefile.SerialDate, "4173596048", "4173596049", now},
		{"a little less than half the circle away", zonefile.SerialDate, "4173596049", "2026112400", now},
		{"no step forward", zonefile.SerialDate, "2026112401", "2026112402", now},
		{"a number that is ahead", zonefile.SerialDate, "3000000000", "3000000001", now},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := strings.Replace(head, " 7 ", " "+tt.old+" ", 1)
			got, err := zonefile.Patch([]byte(before), zonefile.Source{Origin: "x.com.", Serial: tt.form, File: "zone"}, apex(newSPF), tt.now)
			if err != nil {
				t.Fatal(err)
			}
			want := strings.Replace(head, " 7 ", " "+tt.new+" ", 1)
			if text := string(got); !strings.HasPrefix(text, want[:strings.Index(want, "  IN NS")]) {
				t.Errorf("the serial %s became\n%s", tt.old, text)
			}
		})
	}
}
