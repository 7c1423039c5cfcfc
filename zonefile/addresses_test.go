package zonefile_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/zonefile"
)

var listed = netip.MustParseAddr("127.0.0.2")

const listRoot = "_spf.x.com."

func addName(name string) zonefile.AddressEdit {
	return zonefile.AddressEdit{Name: name + "." + listRoot, Address: listed, TTL: 300}
}

func dropName(name string) zonefile.AddressEdit {
	return zonefile.AddressEdit{Name: name + "." + listRoot, Address: listed, Delete: true}
}

func TestPatchAddresses(t *testing.T) {
	const head = "$TTL 1h\n@ SOA ns h 7 1 2 3 4 ; our zone\n@ NS ns\n"
	tests := []struct {
		name  string
		lines string
		edits []zonefile.AddressEdit
		want  string // the lines, or the error
	}{
		{"the first", "www A 192.0.2.1 ; last", []zonefile.AddressEdit{addName("*.2.0.192.in-addr"), addName("7.3.0.192.in-addr")},
			"www A 192.0.2.1 ; last\n*.2.0.192.in-addr._spf 300 IN A 127.0.0.2\n7.3.0.192.in-addr._spf 300 IN A 127.0.0.2"},
		{"behind the others", "*.2.0.192.in-addr._spf A 127.0.0.2 ; a comment\nwww A 192.0.2.1\n", []zonefile.AddressEdit{addName("7.3.0.192.in-addr")},
			"*.2.0.192.in-addr._spf A 127.0.0.2 ; a comment\n7.3.0.192.in-addr._spf 300 IN A 127.0.0.2\nwww A 192.0.2.1\n"},
		{"deleted, with what stands below its owner", "*.2.0.192.in-addr._spf A 127.0.0.2\n 60 A 127.0.0.3\nwww A 192.0.2.1\n", []zonefile.AddressEdit{dropName("*.2.0.192.in-addr")},
			"*.2.0.192.in-addr._spf 60 A 127.0.0.3\nwww A 192.0.2.1\n"},
		{"by another origin", "$ORIGIN in-addr._spf.x.com.\n7.3.0.192\tA\t127.0.0.2\n8.3.0.192\tA\t127.0.0.2\n", []zonefile.AddressEdit{dropName("7.3.0.192.in-addr"), addName("9.3.0.192.in-addr")},
			"$ORIGIN in-addr._spf.x.com.\n8.3.0.192\tA\t127.0.0.2\n9.3.0.192 300 IN A 127.0.0.2\n"},
		{"there already", "7.3.0.192.in-addr._spf 60 A 127.0.0.2\n", []zonefile.AddressEdit{addName("7.3.0.192.in-addr"), dropName("8.3.0.192.in-addr")},
			"7.3.0.192.in-addr._spf 60 A 127.0.0.2\n"},
		{"a delegation above", "_spf NS ns.y.com.\n", []zonefile.AddressEdit{addName("7.3.0.192.in-addr")},
			"x.zone:4: _spf.x.com. is delegated here: publish its SPF record in the zone that it is delegated to"},
		{"signed", "www A 192.0.2.1\nwww RRSIG A 8 3 3600 20300101000000 20200101000000 1 x.com. AAAA\n", []zonefile.AddressEdit{addName("7.3.0.192.in-addr")},
			"x.zone:5: the zone is signed in this file, and an edit would break the signatures: edit the file that it is signed from, and sign again"},
		{"generated", "$GENERATE 7-9 $.3.0.192.in-addr._spf A 127.0.0.2\n", []zonefile.AddressEdit{dropName("7.3.0.192.in-addr")},
			"x.zone:4: the A record of 7.3.0.192.in-addr._spf.x.com. comes from here, which is not edited: move it into x.zone"},
		{"twice", "", []zonefile.AddressEdit{addName("7.3.0.192.in-addr"), dropName("7.3.0.192.in-addr")}, "7.3.0.192.in-addr._spf.x.com. is edited twice"},
		{"elsewhere", "", []zonefile.AddressEdit{{Name: "www.x.com.", Address: listed}}, "www.x.com. is not below _spf.x.com."},
		{"no IPv4", "", []zonefile.AddressEdit{{Name: "a._spf.x.com.", Address: netip.IPv6Loopback()}}, "a._spf.x.com.: an A record holds one IPv4 address and nothing else"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := zonefile.PatchAddresses([]byte(head+tt.lines), zonefile.Source{File: "x.zone", Origin: "x.com."}, listRoot, tt.edits, now)
			if err != nil {
				if err.Error() != tt.want {
					t.Errorf("error %v\nwant  %s", err, tt.want)
				}
				return
			}
			want := head + tt.want
			if tt.want != tt.lines {
				want = strings.Replace(want, "h 7 1", "h 8 1", 1)
			}
			if diff := cmp.Diff(want, string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBelow(t *testing.T) {
	const text = "$TTL 1h\n@ SOA ns h 7 1 2 3 4\n@ NS ns\n_spf TXT x\n*.2.0.192.in-addr._SPF 60 A 127.0.0.2\nmail._spf MX 1 m\n_spfx A 127.0.0.2\n$GENERATE 1-2 $.10.in-addr._spf A 127.0.0.3\n"
	got, err := zonefile.Below([]byte(text), zonefile.Source{File: "x.zone", Origin: "x.com."}, listRoot)
	if err != nil {
		t.Fatal(err)
	}
	want := []zonefile.Standing{
		{Name: "_spf.x.com.", Type: "TXT", TTL: 3600},
		{Name: "*.2.0.192.in-addr._spf.x.com.", Type: "A", Data: "127.0.0.2", TTL: 60},
		{Name: "mail._spf.x.com.", Type: "MX", TTL: 3600},
		{Name: "1.10.in-addr._spf.x.com.", Type: "A", Data: "127.0.0.3", TTL: 3600},
		{Name: "2.10.in-addr._spf.x.com.", Type: "A", Data: "127.0.0.3", TTL: 3600},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestPatchAddressesOfRandomZones adds and deletes names in zone files in any form.
// What is no A record of the list keeps its octets, and its meaning.
func TestPatchAddressesOfRandomZones(t *testing.T) {
	edited := 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 12))
		z := newRandomZone(r)
		source := zonefile.Source{File: "x.zone", Origin: "x.com."}
		var there, more []string
		for i := range 1 + r.IntN(8) {
			there, more = append(there, fmt.Sprintf("*.%d.0.192.in-addr", i)), append(more, fmt.Sprintf("*.%d.0.10.in-addr", i))
		}
		before, err := zonefile.PatchAddresses([]byte(z.text), source, listRoot, edits(there, nil), now)
		if err != nil {
			continue // a zone that is not edited is tested for SPF records
		}
		gone := slices.DeleteFunc(slices.Clone(there), func(string) bool { return r.IntN(2) == 0 })
		after, err := zonefile.PatchAddresses(before, source, listRoot, edits(more, gone), now)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, before)
		}
		edited++
		rest := string(after)
		for _, piece := range z.kept {
			_, behind, found := strings.Cut(rest, strings.TrimRight(piece, "\r\n"))
			if !found {
				t.Fatalf("seed %d: %q is not in its place\n%s", seed, piece, after)
			}
			rest = behind
		}
		a, b := parse(t, z.text, nil), parse(t, string(after), nil)
		isList := func(s string) bool { return strings.Contains(s, "_spf.x.com.") }
		b.others = slices.DeleteFunc(b.others, isList)
		if diff := cmp.Diff(a.others, b.others); diff != "" {
			t.Fatalf("seed %d: %s\n%s", seed, diff, after)
		}
		standing, err := zonefile.Below(after, source, listRoot)
		if err != nil || len(standing) != len(there)-len(gone)+len(more) {
			t.Fatalf("seed %d: %v %v", seed, standing, err)
		}
	}
	t.Logf("%d zone files", edited)
	if edited < 100 {
		t.Error("too few were edited")
	}
}

func edits(add, drop []string) (out []zonefile.AddressEdit) {
	for _, name := range add {
		out = append(out, addName(name))
	}
	for _, name := range drop {
		out = append(out, dropName(name))
	}
	return out
}
