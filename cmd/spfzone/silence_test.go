//go:build unix

package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/internal/nameserver"
)

// A server that falls silent in the middle of a push, without an end of its
// connections, makes the push fail and say so. Once it answers again, what it
// was sent meanwhile may have come true or not: either way the next push ends
// where it should.
func TestServerFallsSilent(t *testing.T) {
	for _, tt := range []struct {
		name  string
		start func(t testing.TB, zone, text string) *nameserver.Server
		fault func(*exchange, *nameserver.Server)
	}{
		{"BIND, before a write", nameserver.BIND, func(_ *exchange, ns *nameserver.Server) { ns.Pause() }},
		{"Knot, after a write", nameserver.Knot, func(e *exchange, ns *nameserver.Server) { e.after = ns.Pause }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inFolder(t, nil)
			ns := tt.start(t, serverZone, zoneOfServers())
			proxy := newProxy(t, ns.Address)
			s := newServer(t, ns, throughProxy(ns, proxy))
			siblings := s.others(serverZone)
			list := changes(s.provider)
			s.configure(list[0])
			s.run(t.Context(), exitYes, "push", "--yes", "--wait")
			s.configure(impatient(list[1]))
			proxy.next(func(e *exchange) { tt.fault(e, ns) })
			a := s.app()
			code := a.run(t.Context(), []string{"push", "--yes", "--wait", "--propagation", "1s", "--resolver", "udp://" + ns.Address})
			ns.Resume()
			s.configure(list[1])
			for _, want := range []string{"provider p: creating the TXT records of part2.x.test.:", "no answer within 3s", "what stands there now is not known", "of the journal"} {
				if code != exitFailure || !strings.Contains(a.err.String(), want) {
					t.Errorf("exit code %d, want %s\n%s", code, want, &a.err)
				}
			}
			s.run(t.Context(), exitYes, "push", "--yes", "--wait")
			s.planned(tt.name)
			if diff := cmp.Diff(siblings, s.others(serverZone)); diff != "" {
				t.Errorf("the other TXT records: %s", diff)
			}
		})
	}
}
