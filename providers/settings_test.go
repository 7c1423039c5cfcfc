package providers

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// testEnv has a variable and a file.
func testEnv() Env {
	return Env{
		Lookup: func(name string) (string, bool) {
			v, ok := map[string]string{"TSIG_KEY": "c2VjcmV0", "HOST": "ns1", "EMPTY": ""}[name]
			return v, ok
		},
		ReadFile: func(path string) ([]byte, error) {
			if path == "/run/key" {
				return []byte("c2VjcmV0\r\n"), nil
			}
			return nil, &os.PathError{Op: "open", Path: path, Err: os.ErrNotExist}
		},
	}
}

// settings makes them of pairs, with places by the order.
func settings(kind string, pairs ...string) Settings {
	s := Settings{Place: "c.yaml:1:1", Name: "p", Type: kind, Fields: map[string]Field{}}
	for i := 0; i < len(pairs); i += 2 {
		s.Fields[pairs[i]] = Field{fmt.Sprintf("c.yaml:%d:9", 2+i/2), pairs[i+1]}
	}
	return s
}

func TestOpen(t *testing.T) {
	tests := []struct {
		name string
		s    Settings
		want []string // the lines of the error
	}{
		{"all", settings("rfc2136", "server", "${HOST}:53", "key_name", "k", "key_alg", "hmac-sha256", "key", "${TSIG_KEY}"), nil},
		{"a secret in a file", settings("rfc2136", "server", "ns1", "key_name", "k", "key_alg", "hmac-sha512", "key", "file:/run/key"), nil},
		{"an unknown type", settings("rfc2163"), []string{
			`c.yaml:1:1: the provider "p" has the type "rfc2163", which is not known; did you mean "rfc2136"?`}},
		{"every mistake", settings("rfc2136", "sever", "x", "key", "${NOPE}", "key_alg", "${EMPTY}", "key_name", "${"), []string{
			`c.yaml:3:9: key: the environment has no variable NOPE`,
			`c.yaml:4:9: key_alg: the value is empty`,
			`c.yaml:5:9: key_name: "${" without a name and "}" behind it; write "$${" for "${"`,
			`c.yaml:2:9: the type rfc2136 has no field "sever"; did you mean "server"?`,
			`c.yaml:1:1: the provider "p" lacks the field "server": the primary name server as host:port; 53 if the port is left out`}},
		{"nothing near", settings("powerdns", "server_url", "http://ns1", "api_token", "x", "zzz", "1"), []string{
			`c.yaml:4:9: the type powerdns has no field "zzz"; it has server_url, server_id, api_token, timeout`}},
		{"no number", settings("route53", "max_retries", "many"), []string{
			`c.yaml:2:9: max_retries: wanted a whole number, found "many"`}},
		{"no such file", settings("gandi", "bearer_token", "file:/none"), []string{
			`c.yaml:2:9: bearer_token: open /none: file does not exist`}},
		{"what the provider itself finds", settings("rfc2136", "server", "ns1", "key_name", "k", "key_alg", "hmac-md5", "key", "c2VjcmV0"), []string{
			`c.yaml:1:1: the provider "p": key_alg is "hmac-md5": hmac-sha256 and hmac-sha512 are known`}},
		{"half of a key", settings("route53", "access_key_id", "x"), []string{
			`c.yaml:1:1: the provider "p": access_key_id and secret_access_key belong together`}},
		{"nobody", settings("cloudns", "auth_password", "x"), []string{
			`c.yaml:1:1: the provider "p": one of auth_id, sub_auth_id and sub_auth_user is needed`}},
		{"a path as key", settings("transip", "login", "x", "private_key", "/run/key"), []string{
			`c.yaml:1:1: the provider "p": private_key is no key in PEM form; for a file, write file:PATH`}},
		{"no program", settings("exec", "command", "/none/such"), []string{
			`c.yaml:1:1: the provider "p": exec: "/none/such": stat /none/such: no such file or directory`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Open(tt.s, testEnv())
			var got []string
			if err != nil {
				got = strings.Split(err.Error(), "\n")
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Every field of every type is one that its module takes: a name that it does
// not know would be an error.
func TestEveryFieldIsTaken(t *testing.T) {
	checked := 0
	for _, d := range Describe() {
		t.Run(d.Type, func(t *testing.T) {
			s := Settings{Name: "p", Type: d.Type, Fields: map[string]Field{}}
			for _, f := range d.Fields {
				value := map[FieldKind]string{Text: "http://127.0.0.1:1/", Secret: "c2VjcmV0", Number: "7", Boolean: "true"}[f.Kind]
				switch f.Name {
				case "server":
					value = "127.0.0.1:1"
				case "key_alg":
					value = "hmac-sha256"
				case "serial":
					value = "date"
				case "key_name":
					value = "k"
				case "private_key":
					value = testRSAKey()
				case "command":
					value, _ = os.Executable()
				}
				s.Fields[f.Name] = Field{"", value}
				checked++
			}
			if _, err := Open(s, Env{ZoneFile: func(ZoneFile) Swapper { return nil }}); err != nil {
				t.Error(err)
			}
		})
	}
	if checked < 50 {
		t.Errorf("%d fields", checked)
	}
}

func TestHeavyTypesAreNamed(t *testing.T) {
	for _, name := range heavyNames {
		_, err := Open(settings(name), Env{})
		want := fmt.Sprintf(`c.yaml:1:1: the provider "p" has the type %s, which this program was built without: build it with -tags heavy`, name)
		if len(heavyFakes()) > 0 {
			want = "c.yaml:1:1: the provider \"p\" lacks the field"
		}
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestExpand(t *testing.T) {
	tests := []struct{ in, want string }{
		{"plain", "plain"},
		{"${HOST}", "ns1"},
		{"a${HOST}b${HOST}c", "ans1bns1c"},
		{"$${HOST}", "${HOST}"},
		{"$HOST $ }", "$HOST $ }"},
		{"pa$$word", "pa$$word"},
	}
	for _, tt := range tests {
		if got, err := expand(tt.in, Secret, testEnv()); err != nil || got != tt.want {
			t.Errorf("%q: got %q, %v, want %q", tt.in, got, err, tt.want)
		}
	}
}

func TestScrub(t *testing.T) {
	const secret = `p@ss "word"/+é`
	pem := "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----\n"
	s := newScrubber([]string{secret, pem})
	for _, form := range []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), `p@ss \"word\"/+é`,
		base64.StdEncoding.EncodeToString([]byte(secret)), pem, "MIIEvQIBADANBgkq", "hkiG9w0BAQEFAASC",
	} {
		if got := s.text("before " + form + " after"); !strings.HasPrefix(got, "before [hidden]") || !strings.HasSuffix(got, " after") {
			t.Errorf("%q became %q", form, got)
		}
	}
	cause := fmt.Errorf("%w: at %s: %w", ErrConflict, secret, context.DeadlineExceeded)
	err := s.err(cause)
	if !errors.Is(err, ErrConflict) || !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrUnsafe) || errors.Is(err, cause) {
		t.Errorf("%v lost its causes, or has others", err)
	}
	if errors.Unwrap(err) != nil {
		t.Error("what is wrapped can tell the secret")
	}
}

// Opening and using the modules leaves the program's loggers and HTTP client
// as they were, and standard output alone.
func TestModulesLeaveTheProgramAlone(t *testing.T) {
	var said bytes.Buffer
	log.SetOutput(&said)
	defer log.SetOutput(os.Stderr)
	logger, flags, stderr := slog.Default(), log.Flags(), os.Stderr
	tried := 0
	for _, v := range vendorFakes() {
		if v.kind != "linode" && v.kind != "godaddy" {
			continue
		}
		tried++
		s := v.site(t, apex, place(apex))
		if _, err := s.publisher.Read(t.Context(), testZone, apex); err != nil {
			t.Error(err)
		}
	}
	if slog.Default() != logger || log.Flags() != flags || os.Stderr != stderr || http.DefaultClient.Transport != nil || said.Len() > 0 || tried != 2 {
		t.Errorf("%d modules changed something, or said %q", tried, &said)
	}
}
