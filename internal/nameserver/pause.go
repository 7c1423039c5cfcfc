//go:build unix

package nameserver

import "syscall"

// Pause has the server fall silent: it takes what is sent to it, and does not
// answer. [Server.Resume] has it go on.
func (s *Server) Pause() { s.signal(syscall.SIGSTOP) }

// Resume has the server answer again, first what was sent meanwhile.
func (s *Server) Resume() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}
