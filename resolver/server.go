package resolver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"time"

	"github.com/miekg/dns"
)

// server is a name server and the way to it. It is safe for concurrent use.
type server interface {
	// exchange gives the message that answers a question, whole: one that
	// was cut off has been asked for again by another way. It returns when
	// ctx is over.
	exchange(ctx context.Context, q question) (*dns.Msg, error)
	String() string // in the form of Open
}

// converse sends a question and waits for its answer. What comes with another
// ID or question is not for us, or forged, and is ignored (RFC 5452, Section
// 9.1).
func converse(ctx context.Context, conn net.Conn, q question, m *dns.Msg) (*dns.Msg, error) {
	answer, _, err := converseCounting(ctx, conn, q, m)
	return answer, err
}

// converseCounting is converse that gives the octets of the answer too.
func converseCounting(ctx context.Context, conn net.Conn, q question, m *dns.Msg) (answer *dns.Msg, size int, err error) {
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	co := &dns.Conn{Conn: conn, UDPSize: maxDatagram}
	if err := co.WriteMsg(m); err != nil {
		return nil, 0, ended(ctx, cause(err))
	}
	for ignored := 0; ; ignored++ {
		octets, err := co.ReadMsgHeader(nil)
		switch {
		case errors.Is(err, dns.ErrShortRead):
			continue
		case ctx.Err() != nil && ignored > 0:
			return nil, 0, fmt.Errorf("%w; ignored: %d with another ID or question", context.Cause(ctx), ignored)
		case err != nil:
			return nil, 0, ended(ctx, cause(err))
		}
		if answer, err := unpack(octets, m.Id, q); !errors.Is(err, errOther) {
			return answer, len(octets), err
		}
	}
}

// maxDatagram is the most octets of a UDP answer that are read: more than the
// payload asked for, as not every server heeds it.
const maxDatagram = 4096

// errOther marks a message that is not the answer to our question.
var errOther = errors.New("the message answers another question")

// unpack reads a message, and checks that it answers the question.
func unpack(octets []byte, id uint16, q question) (*dns.Msg, error) {
	m := new(dns.Msg)
	err := m.Unpack(octets)
	if m.Id != id || !m.Response || m.Opcode != dns.OpcodeQuery || !q.matches(m) {
		return nil, errOther
	}
	if m.Truncated {
		return m, nil // what stands in it does not count
	}
	if err == nil {
		err = checkCounts(octets, m)
	}
	if err != nil {
		return nil, fmt.Errorf("malformed answer: %w", err)
	}
	return m, nil
}

// checkCounts says whether the message held as many records as its header
// promised (RFC 1035, Section 4.1.1), which the DNS library does not.
func checkCounts(octets []byte, m *dns.Msg) error {
	for i, section := range []struct {
		name string
		got  int
	}{{"questions", len(m.Question)}, {"answers", len(m.Answer)}, {"authority records", len(m.Ns)}, {"additional records", len(m.Extra)}} {
		if want := int(octets[4+2*i])<<8 | int(octets[5+2*i]); want != section.got {
			return fmt.Errorf("%d %s where the header promises %d", section.got, section.name, want)
		}
	}
	return nil
}

// cause strips an error of addresses and ports, which the server's name tells
// better.
func cause(err error) error {
	var op *net.OpError
	var u *url.Error
	var sys *os.SyscallError
	switch {
	case errors.As(err, &u):
		return cause(u.Err)
	case errors.As(err, &op):
		return cause(op.Err)
	case errors.As(err, &sys):
		return sys.Err
	}
	return err
}
