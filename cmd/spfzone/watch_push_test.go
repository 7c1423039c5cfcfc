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
	other   []spf.TXT // of another vendor
}

// grow has another vendor add networks, up to a number of them.
func (v *vendorDNS) grow(networks int) (record string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	var terms []string
	for i := range networks {
		terms = append(terms, fmt.Sprintf("ip4:10.%d.7.0/24", 100+i))
	}
	record = "v=spf1 " + strings.Join(terms, " ") + " -all"
	v.other = []spf.TXT{{record}}
	return record
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
	return &spf.Overlay{Base: base, TXT: map[string][]spf.TXT{"vendor.test.": v.records, "other.test.": v.other}}
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
// server, and not what the vendor loses. Domains that do not list it go on.
func TestWatchPushes(t *testing.T) {
	ns := nameserver.Knot(t, serverZone, zoneOfServers())
	s := newServer(t, ns, updateProvider(ns))
	inFolder(t, map[string]string{"spfzone.yaml": fmt.Sprintf(`defaults: {all: fail, ttl: 1s, limits: {response: 1200}}
services: {v: {include: vendor.test, flatten: always}, w: {include: other.test, flatten: always}}
domains:
  x.test: {senders: [mx, v], publish: {provider: p}}
  o.x.test: {zone: x.test, senders: [w], publish: {provider: p}}
  l.x.test: {zone: x.test, senders: [w, 'include:x.test'], publish: {provider: p}}
providers: {p: %s}
`, s.provider)})
	siblings := s.others(serverZone)
	vendor := &vendorDNS{}
	vendor.publish("v=spf1 ip4:10.0.0.0/24 ip4:10.1.0.0/24 -all")
	vendor.grow(1)
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
	const drift = `spfzone_domain_drift{domain="x.test"} 0` + "\n"
	led := ""
	for i, step := range []struct {
		name    string
		vendor  []string
		want    string
		refused bool
	}{
		{"first", []string{"v=spf1 ip4:10.0.0.0/24 ip4:10.1.0.0/24 -all"}, "v=spf1 mx ip4:10.0.0.0/24 ip4:10.1.0.0/24 -all", false},
		{"the vendor grows", []string{"v=spf1 ip4:10.0.0.0/24 ip4:10.1.0.0/24 ip4:10.3.0.0/24 -all"}, "v=spf1 mx ip4:10.0.0.0/24 ip4:10.1.0.0/24 ip4:10.3.0.0/24 -all", false},
		{"the vendor vanishes", nil, "v=spf1 mx ip4:10.0.0.0/24 ip4:10.1.0.0/24 ip4:10.3.0.0/24 -all", true},
		{"the vendor shrinks", []string{"v=spf1 ip4:10.0.0.0/24 -all"}, "v=spf1 mx ip4:10.0.0.0/24 ip4:10.1.0.0/24 ip4:10.3.0.0/24 -all", true},
		{"the vendor loses little", []string{"v=spf1 ip4:10.1.0.0/24 ip4:10.3.0.0/24 -all"}, "v=spf1 mx ip4:10.1.0.0/24 ip4:10.3.0.0/24 -all", false},
	} {
		vendor.publish(step.vendor...)
		other := vendor.grow(2 + i)
		d.wake <- struct{}{}
		d.over()
		log := d.logged()
		if got := s.spfOf(serverZone); got != step.want {
			t.Errorf("%s: %q is published, want %q\n%s", step.name, got, step.want, log)
		}
		if got := s.spfOf("o." + serverZone); got != other {
			t.Errorf("%s: %q is published of the other vendor, want %q\n%s", step.name, got, other, log)
		}
		if !step.refused { // of those that lead to x.test, as for x.test itself
			led = strings.Replace(other, " -all", " include:x.test -all", 1)
		} else if !strings.Contains(log, `not_pushed="x.test, l.x.test"`) {
			t.Errorf("%s: log:\n%s", step.name, log)
		}
		if got := s.spfOf("l." + serverZone); got != led {
			t.Errorf("%s: %q is published of what leads to it, want %q\n%s", step.name, got, led, log)
		}
		lines := strings.Join(d.metrics(), "")
		ended := log[strings.LastIndex(log, "round ended"):] // a stage that waits has more than one round
		if !strings.Contains(lines, drift) || strings.Contains(ended, "outcome=refused") != step.refused || strings.Contains(ended, "outcome=done") == step.refused {
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
