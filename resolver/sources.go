package resolver

import (
	"sync"
	"time"
)

// sources are the zones that were found for names that others are below, and
// what was learnt of their servers.
type sources struct {
	mu    sync.Mutex
	zones map[string]keptZone
	dead  map[string]time.Time // by address: until when it is not asked, as it does not answer from here
	heard map[string]bool      // by address: it has answered
}

// keptZone is a zone that is found anew after a time.
type keptZone struct {
	*Zone
	until time.Time
}

const (
	mostSources = 1000             // bounds the zones that are kept
	mostKept    = time.Hour        // bounds for how long one is
	leastKept   = 30 * time.Second // for how long it is, though its TTL be less
	deadTime    = 30 * time.Second // for how long a server is not asked that does not answer
)

// zone gives what was found for a name, or finds it, with for how long it may be
// kept. What cannot be found anew stays as it was.
func (s *sources) zone(name string, now time.Time, find func() (*Zone, time.Duration, error)) (*Zone, error) {
	s.mu.Lock()
	former, found := s.zones[name]
	s.mu.Unlock()
	if found && now.Before(former.until) {
		return former.Zone, nil
	}
	z, ttl, err := find()
	switch {
	case err != nil && found:
		return former.Zone, nil
	case err != nil:
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.zones == nil || len(s.zones) >= mostSources {
		s.zones = map[string]keptZone{}
	}
	s.zones[name] = keptZone{z, now.Add(min(max(ttl, leastKept), mostKept))}
	return z, nil
}

func (s *sources) isDead(a Authority, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return now.Before(s.dead[a.Address])
}

// bury keeps a server from being asked for a while, unless it has answered
// before: that can be reached from here.
func (s *sources) bury(a Authority, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.heard[a.Address] {
		return false
	}
	if s.dead == nil {
		s.dead = map[string]time.Time{}
	}
	s.dead[a.Address] = now.Add(deadTime)
	return true
}

// hear notes that a server answers.
func (s *sources) hear(a Authority) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.heard == nil {
		s.heard = map[string]bool{}
	}
	s.heard[a.Address] = true
}
