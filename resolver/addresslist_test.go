package resolver

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"go4.org/netipx"

	"github.com/spfzone/spfzone/spf"
)

var listedPrefixes = flag.Int("listed-prefixes", 1000, "how many random prefixes to list in BIND, and addresses to check")

// prefixesAList is few enough that the lists of random prefixes differ.
const prefixesAList = 50

// TestAddressListsInBIND lists random prefixes of all lengths and both
// families as names and wildcards, and has BIND answer what exists terms ask:
// check_host must pass the listed addresses and no others.
func TestAddressListsInBIND(t *testing.T) {
	r := rand.New(rand.NewPCG(uint64(*listedPrefixes), 11))
	var zone strings.Builder
	zone.WriteString("$ORIGIN x.test.\n$TTL 300\n@ SOA ns hostmaster 1 7200 3600 1209600 60\n@ NS ns\nns A 127.0.0.1\n@ TXT \"v=spf1 -all\"\n")
	var sets []*netipx.IPSet
	names := 0
	for len(sets)*prefixesAList < *listedPrefixes {
		set := randomSet(r)
		domain := fmt.Sprintf("d%d.x.test.", len(sets))
		fmt.Fprintf(&zone, "%s TXT \"v=spf1 exists:%%{ir}.%%{v}._spf.%s -all\"\n", domain, strings.TrimSuffix(domain, "."))
		for _, p := range set.Prefixes() {
			family := map[bool]string{true: "in-addr", false: "ip6"}[p.Addr().Is4()]
			for _, name := range spf.AddressNames(p, family+"._spf."+domain) {
				fmt.Fprintf(&zone, "%s A 127.0.0.2\n", name)
				names++
			}
		}
		sets = append(sets, set)
	}
	c := &spf.Checker{Resolver: named(t, map[string]string{"x.test.": zone.String()})}
	passed := 0
	for range *listedPrefixes {
		i := r.IntN(len(sets))
		ip := nearSet(r, sets[i])
		v, err := c.CheckHost(t.Context(), ip, fmt.Sprintf("d%d.x.test", i), "bob@x.test", "x.test")
		if err != nil {
			t.Fatal(err)
		}
		want := spf.Fail
		if sets[i].Contains(ip) {
			want = spf.Pass
			passed++
		}
		if v.Result != want {
			t.Errorf("d%d: %v: %v (%v), want %v", i, ip, v.Result, v.Err, want)
		}
	}
	t.Logf("%d prefixes in %d lists of %d names; %d addresses checked, %d of them listed", *listedPrefixes, len(sets), names, *listedPrefixes, passed)
	if passed < *listedPrefixes/10 || passed > *listedPrefixes*9/10 {
		t.Error("too few addresses of one kind")
	}
}

// randomSet gives prefixes of all lengths from 1 on, the short ones in a list
// of their own, as they would swallow the others.
func randomSet(r *rand.Rand) *netipx.IPSet {
	var b netipx.IPSetBuilder
	shortest := 1 + r.IntN(28)
	for range prefixesAList {
		if r.IntN(2) == 0 {
			b.AddPrefix(netip.PrefixFrom(netip.AddrFrom4([4]byte(randomOctets(r, 4))), min(shortest+r.IntN(32), 32)).Masked())
		} else {
			b.AddPrefix(netip.PrefixFrom(netip.AddrFrom16([16]byte(randomOctets(r, 16))), min(4*shortest+r.IntN(128), 128)).Masked())
		}
	}
	set, err := b.IPSet()
	if err != nil {
		panic(err)
	}
	return set
}

func randomOctets(r *rand.Rand, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(r.UintN(256))
	}
	return out
}

// nearSet gives an address in a range of the set, or beside one.
func nearSet(r *rand.Rand, set *netipx.IPSet) netip.Addr {
	ranges := set.Ranges()
	at := ranges[r.IntN(len(ranges))]
	for _, ip := range []netip.Addr{at.From().Prev(), at.To().Next(), at.From()}[r.IntN(3):] {
		if ip.IsValid() && !ip.Is4In6() {
			return ip
		}
	}
	return at.To()
}

// A zone file is the set that its names list, as far as they are nothing else.
func TestWorldListsAddresses(t *testing.T) {
	const zone = `$ORIGIN x.test.
1.2.0.192.in-addr.l  A 127.0.0.2
*.3.0.192.in-addr.l  A 127.0.0.2
*.8.b.d.0.1.0.0.2.ip6.l A 127.0.0.2
1.2.0.192.in-addr.text  TXT "exists too"
1.2.0.192.in-addr.alias CNAME 1.2.0.192.in-addr.l
*.wild               A 127.0.0.2
in-addr.tree         DNAME in-addr.l
`
	tests := []struct {
		below string
		f     spf.Family
		want  string
		ok    bool
	}{
		{"in-addr.l.x.test.", spf.V4, "[192.0.2.1/32 192.0.3.0/24]", true},
		{"ip6.l.x.test.", spf.V6, "[2001:db8::/32]", true},
		{"in-addr.none.x.test.", spf.V4, "[]", true},
		{"in-addr.text.x.test.", spf.V4, "[]", false},
		{"in-addr.alias.x.test.", spf.V4, "[]", false},
		{"in-addr.wild.x.test.", spf.V4, "[]", false},
		{"in-addr.tree.x.test.", spf.V4, "[]", false},
	}
	w, err := ParseZone(strings.NewReader(zone), "zone")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		set, ok := w.ListAddresses(tt.below, tt.f)
		got := "[]"
		if ok {
			got = fmt.Sprint(set.Prefixes())
		}
		if got != tt.want || ok != tt.ok {
			t.Errorf("%s: %s %v, want %s %v", tt.below, got, ok, tt.want, tt.ok)
		}
	}
}
