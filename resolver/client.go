package resolver

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/spf"
)

// client asks servers, and keeps their answers until their TTL is over. A
// question that is in flight is not asked again: whoever else has it waits for
// the same answer.
type client struct {
	servers  []server
	timeout  time.Duration
	attempts int
	now      func() time.Time
	slots    chan struct{} // one for each question in flight
	latest   atomic.Int32  // index of the server that answered last

	sources sources
	port    string // of authoritative servers

	mu      sync.Mutex
	cache   cache
	flights map[question]*flight
}

// flight is a question that is being asked.
type flight struct {
	waiting int // callers; under client.mu
	cancel  context.CancelFunc
	done    chan struct{} // closed when the fields below are set
	reply   *reply
	err     error
}

func newClient(servers []server, o Options) *client {
	c := &client{
		servers:  servers,
		timeout:  orDefault(o.Timeout, DefaultTimeout),
		attempts: orDefault(o.Attempts, DefaultAttempts),
		now:      o.Now,
		slots:    make(chan struct{}, orDefault(o.Concurrency, DefaultConcurrency)),
		cache:    newCache(o.CacheSize),
		port:     "53",
		flights:  map[question]*flight{},
	}
	if c.now == nil {
		c.now = time.Now
	}
	return c
}

func orDefault[T int | time.Duration](n, standard T) T {
	if n <= 0 {
		return standard
	}
	return n
}

// lookup gives the answer to a question: the one that is kept, or that of the
// flight under way, or of a new one. The flight goes on as long as anybody
// waits for it.
func (c *client) lookup(ctx context.Context, q question) (*reply, error) {
	if !exists(q.name) {
		return &reply{nxdomain: true, ttl: spf.Forever}, nil
	}
	if ctx.Err() != nil {
		return nil, q.failed(ctx.Err())
	}
	c.mu.Lock()
	if r := c.cache.get(q, c.now()); r != nil {
		c.mu.Unlock()
		return r, nil
	}
	f := c.flights[q]
	if f == nil {
		f = c.start(ctx, q)
	}
	f.waiting++
	c.mu.Unlock()
	select {
	case <-f.done:
		return f.reply, f.err
	case <-ctx.Done():
		c.leave(q, f)
		return nil, q.failed(ctx.Err())
	}
}

// start begins a flight that does not end with the context of the caller who
// happens to be first. The caller holds c.mu.
func (c *client) start(ctx context.Context, q question) *flight {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f := &flight{cancel: cancel, done: make(chan struct{})}
	c.flights[q] = f
	go func() {
		defer cancel()
		f.reply, f.err = c.resolve(ctx, q)
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.flights[q] == f {
			delete(c.flights, q)
		}
		if f.err == nil {
			c.cache.put(q, f.reply, c.now())
		}
		close(f.done)
	}()
	return f
}

// leave takes a caller off a flight, and ends it if that was the last one.
func (c *client) leave(q question, f *flight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.waiting--; f.waiting > 0 {
		return
	}
	f.cancel()
	if c.flights[q] == f {
		delete(c.flights, q)
	}
}

// ask is lookup for the records of one type.
func ask[T any](ctx context.Context, c *client, q question, pick func(*node) []T) (spf.Answer[T], error) {
	r, err := c.lookup(ctx, q)
	return answerOf(r, err, pick)
}

// answerOf gives the records of one type of a reply.
func answerOf[T any](r *reply, err error, pick func(*node) []T) (spf.Answer[T], error) {
	if err != nil {
		return spf.Answer[T]{}, err
	}
	return spf.Answer[T]{Records: pick(&r.node), TTL: r.ttl, NXDomain: r.nxdomain, Alias: r.alias, Source: r.source}, nil
}

// LookupTXT implements [spf.Resolver].
func (c *client) LookupTXT(ctx context.Context, name string) (spf.Answer[spf.TXT], error) {
	return ask(ctx, c, question{name, dns.TypeTXT}, (*node).texts)
}

// LookupIP implements [spf.Resolver].
func (c *client) LookupIP(ctx context.Context, name string, f spf.Family) (spf.Answer[netip.Addr], error) {
	if f == spf.V4 {
		return ask(ctx, c, question{name, dns.TypeA}, (*node).ip4s)
	}
	return ask(ctx, c, question{name, dns.TypeAAAA}, (*node).ip6s)
}

// LookupMX implements [spf.Resolver].
func (c *client) LookupMX(ctx context.Context, name string) (spf.Answer[spf.MailExchange], error) {
	return ask(ctx, c, question{name, dns.TypeMX}, (*node).exchanges)
}

// LookupPTR implements [spf.Resolver].
func (c *client) LookupPTR(ctx context.Context, addr netip.Addr) (spf.Answer[string], error) {
	name, err := reverseName(addr)
	if err != nil {
		return spf.Answer[string]{}, err
	}
	return ask(ctx, c, question{name, dns.TypePTR}, (*node).pointers)
}
