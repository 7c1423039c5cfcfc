package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/resolver"
)

// A secondary that is behind or does not answer stops plan and push, and the message tells
// how to go on without it; one that is alone does not.
func TestOneServerFails(t *testing.T) {
	const (
		published = `@ TXT "v=spf1 mx ip4:192.0.2.0/24 ip4:198.51.100.0/24 ip4:203.0.113.9 -all"` + "\n"
		out       = "; --authority HOST:PORT names the servers to ask, and leaves the others out: docs/publishing.md says when that is right, and what it risks\n"
	)
	behind := strings.Replace(strings.Replace(verifyHead, "hostmaster 1", "hostmaster 0", 1)+published, "113.9", "113.8", 1)
	tests := []struct {
		name  string
		zones []string // of the servers; none for one that does not answer
		want  string
	}{
		{"behind", []string{verifyHead + published, behind},
			`x.test: the authoritative servers do not agree on the TXT records of x.test: against ns1, ns2 has the SPF record with "ip4:203.0.113.8" in place of "ip4:203.0.113.9"; ns2 is behind: serial 0, ns1 has 1: see to its transfer` + out},
		{"does not answer", []string{verifyHead + published, ""}, "x.test: x.test. TXT: ns2 by UDP: connection refused" + out},
		{"does not answer, and there is no other", []string{""}, "x.test: x.test. SOA: ns1 by UDP: connection refused\n"},
	}
	for _, tt := range tests {
		for _, command := range []string{"plan", "push"} {
			t.Run(command+", "+tt.name, func(t *testing.T) {
				inFolder(t, map[string]string{"spfzone.yaml": verifyConfig + "    publish: {provider: p}\nproviders: {p: {type: rfc2136, server: '127.0.0.1:1'}}\n"})
				a := newTestAppOver(nil)
				a.openResolver, a.now = resolver.Open, time.Now
				base := dnstest.ServeZone(t, verifyHead+published)
				args := []string{command, "--propagation", "100ms", "--resolver", base.URL("udp")}
				if command == "push" {
					args = append(args, "--yes")
				}
				var names []string
				for i, text := range tt.zones {
					address := "127.0.0.1:1"
					if text != "" {
						address = dnstest.ServeZone(t, text).Address()
					}
					args = append(args, "--authority", address)
					names = append(names, address, fmt.Sprintf("ns%d", i+1))
				}
				code := a.run(t.Context(), args)
				got := strings.NewReplacer(names...).Replace(a.err.String())
				if diff := cmp.Diff("spfzone: "+tt.want, got); code != exitFailure || diff != "" {
					t.Errorf("exit code %d, stderr: %s", code, diff)
				}
			})
		}
	}
}
