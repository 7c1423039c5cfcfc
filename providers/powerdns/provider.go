// Package powerdns reads and changes a zone through the HTTP API of the
// PowerDNS authoritative server.
//
// It implements the libdns interfaces, and beside them the replacement of a TXT
// RRset in which every record that stays is sent back exactly as the server
// gave it. The API replaces an RRset in one request, whole or not at all, but
// it has no conditional one: a change that somebody else makes in the moment
// between reading and writing is overwritten. DNS update, which PowerDNS does
// too, has no such moment.
package powerdns

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/libdns/libdns"

	"github.com/spfzone/spfzone/providers/secret"
)

// Provider is a PowerDNS server.
type Provider struct {
	// ServerURL is where the API is, without /api: "http://127.0.0.1:8081".
	ServerURL string `json:"server_url"`
	// ServerID names the server within the API, "localhost" if empty.
	ServerID string `json:"server_id,omitempty"`
	// APIToken is the server's api-key.
	APIToken secret.Text `json:"api_token"`
	// Timeout is how many seconds an answer is awaited; 60 if 0.
	Timeout int `json:"timeout,omitempty"`
	// HTTPClient is http.DefaultClient if nil.
	HTTPClient *http.Client `json:"-"`
}

var (
	_ libdns.RecordGetter   = (*Provider)(nil)
	_ libdns.RecordAppender = (*Provider)(nil)
	_ libdns.RecordSetter   = (*Provider)(nil)
	_ libdns.RecordDeleter  = (*Provider)(nil)
	_ libdns.ZoneLister     = (*Provider)(nil)
)

// Check says what is wrong with the fields.
func (p *Provider) Check() error {
	u, err := url.Parse(p.ServerURL)
	switch {
	case p.ServerURL == "":
		return fmt.Errorf("server_url is missing: the address of the API, as http://127.0.0.1:8081")
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("server_url is %q, which is no http:// or https:// address", p.ServerURL)
	case p.APIToken.IsZero():
		return fmt.Errorf("api_token is missing: the server's api-key")
	}
	return nil
}

// mostAnswer bounds what is read of an answer: a zone of a million records has
// fewer octets.
const mostAnswer = 1 << 28

// call does one request. The answer goes to out, unless that is nil.
func (p *Provider) call(ctx context.Context, method, path string, in, out any) error {
	if err := p.Check(); err != nil {
		return err
	}
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	timeout := time.Duration(p.Timeout) * time.Second
	if timeout <= 0 {
		timeout = time.Minute
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	id := p.ServerID
	if id == "" {
		id = "localhost"
	}
	address := strings.TrimSuffix(p.ServerURL, "/") + "/api/v1/servers/" + url.PathEscape(id) + path
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return err
	}
	req.Header.Set("X-API-Key", p.APIToken.Reveal())
	req.Header.Set("Accept", "application/json")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	client := p.HTTPClient
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer))
	if err != nil {
		return err
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return statusError(resp.StatusCode, answer)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("the answer is not what the API of PowerDNS gives: %w", err)
	}
	return nil
}

// A StatusError is an HTTP status other than success.
type StatusError struct {
	Status  int
	Message string // of the server, or how to mend it
}

// Error gives both.
func (e *StatusError) Error() string {
	return fmt.Sprintf("the server answers %d %s: %s", e.Status, http.StatusText(e.Status), e.Message)
}

func statusError(status int, answer []byte) error {
	var told struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(answer, &told) != nil || told.Error == "" {
		told.Error = "it gives no reason"
	}
	switch status {
	case http.StatusUnauthorized:
		told.Error = "it does not accept the key; compare api_token with its api-key"
	case http.StatusNotFound:
		told.Error = "it has no such zone, or no API there; compare server_url, server_id and the zone with what it has"
	}
	return &StatusError{status, told.Error}
}
