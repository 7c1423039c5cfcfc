//go:build unix

package nameserver

import (
	"syscall"
	"time"
)

// Pause has the server fall silent: it takes what is sent to it, and does not
// answer. [Server.Resume] has it go on. It may be called by any goroutine, and
// returns when every thread of the server has stopped: on a busy machine, the
// others answer for a while after the signal.
func (s *Server) Pause() {
	s.t.Helper()
	s.signal(syscall.SIGSTOP)
	pid := s.cmd.Process.Pid
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		var status syscall.WaitStatus
		switch got, err := syscall.Wait4(pid, &status, syscall.WNOHANG|syscall.WUNTRACED, nil); {
		case got == pid && status.Stopped():
			return
		case got == pid || err != nil && err != syscall.EINTR:
			s.t.Errorf("%s does not stop, but ends: %v, %v", s.Name, status, err)
			return
		}
	}
	s.t.Errorf("%s does not stop", s.Name)
}

// Resume has the server answer again, first what was sent meanwhile.
func (s *Server) Resume() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Error(err)
	}
}
