package zonefile_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/internal/zonecheck"
	"github.com/spfzone/spfzone/zonefile"
)

// wire is a TXT record as it stands in a DNS message.
type wire struct {
	Name    string // presentation form
	TTL     uint32
	Strings []string
}

// readBack parses a fragment with another zone-file reader and takes each
// record from its wire form.
func readBack(t *testing.T, fragment []byte) []wire {
	t.Helper()
	var got []wire
	zp := dns.NewZoneParser(bytes.NewReader(fragment), "", "fragment")
	for rr, ok := zp.Next(); ok; rr, ok = zp.Next() {
		if rr.Header().Rrtype != dns.TypeTXT || rr.Header().Class != dns.ClassINET {
			t.Fatalf("not a TXT record: %v", rr)
		}
		got = append(got, wire{rr.Header().Name, rr.Header().Ttl, charStrings(t, rr)})
	}
	if err := zp.Err(); err != nil {
		t.Fatalf("%v in\n%s", err, fragment)
	}
	return got
}

func charStrings(t *testing.T, rr dns.RR) []string {
	t.Helper()
	buf := make([]byte, dns.MaxMsgSize+1000)
	end, err := dns.PackRR(rr, buf, 0, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	_, owner, err := dns.UnpackDomainName(buf, 0)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for rdata := buf[owner+10 : end]; len(rdata) > 0; rdata = rdata[1+rdata[0]:] {
		texts = append(texts, string(rdata[1:1+rdata[0]]))
	}
	return texts
}

func TestRoundTripEveryOctet(t *testing.T) {
	f := zonefile.Fragment{Origin: "X.com."}
	var want []wire
	for c := range 256 {
		name := fmt.Sprintf("o%d.x.com.", c)
		texts := []string{string([]byte{byte(c)}), string([]byte{'1', byte(c), '1'})}
		f.Records = append(f.Records, zonefile.Record{
			Name: name, TTL: uint32(c), Strings: texts, Comments: []string{"c" + texts[0] + "evil TXT"},
		})
		want = append(want, wire{fmt.Sprintf("o%d.X.com.", c), uint32(c), texts})
	}
	fragment := mustWrite(t, f)
	if diff := cmp.Diff(want, readBack(t, fragment)); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
	t.Run("checkers", func(t *testing.T) { zonecheck.Check(t, "x.com.", fragment) })
}

func TestCheckersAcceptEveryOwner(t *testing.T) {
	f := zonefile.Fragment{Origin: "x.com."}
	for c := byte('!'); c < 0x7f; c++ {
		if c == '.' || 'A' <= c && c <= 'Z' {
			continue
		}
		f.Records = append(f.Records, zonefile.Record{Name: string([]byte{c}) + ".x.com.", TTL: 1, Strings: []string{"x"}})
	}
	fragment := mustWrite(t, f)
	if got := readBack(t, fragment); len(got) != len(f.Records) {
		t.Errorf("%d records read back, of %d", len(got), len(f.Records))
	}
	t.Run("checkers", func(t *testing.T) { zonecheck.Check(t, "x.com.", fragment) })
}

func mustWrite(t *testing.T, f zonefile.Fragment) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := zonefile.Write(&b, f); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func FuzzRoundTrip(f *testing.F) {
	f.Add("part1", "v=spf1 ip4:192.0.2.0/24 -all", "", "uk-dc, infra@x.com", uint32(3600))
	f.Add("*._spf", "v=spf1 mx ", "-all", "", uint32(0))
	f.Add("$origin", `quote " backslash \ `, "\\000\x00\xff", "a\nb.evil TXT \"x\"", uint32(1))
	f.Add("@", "(", ")", ";\r", uint32(1<<31-1))
	f.Fuzz(func(t *testing.T, owner, first, second, comment string, ttl uint32) {
		fragment := zonefile.Fragment{
			Origin: "x.com.",
			Header: []string{comment},
			Records: []zonefile.Record{
				{Name: owner + ".x.com.", TTL: ttl, Strings: []string{first, second}, Comments: []string{comment}},
				{Name: "last.x.com.", TTL: ttl, Strings: []string{first}},
			},
		}
		var b bytes.Buffer
		if err := zonefile.Write(&b, fragment); err != nil {
			if b.Len() > 0 {
				t.Fatalf("written before the error %v: %q", err, &b)
			}
			return
		}
		got := readBack(t, b.Bytes())
		if len(got) != 2 || got[1].Name != "last.x.com." {
			t.Fatalf("%d records read back, the last one %v, from\n%s", len(got), got, &b)
		}
		texts := [][]string{got[0].Strings, got[1].Strings}
		if diff := cmp.Diff([][]string{{first, second}, {first}}, texts); diff != "" {
			t.Errorf("strings read back (-want +got):\n%s", diff)
		}
		if got[0].TTL != ttl {
			t.Errorf("TTL %d read back, of %d", got[0].TTL, ttl)
		}
	})
}
