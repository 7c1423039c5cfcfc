package resolver

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/miekg/dns"
)

// overHTTPS is a server asked by HTTPS (RFC 8484).
type overHTTPS struct {
	url    string
	client *http.Client
}

// messageType is the media type of DNS messages (RFC 8484, Section 6).
const messageType = "application/dns-message"

func newHTTPS(u *url.URL, roots *x509.CertPool) *overHTTPS {
	v := *u
	if v.Path == "" || v.Path == "/" {
		v.Path = "/dns-query"
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	return &overHTTPS{v.String(), &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (s *overHTTPS) String() string { return s.url }

func (s *overHTTPS) exchange(ctx context.Context, q question) (*dns.Msg, error) {
	m := q.message()
	m.Id = 0 // Section 4.1, so that HTTP caches can share the answer
	octets, err := m.Pack()
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(octets))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", messageType)
	r.Header.Set("Accept", messageType)
	r.Header.Set("User-Agent", "spfzone")
	response, err := s.client.Do(r)
	if err != nil {
		return nil, ended(ctx, cause(err))
	}
	defer response.Body.Close()
	answer, err := readHTTP(response, q)
	if err == nil && answer.Truncated {
		return nil, errors.New("the answer is cut off even over HTTPS")
	}
	return answer, ended(ctx, err)
}

// readHTTP gives the DNS message of a response, its TTLs shortened by the time
// that it has spent in HTTP caches (Section 5.1).
func readHTTP(response *http.Response, q question) (*dns.Msg, error) {
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("HTTP status %s", response.Status)
	}
	if t := response.Header.Get("Content-Type"); t != messageType {
		return nil, &refusal{fmt.Sprintf("the answer is of type %q, not %s: no DNS server at that address", t, messageType)}
	}
	octets, err := io.ReadAll(io.LimitReader(response.Body, dns.MaxMsgSize+1))
	if err != nil {
		return nil, cause(err)
	}
	if len(octets) > dns.MaxMsgSize {
		return nil, fmt.Errorf("malformed answer: more than %d octets", dns.MaxMsgSize)
	}
	m, err := unpack(octets, 0, q)
	if err != nil {
		return nil, err
	}
	if age, err := strconv.ParseUint(response.Header.Get("Age"), 10, 31); err == nil {
		for _, rr := range slices.Concat(m.Answer, m.Ns) {
			h := rr.Header()
			h.Ttl -= min(h.Ttl, uint32(age))
		}
	}
	return m, nil
}
