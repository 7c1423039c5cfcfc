package resolver

import (
	"slices"
	"testing"
	"time"

	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/spf"
)

// overWire evaluates the cases of a suite over UDP. Each suite's zone data has
// a name server of its own. For a case that is to end in temperror the client
// has little patience.
func overWire() dnstest.Evaluate {
	type kind struct {
		zone    *dnstest.Zonedata
		patient bool
	}
	checkers := map[kind]*spf.Checker{}
	return func(t *testing.T, s dnstest.Suite, c dnstest.Case) spf.Evaluation {
		k := kind{s.Zone, !slices.Contains(c.Results, "temperror")}
		checker := checkers[k]
		if checker == nil {
			o := Options{Timeout: patience, Attempts: 1}
			if !k.patient {
				o.Timeout = 250 * time.Millisecond
			}
			checker = &spf.Checker{Resolver: open(t, o, dnstest.ServeZonedata(t, s.Zone).URL("udp")), DefaultExplanation: "DEFAULT"}
			checkers[k] = checker
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
	dnstest.RunRFC7208(t, overWire())
}

func TestOlderSuitesOverUDP(t *testing.T) {
	t.Parallel()
	dnstest.RunOlderSuites(t, overWire())
}
