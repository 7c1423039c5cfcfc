package resolver

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/miekg/dns"
)

// resolve asks for a name, and for what it is an alias of where the server
// does not say (RFC 1034, Section 3.6.2). The whole counts as one question in
// flight.
func (c *client) resolve(ctx context.Context, q question) (*reply, error) {
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return nil, q.failed(ctx.Err())
	}
	r := newReply()
	for at := q; ; {
		var next string
		err := c.rounds(ctx, func(s server) (err error) {
			next, err = c.try(ctx, s, at, r)
			return err
		})
		if err != nil {
			return nil, at.failed(err)
		}
		if next == "" {
			return r, nil
		}
		at.name = next
	}
}

// rounds asks one server after the other until one answers, beginning with the
// one that answered last, and again after a pause that doubles each time. Who
// has said something that will last is not asked again.
func (c *client) rounds(ctx context.Context, try func(server) error) error {
	failures := make([]error, len(c.servers))
	first := int(c.latest.Load())
	for round := range c.attempts {
		if !slices.ContainsFunc(failures, passing) {
			break
		}
		if round > 0 {
			if err := sleep(ctx, c.timeout/8<<(round-1)); err != nil {
				return err
			}
		}
		for i := range c.servers {
			n := (first + i) % len(c.servers)
			if !passing(failures[n]) {
				continue
			}
			err := try(c.servers[n])
			if err == nil {
				c.latest.Store(int32(n))
				return nil
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			failures[n] = &ServerError{c.servers[n].String(), err}
		}
	}
	return joined(failures)
}

// try asks one server once.
func (c *client) try(ctx context.Context, s server, q question, r *reply) (next string, err error) {
	m, err := c.once(ctx, s, q)
	if err != nil {
		return "", err
	}
	read := *r
	if next, err = read.add(m, q); err == nil {
		read.source = s.String()
		*r = read
	}
	return next, err
}

// once gives what one server answers within the time-out.
func (c *client) once(ctx context.Context, s server, q question) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, fmt.Errorf("no answer within %v", c.timeout))
	defer cancel()
	return s.exchange(ctx, q)
}

// sleep waits, or gives the error of a context that is over before.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
