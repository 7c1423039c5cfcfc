package push_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/providers/push"
	"github.com/spfzone/spfzone/providers/txt"
)

// silent is a server that answers nothing: each question takes its time-out.
type silent struct {
	push.Server
	timeout time.Duration
}

func (s silent) TXT(ctx context.Context, _ string, _ bool) (push.Answer, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.timeout, fmt.Errorf("no answer within %v", s.timeout))
	defer cancel()
	<-ctx.Done()
	return push.Answer{}, fmt.Errorf("%s: %w", s, context.Cause(ctx))
}

// behind is a server that has something else until a moment.
type behind struct {
	push.Server
	until time.Time
	set   txt.RRset
}

func (b behind) TXT(ctx context.Context, name string, tcp bool) (push.Answer, error) {
	if time.Now().Before(b.until) {
		return push.Answer{Set: b.set}, nil
	}
	return b.Server.TXT(ctx, name, tcp)
}

// The wait for the servers lasts as long as it is told to, and no longer: by a
// clock that is the test's own.
func TestWaitLastsAsLongAsItIsToldTo(t *testing.T) {
	lagging := txt.RRset{TTL: 60, Records: []txt.Record{txt.New("v=spf1 ?all")}}
	tests := []struct {
		name     string
		patience time.Duration
		others   func(push.Server) []push.Server
		want     time.Duration
		agree    bool
	}{
		{"silent, and the wait ends in a question", 10 * time.Second, func(s push.Server) []push.Server { return []push.Server{silent{s, 6 * time.Second}} }, 10 * time.Second, false},
		{"silent, and the wait ends in a pause", 6050 * time.Millisecond, func(s push.Server) []push.Server { return []push.Server{silent{s, 6 * time.Second}} }, 6550 * time.Millisecond, false},
		{"silent, and less to wait than a question takes", time.Second, func(s push.Server) []push.Server { return []push.Server{silent{s, 6 * time.Second}} }, time.Second, false},
		{"behind all the time", 6 * time.Second, func(s push.Server) []push.Server { return []push.Server{behind{s, time.Now().Add(time.Hour), lagging}} }, 6 * time.Second, false},
		{"behind until just before the end", 6 * time.Second, func(s push.Server) []push.Server {
			return []push.Server{behind{s, time.Now().Add(5990 * time.Millisecond), lagging}}
		}, 6 * time.Second, true},
		{"three silent", 5 * time.Second, func(s push.Server) []push.Server { return slices.Repeat([]push.Server{silent{s, 2 * time.Second}}, 3) }, 5 * time.Second, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 1)
				w.set(domain, txt.RRset{TTL: 60, Records: []txt.Record{txt.New("v=spf1 -all")}})
				p := w.push(one("v=spf1 -all"))
				p.Patience, p.Now = tt.patience, time.Now
				p.Sleep = func(_ context.Context, d time.Duration) error { time.Sleep(d); return nil }
				servers := append(tt.others(server{w, true}), server{w, false})
				p.ZoneOf = func(context.Context, string) (*push.Zone, error) {
					return &push.Zone{Name: domain, Negative: negative, Servers: servers}, nil
				}
				start := time.Now()
				_, err := p.Next(t.Context())
				if (err == nil) != tt.agree {
					t.Errorf("error %v", err)
				}
				if diff := cmp.Diff(tt.want, time.Since(start)); diff != "" {
					t.Errorf("waited: %s", diff)
				}
			})
		})
	}
}
