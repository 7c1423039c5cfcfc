package providers

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spfzone/spfzone/internal/leaks"
	"github.com/spfzone/spfzone/providers/txt"
)

const (
	testZone = "example.test."
	bareZone = "example.test"
)

// entry is a record as an API keeps it.
type entry struct {
	id      int
	name    string // relative, "@" for the zone's own
	rrtype  string
	ttl     int
	content string
}

// store is the zone of a fake.
type store struct {
	t  testing.TB
	mu sync.Mutex

	entries []entry
	last    int
	schedule
}

// vendor is a type of provider, and how its API is faked.
type vendor struct {
	kind   string
	fields map[string]string // anURL stands for the fake's address, aSecret for a secret
	api    func(*store) http.Handler
	// content is how the API keeps a record that somebody entered there.
	content func(txt.Record) string
	// wire is what is published of a content.
	wire func(content string) txt.Record
	// mx is how the API has an MX record, if not as the name of the host.
	mx string
	// isRead tells requests that only read; by the method if nil.
	isRead func(r *http.Request, body []byte) bool
	// adjust changes what was opened.
	adjust func(t testing.TB, p *Publisher, url string)
	// published is what the name servers have, if not what the API has.
	published func(*store) []entry
	// foreign ends a change of somebody else's.
	foreign func(*store)
}

// start serves the fake. Whatever goes through the default transport ends up
// there too, so that nothing leaves the machine.
func (v vendor) start(t testing.TB) (*store, *Publisher) {
	t.Helper()
	s := &store{t: t}
	server := httptest.NewServer(v.faulty(s, v.api(s)))
	t.Cleanup(server.Close)
	former, client := http.DefaultTransport, *http.DefaultClient
	http.DefaultTransport = redirect{server.Listener.Addr().String()}
	t.Cleanup(func() { http.DefaultTransport, *http.DefaultClient = former, client })
	settings := Settings{Place: "test:1:1", Name: "test", Type: v.kind, Fields: map[string]Field{}}
	for name, value := range v.fields {
		secret := leaks.Of(v.kind + "." + name)
		value = strings.NewReplacer(anURL, server.URL, aSecret, secret).Replace(value)
		if kindOfField(t, settings, name) == Secret {
			leaks.Use(t, v.kind+"."+name, value)
		}
		settings.Fields[name] = Field{Place: "test:1:1", Value: value}
	}
	p, err := Open(settings, Env{})
	if err != nil {
		t.Fatal(err)
	}
	p.pause = noPause
	if l, ok := p.backend.(*library); ok {
		l.pause = noPause
	}
	if v.adjust != nil {
		v.adjust(t, p, server.URL)
	}
	return s, p
}

// What a field has in the place of what is known only later, in characters that no
// key has.
const (
	anURL   = "{URL}"
	aSecret = "{SECRET}" // a value that nobody else has
)

func kindOfField(t testing.TB, s Settings, name string) FieldKind {
	t.Helper()
	k, err := kindOf(s)
	if err != nil {
		t.Fatal(err)
	}
	s.Fields = map[string]Field{name: {}}
	d, err := s.field(name, k.fields)
	if err != nil {
		t.Fatal(err)
	}
	return d.Kind
}

// redirect is a transport to one address.
type redirect struct{ host string }

func (d redirect) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = "http", d.host
	return direct.RoundTrip(r)
}

var direct = &http.Transport{DisableKeepAlives: true}

// faulty counts writes, and does to them what the test wants.
func (v vendor) faulty(s *store, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			s.t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		read := r.Method == http.MethodGet
		if v.isRead != nil {
			read = v.isRead(r, body)
		}
		if read {
			next.ServeHTTP(w, r)
			return
		}
		fault := s.next()
		if fault == lost {
			next.ServeHTTP(httptest.NewRecorder(), r)
		}
		if fault != 0 {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest) // 5xx and 429 would be tried again by some
			fmt.Fprint(w, `{"error":"fault of the test","message":"fault of the test","code":400}`)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// add puts a record into the zone, and gives its ID.
func (s *store) add(name, rrtype string, ttl int, content string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	s.entries = append(s.entries, entry{s.last, name, rrtype, ttl, content})
	return s.last
}

func (s *store) list(match func(entry) bool) []entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []entry
	for _, e := range s.entries {
		if match == nil || match(e) {
			out = append(out, e)
		}
	}
	return out
}

// remove deletes what matches, and gives how many that were.
func (s *store) remove(match func(entry) bool) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.entries)
	s.entries = slices.DeleteFunc(s.entries, match)
	return before - len(s.entries)
}

// edit changes the record with an ID.
func (s *store) edit(id int, change func(*entry)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.entries {
		if s.entries[i].id == id {
			change(&s.entries[i])
			return true
		}
	}
	return false
}

func byID(id int) func(entry) bool { return func(e entry) bool { return e.id == id } }

func ofSet(name, rrtype string) func(entry) bool {
	return func(e entry) bool { return e.name == name && e.rrtype == rrtype }
}

// full is the absolute name without the final dot, as most APIs have it.
func (e entry) full() string {
	if e.name == "@" {
		return bareZone
	}
	return e.name + "." + bareZone
}

// relativeName is the inverse, with or without the final dot.
func relativeName(full string) string {
	full = strings.TrimSuffix(full, ".")
	if full == bareZone || full == "" || full == "@" {
		return "@"
	}
	return strings.TrimSuffix(full, "."+bareZone)
}

// bare is a relative name where an API has "" for the zone's own.
func (e entry) bare() string {
	if e.name == "@" {
		return ""
	}
	return e.name
}

func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// reply sends JSON.
func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

// request reads JSON.
func request[T any](r *http.Request) (v T) {
	json.NewDecoder(r.Body).Decode(&v)
	return v
}

type obj = map[string]any

// Contents: as octets in one piece, or in presentation form.
func asText(r txt.Record) string   { return r.Text() }
func asQuoted(r txt.Record) string { return r.String() }

// wireText cuts what an API keeps in one piece.
func wireText(content string) txt.Record { return txt.Chunk(content) }

// wireQuoted reads the presentation form, and takes what is not quoted for one
// string.
func wireQuoted(content string) txt.Record {
	loose, err := txt.ParseLoose(content)
	if err != nil {
		loose, err = txt.ParseLoose(`"` + content + `"`)
	}
	if err != nil {
		return txt.Record{Strings: []string{"BROKEN " + content}}
	}
	var r txt.Record
	for _, s := range loose.Strings {
		r.Strings = append(r.Strings, txt.Chunk(s).Strings...)
	}
	return r
}

func noPause(context.Context, time.Duration) {}
