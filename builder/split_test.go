package builder_test

import (
	"fmt"
	"testing"
)

// TestOneNetworkByNetwork has nothing that could be told apart: no part.
func TestOneNetworkByNetwork(t *testing.T) {
	const config = `
defaults: {all: fail}
networks: {uk: [192.0.2.0/24], de: [198.51.100.0/24]}
domains: {x.com: {senders: [mx, %s], split: {by: network}}}
`
	for senders, want := range map[string]string{
		"uk":     "v=spf1 mx ip4:192.0.2.0/24 -all",
		"uk, de": "v=spf1 mx include:part1.x.com include:part2.x.com -all",
	} {
		d := build(t, fmt.Sprintf(config, senders), "x.com. MX 10 mail.x.com.\nmail.x.com. A 203.0.113.1\n").Domains[0]
		if d.Err != nil || d.Records[0].Text != want {
			t.Errorf("%s: %v, %v, want %s", senders, d.Err, d.Records, want)
		}
	}
}
