// Package bench compares spfzone with another evaluator on the same DNS in
// memory. It is a module of its own, so that the product does not depend on
// its peer.
package bench

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	blitiri "blitiri.com.ar/go/spf"

	"github.com/spfzone/spfzone/spf"
)

var benchtime = flag.Duration("benchtime", time.Second, "how long to measure each, in all")

// memory is a DNS of TXT and A records, for both evaluators.
type memory struct {
	txt map[string]string
	a   map[string]netip.Addr
}

type workload struct {
	name string
	dns  memory
	ip   string
}

func workloads() []workload {
	hit := memory{txt: map[string]string{"x.test": "v=spf1 ip4:192.0.2.0/24 -all"}}
	nested := memory{txt: map[string]string{"x.test": "v=spf1 include:i1.x.test -all"}}
	for i := 1; i <= 8; i++ {
		var b strings.Builder
		b.WriteString("v=spf1")
		for j := range 15 {
			fmt.Fprintf(&b, " ip4:10.%d.%d.0/24", i, j)
		}
		if i < 8 {
			fmt.Fprintf(&b, " include:i%d.x.test", i+1)
		}
		nested.txt[fmt.Sprintf("i%d.x.test", i)] = b.String() + " -all"
	}
	exists := memory{
		txt: map[string]string{"x.test": "v=spf1 exists:%{ir}.%{v}._spf.x.test -all"},
		a:   map[string]netip.Addr{"7.2.0.192.in-addr._spf.x.test": netip.MustParseAddr("127.0.0.2")},
	}
	return []workload{
		{"(a) one record, ip4 hit", hit, "192.0.2.7"},
		{"(b) eight nested includes", nested, "10.8.14.9"},
		{"(c) exists:%{ir}.%{v}", exists, "192.0.2.7"},
	}
}

// TestRatios prints how many times faster than its peer spfzone is. It asserts
// that both give pass, and that a hit allocates nothing; times depend on the
// machine, and are not asserted.
func TestRatios(t *testing.T) {
	fmt.Printf("%-28s %12s %12s %8s %8s\n", "workload", "blitiri", "spfzone", "ratio", "allocs")
	for _, w := range workloads() {
		ip := netip.MustParseAddr(w.ip)
		c := &spf.Checker{Resolver: ours{w.dns}}
		check := func() {
			v, err := c.Check(context.Background(), ip, "bob@x.test", "mail.x.test")
			if err != nil || v.Result != spf.Pass {
				t.Fatalf("%s: %v %v %v", w.name, v.Result, v.Err, err)
			}
		}
		netIP := net.ParseIP(w.ip)
		peer := theirs{w.dns}
		peerCheck := func() {
			r, err := blitiri.CheckHostWithSender(netIP, "mail.x.test", "bob@x.test", blitiri.WithResolver(peer))
			if r != blitiri.Pass {
				t.Fatalf("%s: blitiri gives %v %v", w.name, r, err)
			}
		}
		for range 10 {
			check()
		}
		theirTime, ourTime := measure(peerCheck, check)
		allocs := testing.AllocsPerRun(1000, check)
		fmt.Printf("%-28s %12v %12v %7.0fx %8.0f\n", w.name, theirTime, ourTime, float64(theirTime)/float64(ourTime), allocs)
		if allocs > 0 {
			t.Errorf("%s: %v allocations a hit", w.name, allocs)
		}
	}
}

// rounds are how often each is measured. They take turns, and the quickest
// round counts, as what else the machine does can only slow them down.
const rounds = 20

// measure gives the time of one call of each.
func measure(f, g func()) (timeF, timeG time.Duration) {
	timeF, timeG = time.Hour, time.Hour
	for range rounds {
		timeF, timeG = min(timeF, round(f)), min(timeG, round(g))
	}
	return timeF, timeG
}

// round gives the mean time of calls for a share of the time.
func round(f func()) time.Duration {
	n := 1
	for {
		start := time.Now()
		for range n {
			f()
		}
		if d := time.Since(start); d >= *benchtime/rounds {
			return d / time.Duration(n)
		}
		n *= 2
	}
}

type ours struct{ m memory }

func (o ours) LookupTXT(_ context.Context, name string) (spf.Answer[spf.TXT], error) {
	a := spf.Answer[spf.TXT]{TTL: spf.Forever}
	if text, ok := o.m.txt[strings.TrimSuffix(name, ".")]; ok {
		a.Records = []spf.TXT{{text}}
	}
	return a, nil
}

func (o ours) LookupIP(_ context.Context, name string, f spf.Family) (spf.Answer[netip.Addr], error) {
	a := spf.Answer[netip.Addr]{TTL: spf.Forever}
	if ip, ok := o.m.a[strings.TrimSuffix(name, ".")]; ok && f == spf.V4 {
		a.Records = []netip.Addr{ip}
	}
	return a, nil
}

func (ours) LookupMX(context.Context, string) (spf.Answer[spf.MailExchange], error) {
	return spf.Answer[spf.MailExchange]{TTL: spf.Forever}, nil
}

func (ours) LookupPTR(context.Context, netip.Addr) (spf.Answer[string], error) {
	return spf.Answer[string]{TTL: spf.Forever}, nil
}

type theirs struct{ m memory }

func (th theirs) LookupTXT(_ context.Context, name string) ([]string, error) {
	if text, ok := th.m.txt[strings.TrimSuffix(name, ".")]; ok {
		return []string{text}, nil
	}
	return nil, &net.DNSError{Name: name, IsNotFound: true}
}

func (th theirs) LookupIPAddr(_ context.Context, name string) ([]net.IPAddr, error) {
	if ip, ok := th.m.a[strings.TrimSuffix(name, ".")]; ok {
		return []net.IPAddr{{IP: ip.AsSlice()}}, nil
	}
	return nil, &net.DNSError{Name: name, IsNotFound: true}
}

func (theirs) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	return nil, &net.DNSError{Name: name, IsNotFound: true}
}

func (theirs) LookupAddr(_ context.Context, addr string) ([]string, error) {
	return nil, &net.DNSError{Name: addr, IsNotFound: true}
}
