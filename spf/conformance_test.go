package spf_test

import (
	"context"
	"testing"

	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/spf"
)

func TestConformanceRFC7208(t *testing.T) {
	dnstest.RunRFC7208(t, func(t *testing.T, s dnstest.Suite, c dnstest.Case) spf.Evaluation { return runCase(t, s.Zone, c) })
}

func TestConformanceOlderSuites(t *testing.T) {
	dnstest.RunOlderSuites(t, func(t *testing.T, s dnstest.Suite, c dnstest.Case) spf.Evaluation { return runCase(t, s.Zone, c) })
}

func runCase(t *testing.T, zone spf.Resolver, c dnstest.Case) spf.Evaluation {
	t.Helper()
	checker := &spf.Checker{Resolver: zone, DefaultExplanation: "DEFAULT"}
	ev, err := checker.Check(context.Background(), c.IP, c.MailFrom, c.HELO)
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	traced, err := checker.Trace(context.Background(), c.IP, c.MailFrom, c.HELO)
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	if traced.Result != ev.Result || traced.Explanation != ev.Explanation || len(traced.Trace) == 0 && ev.Result != spf.None {
		t.Errorf("%s: with trace %v %q in %d steps, without %v %q", c.Name, traced.Result, traced.Explanation, len(traced.Trace), ev.Result, ev.Explanation)
	}
	return ev
}
