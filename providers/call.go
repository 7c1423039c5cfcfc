package providers

import (
	"context"
	"fmt"
	"time"
)

// moduleTime bounds what a module does at one call: most would wait for ever for
// an API that has fallen silent.
const moduleTime = 2 * time.Minute

// call has the module do something. One that does not mind the context goes on
// by itself when that ends, and is given nothing else to do before it is at an
// end: what is read after a change shows the whole of it.
func (l *library) call(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, moduleTime)
	defer cancel()
	run := func() error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return f(ctx)
	}
	if l.chatty {
		loud := run
		run = func() error { return quietly(loud) }
	}
	if l.deaf == nil {
		return run()
	}
	return l.bounded(ctx, run)
}

// bounded does not wait for longer than the context lasts.
func (l *library) bounded(ctx context.Context, run func() error) error {
	select {
	case l.deaf <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("an earlier call of the module is still under way: %w", ctx.Err())
	}
	done := make(chan error, 1)
	go func() {
		defer func() { <-l.deaf }()
		done <- guard(run)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("%w, which the module does not mind: its call is still under way", ctx.Err())
	}
}

// oneCall is for a module that does not mind the context.
func oneCall() chan struct{} { return make(chan struct{}, 1) }
