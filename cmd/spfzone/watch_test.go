package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/providers/push"
	"github.com/spfzone/spfzone/resolver"
	"github.com/spfzone/spfzone/spf"
)

const watchConfig = `
defaults: {all: fail, ttl: 5m}
networks: {office: [192.0.2.0/24]}
services: {crm: {include: crm.test, flatten: always}, news: {include: news.test}}
domains:
  x.com: {senders: [mx, office, crm, news]}
  bad.com: {senders: ["include:gone.test"]}
`

const watchZone = `$TTL 300
x.com. SOA ns.x.com. h.x.com. 1 7200 3600 1209600 60
x.com. NS ns.x.com.
x.com. MX 10 mail.x.com.
mail.x.com. A 203.0.113.1
x.com. TXT "v=spf1 mx ip4:10.0.0.0/24 ip4:10.1.0.0/24 ip4:192.0.2.0/24 include:news.test -all"
bad.com. SOA ns.x.com. h.x.com. 1 7200 3600 1209600 60
bad.com. TXT "v=spf1 -all"
test. SOA ns.test. h.test. 1 7200 3600 1209600 60
crm.test. TXT "v=spf1 include:net.crm.test ip4:10.0.0.0/24 -all"
net.crm.test. TXT "v=spf1 ip4:10.1.0.0/24 -all"
news.test. TXT "v=spf1 ip4:10.3.0.0/24 -all"
gone.test. TXT "v=spf1 +all"
`

// daemon is a watch that runs, between whose rounds the test does as it likes.
type daemon struct {
	*testApp
	t       *testing.T
	log     lockedBuffer
	pauses  chan time.Duration // that the daemon is about to sleep
	wake    chan struct{}
	hangup  chan os.Signal
	stop    context.CancelCauseFunc
	ended   chan exitCode
	mu      sync.Mutex
	clock   time.Time
	printed int // octets of the log that were given out
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// newDaemon gives one that does not run yet. What it sleeps for a second or
// longer, it sleeps until it is woken.
func newDaemon(t *testing.T) *daemon {
	t.Helper()
	d := &daemon{
		testApp: newTestAppOver(nil), t: t, pauses: make(chan time.Duration), wake: make(chan struct{}),
		hangup: make(chan os.Signal), ended: make(chan exitCode, 1), clock: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC),
	}
	d.stderr = &d.log
	d.now = func() time.Time {
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.clock
	}
	d.openResolver = func(specs []string, _ resolver.Options) (spf.Resolver, error) {
		return resolver.Open(specs, resolver.Options{Timeout: patience, Attempts: 1})
	}
	d.hangups = func() (<-chan os.Signal, func()) { return d.hangup, func() {} }
	d.random = func(below time.Duration) time.Duration { return below / 2 }
	d.sleep = func(ctx context.Context, pause time.Duration) error {
		select {
		case d.pauses <- pause:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		select {
		case <-d.wake:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return d
}

// start runs watch.
func (d *daemon) start(args ...string) {
	d.t.Helper()
	ctx, cancel := context.WithCancelCause(context.Background())
	d.stop = cancel
	go func() { d.ended <- d.run(ctx, append([]string{"watch", "--listen", "127.0.0.1:0"}, args...)) }()
	d.t.Cleanup(func() { cancel(interrupted{syscall.SIGTERM}) })
}

// over gives the pause after the round that is under way.
func (d *daemon) over() time.Duration {
	d.t.Helper()
	select {
	case pause := <-d.pauses:
		return pause
	case code := <-d.ended:
		d.t.Fatalf("the daemon ended with exit code %d:\n%s", code, &d.log)
		return 0
	}
}

// again has another round begin, an hour after the last one.
func (d *daemon) again() {
	d.mu.Lock()
	d.clock = d.clock.Add(time.Hour)
	d.mu.Unlock()
	d.wake <- struct{}{}
}

// end stops the daemon, and wants an exit code.
func (d *daemon) end(want exitCode) {
	d.t.Helper()
	d.stop(interrupted{syscall.SIGTERM})
	if code := <-d.ended; code != want {
		d.t.Errorf("exit code %d, want %d:\n%s", code, want, &d.log)
	}
}

// logged gives what was logged since the last call, without times.
func (d *daemon) logged() string {
	all := d.log.String()
	text := all[d.printed:]
	d.printed = len(all)
	text = regexp.MustCompile(`(?m)^time=\S+ `).ReplaceAllString(text, "")
	return regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllString(text, "ADDRESS")
}

var listeningAt = regexp.MustCompile(`msg"?[=:]"?listening"? ?,?"?address"?[=:]"?([0-9.:]+)`)

// get asks by HTTP.
func (d *daemon) get(path string) (status int, body string) {
	d.t.Helper()
	at := listeningAt.FindStringSubmatch(d.log.String())
	if at == nil {
		d.t.Fatalf("no address in the log:\n%s", &d.log)
	}
	response, err := http.Get("http://" + at[1] + path)
	if err != nil {
		d.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// metrics gives those that are spfzone's own, save for the version.
func (d *daemon) metrics() (lines []string) {
	d.t.Helper()
	status, text := d.get("/metrics")
	if status != http.StatusOK || !strings.Contains(text, "\nspfzone_build_info{") || !strings.Contains(text, "\ngo_goroutines ") {
		d.t.Fatalf("status %d:\n%s", status, text)
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "spfzone_") && !strings.HasPrefix(line, "spfzone_build_info") {
			lines = append(lines, line)
		}
	}
	return lines
}

// golden compares with a file under testdata/watch.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join(testdata, "watch", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// testdata is where it is, whatever folder a test goes to.
var testdata, _ = filepath.Abs("testdata")

// TestWatch goes through what may happen to a configuration, and compares the
// log of each round and the metrics after it: all of the first, and those that
// changed afterwards.
func TestWatch(t *testing.T) {
	inFolder(t, map[string]string{"spfzone.yaml": watchConfig})
	s := dnstest.ServeZone(t, watchZone)
	d := newDaemon(t)
	d.start("--resolver", s.URL("udp"), "--authority", s.Address())
	var out strings.Builder
	var before []string
	show := func(name string) {
		t.Helper()
		fmt.Fprintf(&out, "== %s\n%s-- metrics\n", name, d.logged())
		now := d.metrics()
		for _, line := range before {
			if name, _, _ := strings.Cut(line, " "); !slices.ContainsFunc(now, func(l string) bool { return strings.HasPrefix(l, name+" ") }) {
				fmt.Fprintf(&out, "gone: %s\n", name)
			}
		}
		for _, line := range now {
			if !slices.Contains(before, line) {
				out.WriteString(line)
			}
		}
		before = now
	}
	if pause := d.over(); pause != time.Hour+3*time.Minute {
		t.Errorf("the next round is in %v", pause)
	}
	show("as planned")
	lock := filesIn(t, ".")["spfzone.lock"]
	for _, step := range []struct {
		name    string
		zone    string
		fault   dnstest.Fault // at the vendor
		changed bool          // the lock
	}{
		{"nothing changes", watchZone, nil, false},
		{"what is published loses a prefix", strings.Replace(watchZone, " ip4:192.0.2.0/24", "", 1), nil, true}, // what is published is in it, too
		{"the vendor grows", strings.Replace(watchZone, "ip4:10.1.0.0/24 -all", "ip4:10.1.0.0/24 ip4:10.2.0.0/24 -all", 1), nil, true},
		{"the vendor's record vanishes", strings.Replace(watchZone, "crm.test. TXT", "crm.test. HINFO a b\n;", 1), nil, false},
		{"the vendor's servers fail", watchZone, dnstest.ServFail, false},
		{"all is well, and bad.com too", strings.Replace(watchZone, "bad.com. TXT \"v=spf1 -all\"", "bad.com. TXT \"v=spf1 include:gone.test -all\"", 1), nil, true},
	} {
		s.Publish(step.zone)
		s.Misbehave("crm.test.", step.fault)
		d.again()
		d.over()
		show(step.name)
		now := filesIn(t, ".")["spfzone.lock"]
		if (now != lock) != step.changed {
			t.Errorf("%s: the lock file has changed: %t, want %t", step.name, now != lock, step.changed)
		}
		lock = now
	}
	golden(t, "rounds.txt", out.String())
	d.end(exitYes)
}

// TestWatchReload gives the daemon new configurations, good and broken, and
// one that becomes broken without a signal.
func TestWatchReload(t *testing.T) {
	inFolder(t, map[string]string{"spfzone.yaml": "defaults: {all: fail}\ndomains: {x.com: {senders: []}}\n"})
	write := func(text string) {
		if err := os.WriteFile("spfzone.yaml", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := dnstest.ServeZone(t, "x.com. SOA a.x.com. b.x.com. 1 2 3 4 5\ny.com. SOA a.y.com. b.y.com. 1 2 3 4 5\n")
	d := newDaemon(t)
	d.start("--resolver", s.URL("udp"), "--authority", s.Address(), "--log", "json")
	d.over()
	write("defaults: {all: fail}\ndomains: {x.com: {senderz: []}}\n")
	d.again() // no signal: nobody reads the file
	d.over()
	d.hangup <- syscall.SIGHUP
	await(t, "the broken configuration to be read", func() bool { return slices.Contains(d.metrics(), "spfzone_config_reload_success 0\n") })
	if log := d.log.String(); !strings.Contains(log, `"level":"ERROR","msg":"configuration not reloaded, the former one stays in use","error":"spfzone.yaml:2:19: unknown key \"senderz\"`) {
		t.Errorf("log:\n%s", log)
	}
	d.again()
	d.over()
	metric := `spfzone_domain_drift{domain="%s"} 1` + "\n"
	if lines := d.metrics(); !slices.Contains(lines, fmt.Sprintf(metric, "x.com")) || slices.Contains(lines, fmt.Sprintf(metric, "y.com")) {
		t.Errorf("after a broken configuration: %s", lines)
	}
	write("defaults: {all: fail}\ndomains: {y.com: {senders: []}}\n")
	d.hangup <- syscall.SIGHUP // ends the pause
	d.over()
	lines := d.metrics()
	if !slices.Contains(lines, "spfzone_config_reload_success 1\n") || !slices.Contains(lines, fmt.Sprintf(metric, "y.com")) || strings.Contains(strings.Join(lines, ""), "x.com") {
		t.Errorf("after a good configuration: %s", lines)
	}
	if log := d.log.String(); !strings.Contains(log, `"level":"INFO","msg":"configuration reloaded","domains":1}`) {
		t.Errorf("log:\n%s", log)
	}
	d.end(exitYes)
}

// hold is a point at which lookups wait, until they are released or cut off.
type hold struct {
	asked    chan struct{}
	released chan struct{}
	once     sync.Once
}

// heldDNS waits at a hold with every lookup.
type heldDNS struct {
	spf.Resolver
	at *hold
}

// LookupTXT implements [spf.Resolver].
func (h heldDNS) LookupTXT(ctx context.Context, name string) (spf.Answer[spf.TXT], error) {
	h.at.once.Do(func() { close(h.at.asked) })
	select {
	case <-h.at.released:
		return h.Resolver.LookupTXT(ctx, name)
	case <-ctx.Done():
		return spf.Answer[spf.TXT]{}, ctx.Err()
	}
}

// TestWatchStopsInARound sends a signal in the middle of a round, which then
// ends, or is cut off after --grace.
func TestWatchStopsInARound(t *testing.T) {
	for _, tt := range []struct {
		name string
		cut  bool
		code exitCode
		want string
	}{
		{"it ends", false, exitYes, `level=INFO msg="stopping when the round ends" cause="stopped by a signal: terminated" grace=7s
level=INFO msg="source new" source=include:v.test term=include:v.test domains=x.com prefixes=1
level=WARN msg=found domain=x.com rule=ttl at=ADDRESS finding="x.com has the TTL 5s, where 1h0m0s is planned"
level=INFO msg="round ended" outcome=done domains=1 drifted=0 took=0s next=1h3m0s
level=INFO msg=stopped cause="stopped by a signal: terminated"
`},
		{"it is cut off", true, 143, `level=INFO msg="stopping when the round ends" cause="stopped by a signal: terminated" grace=7s
level=WARN msg="the round was cut off"
level=ERROR msg=failed error="stopped by a signal: terminated"
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inFolder(t, map[string]string{"spfzone.yaml": "defaults: {all: fail}\ndomains: {x.com: {senders: ['include:v.test']}}\n"})
			s := dnstest.ServeZone(t, "$TTL 5\nx.com. SOA a.x.com. b.x.com. 1 2 3 4 5\nx.com. TXT \"v=spf1 include:v.test -all\"\ntest. SOA a. b. 1 2 3 4 5\nv.test. TXT \"v=spf1 ip4:10.0.0.0/8 -all\"\n")
			d := newDaemon(t)
			open := d.openResolver
			held := &hold{asked: make(chan struct{}), released: make(chan struct{})}
			d.openResolver = func(specs []string, o resolver.Options) (r spf.Resolver, err error) {
				r, err = open(specs, o)
				return heldDNS{r, held}, err
			}
			d.start("--resolver", s.URL("udp"), "--authority", s.Address(), "--grace", "7s")
			<-held.asked
			d.logged()
			d.stop(interrupted{syscall.SIGTERM})
			if grace := d.over(); grace != 7*time.Second {
				t.Errorf("grace of %v", grace)
			}
			address := listeningAt.FindStringSubmatch(d.log.String())[1]
			if status, _ := d.get("/healthz"); status != http.StatusOK {
				t.Errorf("/healthz is %d while a round ends", status)
			}
			if tt.cut {
				d.wake <- struct{}{}
			} else {
				close(held.released)
			}
			if code := <-d.ended; code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			if diff := cmp.Diff(tt.want, d.logged()); diff != "" {
				t.Errorf("log (-want +got):\n%s", diff)
			}
			if c, err := net.Dial("tcp", address); err == nil {
				c.Close()
				t.Error("it still listens")
			}
			if files := filesIn(t, "."); tt.cut != (files["spfzone.lock"] == "") || len(files) > 2 {
				t.Errorf("files: %v", files)
			}
		})
	}
}

// TestWatchDrains has an answer under way when the server is stopped.
func TestWatchDrains(t *testing.T) {
	d := newDaemon(t)
	d.app.log = newLog(&d.app, logText)
	w := &watch{a: &d.app, o: watchOptions{listen: "127.0.0.1:0"}, known: newKnown(d.now(), watchOptions{})}
	drain, err := w.serve()
	if err != nil {
		t.Fatal(err)
	}
	w.known.mu.Lock() // so that the answer cannot be given yet
	address := listeningAt.FindStringSubmatch(d.log.String())[1]
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "GET /metrics HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	await(t, "the answer to be under way", func() bool { return strings.Contains(stacks(), "(*collector).Collect") })
	drained := make(chan struct{})
	go func() { drain(); close(drained) }()
	await(t, "the end of listening", func() bool {
		second, err := net.Dial("tcp", address)
		if err == nil {
			second.Close()
		}
		return err != nil
	})
	select {
	case <-drained:
		t.Error("the server ended before its answer")
	default:
	}
	w.known.mu.Unlock()
	answer, err := io.ReadAll(c)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.0 200 OK\r\n") || !strings.Contains(string(answer), "\nspfzone_rounds_total{") {
		t.Errorf("%v:\n%s", err, answer)
	}
	<-drained
}

func TestHealthz(t *testing.T) {
	d := newDaemon(t)
	w := &watch{a: &d.app, known: newKnown(d.now(), watchOptions{interval: time.Hour, jitter: time.Minute})}
	ask := func() string {
		out := httptest.NewRecorder()
		w.handler().ServeHTTP(out, httptest.NewRequest("GET", "/healthz", nil))
		return fmt.Sprintf("%d %s", out.Code, out.Body)
	}
	var got []string
	for _, after := range []time.Duration{0, 122 * time.Minute, time.Second} {
		d.clock = d.clock.Add(after)
		got = append(got, ask())
	}
	w.known.ended(&round{ended: d.clock, err: errors.New("x")}, time.Hour)
	for _, after := range []time.Duration{0, 123 * time.Minute} {
		d.clock = d.clock.Add(after)
		got = append(got, ask())
	}
	want := []string{
		"200 no round has ended yet\n",
		"200 no round has ended yet\n",
		"503 stuck: no round has ended yet\n",
		"200 the last round ended at 2026-11-24T02:02:01Z\n",
		"503 stuck: the last round ended at 2026-11-24T02:02:01Z\n",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWatchPause(t *testing.T) {
	at := func(kind providers.StageKind, after time.Duration) *job {
		d := newDaemon(t)
		return &job{step: &push.Step{Stage: providers.Stage{Kind: kind, After: d.clock.Add(after)}}}
	}
	tests := []struct {
		name   string
		jitter time.Duration
		jobs   []*job
		want   time.Duration
	}{
		{"the interval", 0, nil, time.Hour},
		{"jitter", 10 * time.Minute, nil, time.Hour + 5*time.Minute},
		{"a stage that waits", 0, []*job{at(providers.Done, 0), at(providers.Wait, 2*time.Hour), at(providers.Wait, 7*time.Minute)}, 7 * time.Minute},
		{"a stage that may run now", 0, []*job{at(providers.Wait, -time.Minute)}, time.Second},
		{"a stage after the interval", 0, []*job{at(providers.Wait, 2*time.Hour)}, time.Hour},
		{"a push that failed", 0, []*job{{err: errSaid}}, time.Hour},
	}
	for _, tt := range tests {
		d := newDaemon(t)
		w := &watch{a: &d.app, o: watchOptions{interval: time.Hour, jitter: tt.jitter}}
		if got := w.pause(&round{jobs: tt.jobs}); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// TestOutcome sorts rounds by the worst that happened in them.
func TestOutcome(t *testing.T) {
	domain := &builder.Domain{Name: "x.com."}
	plan := func(kind builder.RefusalKind) *builder.Plan {
		return &builder.Plan{Domains: []*builder.DomainPlan{{Domain: domain, Err: &builder.Refusal{Kind: kind}}}}
	}
	found := func(r rule) []*verification {
		v := &verification{domain: domain}
		v.find(r, "", "x")
		return []*verification{v}
	}
	sources := func(kinds ...builder.AlarmKind) (list []builder.SourceChange) {
		for _, k := range kinds {
			list = append(list, builder.SourceChange{Alarm: &builder.Alarm{Kind: k}})
		}
		return append(list, builder.SourceChange{})
	}
	tests := []struct {
		name string
		r    *round
		want outcome
	}{
		{"nothing", &round{}, outcomeDone},
		{"drift", &round{found: found(rulePolicy)}, outcomeDone},
		{"no answer", &round{found: found(ruleLookup)}, outcomeFailed},
		{"sources that are well", &round{sources: sources()}, outcomeDone},
		{"a source that shrank", &round{sources: sources(builder.SourceShrunk)}, outcomeRefused},
		{"one that fails, too", &round{sources: sources(builder.SourceFailed, builder.SourceVanished)}, outcomeFailed},
		{"no lock to push with", &round{err: errUnguarded}, outcomeRefused},
		{"a lock that cannot be written", &round{err: os.ErrPermission, sources: sources(builder.SourceShrunk)}, outcomeFailed},
		{"over budget", &round{plan: plan(builder.OverBudget)}, outcomeRefused},
		{"vectors", &round{plan: plan(builder.Vectors)}, outcomeRefused},
		{"a lookup of the build", &round{plan: plan(builder.DNSFailure)}, outcomeFailed},
		{"siblings at risk", &round{jobs: []*job{{err: providers.ErrSiblings}}}, outcomeRefused},
		{"a provider", &round{jobs: []*job{{err: errors.New("HTTP 500")}}, sources: sources(builder.SourceShrunk)}, outcomeFailed},
	}
	for _, tt := range tests {
		if got := tt.r.outcome(); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// stacks gives those of all goroutines.
func stacks() string {
	text := make([]byte, 1<<20)
	return string(text[:runtime.Stack(text, true)])
}
