// Package rfc2136 reads and changes a zone at its primary name server by DNS
// itself: queries and UPDATE (RFC 2136), by TCP, signed by TSIG (RFC 8945).
//
// It implements the libdns interfaces, and beside them the replacement of a
// TXT RRset under the condition that it is what was read, octet by octet, so
// that whatever somebody else changed meanwhile is never overwritten. It has
// been run against BIND, Knot DNS and PowerDNS.
package rfc2136

import (
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/libdns/libdns"
	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/providers/secret"
)

// Provider is a primary name server, and a key that it knows.
type Provider struct {
	// Server is host:port, or a host, whose port is then 53.
	Server string `json:"server"`
	// KeyName is the name of the TSIG key. Without key, KeyAlg and Key are
	// empty too, and messages are not signed.
	KeyName string `json:"key_name,omitempty"`
	// KeyAlg is hmac-sha256 or hmac-sha512.
	KeyAlg string `json:"key_alg,omitempty"`
	// Key is the secret in base64.
	Key secret.Text `json:"key,omitzero"`
	// Timeout is how many seconds an answer is awaited; 20 if 0.
	Timeout int `json:"timeout,omitempty"`

	now func() time.Time // time.Now if nil
}

var (
	_ libdns.RecordGetter   = (*Provider)(nil)
	_ libdns.RecordAppender = (*Provider)(nil)
	_ libdns.RecordSetter   = (*Provider)(nil)
	_ libdns.RecordDeleter  = (*Provider)(nil)
)

// Check says what is wrong with the fields.
func (p *Provider) Check() error {
	if _, err := p.address(); err != nil {
		return err
	}
	if p.KeyName == "" && p.KeyAlg == "" && p.Key.IsZero() {
		return nil
	}
	for _, f := range []struct{ name, value string }{{"key_name", p.KeyName}, {"key_alg", p.KeyAlg}, {"key", p.Key.Reveal()}} {
		if f.value == "" {
			return fmt.Errorf("%s is missing: a key has key_name, key_alg and key", f.name)
		}
	}
	if _, err := base64.StdEncoding.DecodeString(p.Key.Reveal()); err != nil {
		return fmt.Errorf("key is not base64")
	}
	if _, ok := dns.IsDomainName(p.KeyName); !ok {
		return fmt.Errorf("key_name is not a domain name")
	}
	_, err := p.algorithm()
	return err
}

// algorithm gives the name that stands for the algorithm in a message.
func (p *Provider) algorithm() (string, error) {
	switch strings.ToLower(strings.TrimSuffix(p.KeyAlg, ".")) {
	case "hmac-sha256":
		return dns.HmacSHA256, nil
	case "hmac-sha512":
		return dns.HmacSHA512, nil
	}
	return "", fmt.Errorf("key_alg is %q: hmac-sha256 and hmac-sha512 are known", p.KeyAlg)
}

func (p *Provider) address() (string, error) {
	if p.Server == "" {
		return "", fmt.Errorf("server is missing: the primary name server as host:port")
	}
	if host, port, err := net.SplitHostPort(p.Server); err == nil {
		if host == "" || port == "" {
			return "", fmt.Errorf("server is %q, which lacks the host or the port", p.Server)
		}
		return p.Server, nil
	}
	host := strings.TrimSuffix(strings.TrimPrefix(p.Server, "["), "]")
	if strings.Contains(host, ":") && net.ParseIP(host) == nil {
		return "", fmt.Errorf("server is %q, which is not host:port", p.Server)
	}
	return net.JoinHostPort(host, "53"), nil
}

// connect opens a connection, which ends with the context.
func (p *Provider) connect(ctx context.Context) (*dns.Conn, func(), error) {
	if err := p.Check(); err != nil {
		return nil, nil, err
	}
	address, _ := p.address()
	c, err := (&net.Dialer{Timeout: p.timeout()}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, nil, err
	}
	conn := &dns.Conn{Conn: c, TsigSecret: p.secrets()}
	stop := context.AfterFunc(ctx, func() { c.Close() })
	return conn, func() { stop(); c.Close() }, nil
}

func (p *Provider) secrets() map[string]string {
	if p.Key.IsZero() {
		return nil
	}
	return map[string]string{dns.CanonicalName(p.KeyName): p.Key.Reveal()}
}
