package addresslist_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/providers/addresslist"
)

func TestIsName(t *testing.T) {
	tests := map[string]bool{
		"1.2.0.192.in-addr": true, "*.2.0.192.in-addr": true, "*.in-addr": true, "255.0.0.10.in-addr": true,
		"*.8.b.d.0.1.0.0.2.ip6": true, "*.ip6": true,
		"f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6": true,
		"*": false, "in-addr": false, "2.0.192.in-addr": false, "*.1.2.0.192.in-addr": false, "1.1.2.0.192.in-addr": false,
		"256.2.0.192.in-addr": false, "01.2.0.192.in-addr": false, "a.2.0.192.in-addr": false, "1.*.0.192.in-addr": false,
		"*.10.ip6": false, "*.F.ip6": false, "mail": false, "": false, "1.2.0.192.arpa": false, ".2.0.192.in-addr": false,
	}
	for name, want := range tests {
		if got := addresslist.IsName(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

func TestPrefixes(t *testing.T) {
	want := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/25"), netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2001:db9::1/128")}
	var texts []string
	for _, p := range want {
		texts = append(texts, p.String())
	}
	want[0], want[1] = want[1], want[0]
	if diff := cmp.Diff(fmt.Sprint(want), fmt.Sprint(listOf(t, texts...).Prefixes())); diff != "" {
		t.Error(diff)
	}
}

func TestSubtree(t *testing.T) {
	a := func(name string, ttl uint32) addresslist.Record {
		return addresslist.Record{Name: name + "." + root, Type: "A", Data: addresslist.Address, TTL: ttl}
	}
	const rule = ", and below the name of an address list only A records 127.0.0.2 of addresses may stand, as any other name stands in the way of wildcards (RFC 4592): delete that first"
	tests := []struct {
		name    string
		records []addresslist.Record
		want    addresslist.List
		ttl     uint32
		err     string
	}{
		{"nothing", nil, nil, 0, ""},
		{"addresses", []addresslist.Record{a("5.2.0.192.in-addr", 60), a("*.10.in-addr", 300)}, addresslist.List{"*.10.in-addr", "5.2.0.192.in-addr"}, 300, ""},
		{"beside TXT at the name itself", []addresslist.Record{{Name: root, Type: "TXT", Data: "x"}, a("*.10.in-addr", 60)}, addresslist.List{"*.10.in-addr"}, 60, ""},
		{"signed", []addresslist.Record{a("*.10.in-addr", 60), {Name: "*.10.in-addr." + root, Type: "RRSIG"}}, addresslist.List{"*.10.in-addr"}, 60, ""},
		{"TXT", []addresslist.Record{{Name: "mail." + root, Type: "TXT", Data: "x"}}, nil, 0, "_spf.x.test: mail._spf.x.test has the TXT record" + rule},
		{"TXT at an address", []addresslist.Record{a("5.2.0.192.in-addr", 60), {Name: "5.2.0.192.in-addr." + root, Type: "TXT"}}, nil, 0, "_spf.x.test: 5.2.0.192.in-addr._spf.x.test has the TXT record" + rule},
		{"alias", []addresslist.Record{{Name: "5.2.0.192.in-addr." + root, Type: "CNAME"}}, nil, 0, "_spf.x.test: 5.2.0.192.in-addr._spf.x.test has the CNAME record" + rule},
		{"another address", []addresslist.Record{{Name: "5.2.0.192.in-addr." + root, Type: "A", Data: "127.0.0.3"}}, nil, 0, "_spf.x.test: 5.2.0.192.in-addr._spf.x.test has the A record 127.0.0.3" + rule},
		{"no name of an address", []addresslist.Record{a("2.0.192.in-addr", 60)}, nil, 0, "_spf.x.test: 2.0.192.in-addr._spf.x.test has the A record 127.0.0.2" + rule},
		{"a delegation", []addresslist.Record{{Name: root, Type: "NS"}}, nil, 0, "_spf.x.test: it has the NS record, so that the names of an address list below it would not be served: delete that first"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ttl, err := addresslist.Subtree{Records: tt.records}.List(root)
			text := ""
			if err != nil {
				text = err.Error()
			}
			if diff := cmp.Diff(tt.err, text); diff != "" {
				t.Fatal(diff)
			}
			if !got.Equal(tt.want) || ttl != tt.ttl {
				t.Errorf("%q %d", got, ttl)
			}
		})
	}
}

func TestBatches(t *testing.T) {
	var names []string
	for i := range 1500 {
		names = append(names, fmt.Sprintf("%d.%d.0.10.in-addr", i%256, i/256))
	}
	add := addresslist.New(names...)
	for _, most := range []int{100, 1 << 20} {
		count := 0
		for _, b := range (addresslist.Step{Add: add}).Batches(root, most, 60) {
			size := 0
			for _, name := range b.Add {
				size += 2*len(name) + 32
			}
			if size > 60000 || len(b.Add) > most || b.TTL != 60 {
				t.Errorf("%d names, %d octets, TTL %d", len(b.Add), size, b.TTL)
			}
			count += len(b.Add)
		}
		if count != len(add) {
			t.Errorf("%d names of %d", count, len(add))
		}
	}
}
