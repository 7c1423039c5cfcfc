package resolver

import (
	"testing"
	"time"

	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/spf"
)

// overWire evaluates the cases of a suite over UDP: each suite's zone data has
// a name server of its own, and the client little patience.
func overWire(t *testing.T) dnstest.Evaluate {
	checkers := map[*dnstest.Zonedata]*spf.Checker{}
	return func(t *testing.T, s dnstest.Suite, c dnstest.Case) spf.Evaluation {
		checker := checkers[s.Zone]
		if checker == nil {
			server := dnstest.ServeZonedata(t, s.Zone)
			r, err := Open([]string{server.URL("udp")}, Options{Timeout: 400 * time.Millisecond, Attempts: 1})
			if err != nil {
				t.Fatal(err)
			}
			checker = &spf.Checker{Resolver: r, DefaultExplanation: "DEFAULT"}
			checkers[s.Zone] = checker
		}
		ev, err := checker.Check(t.Context(), c.IP, c.MailFrom, c.HELO)
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		return ev
	}
}

func TestConformanceOverUDP(t *testing.T) {
	t.Parallel()
	dnstest.RunRFC7208(t, overWire(t))
}

func TestOlderSuitesOverUDP(t *testing.T) {
	t.Parallel()
	dnstest.RunOlderSuites(t, overWire(t))
}
