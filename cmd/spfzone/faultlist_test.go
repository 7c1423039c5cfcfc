//go:build unix

package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/internal/nameserver"
)

var everyWrite = flag.Bool("everywrite", false, "have each fault strike at each write of a push, not at one of them")

// serverFault is what goes wrong at one write of a push.
type serverFault struct {
	name string
	want string // in what the push says; empty if it does not mind
	down bool   // the server is dead afterwards
	mute bool   // an answer does not come, and is not awaited for long
	dns  func(*faultSite, *exchange)
	http func(w http.ResponseWriter, r *http.Request, next http.Handler)
}

func serverFaults() []serverFault {
	status := func(code int, body string) func(http.ResponseWriter, *http.Request, http.Handler) {
		return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.WriteHeader(code)
			fmt.Fprint(w, body)
		}
	}
	return []serverFault{
		{name: "REFUSED", want: "REFUSED", dns: func(_ *faultSite, e *exchange) { e.code(dns.RcodeRefused) }},
		{name: "SERVFAIL", want: "SERVFAIL", dns: func(_ *faultSite, e *exchange) { e.code(dns.RcodeServerFailure) }},
		{name: "connection closed", want: "provider p: ", dns: func(_ *faultSite, e *exchange) { e.forward, e.silent = false, true }},
		{name: "time-out", want: "no answer within 3s", mute: true, dns: func(_ *faultSite, e *exchange) { e.forward, e.silent, e.hold = false, true, true }},
		{name: "lost response", dns: func(_ *faultSite, e *exchange) { e.silent = true }},
		{name: "response that comes too late", mute: true, dns: func(_ *faultSite, e *exchange) { e.silent, e.hold = true, true }},
		{name: "server killed before", want: "refused", down: true, dns: func(f *faultSite, _ *exchange) { f.Kill() }},
		{name: "server killed after", want: "refused", down: true, dns: func(f *faultSite, e *exchange) { e.after = f.Kill }},
		{name: "second writer", want: "the records are not what was read", dns: func(f *faultSite, _ *exchange) { f.otherWriter() }},
		{name: "HTTP 429", want: "429 Too Many Requests: slow down", http: status(429, `{"error":"slow down"}`)},
		{name: "HTTP 500", want: "500 Internal Server Error", http: status(500, `<html>oops</html>`)},
		{name: "HTTP 500, though done", http: func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(httptest.NewRecorder(), r)
			w.WriteHeader(500)
		}},
		{name: "malformed JSON", want: "provider p: ", http: status(422, `{"error":`)},
		{name: "malformed JSON, though done", http: func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(httptest.NewRecorder(), r)
			w.WriteHeader(500)
			fmt.Fprint(w, `{"error":`)
		}},
		{name: "HTTP time-out", want: "deadline exceeded", mute: true, http: func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
			io.Copy(io.Discard, r.Body) // only then the end of the connection is noticed
			<-r.Context().Done()
		}},
	}
}

// faultSite is a name server to which writes go by way of something that spoils
// one of them.
type faultSite struct {
	*server
	siblings [][]byte

	mu     sync.Mutex
	writes int // since the fault was set
	at     int // the write that it strikes; 0 for none
	struck int
	fault  serverFault
	added  atomic.Int64 // TXT records, by somebody else
}

// arm sets the fault of the nth write from now.
func (f *faultSite) arm(n int, fault serverFault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writes, f.at, f.struck, f.fault = 0, n, 0, fault
}

// disarm takes the fault away, and reports whether it has struck.
func (f *faultSite) disarm() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at = 0
	return f.struck > 0
}

// strikes counts a write, and reports whether the fault is due.
func (f *faultSite) strikes() (serverFault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writes++
	if f.writes != f.at {
		return serverFault{}, false
	}
	f.struck++
	return f.fault, true
}

// byUpdate has a BIND behind a proxy.
func byUpdate(t *testing.T) *faultSite {
	ns := nameserver.BIND(t, serverZone, zoneOfServers())
	p := newProxy(t, ns.Address)
	f := &faultSite{server: newServer(t, ns, throughProxy(ns, p))}
	p.each(func(e *exchange) {
		if fault, due := f.strikes(); due {
			fault.dns(f, e)
		}
	})
	return f
}

// byHTTP has a PowerDNS whose API is behind a proxy.
func byHTTP(t *testing.T) *faultSite {
	ns := nameserver.PowerDNS(t, serverZone, zoneOfServers())
	api, err := url.Parse(ns.API)
	if err != nil {
		t.Fatal(err)
	}
	f := &faultSite{}
	next := httputil.NewSingleHostReverseProxy(api)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch {
			if fault, due := f.strikes(); due {
				fault.http(w, r, next)
				return
			}
		}
		next.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	f.server = newServer(t, ns, fmt.Sprintf("{type: powerdns, server_url: %q, api_token: %q, authorities: %q}", front.URL, ns.APIKey, ns.Address))
	return f
}

// otherWriter adds a TXT record, past the proxy, to every name that the next
// write may be for.
func (f *faultSite) otherWriter() {
	added := f.added.Add(1)
	for _, name := range []string{serverZone, "part1." + serverZone, "part2." + serverZone, "part3." + serverZone, "part4." + serverZone} {
		rr, err := dns.NewRR(fmt.Sprintf("%s 2 TXT \"added by others %d\"", name, added))
		if err != nil {
			f.t.Error(err)
			return
		}
		m := new(dns.Msg).SetUpdate(serverZone)
		m.NameUsed([]dns.RR{dns.Copy(rr)})
		m.Insert([]dns.RR{rr})
		m.SetTsig(nameserver.KeyName+".", dns.HmacSHA256, 300, time.Now().Unix())
		c := &dns.Client{Net: "tcp", Timeout: patience, TsigSecret: map[string]string{nameserver.KeyName + ".": nameserver.Key}}
		r, _, err := c.Exchange(m, f.Address)
		if err != nil || r.Rcode != dns.RcodeSuccess && r.Rcode != dns.RcodeNameError {
			f.t.Errorf("%v\n%v", err, r)
		}
	}
}

// witness looks at the TXT records of the zone's own name and of its parts, over
// and over: one SPF record at most, and every sibling that stood there at first.
type witness struct {
	looks         atomic.Int64
	doubled, lost int // to be read when it has stopped
	stop          func()
}

// await waits until there were so many looks.
func (w *witness) await(t *testing.T, looks int64) {
	t.Helper()
	await(t, fmt.Sprintf("%d looks", looks), func() bool { return w.looks.Load() >= looks })
}

func (s *server) watch(siblings [][]byte) *witness {
	w := &witness{}
	ctx, cancel := context.WithCancel(s.t.Context())
	var ended sync.WaitGroup
	w.stop = func() { cancel(); ended.Wait() }
	ended.Go(func() {
		c := &dns.Client{Net: "tcp", Timeout: time.Second}
		for sleep(ctx, time.Millisecond) == nil {
			for _, name := range []string{serverZone, "part1." + serverZone, "part2." + serverZone, "part3." + serverZone} {
				r, _, err := c.ExchangeContext(ctx, new(dns.Msg).SetQuestion(name, dns.TypeTXT), s.Address)
				if err != nil || r.Rcode != dns.RcodeSuccess {
					continue // dead, or not there
				}
				spf := 0
				var all [][]byte
				for _, rr := range r.Answer {
					wire := make([]byte, dns.Len(rr))
					n, err := dns.PackRR(rr, wire, 0, nil, false)
					if err != nil {
						continue
					}
					data := wire[11+len(name) : n]
					all = append(all, data)
					if bytes.HasPrefix(data[1:], []byte("v=spf1")) {
						spf++
					}
				}
				w.looks.Add(1)
				if spf > 1 {
					w.doubled++
				}
				for _, sibling := range siblings {
					if name == serverZone && !slices.ContainsFunc(all, func(d []byte) bool { return bytes.Equal(d, sibling) }) {
						w.lost++
					}
				}
			}
		}
	})
	return w
}

// TestServerFaults has each fault strike a push. Pushing again ends in what is
// wanted, and all the time listed senders pass, no sibling is lost, and one SPF
// record stands.
func TestServerFaults(t *testing.T) {
	for _, site := range []struct {
		name  string
		start func(*testing.T) *faultSite
		mine  func(serverFault) bool
	}{
		{"BIND by update", byUpdate, func(f serverFault) bool { return f.dns != nil }},
		{"PowerDNS by HTTP", byHTTP, func(f serverFault) bool { return f.http != nil }},
	} {
		t.Run(site.name, func(t *testing.T) {
			inFolder(t, nil)
			f := site.start(t)
			f.siblings = f.others(serverZone)
			list := changes(f.provider)
			for i := range list { // nothing is cached here, and every stage waits for what could be
				list[i] = strings.Replace(list[i], "ttl: 2s", "ttl: 1s", 1)
			}
			f.configure(list[0])
			f.run(t.Context(), exitYes, "push", "--yes", "--wait")
			total := &tally{}
			next := 1
			for i, fault := range serverFaults() {
				if !site.mine(fault) {
					continue
				}
				own := &tally{}
				for n := 1; ; n++ {
					at := n
					if !*everyWrite {
						at = 1 + i%2
					}
					struck := f.strike(at, fault, list[next%len(list)], own)
					next++
					if !struck || !*everyWrite {
						break
					}
				}
				t.Logf("%-30s %v", fault.name, own)
				if own.struck == 0 {
					t.Errorf("%s: it never struck", fault.name)
				}
				total.add(own)
			}
			t.Logf("%-30s %v", "all", total)
			if total.failures+total.doubled+total.lost > 0 || total.checks < 100 || total.looks < 100 {
				t.Errorf("%v: %v", total, total.what)
			}
		})
	}
}

// tally is what faults have come to.
type tally struct {
	struck, failed int // faults, and pushes that they made fail
	checks         int // evaluations of listed senders
	failures       int
	looks          int // at TXT RRsets
	doubled, lost  int // with two SPF records, or without a sibling
	what           []string
}

func (t *tally) add(o *tally) {
	t.struck, t.failed, t.checks, t.failures = t.struck+o.struck, t.failed+o.failed, t.checks+o.checks, t.failures+o.failures
	t.looks, t.doubled, t.lost, t.what = t.looks+o.looks, t.doubled+o.doubled, t.lost+o.lost, append(t.what, o.what...)
}

func (t *tally) String() string {
	return fmt.Sprintf("struck %d times, %d pushes failed: %d evaluations of listed senders, %d failures; %d looks at RRsets, %d with two SPF records, %d without a sibling",
		t.struck, t.failed, t.checks, t.failures, t.looks, t.doubled, t.lost)
}

// strike pushes a change with a fault at its nth write, and pushes again. It
// reports whether there was an nth write.
func (f *faultSite) strike(n int, fault serverFault, config string, total *tally) bool {
	f.t.Helper()
	f.configure(config)
	if fault.mute {
		f.configure(impatient(config))
	}
	mail := receive(f.t, 2*time.Millisecond, inNetworks(20, 60), f.Address)
	seen := f.watch(f.siblings)
	count := func() {
		mail.stop()
		seen.stop()
		checks, failures, what := mail.counts()
		total.add(&tally{checks: checks, failures: failures, looks: int(seen.looks.Load()), doubled: seen.doubled, lost: seen.lost})
		for w := range what {
			total.what = append(total.what, w)
		}
	}
	f.arm(n, fault)
	if fault.down { // whoever asks a dead server gets no answer, whatever was pushed
		count()
	}
	a := f.app()
	code := a.run(f.t.Context(), []string{"push", "--yes", "--wait", "--propagation", "1s", "--resolver", "udp://" + f.Address})
	struck := f.disarm()
	said := a.err.String()
	switch {
	case !struck && code == exitYes:
	case fault.want == "" && code == exitYes:
	case fault.want != "" && code == exitFailure && strings.Contains(said, fault.want):
		total.failed++
	default:
		f.t.Errorf("%s at write %d: exit code %d, want %q in\n%s", fault.name, n, code, fault.want, said)
	}
	if struck {
		total.struck++
	}
	if fault.down {
		if struck {
			f.Restart(serverZone)
		}
		mail = receive(f.t, 2*time.Millisecond, inNetworks(20, 60), f.Address)
		seen = f.watch(f.siblings)
	}
	f.configure(config)
	f.run(f.t.Context(), exitYes, "push", "--yes", "--wait")
	f.planned(fault.name)
	mail.await(30)
	seen.await(f.t, 30)
	count()
	if diff := cmp.Diff(len(f.siblings)+int(f.added.Load()), len(f.others(serverZone))); diff != "" {
		f.t.Errorf("%s: the number of TXT records beside: %s", fault.name, diff)
	}
	return struck
}

// TestFullDisk pushes where the journal has no room: nothing is written.
func TestFullDisk(t *testing.T) {
	inFolder(t, map[string]string{"file": ""})
	f := byUpdate(t)
	list := changes(f.provider)
	f.configure(list[0])
	f.run(t.Context(), exitYes, "push", "--yes", "--wait")
	f.configure(list[3])
	before := f.transferred()
	tried := 0
	for _, dir := range []string{filepath.Join("file", "journal"), fullDisk(t)} {
		if dir == "" {
			continue
		}
		tried++
		a := f.run(t.Context(), exitFailure, "push", "--yes", "--journal", dir)
		if diff := cmp.Diff(before, f.transferred()); diff != "" || !strings.Contains(a.err.String(), "journal") {
			t.Errorf("%s: %s; stderr %s", dir, diff, &a.err)
		}
	}
	f.run(t.Context(), exitYes, "push", "--yes", "--wait")
	f.planned("full disk")
	t.Logf("%d journals without room: nothing was written", tried)
}
