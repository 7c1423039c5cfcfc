package spf_test

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"go4.org/netipx"

	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/spf"
)

func TestAddressTreeAddresses(t *testing.T) {
	tests := []struct {
		name   string
		family spf.Family
		owners []string
		want   []string
	}{
		{"empty", spf.V4, nil, nil},
		{"an address", spf.V4, []string{"1.2.0.192.in-addr.l.test."}, []string{"192.0.2.1/32"}},
		{"an octet boundary", spf.V4, []string{"*.2.0.192.in-addr.l.test."}, []string{"192.0.2.0/24"}},
		{"a wildcard does not answer beside a longer name", spf.V4, []string{"*.10.in-addr.l.test.", "7.1.0.10.in-addr.l.test."},
			[]string{"10.0.1.7/32", "10.1.0.0/16", "10.2.0.0/15", "10.4.0.0/14", "10.8.0.0/13", "10.16.0.0/12", "10.32.0.0/11", "10.64.0.0/10", "10.128.0.0/9"}},
		{"a name that is no address exists all the same", spf.V4, []string{"*.0.10.in-addr.l.test.", "x.5.0.10.in-addr.l.test."},
			prefixesWithout("10.0.0.0/16", "10.0.5.0/24")},
		{"leading zeros are no address", spf.V4, []string{"01.2.0.192.in-addr.l.test.", "256.2.0.192.in-addr.l.test."}, nil},
		{"a wildcard above the family", spf.V4, []string{"*.l.test."}, []string{"0.0.0.0/0"}},
		{"nibbles", spf.V6, []string{"*.8.b.d.0.1.0.0.2.ip6.l.test."}, []string{"2001:db8::/32"}},
		{"an odd nibble", spf.V6, []string{"*.a.8.b.d.0.1.0.0.2.ip6.l.test."}, []string{"2001:db8:a000::/36"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tree := spf.NewAddressTree("l.test.", tt.owners)
			below := map[spf.Family]string{spf.V4: "in-addr.l.test.", spf.V6: "ip6.l.test."}[tt.family]
			var want netipx.IPSetBuilder
			for _, p := range tt.want {
				want.AddPrefix(netip.MustParsePrefix(p))
			}
			set, err := want.IPSet()
			if err != nil {
				t.Fatal(err)
			}
			if got := tree.Addresses(below, tt.family); !got.Equal(set) {
				t.Errorf("addresses %v, want %v", got.Prefixes(), set.Prefixes())
			}
		})
	}
}

func prefixesWithout(all, hole string) []string {
	var b netipx.IPSetBuilder
	b.AddPrefix(netip.MustParsePrefix(all))
	b.RemovePrefix(netip.MustParsePrefix(hole))
	set, _ := b.IPSet()
	var out []string
	for _, p := range set.Prefixes() {
		out = append(out, p.String())
	}
	return out
}

// randomPrefix gives a prefix of any length of either family, near others.
func randomPrefix(r *rand.Rand) netip.Prefix {
	if r.IntN(2) == 0 {
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(r.IntN(3)), byte(r.UintN(256)), byte(r.UintN(256))}), r.IntN(33)).Masked()
	}
	b := [16]byte{0x20, 1, 0xd, 0xb8, byte(r.IntN(3))}
	for i := 5; i < 16; i++ {
		b[i] = byte(r.UintN(256))
	}
	return netip.PrefixFrom(netip.AddrFrom16(b), r.IntN(129)).Masked()
}

// For random prefixes the names that list them are read back as the same
// addresses, by the policy and by a check of each edge.
func TestAddressNamesListTheirPrefixes(t *testing.T) {
	const lists, most = 500, 5
	r := rand.New(rand.NewPCG(7, 1))
	zone := dnstest.NewZone()
	zone.Add("x.test", "TXT", "v=spf1 exists:%{ir}.%{v}._spf.x.test -all")
	prefixes, checked := 0, 0
	for range lists {
		var b netipx.IPSetBuilder
		for range 1 + r.IntN(most) {
			b.AddPrefix(randomPrefix(r))
			prefixes++
		}
		set, err := b.IPSet()
		if err != nil {
			t.Fatal(err)
		}
		var owners []string
		for _, p := range set.Prefixes() {
			owners = append(owners, spf.AddressNames(p, map[bool]string{true: "in-addr", false: "ip6"}[p.Addr().Is4()]+"._spf.x.test.")...)
		}
		tree := spf.NewAddressTree("_spf.x.test.", owners)
		c := &spf.Checker{Resolver: &spf.Overlay{Base: zone, Trees: []*spf.AddressTree{tree}}}
		p, err := c.Policy(t.Context(), "x.test")
		if err != nil {
			t.Fatal(err)
		}
		if !p.Static() || !p.Set(spf.Pass).Equal(set) {
			t.Fatalf("%v listed, the policy passes %v", set.Prefixes(), p.Prefixes(spf.Pass))
		}
		for ip := range edges(p) {
			v, err := c.CheckHost(t.Context(), ip, "x.test", "bob@x.test", "x.test")
			if err != nil {
				t.Fatal(err)
			}
			if want, _ := p.Result(ip); v.Result != want {
				t.Errorf("%v: check gives %v (%v), policy %v", ip, v.Result, v.Err, want)
			}
			checked++
		}
	}
	t.Logf("%d prefixes in %d lists, %d addresses checked", prefixes, lists, checked)
	if checked < lists {
		t.Error("too few addresses checked")
	}
}
