package inwx

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"time"
)

const defaultEndpoint = "https://api.domrobot.com/jsonrpc/"

// mostAnswer bounds what is read of an answer.
const mostAnswer = 1 << 26

// An APIError is an answer that is no success.
type APIError struct {
	Code    int
	Message string
	Reason  string
}

// Error gives all of it.
func (e *APIError) Error() string {
	text := fmt.Sprintf("INWX answers %d: %s", e.Code, e.Message)
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	return text
}

// sessionOver reports whether another login may help.
func (e *APIError) sessionOver() bool { return e.Code == 2002 || e.Code == 2200 }

// call does one request, within a session that is begun if there is none. The
// data of the answer go to out, unless that is nil.
func (p *Provider) call(ctx context.Context, method string, params, out any) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	begun := p.client == nil
	if begun {
		if err := p.login(ctx); err != nil {
			return err
		}
	}
	err := p.request(ctx, method, params, out)
	if refusal, ok := err.(*APIError); !ok || !refusal.sessionOver() || begun {
		return err
	}
	if err := p.login(ctx); err != nil {
		return err
	}
	return p.request(ctx, method, params, out)
}

// login begins a session. A session is kept, as a code of the second factor is
// good for one login.
func (p *Provider) login(ctx context.Context) (err error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	p.client = &http.Client{Jar: jar}
	defer func() {
		if err != nil {
			p.client = nil
		}
	}()
	var answer struct {
		TFA string `json:"tfa"`
	}
	if err := p.request(ctx, "account.login", map[string]string{"user": p.Username, "pass": p.Password.Reveal()}, &answer); err != nil {
		return err
	}
	if answer.TFA != "GOOGLE-AUTH" {
		return nil
	}
	code, err := p.code()
	if err != nil {
		return err
	}
	return p.request(ctx, "account.unlock", map[string]string{"tan": code}, nil)
}

// code is that of the second factor now (RFC 6238, with 30 seconds, SHA-1 and
// six digits).
func (p *Provider) code() (string, error) {
	if p.SharedSecret.IsZero() {
		return "", fmt.Errorf("the account has a second factor: shared_secret is missing")
	}
	text := strings.ToUpper(strings.ReplaceAll(strings.TrimRight(p.SharedSecret.Reveal(), "="), " ", ""))
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	if err != nil {
		return "", fmt.Errorf("shared_secret is not base32")
	}
	now := time.Now
	if p.now != nil {
		now = p.now
	}
	mac := hmac.New(sha1.New, key)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(now().Unix()/30)))
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 15 // RFC 4226, Section 5.3
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[at:])&0x7fffffff%1_000_000), nil
}

func (p *Provider) request(ctx context.Context, method string, params, out any) error {
	body, err := json.Marshal(map[string]any{"method": method, "params": params})
	if err != nil {
		return err
	}
	address := p.EndpointURL
	if address == "" {
		address = defaultEndpoint
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json; charset=UTF-8")
	resp, err := p.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer))
	if err != nil {
		return err
	}
	var answer struct {
		Code    int             `json:"code"`
		Message string          `json:"msg"`
		Reason  string          `json:"reason"`
		Data    json.RawMessage `json:"resData"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return fmt.Errorf("the answer, with the status %s, is not what the API of INWX gives: %w", resp.Status, err)
	}
	if answer.Code < 1000 || answer.Code >= 2000 {
		return &APIError{answer.Code, answer.Message, answer.Reason}
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer.Data, out)
}
