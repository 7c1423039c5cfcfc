package zonefile

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/internal/zonecheck"
	"github.com/spfzone/spfzone/spf"
)

var patchDay = time.Date(2026, 11, 24, 23, 0, 0, 0, time.UTC)

const soa = "@ IN SOA ns hostmaster 7 7200 3600 1209600 300\n"

func source(files map[string]string) Source {
	return Source{File: "x.zone", Origin: "X.test.", Open: func(path string) ([]byte, error) {
		if text, ok := files[path]; ok {
			return []byte(text), nil
		}
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}}
}

// long256 is a record of more than one string.
var long256 = "v=spf1 " + strings.Repeat("ip4:192.0.2.1 ", 20) + "-all"

func TestPatch(t *testing.T) {
	first, second := long256[:245], long256[245:]
	tests := []struct {
		name, in string
		edits    []Edit
		want     string
	}{
		{"a string in quotes", soa + "@ 300 IN TXT \"v=spf1 -all\" ; ours\n", []Edit{{"x.test.", "v=spf1 mx -all", 300}},
			"@ IN SOA ns hostmaster 8 7200 3600 1209600 300\n@ 300 IN TXT \"v=spf1 mx -all\" ; ours\n"},
		{"nothing to do", soa + "@ 300 IN TXT \"v=spf1 \" \"-all\"\n", []Edit{{"x.test.", "v=spf1 -all", 300}}, soa + "@ 300 IN TXT \"v=spf1 \" \"-all\"\n"},
		{"siblings, and their TTL", soa + "@\t300\tTXT\t( \"a;b\" \"(\" ) ; c\n@ 300 TXT v=spf1 ; d\n@ 300 TXT e\n", []Edit{{"x.test.", "v=spf1 mx", 60}},
			"@ IN SOA ns hostmaster 8 7200 3600 1209600 300\n@\t300\tTXT\t( \"a;b\" \"(\" ) ; c\n@ 300 TXT \"v=spf1 mx\" ; d\n@ 300 TXT e\n"},
		{"CRLF", "$TTL 60\r\n@ SOA ns hostmaster ( 2026112409\r\n\t1 2 3 4 ) ; x\r\n@ TXT \"v=spf1 -all\"\r\n; end\r\n", []Edit{{"x.test.", "v=spf1 mx -all", 60}, {"part1.x.test.", "v=spf1 -all", 60}},
			"$TTL 60\r\n@ SOA ns hostmaster ( 2026112410\r\n\t1 2 3 4 ) ; x\r\n@ TXT \"v=spf1 mx -all\"\r\n; end\r\npart1 60 IN TXT \"v=spf1 -all\"\r\n"},
		{"a TTL of its own", "$TTL 1h\n" + soa + "@ TXT \"v=spf1 -all\"\n", []Edit{{"x.test.", "v=spf1 -all", 60}},
			"$TTL 1h\n@ IN SOA ns hostmaster 8 7200 3600 1209600 300\n@ 60 TXT \"v=spf1 -all\"\n"},
		{"another TTL", "$TTL 1h\n" + soa + "@ IN 2h TXT \"v=spf1 -all\"\n", []Edit{{"x.test.", "v=spf1 -all", 60}},
			"$TTL 1h\n@ IN SOA ns hostmaster 8 7200 3600 1209600 300\n@ IN 60 TXT \"v=spf1 -all\"\n"},
		{"several become one", soa + "@ 1 TXT \"v=spf1 -all\"\n  1 TXT other\n@ 1 TXT \"v=spf1 a -all\"\n  1 MX 1 m\n@ 1 txt v=spf1\n", []Edit{{"x.test.", "v=spf1 mx -all", 1}},
			"@ IN SOA ns hostmaster 8 7200 3600 1209600 300\n@ 1 TXT \"v=spf1 mx -all\"\n  1 TXT other\n  1 MX 1 m\n"},
		{"an owner that others took", soa + "a 1 TXT \"v=spf1 -all\"\n  1 MX 1 m\n  1 A 192.0.2.1\n", []Edit{{"a.x.test.", "", 1}},
			"@ IN SOA ns hostmaster 8 7200 3600 1209600 300\na  1 MX 1 m\n  1 A 192.0.2.1\n"},
		{"an owner that others took, after $ORIGIN", soa + "a 1 TXT \"v=spf1 -all\"\n$ORIGIN b.x.test.\n  1 MX 1 m\n", []Edit{{"a.x.test.", "", 1}},
			"@ IN SOA ns hostmaster 8 7200 3600 1209600 300\n$ORIGIN b.x.test.\na.x.test.  1 MX 1 m\n"},
		{"a TTL that others took", soa + "a 60 TXT \"v=spf1 -all\"\nb A 192.0.2.1\nc A 192.0.2.2\n", []Edit{{"a.x.test.", "v=spf1 -all", 90}},
			"@ IN SOA ns hostmaster 8 7200 3600 1209600 300\na 90 TXT \"v=spf1 -all\"\nb 60 A 192.0.2.1\nc A 192.0.2.2\n"},
		{"origins", "$ORIGIN test.\nx 5 SOA ns h 4294967295 1 2 3 4\n$ORIGIN sub.X\na 5 TXT x\n$ORIGIN .\nx.test 5 TXT \"v=spf1\"\n", []Edit{{"x.test.", "v=spf1 mx", 5}, {"a.sub.x.test.", "v=spf1 a", 9}, {"b.x.test.", "v=spf1", 9}},
			"$ORIGIN test.\nx 5 SOA ns h 1 1 2 3 4\n$ORIGIN sub.X\na 5 TXT x\na 5 IN TXT \"v=spf1 a\"\n$ORIGIN .\nx.test 5 TXT \"v=spf1 mx\"\nb.x.test 9 IN TXT \"v=spf1\"\n"},
		{"two strings where one was", soa + "@ 1 TXT \"v=spf1 -all\"\n", []Edit{{"x.test.", long256, 1}},
			"@ IN SOA ns hostmaster 8 7200 3600 1209600 300\n@ 1 TXT \"" + first + "\" \"" + second + "\"\n"},
		{"lines in parentheses", soa + "@ 1 TXT (\n  \"v=spf1 a \"\n  \"-all\"\n  )\n", []Edit{{"x.test.", long256, 1}},
			"@ IN SOA ns hostmaster 8 7200 3600 1209600 300\n@ 1 TXT (\n  \"" + first + "\"\n  \"" + second + "\"\n  )\n"},
		{"comments in parentheses", soa + "@ 1 TXT ( ; one\n  \"v=spf1 a \" ; two\n  \"mx \" ; three\n  \"-all\" ; four\n  )\n", []Edit{{"x.test.", long256, 1}},
			"@ IN SOA ns hostmaster 8 7200 3600 1209600 300\n@ 1 TXT ( ; one\n  \"" + first + "\" ; two\n  \"" + second + "\" ; three\n   ; four\n  )\n"},
		{"no end of the last line", "@ 1 SOA ns h 1 1 2 3 4", []Edit{{"part1.x.test.", "v=spf1 -all", 9}, {"x.test.", "v=spf1 -all", 9}},
			"@ 1 SOA ns h 2 1 2 3 4\npart1 9 IN TXT \"v=spf1 -all\"\n@ 9 IN TXT \"v=spf1 -all\"\n"},
		{"behind its other records", soa + "@ 1 NS ns\n  1 MX 1 m\na 1 A 192.0.2.1\n", []Edit{{"x.test.", "v=spf1 -all", 9}},
			"@ IN SOA ns hostmaster 8 7200 3600 1209600 300\n@ 1 NS ns\n  1 MX 1 m\n@ 9 IN TXT \"v=spf1 -all\"\na 1 A 192.0.2.1\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Patch([]byte(tt.in), source(nil), tt.edits, patchDay)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Error(diff)
			}
			checkPatched(t, tt.in, string(got), tt.edits)
		})
	}
}

func TestPatchRefuses(t *testing.T) {
	files := map[string]string{"spf.inc": "@ TXT \"v=spf1 -all\"\n", "soa.inc": soa, "mx.inc": "@ MX 1 m\n"}
	apex := []Edit{{"x.test.", "v=spf1 mx -all", 60}}
	tests := []struct {
		name, in string
		edits    []Edit
		want     string
	}{
		{"an include", "$TTL 1\n" + soa + "$INCLUDE spf.inc\n", apex, "x.zone:3: the TXT record of x.test comes from $INCLUDE spf.inc: move it to a line of its own in this file"},
		{"an include under another name", "$TTL 1\n" + soa + "$INCLUDE spf.inc a\n", []Edit{{"a.x.test.", "", 0}}, "x.zone:3: the TXT record of a.x.test comes from $INCLUDE spf.inc: move it to a line of its own in this file"},
		{"the SOA record", "$TTL 1\n$INCLUDE soa.inc\n", apex, "x.zone:2: the SOA record, whose serial number has to move forward, comes from $INCLUDE soa.inc: move it to a line of its own in this file"},
		{"$GENERATE", "$TTL 1\n" + soa + "$GENERATE 1-3 part$ TXT \"v=spf1 -all\"\n", []Edit{{"part2.x.test.", "v=spf1 -all", 1}}, "x.zone:3: the TXT record of part2.x.test comes from $GENERATE: move it to a line of its own in this file"},
		{"a file that is not there", "$INCLUDE none.inc\n", apex, "x.zone:1: $INCLUDE: open none.inc: file does not exist"},
		{"no SOA", "@ 1 TXT v=spf1\n", apex, "x.zone has no SOA record of the zone x.test, whose serial number has to move forward"},
		{"an alias", soa + "a 1 CNAME b\n", []Edit{{"a.x.test.", "v=spf1", 1}}, "x.zone:2: a.x.test is an alias, beside which no TXT record can stand (RFC 1034, Section 3.6.2)"},
		{"another zone", soa, []Edit{{"myx.test.", "v=spf1", 1}}, "myx.test. is not in the zone x.test."},
		{"an unknown type's form", soa + "@ 1 TYPE16 \\# 4 03616263\n", apex, "x.zone:2: the TXT record of x.test. is written as that of an unknown type (RFC 3597): write it as strings"},
		{"an open quote", soa + "@ 1 TXT \"v=spf1\n", apex, "x.zone:2: a string has no quote at its end"},
		{"an open parenthesis", soa + "\n@ 1 TXT ( \"v=spf1\"\n", apex, "x.zone:3: a parenthesis is not closed"},
		{"a closed parenthesis", ")", apex, "x.zone:1: a parenthesis is closed that is not open"},
		{"no owner", " 1 A 192.0.2.1\n", apex, "x.zone:1: the first record has no owner"},
		{"no type", "@ 1 IN\n", apex, "x.zone:1: the record has no type"},
		{"an unknown directive", "$FOO\n", apex, "x.zone:1: $FOO is not known"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Patch([]byte(tt.in), source(files), tt.edits, patchDay)
			if err == nil || err.Error() != tt.want || got != nil {
				t.Errorf("error %v, want %s\n%s", err, tt.want, got)
			}
		})
	}
	other, err := Patch([]byte("$TTL 60\n"+soa+"$INCLUDE mx.inc\n@ TXT \"v=spf1\"\n"), source(files), apex, patchDay)
	if err != nil || !strings.Contains(string(other), "$INCLUDE mx.inc\n@ TXT \"v=spf1 mx -all\"\n") {
		t.Errorf("an include of other records: %v\n%s", err, other)
	}
}

func TestNextSerial(t *testing.T) {
	tests := []struct{ old, want uint32 }{
		{0, 1}, {7, 8}, {4294967295, 1}, {2026112400, 2026112401}, {2026112499, 2026112500}, {2025010101, 2026112401},
		{2026123199, 2026123200}, {2027010100, 2027010101}, {1764000000, 1764000001}, {2147483647, 2147483648}, {2026133000, 2026133001},
	}
	for _, tt := range tests {
		got := NextSerial(tt.old, patchDay)
		if got != tt.want || int32(got-tt.old) <= 0 {
			t.Errorf("%d: got %d, want %d", tt.old, got, tt.want)
		}
	}
}

// parsed gives the records of a text as the DNS library reads it, sorted, the
// SOA record without its serial number, and without SPF records at names.
func parsed(t *testing.T, text string, without []Edit) (records []string, serial uint32, spfs map[string][]string) {
	t.Helper()
	p := dns.NewZoneParser(strings.NewReader(text), "x.test.", "")
	spfs = map[string][]string{}
	for rr, ok := p.Next(); ok; rr, ok = p.Next() {
		rr.Header().Name = strings.ToLower(rr.Header().Name)
		switch rr := rr.(type) {
		case *dns.SOA:
			serial, rr.Serial = rr.Serial, 0
		case *dns.TXT:
			name := rr.Hdr.Name
			edited := slices.ContainsFunc(without, func(e Edit) bool { return e.Name == name })
			if text := strings.Join(rr.Txt, ""); edited && spf.IsSPF(text) {
				spfs[name] = append(spfs[name], fmt.Sprintf("%d %s", rr.Hdr.Ttl, text))
				continue
			}
		}
		records = append(records, rr.String())
	}
	if err := p.Err(); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	slices.Sort(records)
	return records, serial, spfs
}

// checkPatched holds a patch to its word, with another reader of zone files.
func checkPatched(t *testing.T, before, after string, edits []Edit) {
	t.Helper()
	old, oldSerial, _ := parsed(t, before, edits)
	now, serial, spfs := parsed(t, after, edits)
	if diff := cmp.Diff(old, now); diff != "" {
		t.Fatalf("other records differ: %s\nbefore:\n%s\nafter:\n%s", diff, before, after)
	}
	if before != after && int32(serial-oldSerial) <= 0 {
		t.Errorf("serial %d after %d", serial, oldSerial)
	}
	for _, e := range edits {
		got := spfs[e.Name]
		if e.Text == "" && len(got) > 0 || e.Text != "" && (len(got) != 1 || !strings.HasSuffix(got[0], " "+e.Text)) {
			t.Errorf("%s has %q, want %q\nbefore:\n%s\nafter:\n%s", e.Name, got, e.Text, before, after)
		}
	}
}

// randomZone writes a zone file in any of the ways that there are.
func randomZone(r *rand.Rand) string {
	var b strings.Builder
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	if r.IntN(2) == 0 {
		b.WriteString(pick("$TTL 300\n", "$TTL 1h30m ; t\n"))
	}
	b.WriteString(pick("@ 900 IN SOA ns.x.test. h.x.test. 7 1 2 3 4\n", "x.test. 900 SOA ns h (\n 2026010100 ; serial\n 1 2 3 4 )\n", "@ IN 900 SOA ns h 4294967295 1 2 3 4\n"))
	b.WriteString("@ 900 NS ns.x.test.\nns.x.test. 900 A 192.0.2.53\n")
	sub := false
	for range 3 + r.IntN(12) {
		owner := pick("@", "a", "b", "part1", "part2", "X.TEST.", "a.x.test.", " ", " ", "\t")
		if sub {
			owner = pick("x.test.", "a.x.test.", "part1.x.test.", " ")
		}
		ttl := pick("", "", "60 ", "1m ", "IN 60 ", "60 IN ")
		data := pick("MX 10 m.x.test.", "A 192.0.2.7", "AAAA 2001:db8::1",
			"TXT \"v=spf1 -all\"", "TXT v=spf1", "TXT ( \"v=spf1 \" \"a -all\" )", "TXT ( \"v=spf1 \" ; c\n \"mx -all\"\n ) ; d", "txt \"V=SPF1 ~all\"",
			"TXT \"other;\" \"\\\"q\\\" \\\\ \\255\"", "TXT \"v=spf10\" ", "TXT plain\\;word")
		fmt.Fprintf(&b, "%s\t%s%s%s\n", owner, ttl, data, pick("", " ", " ; comment \"(", "\t;"))
		switch r.IntN(8) {
		case 0:
			b.WriteString(pick("\n", "; (a comment\n", "  ; another \"\n", "\t\n"))
		case 1:
			sub = !sub
			b.WriteString(map[bool]string{true: "$ORIGIN sub.x.test.\n", false: "$ORIGIN x.test.\n"}[sub])
		}
	}
	text := b.String()
	if r.IntN(4) == 0 {
		text = strings.TrimSuffix(text, "\n")
	}
	return text
}

func randomEdits(r *rand.Rand) (edits []Edit) {
	for _, name := range []string{"x.test.", "a.x.test.", "b.x.test.", "part1.x.test.", "part2.x.test.", "new.sub.x.test."} {
		if r.IntN(2) == 0 {
			edits = append(edits, Edit{name, []string{"", "v=spf1 mx -all", "v=spf1 -all", "v=spf1 exists:%{i}.x.test -all", long256}[r.IntN(5)], uint32(30 + r.IntN(3)*30)})
		}
	}
	return edits
}

// TestPatchAnyZone patches random zones in random ways.
func TestPatchAnyZone(t *testing.T) {
	const zones = 20_000
	changed := 0
	for seed := range uint64(zones) {
		r := rand.New(rand.NewPCG(seed, 7))
		text, edits := randomZone(r), randomEdits(r)
		got, err := Patch([]byte(text), source(nil), edits, patchDay)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, text)
		}
		checkPatched(t, text, string(got), edits)
		again, err := Patch(got, source(nil), edits, patchDay)
		if err != nil || string(again) != string(got) {
			t.Fatalf("seed %d: a second patch changes something: %v\n%s\n%s", seed, err, got, again)
		}
		if text != string(got) {
			changed++
		}
		if t.Failed() {
			t.Fatalf("seed %d: %v", seed, edits)
		}
	}
	t.Logf("%d zones, %d of them changed", zones, changed)
	if changed < zones/2 {
		t.Error("too few were changed")
	}
}

// TestPatchedZonesAreAccepted shows patched zones to three name servers'
// checkers.
func TestPatchedZonesAreAccepted(t *testing.T) {
	zonecheck.Available(t)
	checked := 0
	for seed := uint64(0); checked < 25; seed++ {
		r := rand.New(rand.NewPCG(seed, 8))
		text, edits := randomZone(r), randomEdits(r)
		if zonecheck.Refusal(t, "x.test.", []byte(text)) != "" {
			continue // what was refused before says nothing
		}
		got, err := Patch([]byte(text), source(nil), edits, patchDay)
		if err != nil {
			t.Fatal(err)
		}
		if refusal := zonecheck.Refusal(t, "x.test.", got); refusal != "" {
			t.Errorf("seed %d: %s\nbefore:\n%s\nafter:\n%s", seed, refusal, text, got)
		}
		checked++
	}
}

func FuzzPatch(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(randomZone(rand.New(rand.NewPCG(seed, 7))), "v=spf1 mx -all", "part1.x.test.")
	}
	f.Fuzz(func(t *testing.T, text, record, name string) {
		if !spf.IsSPF(record) || strings.ContainsAny(record, "\\") {
			record = "v=spf1 -all"
		}
		edits := []Edit{{"x.test.", record, 60}, {"part1.x.test.", "", 60}}
		got, err := Patch([]byte(text), source(nil), edits, patchDay)
		if err != nil {
			return
		}
		if _, err := TXT(got, source(nil), "x.test."); err != nil {
			var place *PlaceError
			if !errors.As(err, &place) {
				t.Errorf("what was written cannot be read: %v", err)
			}
		}
	})
}
