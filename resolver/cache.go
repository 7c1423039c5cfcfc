package resolver

import "time"

// cache keeps replies until their TTL is over, as many as fit into its size.
// Its user locks it.
type cache struct {
	size  int // octets
	used  int
	items map[question]cached
}

type cached struct {
	reply   *reply
	expires time.Time
}

// overhead is about what a reply takes beside the octets of its message.
const overhead = 512

func newCache(size int) cache {
	if size == 0 {
		size = DefaultCacheSize
	}
	return cache{size: size, items: map[question]cached{}}
}

// get gives a reply with what remains of its TTL, or nil.
func (c *cache) get(q question, now time.Time) *reply {
	it, ok := c.items[q]
	if !ok {
		return nil
	}
	if left := it.expires.Sub(now); left > 0 {
		return it.reply.aged(left)
	}
	c.remove(q)
	return nil
}

// put keeps a reply whose TTL is not zero. It makes room by dropping others,
// any of them.
func (c *cache) put(q question, r *reply, now time.Time) {
	cost := overhead + r.octets
	if r.ttl <= 0 || cost > c.size {
		return
	}
	c.remove(q)
	if c.used+cost > c.size {
		c.shrink(c.size - c.size/8 - cost)
	}
	c.items[q] = cached{r, now.Add(r.ttl)}
	c.used += cost
}

// shrink drops replies until no more than so many octets are used.
func (c *cache) shrink(octets int) {
	for q := range c.items {
		if c.used <= max(octets, 0) {
			return
		}
		c.remove(q)
	}
}

func (c *cache) remove(q question) {
	if it, ok := c.items[q]; ok {
		c.used -= overhead + it.reply.octets
		delete(c.items, q)
	}
}
