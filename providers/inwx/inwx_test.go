package inwx

import (
	"encoding/base32"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/libdns/libdns"

	"github.com/spfzone/spfzone/internal/leaks"
	"github.com/spfzone/spfzone/providers/secret"
)

// The vectors of RFC 6238, Appendix B, for SHA-1, by their last six digits.
func TestCode(t *testing.T) {
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		p := &Provider{SharedSecret: secret.New(base32.StdEncoding.EncodeToString([]byte("12345678901234567890"))), now: func() time.Time { return time.Unix(at, 0) }}
		if got, err := p.code(); err != nil || got != want {
			t.Errorf("at %d: %s, %v, want %s", at, got, err, want)
		}
	}
	for text, want := range map[string]string{"": "the account has a second factor: shared_secret is missing", "1!": "shared_secret is not base32"} {
		if _, err := (&Provider{SharedSecret: secret.New(text)}).code(); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// api is an account with a second factor, whose sessions end when the test likes.
type api struct {
	t       *testing.T
	session int // whose number is in the cookie of who is logged in
	code    string
	asked   []string
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var c struct {
		Method string
		Params map[string]json.RawMessage
	}
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		a.t.Error(err)
	}
	a.asked = append(a.asked, c.Method)
	cookie, _ := r.Cookie("domrobot")
	known := cookie != nil && cookie.Value == fmt.Sprint(a.session)
	answer := map[string]any{"code": 1000, "msg": "Command completed successfully"}
	refuse := func(code int, msg string) { answer = map[string]any{"code": code, "msg": msg, "reason": "because"} }
	switch {
	case c.Method == "account.login" && string(c.Params["pass"]) != `"p4ssword"`:
		refuse(2200, "Authentication error")
	case c.Method == "account.login":
		http.SetCookie(w, &http.Cookie{Name: "domrobot", Value: fmt.Sprint(a.session)})
		answer["resData"] = map[string]any{"tfa": "GOOGLE-AUTH"}
	case !known:
		refuse(2002, "Command use error")
	case c.Method == "account.unlock":
		if string(c.Params["tan"]) != fmt.Sprintf("%q", a.code) {
			refuse(2200, "Authentication error")
		}
	case c.Method == "nameserver.info":
		answer["resData"] = json.RawMessage(`{"record":[{"id":7,"name":"x.test","type":"TXT","content":"v=spf1 -all","ttl":300,"prio":0},` +
			`{"id":"8","name":"www.X.test","type":"MX","content":"mail.x.test","ttl":600,"prio":10}]}`)
	case c.Method == "nameserver.deleteRecord" && string(c.Params["id"]) != "7":
		refuse(2303, "Object does not exist")
	}
	json.NewEncoder(w).Encode(answer)
}

func TestSession(t *testing.T) {
	a := &api{t: t, session: 1, code: "287082"}
	s := httptest.NewServer(a)
	defer s.Close()
	p := &Provider{
		Username: "u", Password: secret.New(leaks.Use(t, "inwx.password", "p4ssword")), EndpointURL: s.URL,
		SharedSecret: secret.New(leaks.Use(t, "inwx.shared_secret", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")),
		now:          func() time.Time { return time.Unix(59, 0) },
	}
	records, err := p.GetRecords(t.Context(), "x.test.")
	if err != nil {
		t.Fatal(err)
	}
	want := []libdns.Record{
		Record{libdns.RR{Name: "@", Type: "TXT", Data: "v=spf1 -all", TTL: 5 * time.Minute}, "7"},
		Record{libdns.RR{Name: "www", Type: "MX", Data: "10 mail.x.test", TTL: 10 * time.Minute}, `"8"`},
	}
	if diff := cmp.Diff(want, records); diff != "" {
		t.Error(diff)
	}
	a.session++ // as if the first had been too long ago
	if _, err := p.DeleteRecords(t.Context(), "x.test.", records[:1]); err != nil {
		t.Error(err)
	}
	asked := []string{
		"account.login", "account.unlock", "nameserver.info",
		"nameserver.deleteRecord", "account.login", "account.unlock", "nameserver.deleteRecord",
	}
	if diff := cmp.Diff(asked, a.asked); diff != "" {
		t.Error(diff)
	}
	for _, tt := range []struct {
		name, want string
		do         func() error
	}{
		{"no such record", "INWX answers 2303: Object does not exist: because", func() error {
			_, err := p.DeleteRecords(t.Context(), "x.test.", records[1:])
			return err
		}},
		{"a record that was not read", errNumber.Error(), func() error {
			_, err := p.DeleteRecords(t.Context(), "x.test.", []libdns.Record{libdns.TXT{Name: "@", Text: "v=spf1 -all"}})
			return err
		}},
		{"another password", "INWX answers 2200: Authentication error: because", func() error {
			_, err := (&Provider{Username: "u", Password: secret.New("wr0ng"), EndpointURL: s.URL}).GetRecords(t.Context(), "x.test.")
			return err
		}},
	} {
		if err := tt.do(); err == nil || err.Error() != tt.want {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
	}
}
