package zonefile_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/internal/zonecheck"
	"github.com/spfzone/spfzone/spf"
	"github.com/spfzone/spfzone/zonefile"
)

// randomZone is a zone file in any of the ways that people write them.
type randomZone struct {
	text string
	// kept are pieces of the text that no edit touches, in their order: lines
	// of records that are no SPF records, directives and comments.
	kept []string
}

func newRandomZone(r *rand.Rand) randomZone {
	var b strings.Builder
	z := randomZone{}
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	end := pick("\n", "\n", "\n", "\r\n")
	write := func(kept bool, s string) {
		s = strings.ReplaceAll(s, "\n", end)
		b.WriteString(s)
		if kept {
			z.kept = append(z.kept, s)
		}
	}
	hasTTL := r.IntN(4) > 0
	if hasTTL {
		write(true, pick("$TTL 300\n", "$TTL 1h30m ; t\n", "$ttl 2H\n"))
	}
	write(false, pick("@ 900 IN SOA ns.x.com. h.x.com. 7 1 2 3 4\n", "x.com. 900 SOA ns h (\n 2026010100 ; serial\n 1 2 3 4 )\n", "@ IN 900 SOA ns h(\n4294967295\n1\n2\n3\n4\n)\n"))
	write(true, "@ 900 NS ns.x.com.\n")
	write(true, "ns.x.com. 900 A 192.0.2.53\n")
	origin := "x.com."
	for i := range 3 + r.IntN(12) {
		owner := pick("@", "a", "b", "part1", "part2", "X.COM.", "A.x.com.", `\097`, " ", " ", "\t")
		if origin != "x.com." {
			owner = pick("x.com.", "a.x.com.", "part1.x.com.", "@", "new", " ")
		}
		ttl := pick("", "", "60 ", "1m ", "IN 60 ", "60 IN ")
		comment := pick("", " ", fmt.Sprintf(" ; comment \"( %d", i), "\t;")
		if r.IntN(2) == 0 {
			data := pick("MX 10 m%d.x.com.", "A 192.0.2.%d", "AAAA 2001:db8::%d", "TXT \"other;\" \"\\\"q\\\" \\\\ \\255\" %d", "TXT \"v=spf10 %d\"", "TXT ( plain\\;word ; (\n %d )", `TYPE16 \# 4 033%03d`+"30")
			if strings.HasPrefix(data, "TYPE16") {
				data = fmt.Sprintf(`TYPE16 \# 4 0330%02d30`, i)
			} else {
				data = fmt.Sprintf(data, i)
			}
			line := fmt.Sprintf("%s\t%s%s%s\n", owner, ttl, data, comment)
			write(hasTTL, line)
			if !hasTTL {
				z.kept = append(z.kept, strings.ReplaceAll(data+comment+"\n", "\n", end))
			}
		} else {
			write(false, fmt.Sprintf("%s\t%s%s", owner, ttl, pick("TXT \"v=spf1 -all\"", "TXT v=spf1", "TXT ( \"v=spf1 \" \"a -all\" )", "txt \"V=SPF1 ~all\"", "TXT(\"v=spf1 ip4:192.0.2.1 \" -all)", "TXT ( \"v=spf1 \" ; c\n\n \"mx \"\n \"-all\"\n )")))
			write(strings.Contains(comment, "(") || strings.Contains(comment, ";"), strings.TrimLeft(comment, " \t")+"\n")
		}
		switch r.IntN(8) {
		case 0:
			write(true, pick("\n", "; (a comment\n", "  ; another \"\n", "\t\n"))
		case 1:
			origin = pick("x.com.", "sub.x.com.", "X.com.", ".", "com.")
			write(true, "$ORIGIN "+origin+"\n")
		}
	}
	z.text = b.String()
	if r.IntN(4) == 0 {
		z.text = strings.TrimSuffix(z.text, end)
		n := len(z.kept) - 1
		z.kept[n] = strings.TrimSuffix(z.kept[n], end) // which may be the last line
	}
	return z
}

func randomEdits(r *rand.Rand) (edits []zonefile.Edit) {
	for _, name := range []string{"x.com.", "a.x.com.", "B.x.com.", "part1.x.com.", "part2.x.com.", "new.sub.x.com."} {
		if r.IntN(2) == 0 {
			text := []string{"", "v=spf1 mx -all", "v=spf1 -all", `v=spf1 exists:%{i}."\.x.com -all`, long, repeated}[r.IntN(6)]
			edits = append(edits, zonefile.Edit{Name: name, Text: text, TTL: uint32(30 + r.IntN(3)*30)})
		}
	}
	return edits
}

// parsed is a zone file as the DNS library reads it.
type parsed struct {
	others []string            // every record but the SPF records at the names, the SOA record without its serial
	spf    map[string][]string // at the names, with their TTLs
	serial uint32
	joins  map[string]uint32 // the TTL of the first other TXT record at a name
}

// parse reads a text. Ends of lines in parentheses separate tokens for no
// reader but that one.
func parse(t *testing.T, text string, edits []zonefile.Edit) parsed {
	t.Helper()
	text = strings.NewReplacer("(\r\n", "( \r\n ", "(\n", "( \n ", "h(", "h (", "\r\n", " \r\n", "TXT(", "TXT (").Replace(text)
	for _, n := range []string{"1", "2", "3", "4", "4294967295"} {
		text = strings.ReplaceAll(text, "\n"+n, " \n "+n)
	}
	p := parsed{spf: map[string][]string{}, joins: map[string]uint32{}}
	zp := dns.NewZoneParser(strings.NewReader(text), "x.com.", "")
	for rr, ok := zp.Next(); ok; rr, ok = zp.Next() {
		name := strings.ToLower(strings.ReplaceAll(rr.Header().Name, `\097`, "a"))
		rr.Header().Name = name
		switch rr := rr.(type) {
		case *dns.SOA:
			p.serial, rr.Serial = rr.Serial, 0
		case *dns.TXT:
			text := strings.Join(rr.Txt, "")
			if !spf.IsSPF(text) {
				if _, ok := p.joins[name]; !ok {
					p.joins[name] = rr.Hdr.Ttl
				}
			} else if slices.ContainsFunc(edits, func(e zonefile.Edit) bool { return strings.ToLower(e.Name) == name }) {
				p.spf[name] = append(p.spf[name], fmt.Sprintf("%d %s", rr.Hdr.Ttl, text))
				continue
			}
		}
		p.others = append(p.others, rr.String())
	}
	if err := zp.Err(); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return p
}

// checkPatched holds an edit to its word, by the DNS library and by the octets.
func checkPatched(t *testing.T, before randomZone, after string, edits []zonefile.Edit) {
	t.Helper()
	old, new := parse(t, before.text, edits), parse(t, after, edits)
	if diff := cmp.Diff(old.others, new.others); diff != "" {
		t.Errorf("other records differ: %s", diff)
	}
	want := map[string][]string{}
	for _, e := range edits {
		name, ttl := strings.ToLower(e.Name), e.TTL
		if joined, ok := old.joins[name]; ok {
			ttl = joined
		}
		if e.Text != "" {
			want[name] = []string{fmt.Sprintf("%d %s", ttl, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(e.Text))}
		}
	}
	if diff := cmp.Diff(want, new.spf); diff != "" {
		t.Errorf("SPF records (-want +got): %s", diff)
	}
	same := cmp.Equal(old.spf, new.spf)
	if changed := before.text != after; changed == same || changed != (int32(new.serial-old.serial) > 0) || !changed && new.serial != old.serial {
		t.Errorf("changed: %v, serial %d after %d", before.text != after, new.serial, old.serial)
	}
	rest := after
	for _, s := range before.kept {
		i := strings.Index(rest, s)
		if i < 0 {
			t.Errorf("%q is lost, or has moved", s)
			return
		}
		rest = rest[i+len(s):]
	}
}

func TestPatchRandomZones(t *testing.T) {
	zones := 5000
	if testing.Short() {
		zones = 1000
	}
	changed := 0
	for seed := range uint64(zones) {
		r := rand.New(rand.NewPCG(seed, 7))
		z, edits := newRandomZone(r), randomEdits(r)
		got, err := zonefile.Patch([]byte(z.text), source(), edits, now)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, z.text)
		}
		checkPatched(t, z, string(got), edits)
		if again, err := zonefile.Patch(got, source(), edits, now); err != nil || string(again) != string(got) {
			t.Errorf("a second edit changes something: %v\n%s", err, again)
		}
		if z.text != string(got) {
			changed++
		}
		if t.Failed() {
			t.Fatalf("seed %d: %v\nbefore:\n%s\nafter:\n%s", seed, edits, z.text, got)
		}
	}
	t.Logf("%d zones, %d of them changed", zones, changed)
	if changed < zones/2 {
		t.Error("too few were changed")
	}
}

// What the zone checkers of three name servers accept they accept when it is
// edited.
func TestPatchedRandomZonesAreAccepted(t *testing.T) {
	zonecheck.Available(t)
	checked := 0
	for seed := uint64(0); checked < 25; seed++ {
		r := rand.New(rand.NewPCG(seed, 8))
		z, edits := newRandomZone(r), randomEdits(r)
		if zonecheck.Refusal(t, "x.com.", []byte(z.text)) != "" {
			continue // CRLF, or several TTLs in an RRset
		}
		got, err := zonefile.Patch([]byte(z.text), source(), edits, now)
		if err != nil {
			t.Fatal(err)
		}
		accepted(t, "x.com.", got)
		checked++
	}
}

func FuzzPatch(f *testing.F) {
	for seed := range uint64(8) {
		f.Add([]byte(newRandomZone(rand.New(rand.NewPCG(seed, 7))).text), "v=spf1 mx -all", "part1.x.com.", uint32(60))
	}
	for _, c := range patchCases() {
		f.Add([]byte(c.before), c.want[0].Text, c.want[0].Name, c.want[0].TTL)
	}
	f.Fuzz(func(t *testing.T, text []byte, record, name string, ttl uint32) {
		edits := []zonefile.Edit{{Name: "x.com.", Text: "v=spf1 -all", TTL: 60}, {Name: name, Text: record, TTL: ttl}}
		for i := range edits {
			got, err := zonefile.Patch(text, source(), edits[i:], now)
			if err != nil {
				if got != nil || strings.Contains(err.Error(), "internal error") {
					t.Errorf("%v in\n%s", err, text)
				}
				continue
			}
			again, err := zonefile.Patch(got, source(), edits[i:], now)
			if err != nil || string(again) != string(got) {
				t.Errorf("a second edit of\n%s\nmakes of\n%s\n%s, %v", text, got, again, err)
			}
		}
	})
}
