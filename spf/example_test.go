package spf_test

import (
	"fmt"
	"log"
	"net/netip"

	"github.com/spfzone/spfzone/spf"
)

// A record that is made of its terms prints as the text that it is parsed from.
func ExampleRecord() {
	mail, err := spf.DomainName("mail.example.com.")
	if err != nil {
		log.Fatal(err)
	}
	list, err := spf.ParseDomainSpec("%{ir}.%{v}._spf.%{d}")
	if err != nil {
		log.Fatal(err)
	}
	reports, err := spf.ParseMacroString("spf-reports=%{d}")
	if err != nil {
		log.Fatal(err)
	}
	r := &spf.Record{
		Directives: []spf.Directive{
			{Mechanism: spf.A{Domain: mail, CIDR: spf.NewDualCIDR(28, 64)}},
			{Mechanism: spf.IP4{Prefix: netip.MustParsePrefix("192.0.2.0/24")}},
			{Qualifier: spf.QSoftFail, Mechanism: spf.Exists{Domain: list}},
			{Qualifier: spf.QFail, Mechanism: spf.All{}},
		},
		Unknown: []spf.Modifier{{Name: "note", Value: reports}},
	}
	fmt.Println(r)
	parsed, err := spf.Parse(r.String())
	fmt.Println(parsed.Equal(r), err)
	// Output:
	// v=spf1 a:mail.example.com/28//64 ip4:192.0.2.0/24 ~exists:%{ir}.%{v}._spf.%{d} -all note=spf-reports=%{d}
	// true <nil>
}
