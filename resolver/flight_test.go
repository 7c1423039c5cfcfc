package resolver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/spf"
)

func TestClientSharesQuestionInFlight(t *testing.T) {
	s, o := serveClientZone(t)
	hold := make(chan struct{})
	s.Misbehave("", dnstest.Hold(hold))
	r := open(t, o, s.URL("udp"))
	c := r.(*client)

	impatient, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := r.LookupTXT(impatient, "zero.x.test."); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want that of the context", err)
		}
	})
	waitFor(t, func() bool { return c.waiting("zero.x.test.") == 1 })
	for range 10 {
		wg.Go(func() {
			got, err := r.LookupTXT(t.Context(), "zero.x.test.")
			if diff := cmp.Diff(txtAnswer{Records: []spf.TXT{{"zero"}}, Source: s.URL("udp")}, got); diff != "" || err != nil {
				t.Error(err, diff)
			}
		})
	}
	waitFor(t, func() bool { return c.waiting("zero.x.test.") == 11 })
	cancel() // whoever asked first leaves; the others get their answer
	waitFor(t, func() bool { return c.waiting("zero.x.test.") == 10 })
	close(hold)
	wg.Wait()
	if n := len(s.Asked()); n != 1 {
		t.Errorf("asked %d times, want once", n)
	}
	if len(c.flights) != 0 {
		t.Errorf("%d questions are left in flight", len(c.flights))
	}
}

// A question that nobody waits for any more is given up.
func TestClientGivesUpWithLastCaller(t *testing.T) {
	s, o := serveClientZone(t)
	o.Timeout = time.Hour
	s.Misbehave("", dnstest.Drop)
	r := open(t, o, s.URL("udp"))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := r.LookupTXT(ctx, "x.test.")
		done <- err
	}()
	c := r.(*client)
	waitFor(t, func() bool { return len(s.Asked()) == 1 })
	cancel()
	if err := <-done; fmt.Sprint(err) != "x.test. TXT: context canceled" {
		t.Error(err)
	}
	waitFor(t, func() bool { return len(c.slots) == 0 })
	if c.waiting("x.test.") != 0 {
		t.Error("the question is left in flight")
	}
}

func (c *client) waiting(name string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f := c.flights[question{name, dns.TypeTXT}]; f != nil {
		return f.waiting
	}
	return 0
}

// waitFor returns when a condition holds, which it must in the end.
func waitFor(t *testing.T, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain")
		}
	}
}

func TestClientBoundsConcurrency(t *testing.T) {
	s, o := serveClientZone(t)
	o.Concurrency = 3
	hold := make(chan struct{})
	s.Misbehave("", dnstest.Hold(hold))
	r := open(t, o, s.URL("udp"))
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if _, err := r.LookupTXT(t.Context(), fmt.Sprintf("n%d.x.test.", i)); err != nil {
				t.Error(err)
			}
		})
	}
	c := r.(*client)
	waitFor(t, func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.flights) == 20 && len(s.Asked()) == 3
	})
	close(hold)
	wg.Wait()
	if n := len(s.Asked()); n != 20 {
		t.Errorf("asked %d times, want 20", n)
	}
}
