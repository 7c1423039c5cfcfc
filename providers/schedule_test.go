package providers

import "sync"

// fault is what goes wrong with a request.
type fault int

const (
	refused fault = iota + 1 // an error, and nothing is done
	lost                     // it is done, but the answer is an error
)

// schedule counts the writes that a server sees, and says what happens to each,
// from 1. The test sets it while the server serves.
type schedule struct {
	mu     sync.Mutex
	writes int
	before map[int]func()
	faults map[int]fault
}

// first has something done before the nth write.
func (s *schedule) first(n int, do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.before == nil {
		s.before = map[int]func(){}
	}
	s.before[n] = do
}

// fail has the nth write go wrong.
func (s *schedule) fail(n int, f fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.faults == nil {
		s.faults = map[int]fault{}
	}
	s.faults[n] = f
}

// count is how many writes there were.
func (s *schedule) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes
}

// next counts a write, does what comes before it, and says what goes wrong
// with it: 0 for nothing.
func (s *schedule) next() fault {
	s.mu.Lock()
	s.writes++
	before, f := s.before[s.writes], s.faults[s.writes]
	s.mu.Unlock()
	if before != nil {
		before()
	}
	return f
}
