package push

import (
	"context"
	"fmt"
	"strings"
	"sync"
)

// LagError says that some authoritative servers do not have what was written.
type LagError struct {
	Amiss  []string // what they have in its place
	Behind []string // which of them have an older copy of the zone than another
	All    bool     // no server has it
}

func (e *LagError) Error() string {
	return "not every server has it: " + strings.Join(append(e.Amiss[:len(e.Amiss):len(e.Amiss)], e.Behind...), "; ")
}

// lag makes a LagError, and finds out which servers are behind.
func lag(ctx context.Context, z *Zone, amiss []string, all bool) *LagError {
	e := &LagError{Amiss: amiss, All: all}
	says := serials(ctx, z.Name, z.Servers)
	last := latest(says)
	for _, s := range says {
		if text := s.behind(last); text != "" {
			e.Behind = append(e.Behind, text)
		}
	}
	return e
}

// serials asks servers for the serial numbers of their copies of a zone.
func serials(ctx context.Context, zone string, servers []Server) []Said {
	says := make([]Said, len(servers))
	var wg sync.WaitGroup
	for i, s := range servers {
		wg.Go(func() {
			serial, err := s.Serial(ctx, zone)
			says[i] = Said{Server: s.String(), Serial: serial, Known: err == nil}
		})
	}
	wg.Wait()
	return says
}

// latest gives the one with the latest serial number, or the first.
func latest(says []Said) Said {
	last := says[0]
	for _, s := range says[1:] {
		if s.Known && (!last.Known || follows(s.Serial, last.Serial)) {
			last = s
		}
	}
	return last
}

// follows compares serial numbers (RFC 1982, Section 3.2).
func follows(a, b uint32) bool { return a != b && int32(a-b) > 0 }

// behind says that a server has an older copy of the zone than another; nothing if
// that is not so, or not known.
func (s Said) behind(last Said) string {
	if !s.Known || !last.Known || s.Serial == last.Serial {
		return ""
	}
	return fmt.Sprintf("%s is behind: serial %d, %s has %d: see to its transfer", s.Server, s.Serial, last.Server, last.Serial)
}
