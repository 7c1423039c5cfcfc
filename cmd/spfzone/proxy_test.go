//go:build unix

package main

import (
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// proxy stands between a writer and a name server, by TCP, and has updates fail.
type proxy struct {
	address string
	server  string

	mu         sync.Mutex
	fault      proxyFault // of the next update
	every      proxyFault // of each one
	noTransfer bool       // transfers of the zone are refused
}

// exchange is an update on its way.
type exchange struct {
	message []byte
	forward bool   // to the server
	answer  []byte // in place of the server's
	silent  bool   // no answer: the connection ends
	hold    bool   // not before the client ends it
	after   func() // done when the server has answered, before the answer is handed on
}

// proxyFault makes an update go wrong.
type proxyFault func(*exchange)

// code answers for the server, without a signature.
func (e *exchange) code(rcode int) {
	m := new(dns.Msg)
	if err := m.Unpack(e.message); err != nil {
		panic(err)
	}
	r := new(dns.Msg)
	r.SetRcode(m, rcode)
	e.answer, _ = r.Pack()
	e.forward = false
}

func newProxy(t *testing.T, server string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	p := &proxy{address: l.Addr().String(), server: server}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(c)
		}
	}()
	return p
}

// next sets the fault of the next update.
func (p *proxy) next(f proxyFault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = f
}

// each has every update seen.
func (p *proxy) each(f proxyFault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.every = f
}

// refuseTransfers has the server refuse transfers of the zone.
func (p *proxy) refuseTransfers() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.noTransfer = true
}

// faults gives those of an update, or of a transfer.
func (p *proxy) faults(message []byte) []proxyFault {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case int(message[2]>>3)&15 == dns.OpcodeUpdate:
		next := p.fault
		p.fault = nil
		return []proxyFault{next, p.every}
	case p.noTransfer && isTransfer(message):
		return []proxyFault{func(e *exchange) { e.code(dns.RcodeRefused) }}
	}
	return nil
}

func (p *proxy) serve(c net.Conn) {
	defer c.Close()
	up, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	defer up.Close()
	for {
		m, err := readMessage(c)
		if err != nil {
			return
		}
		e := &exchange{message: m, forward: true}
		for _, f := range p.faults(m) {
			if f != nil {
				f(e)
			}
		}
		if e.forward {
			if writeMessage(up, m) != nil {
				return
			}
			if e.answer, err = readMessage(up); err != nil {
				return
			}
			if e.after != nil {
				e.after()
			}
		}
		if e.hold {
			readMessage(c)
		}
		if e.silent || writeMessage(c, e.answer) != nil {
			return
		}
	}
}

func isTransfer(message []byte) bool {
	m := new(dns.Msg)
	return m.Unpack(message) == nil && len(m.Question) == 1 && m.Question[0].Qtype == dns.TypeAXFR
}

func readMessage(r io.Reader) ([]byte, error) {
	var size [2]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	m := make([]byte, binary.BigEndian.Uint16(size[:]))
	_, err := io.ReadFull(r, m)
	return m, err
}

func writeMessage(w io.Writer, m []byte) error {
	_, err := w.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(m))), m...))
	return err
}
