package rfc2136

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/miekg/dns"
)

// defaultTimeout is for how long an answer is awaited. A server that has fallen
// silent keeps its connections.
const defaultTimeout = 20 * time.Second

// fudge is how many seconds two clocks may differ (RFC 8945, Section 10).
const fudge = 300

func (p *Provider) sign(m *dns.Msg) {
	if p.Key.IsZero() {
		return
	}
	now := time.Now
	if p.now != nil {
		now = p.now
	}
	algorithm, _ := p.algorithm()
	m.SetTsig(dns.CanonicalName(p.KeyName), algorithm, fudge, now().Unix())
}

func (p *Provider) timeout() time.Duration {
	if p.Timeout <= 0 {
		return defaultTimeout
	}
	return time.Duration(p.Timeout) * time.Second
}

// exchange sends a message and gives the answer. An answer that is not signed
// as the question was proves nothing, so it is an error.
func (p *Provider) exchange(ctx context.Context, zone string, m *dns.Msg) (*dns.Msg, error) {
	timeout := p.timeout()
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("no answer within %v: %w", timeout, context.DeadlineExceeded))
	defer cancel()
	conn, end, err := p.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	return p.exchangeOn(ctx, conn, zone, m)
}

// exchangeOn is exchange on a connection that is open.
func (p *Provider) exchangeOn(ctx context.Context, conn *dns.Conn, zone string, m *dns.Msg) (*dns.Msg, error) {
	p.sign(m)
	if err := conn.WriteMsg(m); err != nil {
		return nil, sendError(ctx, err)
	}
	r, err := conn.ReadMsg()
	if err != nil {
		if refusal := p.keyError(zone, r); refusal != nil {
			return nil, refusal
		}
		return nil, sendError(ctx, fmt.Errorf("no valid answer came, so that the message may have been carried out or not: %w", err))
	}
	if r.Id != m.Id || !r.Response || r.Opcode != m.Opcode {
		return nil, errors.New("the answer belongs to another message")
	}
	if !p.Key.IsZero() && r.IsTsig() == nil {
		if err := p.keyError(zone, r); err != nil {
			return nil, err
		}
		if r.Rcode == dns.RcodeSuccess {
			return nil, errors.New("the answer is not signed, so that it proves nothing")
		}
	}
	return r, nil
}

// sendError puts what ended the context first.
func sendError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%w (%v)", context.Cause(ctx), err)
	}
	return err
}

// A KeyError says that the server did not accept the signature (RFC 8945,
// Section 5.2). Nothing was changed.
type KeyError struct {
	Code string // "BADKEY", "BADSIG" or "BADTIME"
	Fix  string
}

// Error gives the code and the fix.
func (e *KeyError) Error() string {
	return fmt.Sprintf("the server does not accept the TSIG key (%s): %s", e.Code, e.Fix)
}

// keyError reads a refusal that concerns the signature or the right to sign, if
// that is what r is.
func (p *Provider) keyError(zone string, r *dns.Msg) error {
	if r == nil || !r.Response || r.IsTsig() == nil {
		return nil
	}
	if r.Rcode == dns.RcodeNotAuth && r.IsTsig().Error == dns.RcodeSuccess {
		return responseError(zone, r) // which the DNS library does not verify
	}
	switch t := r.IsTsig(); t.Error {
	case dns.RcodeBadKey:
		return &KeyError{"BADKEY", fmt.Sprintf("it does not know a key named %q with the algorithm %s, or (Knot DNS) has no acl that allows it this; compare key_name and key_alg with its configuration", p.KeyName, p.KeyAlg)}
	case dns.RcodeBadSig:
		return &KeyError{"BADSIG", "the secret is another one; compare key with its configuration"}
	case dns.RcodeBadTime:
		return &KeyError{"BADTIME", "the clocks here and there differ by more than 300 seconds" + clock(t.OtherData)}
	}
	return nil
}

// clock reads the server's time from a refusal.
func clock(other string) string {
	seconds, err := strconv.ParseInt(other, 16, 64)
	if err != nil || seconds == 0 {
		return ""
	}
	return fmt.Sprintf("; the server has %s", time.Unix(seconds, 0).UTC().Format(time.RFC3339))
}

// A ResponseError is an answer other than NOERROR. Nothing was changed.
type ResponseError struct {
	Code string // as in the IANA registry: "REFUSED", "NOTAUTH"
	Fix  string
}

// Error gives the code and the fix.
func (e *ResponseError) Error() string {
	return fmt.Sprintf("the server answers %s: %s", e.Code, e.Fix)
}

// responseError is nil for NOERROR.
func responseError(zone string, r *dns.Msg) error {
	fix, known := map[int]string{
		dns.RcodeRefused:        "it does not allow this, or (PowerDNS) knows no such key, secret or time; see allow-query, allow-transfer and allow-update or update-policy, and check-names for address lists (BIND), acl (Knot DNS), TSIG-ALLOW-DNSUPDATE (PowerDNS)",
		dns.RcodeNotAuth:        fmt.Sprintf("it is not authoritative for the zone %s; server must be its primary name server (Knot DNS says so where the key is missing too)", zone),
		dns.RcodeNotZone:        fmt.Sprintf("a name is not within the zone %s", zone),
		dns.RcodeNotImplemented: "it does not do UPDATE (RFC 2136)",
		dns.RcodeServerFailure:  "it failed; its log says why",
		dns.RcodeFormatError:    "it does not understand the message",
		dns.RcodeNXRrset:        "a record that had to be there is not",
		dns.RcodeYXRrset:        "a record that must not be there is",
		dns.RcodeNameError:      "the name does not exist",
	}[r.Rcode]
	if r.Rcode == dns.RcodeSuccess {
		return nil
	}
	if !known {
		fix = "see the IANA registry of DNS RCODEs"
	}
	return &ResponseError{rcode(r.Rcode), fix}
}

func rcode(code int) string {
	if s, ok := dns.RcodeToString[code]; ok {
		return s
	}
	return fmt.Sprintf("RCODE%d", code)
}
