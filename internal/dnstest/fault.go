package dnstest

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

// Fault is a way to answer a query wrongly: it gives the messages to send
// instead of the honest one. A nil message ends a connection.
type Fault func(exchange) [][]byte

// exchange is a query with its honest answer.
type exchange struct {
	query, answer *dns.Msg
	network       string
}

// pack gives the answer's octets, by UDP cut off at what the client takes.
func (e exchange) pack() [][]byte {
	if e.network == "udp" {
		size := dns.MinMsgSize
		if opt := e.query.IsEdns0(); opt != nil {
			size = int(opt.UDPSize())
		}
		e.answer.Truncate(size)
	}
	return e.whole()
}

// whole gives the octets of the answer, whatever the client takes.
func (e exchange) whole() [][]byte {
	octets, err := e.answer.Pack()
	if err != nil {
		panic(fmt.Sprintf("dnstest: %v", err))
	}
	return [][]byte{octets}
}

// Drop says nothing.
func Drop(exchange) [][]byte { return nil }

// HangUp ends the connection without an answer.
func HangUp(exchange) [][]byte { return [][]byte{nil} }

// Alter sends the honest answer, changed.
func Alter(change func(*dns.Msg)) Fault {
	return func(e exchange) [][]byte {
		change(e.answer)
		return e.pack()
	}
}

// Code answers with a response code and no records.
func Code(rcode int) Fault {
	return Alter(func(m *dns.Msg) { m.Rcode, m.Answer, m.Ns = rcode, nil, nil })
}

// ServFail and Refused answer with these codes.
var (
	ServFail = Code(dns.RcodeServerFailure)
	Refused  = Code(dns.RcodeRefused)
)

// ServFailBecause is ServFail with an extended error (RFC 8914).
func ServFailBecause(code uint16, text string) Fault {
	return Alter(func(m *dns.Msg) {
		m.Rcode, m.Answer, m.Ns = dns.RcodeServerFailure, nil, nil
		m.IsEdns0().Option = append(m.IsEdns0().Option, &dns.EDNS0_EDE{InfoCode: code, ExtraText: text})
	})
}

// Truncate answers by UDP that the answer was cut off, and honestly otherwise.
func Truncate(e exchange) [][]byte {
	if e.network != "udp" {
		return e.pack()
	}
	return TruncateAlways(e)
}

// TruncateAlways answers so by every way.
func TruncateAlways(e exchange) [][]byte {
	e.answer.Truncated, e.answer.Answer = true, nil
	return e.whole()
}

// TruncateRaggedly cuts off the octets in the middle of a record.
func TruncateRaggedly(e exchange) [][]byte {
	if e.network != "udp" {
		return e.pack()
	}
	e.answer.Truncated = true
	octets := e.whole()[0]
	return [][]byte{octets[:len(octets)*2/3]}
}

// Cut cuts off the octets in the middle of a record, and does not say so.
func Cut(e exchange) [][]byte {
	octets := e.whole()[0]
	return [][]byte{octets[:len(octets)*2/3]}
}

// Promise sends the honest answer with a header that promises one record more.
func Promise(e exchange) [][]byte {
	octets := e.whole()[0]
	octets[7]++ // answers
	return [][]byte{octets}
}

// WrongID answers under another ID.
var WrongID = Alter(func(m *dns.Msg) { m.Id ^= 0x5555 })

// WrongQuestion answers a question that was not asked.
var WrongQuestion = Alter(func(m *dns.Msg) { m.Question[0].Name = "other." + m.Question[0].Name })

// Forge sends two forged answers first, one with a wrong ID and one for a
// wrong question, and both with the given TXT record, and then the honest one.
func Forge(text string) Fault {
	return func(e exchange) [][]byte {
		honest := e.pack()
		q := e.query.Question[0]
		e.answer.Rcode, e.answer.Ns = dns.RcodeSuccess, nil
		e.answer.Answer = []dns.RR{&dns.TXT{Hdr: header(q.Name, dns.TypeTXT), Txt: []string{text}}}
		wrongID, wrongQuestion := e, e
		wrongID.answer, wrongQuestion.answer = e.answer.Copy(), e.answer.Copy()
		return slices.Concat(WrongID(wrongID), WrongQuestion(wrongQuestion), honest)
	}
}

// Garbage sends octets that are no message behind the header and question.
func Garbage(e exchange) [][]byte {
	e.answer.Answer, e.answer.Ns, e.answer.Extra = nil, nil, nil
	octets := e.whole()[0]
	octets[7] = 3 // answers
	return [][]byte{append(octets, 0xc0, 0xff, 0xee, 0x00, 0x10, 0xff, 0xff)}
}

// Noise sends octets that are no message at all.
func Noise(exchange) [][]byte { return [][]byte{{0xde, 0xad}, []byte(strings.Repeat("noise", 20))} }

// AliasToItself answers that the name is an alias of itself.
func AliasToItself(e exchange) [][]byte {
	name := e.query.Question[0].Name
	return e.alias(name)
}

// AliasEndless answers that the name is an alias of one that is a label
// longer, of which the server says nothing.
func AliasEndless(e exchange) [][]byte { return e.alias("a." + e.query.Question[0].Name) }

func (e exchange) alias(target string) [][]byte {
	e.answer.Rcode, e.answer.Ns = dns.RcodeSuccess, nil
	e.answer.Answer = []dns.RR{&dns.CNAME{Hdr: header(e.query.Question[0].Name, dns.TypeCNAME), Target: target}}
	return e.pack()
}

// FirstAlias leaves out what the name in the question is an alias of, as a
// server does that follows no alias.
var FirstAlias = Alter(func(m *dns.Msg) {
	m.Rcode, m.Ns = dns.RcodeSuccess, nil
	m.Answer = slices.DeleteFunc(m.Answer, func(rr dns.RR) bool { return rr.Header().Name != m.Question[0].Name })
})

// Lame refers to other servers, by their names.
var Lame = Alter(func(m *dns.Msg) {
	m.Authoritative, m.Rcode, m.Answer = false, dns.RcodeSuccess, nil
	m.Ns = []dns.RR{&dns.NS{Hdr: header(".", dns.TypeNS), Ns: "ns.invalid."}}
})

// NoEDNS refuses a query with an OPT record, as servers of old do.
func NoEDNS(e exchange) [][]byte {
	if e.query.IsEdns0() == nil {
		return e.pack()
	}
	e.answer.Extra = nil
	return Code(dns.RcodeFormatError)(e)
}

// Oversized sends the honest answer whole by UDP, whatever the client takes.
func Oversized(e exchange) [][]byte { return e.whole() }

// Huge answers with one TXT record of so many octets, by TCP alone where it
// must.
func Huge(octets int) Fault {
	return Alter(func(m *dns.Msg) {
		m.Rcode, m.Ns = dns.RcodeSuccess, nil
		m.Answer = []dns.RR{&dns.TXT{Hdr: header(m.Question[0].Name, dns.TypeTXT), Txt: escapedTXT([]string{strings.Repeat("x", octets)})}}
	})
}

// Slow waits before the honest answer.
func Slow(d time.Duration) Fault {
	return func(e exchange) [][]byte {
		time.Sleep(d)
		return e.pack()
	}
}

// Hold answers honestly when the channel is closed.
func Hold(until <-chan struct{}) Fault {
	return func(e exchange) [][]byte {
		<-until
		return e.pack()
	}
}

// Times has so many queries answered by a fault and the rest honestly.
func Times(n int, f Fault) Fault {
	var done atomic.Int64
	return func(e exchange) [][]byte {
		if done.Add(1) > int64(n) {
			return e.pack()
		}
		return f(e)
	}
}
