package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/internal/leaks"
	"github.com/spfzone/spfzone/internal/nameserver"
	"github.com/spfzone/spfzone/resolver"
	"github.com/spfzone/spfzone/spf"
)

// vendorDNS answers for a vendor as the test likes, and asks a server for the
// rest.
type vendorDNS struct {
	mu      sync.Mutex
	records []spf.TXT
}

func (v *vendorDNS) publish(texts ...string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.records = nil
	for _, text := range texts {
		v.records = append(v.records, spf.TXT{text})
	}
}

func (v *vendorDNS) over(base spf.Resolver) spf.Resolver {
	v.mu.Lock()
	defer v.mu.Unlock()
	return &spf.Overlay{Base: base, TXT: map[string][]spf.TXT{"vendor.test.": v.records}}
}

// shortSleeps sleeps what is short, and leaves the rest to another.
func shortSleeps(held func(context.Context, time.Duration) error) func(context.Context, time.Duration) error {
	return func(ctx context.Context, pause time.Duration) error {
		if pause < time.Minute {
			return sleep(ctx, pause)
		}
		return held(ctx, pause)
	}
}

// TestWatchPushes has the daemon publish what a vendor changes on a real name
// server, and not what the vendor loses.
func TestWatchPushes(t *testing.T) {
	ns := nameserver.Knot(t, serverZone, zoneOfServers())
	s := &server{t, ns, updateProvider(ns)}
	inFolder(t, map[string]string{"spfzone.yaml": fmt.Sprintf(`defaults: {all: fail, ttl: 1s, limits: {response: 1200}}
services: {v: {include: vendor.test, flatten: always}}
domains: {x.test: {senders: [mx, v], publish: {provider: p}}}
providers: {p: %s}
`, s.provider)})
	siblings := s.others(serverZone)
	vendor := &vendorDNS{}
	vendor.publish("v=spf1 ip4:10.0.0.0/24 ip4:10.1.0.0/24 -all")
	d := newDaemon(t)
	d.now = time.Now
	d.env = s.app().env
	d.openResolver = func(specs []string, o resolver.Options) (spf.Resolver, error) {
		r, err := resolver.Open(specs, o)
		return vendor.over(r), err
	}
	// What a push waits for is real, and takes a second or two. So rounds follow
	// each other until nothing is left to do.
	d.sleep = shortSleeps(d.sleep)
	d.start("--push", "--resolver", "udp://"+ns.Address)
	d.over()
	if log := d.logged(); !strings.Contains(log, `level=ERROR msg="the round is not whole" error="--push needs a lock file to hold the sources against, and there is none: run 'spfzone update', and see what it has"`) {
		t.Errorf("log without a lock:\n%s", log)
	}
	if got := s.spfOf(serverZone); got != "" {
		t.Fatalf("%q was published without a lock", got)
	}
	other := s.app() // as an operator would, meanwhile
	other.openResolver = d.openResolver
	if code := other.run(t.Context(), []string{"update", "--resolver", "udp://" + ns.Address}); code != exitYes {
		t.Fatalf("update: %d %s", code, &other.err)
	}
	const drift, outcome = `spfzone_domain_drift{domain="x.test"} %d` + "\n", `spfzone_rounds_total{outcome="refused"} %d` + "\n"
	for _, step := range []struct {
		name    string
		vendor  []string
		want    string
		refused int
	}{
		{"first", []string{"v=spf1 ip4:10.0.0.0/24 ip4:10.1.0.0/24 -all"}, "v=spf1 mx ip4:10.0.0.0/24 ip4:10.1.0.0/24 -all", 1},
		{"the vendor grows", []string{"v=spf1 ip4:10.0.0.0/24 ip4:10.1.0.0/24 ip4:10.3.0.0/24 -all"}, "v=spf1 mx ip4:10.0.0.0/24 ip4:10.1.0.0/24 ip4:10.3.0.0/24 -all", 1},
		{"the vendor vanishes", nil, "v=spf1 mx ip4:10.0.0.0/24 ip4:10.1.0.0/24 ip4:10.3.0.0/24 -all", 2},
		{"the vendor shrinks", []string{"v=spf1 ip4:10.0.0.0/24 -all"}, "v=spf1 mx ip4:10.0.0.0/24 ip4:10.1.0.0/24 ip4:10.3.0.0/24 -all", 3},
		{"the vendor loses little", []string{"v=spf1 ip4:10.1.0.0/24 ip4:10.3.0.0/24 -all"}, "v=spf1 mx ip4:10.1.0.0/24 ip4:10.3.0.0/24 -all", 3},
	} {
		vendor.publish(step.vendor...)
		d.wake <- struct{}{}
		d.over()
		log := d.logged()
		if got := s.spfOf(serverZone); got != step.want {
			t.Errorf("%s: %q is published, want %q\n%s", step.name, got, step.want, log)
		}
		lines := strings.Join(d.metrics(), "")
		if !strings.Contains(lines, fmt.Sprintf(drift, 0)) || !strings.Contains(lines, fmt.Sprintf(outcome, step.refused)) {
			t.Errorf("%s: metrics:\n%s\nlog:\n%s", step.name, lines, log)
		}
		leaks.Look(t, "log", []byte(log))
	}
	if diff := cmp.Diff(siblings, s.others(serverZone)); diff != "" {
		t.Errorf("the other TXT records: %s", diff)
	}
	if err := os.Remove("spfzone.lock"); err != nil {
		t.Fatal(err)
	}
	vendor.publish()
	d.wake <- struct{}{}
	d.over()
	if got := s.spfOf(serverZone); got != "v=spf1 mx ip4:10.1.0.0/24 ip4:10.3.0.0/24 -all" {
		t.Errorf("%q was published after the lock was lost", got)
	}
	d.end(exitYes)
}
