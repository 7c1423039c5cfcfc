package resolver

import (
	"context"
	"fmt"
	"slices"
	"time"
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
		next, err := c.rounds(ctx, at, r)
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
func (c *client) rounds(ctx context.Context, q question, r *reply) (next string, err error) {
	failures := make([]error, len(c.servers))
	first := int(c.latest.Load())
	for round := range c.attempts {
		if !slices.ContainsFunc(failures, passing) {
			break
		}
		if round > 0 {
			if err := sleep(ctx, c.timeout/8<<(round-1)); err != nil {
				return "", err
			}
		}
		for i := range c.servers {
			n := (first + i) % len(c.servers)
			if !passing(failures[n]) {
				continue
			}
			if next, err = c.try(ctx, c.servers[n], q, r); err == nil {
				c.latest.Store(int32(n))
				return next, nil
			}
			if ctx.Err() != nil {
				return "", ctx.Err()
			}
			failures[n] = &ServerError{c.servers[n].String(), err}
		}
	}
	return "", joined(failures)
}

// try asks one server once.
func (c *client) try(ctx context.Context, s server, q question, r *reply) (next string, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, fmt.Errorf("no answer within %v", c.timeout))
	defer cancel()
	m, err := s.exchange(ctx, q)
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
