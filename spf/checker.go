package spf

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Limits bound one evaluation (RFC 7208, Section 4.6.4). A field that is zero
// stands for the RFC's number; one below zero allows none.
type Limits struct {
	Lookups int // terms that ask the DNS: include, a, mx, ptr, exists, redirect; 10
	Voids   int // of these terms, those whose answer may be empty; 2
	MX      int // names in the answer to one mx; 10
	PTR     int // names in the answer to one ptr or %{p}, the rest being ignored; 10
}

// DefaultTimeout bounds one evaluation where Checker.Timeout is zero (RFC
// 7208, Section 4.6.4, asks for at least 20 seconds).
const DefaultTimeout = 20 * time.Second

// Checker evaluates SPF records. The zero value with a Resolver is ready for
// use. It is safe for concurrent use, and must not be changed or copied after
// its first use.
//
// A Checker keeps the answers of its Resolver until their TTL is over, every
// record in its parsed form, and for domains that are asked for repeatedly
// the decision for each address, so that a check of a known domain asks no
// DNS, parses nothing and allocates nothing. Failures are not kept.
type Checker struct {
	Resolver           Resolver         // whom to ask; required
	Limits             Limits           // the zero value is the RFC's
	Timeout            time.Duration    // for one check; 0 is DefaultTimeout
	Receiver           string           // the receiving host, for %{r}; "unknown" if empty
	DefaultExplanation string           // for a fail without an explanation of the domain's own
	CacheSize          int              // answers of each kind to keep; 0 is DefaultCacheSize
	Now                func() time.Time // nil is time.Now

	once   sync.Once
	limits Limits // Limits with the defaults put in
	size   int
	caches caches

	base    *Checker // of a Checker that [Checker.Over] gave; else nil
	overlay *Overlay // its Resolver
}

// ErrInvalidIP is returned for a client address that is the zero
// [netip.Addr].
var ErrInvalidIP = errors.New("invalid client address")

// Check evaluates a client for the MAIL FROM identity (RFC 7208, Section
// 2.4), or for "postmaster" at the HELO domain where mailFrom is empty, as it
// is for a bounce. mailFrom may stand in angle brackets; domains in it and in
// helo may be internationalised.
//
// The error is not nil only where nothing was evaluated: the address is
// invalid, or ctx is over. What goes wrong in the DNS or in a record is the
// result temperror or permerror, with [Evaluation.Err] saying why.
func (c *Checker) Check(ctx context.Context, ip netip.Addr, mailFrom, helo string) (v Evaluation, err error) {
	var r request
	r.local, r.domain = splitAddress(mailFrom)
	if r.domain == "" {
		return c.CheckHELO(ctx, ip, helo)
	}
	r.sender, r.helo = r.domain, helo
	if o, d := c.decided(ip, &r); o != nil {
		v.fill(c, d, o)
		return v, nil
	}
	return c.evaluate(ctx, ip, r, nil)
}

// CheckHELO evaluates a client for the HELO identity (RFC 7208, Section 2.3).
// Errors are those of [Checker.Check].
func (c *Checker) CheckHELO(ctx context.Context, ip netip.Addr, helo string) (v Evaluation, err error) {
	r := request{HELO, helo, postmaster, helo, helo}
	if o, d := c.decided(ip, &r); o != nil {
		v.Identity = HELO
		v.fill(c, d, o)
		return v, nil
	}
	return c.evaluate(ctx, ip, r, nil)
}

// CheckHost is the check_host function of RFC 7208, Section 4: it evaluates
// domain for a sender that may belong to another one. Errors are those of
// [Checker.Check].
func (c *Checker) CheckHost(ctx context.Context, ip netip.Addr, domain, sender, helo string) (Evaluation, error) {
	local, senderDomain := splitAddress(sender)
	if senderDomain == "" {
		senderDomain = helo
	}
	return c.evaluate(ctx, ip, request{MailFrom, domain, local, senderDomain, helo}, nil)
}

// Trace is [Checker.Check] with every step recorded in [Evaluation.Trace].
func (c *Checker) Trace(ctx context.Context, ip netip.Addr, mailFrom, helo string) (Evaluation, error) {
	local, domain := splitAddress(mailFrom)
	r := request{MailFrom, domain, local, domain, helo}
	if domain == "" {
		r = request{HELO, helo, postmaster, helo, helo}
	}
	return c.evaluate(ctx, ip, r, &[]Step{})
}

// postmaster is the local part of a sender that has none (RFC 7208, Section
// 4.3).
const postmaster = "postmaster"

// splitAddress splits at the last "@". What has none is a domain.
func splitAddress(s string) (local, domain string) {
	if len(s) > 1 && s[0] == '<' && s[len(s)-1] == '>' {
		s = s[1 : len(s)-1]
	}
	at := strings.LastIndexByte(s, '@')
	if at <= 0 {
		return postmaster, s[at+1:]
	}
	return s[:at], s[at+1:]
}

// request is who asks for what in one evaluation, as it was given.
type request struct {
	identity Identity
	domain   string
	local    string // of the sender
	sender   string // domain of the sender
	helo     string
}

// setUp puts in the defaults, once.
func (c *Checker) setUp() {
	c.once.Do(func() {
		c.limits = Limits{
			Lookups: orDefault(c.Limits.Lookups, 10),
			Voids:   orDefault(c.Limits.Voids, 2),
			MX:      orDefault(c.Limits.MX, 10),
			PTR:     orDefault(c.Limits.PTR, 10),
		}
		c.size = orDefault(c.CacheSize, DefaultCacheSize)
		c.caches = newCaches()
	})
}

func orDefault(n, standard int) int {
	if n == 0 {
		return standard
	}
	return max(n, 0)
}

// evaluate runs check_host term by term.
func (c *Checker) evaluate(ctx context.Context, ip netip.Addr, r request, trace *[]Step) (Evaluation, error) {
	if !ip.IsValid() {
		return Evaluation{}, ErrInvalidIP
	}
	if err := ctx.Err(); err != nil {
		return Evaluation{}, err
	}
	c.setUp()
	v := Evaluation{Identity: r.identity}
	domain, err := senderDomain(r.domain)
	if err != nil {
		v.Domain, v.Err = r.domain, &EvaluationError{Domain: r.domain, Msg: err.Error(), Section: "4.3"}
		return v, nil
	}
	v.Domain = domain
	e := evaluation{live: live{c: c, ctx: ctx}, msg: c.message(ip, r), trace: trace}
	defer e.done()
	found := e.checkHost(domain, 0)
	if err := ctx.Err(); err != nil {
		return Evaluation{}, fmt.Errorf("evaluation of %s: %w", r.domain, err)
	}
	v.Result, v.Matched, v.MatchedIn, v.Err = found.result, found.matched, found.owner, found.err
	v.Lookups, v.Voids = e.lookups, e.voids
	if v.Result == Fail {
		v.Explanation = e.explanation(found)
	}
	if trace != nil {
		v.Trace = *trace
	}
	return v, nil
}

// message gives the values of the macro letters.
func (c *Checker) message(ip netip.Addr, r request) message {
	m := message{ip: plainIP(ip), local: r.local, domain: r.sender, helo: r.helo, receiver: c.Receiver}
	if m.receiver == "" {
		m.receiver = "unknown"
	}
	m.domain, m.helo = trimDot(asciiDomain(m.domain)), asciiDomain(m.helo)
	m.clock = c.now
	return m
}

// plainIP is the client's address as check_host takes it: an IPv4-mapped one
// is IPv4 (RFC 7208, Section 5), and a zone says nothing.
func plainIP(ip netip.Addr) netip.Addr { return ip.Unmap().WithZone("") }

// asciiDomain turns the U-labels of a domain into A-labels (RFC 8616, Section
// 4), and leaves alone what is none.
func asciiDomain(s string) string {
	if isASCII(s) {
		return s
	}
	name, err := CanonicalName(s)
	if err != nil {
		return s
	}
	return trimDot(name)
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// senderDomain gives the canonical name of a domain to evaluate: a name of at
// least two labels (RFC 7208, Section 4.3).
func senderDomain(s string) (string, error) {
	if s == "" {
		return "", errors.New("no domain to evaluate")
	}
	if s[0] == '[' {
		return "", fmt.Errorf("%q is an address literal, not a domain name", s)
	}
	name, err := CanonicalName(s)
	if err != nil {
		return "", err
	}
	if !isMultiLabel(name) {
		return "", fmt.Errorf("%q is not a domain name of two labels or more", s)
	}
	return name, nil
}
