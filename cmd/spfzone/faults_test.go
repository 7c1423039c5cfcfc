//go:build unix

package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/internal/leaks"
	"github.com/spfzone/spfzone/internal/nameserver"
	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/resolver"
	"github.com/spfzone/spfzone/spf"
)

var kills = flag.Int("kills", 10, "how often a push is killed")

// receiver evaluates mail from listed senders over and over, as a server behind
// one cache does.
type receiver struct {
	t         *testing.T
	addresses []netip.Addr
	pause     time.Duration // the longest between two messages
	ended     sync.WaitGroup
	end       context.CancelFunc

	mu       sync.Mutex
	checks   int
	failures map[string]int
}

// receive begins, with one that asks each server.
func receive(t *testing.T, pause time.Duration, addresses []string, servers ...string) *receiver {
	t.Helper()
	out := &receiver{t: t, pause: pause, failures: map[string]int{}}
	for _, a := range addresses {
		out.addresses = append(out.addresses, netip.MustParseAddr(a))
	}
	ctx, cancel := context.WithCancel(context.Background())
	out.end = cancel
	t.Cleanup(out.stop)
	for i, server := range servers {
		r, err := resolver.Open([]string{"udp://" + server}, resolver.Options{CacheSize: -1, Timeout: patience, Attempts: 1})
		if err != nil {
			t.Fatal(err)
		}
		out.ended.Go(func() { out.run(ctx, r, rand.New(rand.NewPCG(uint64(i), 5))) })
	}
	return out
}

func (r *receiver) run(ctx context.Context, asks spf.Resolver, random *rand.Rand) {
	for sleep(ctx, time.Duration(random.Int64N(int64(r.pause)+1))) == nil {
		ip := r.addresses[random.IntN(len(r.addresses))]
		c := &spf.Checker{Resolver: asks}
		v, err := c.Check(ctx, ip, "a@x.test", "x.test")
		if ctx.Err() != nil {
			return
		}
		r.mu.Lock()
		r.checks++
		if err != nil || v.Result != spf.Pass {
			r.failures[fmt.Sprintf("%v for %v: %v %v", v.Result, ip, v.Err, err)]++
		}
		r.mu.Unlock()
	}
}

// await waits until there were so many evaluations since the last counts.
func (r *receiver) await(checks int) {
	r.t.Helper()
	await(r.t, fmt.Sprintf("%d evaluations", checks), func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.checks >= checks
	})
}

// awaitMore waits for so many evaluations from now on.
func (r *receiver) awaitMore(checks int) {
	r.t.Helper()
	r.mu.Lock()
	checks += r.checks
	r.mu.Unlock()
	r.await(checks)
}

func (r *receiver) stop() {
	r.end()
	r.ended.Wait()
}

// counts gives the evaluations and failures since the last call, and what the
// failures were.
func (r *receiver) counts() (checks, failures int, what map[string]int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range r.failures {
		failures += n
	}
	checks, what = r.checks, r.failures
	r.checks, r.failures = 0, map[string]int{}
	return checks, failures, what
}

// inNetworks gives the first address of some of the networks that networks
// lists.
func inNetworks(from, to int) (out []string) {
	for i := from; i < to; i += 3 {
		out = append(out, fmt.Sprintf("10.%d.%d.1", 2*i, 3*i%251))
	}
	return out
}

// changes are configurations that move networks between parts. Those from 20
// to 60 are in all of them.
func changes(provider string) (out []string) {
	for _, text := range []string{
		serverConfig(provider, "fail", "2s", "", 0, 90),
		apart(serverConfig(provider, "fail", "2s", ", dc2", 20, 40), 40, 60),
		serverConfig(provider, "softfail", "2s", ", 'a:mail'", 10, 100),
		serverConfig(provider, "fail", "2s", ", 'ip4:203.0.113.0/24'", 18, 70),
	} {
		out = append(out, strings.Replace(text, "    regions: {uk.x.test: [a, 198.51.100.0/24]}\n", "", 1))
	}
	return out
}

// apart lists further networks, with parts of their own.
func apart(config string, from, to int) string {
	config = strings.Replace(config, "networks: {", "networks: {dc2: ["+networks(from, to)+"], ", 1)
	return strings.Replace(config, "    publish:", "    split: {by: network}\n    publish:", 1)
}

// TestCache pushes changes while receivers behind unbound caches evaluate listed
// senders all the time. Then it writes the same changes, from the same start, all
// at once, and more of them if a busy machine had no mail come at the moments that
// do harm.
func TestCache(t *testing.T) {
	for _, way := range []struct {
		name  string
		write func(*server)
		safe  bool
	}{
		{"pushed", func(s *server) { s.run(t.Context(), exitYes, "push", "--yes", "--wait") }, true},
		{"written all at once", (*server).atOnce, false},
	} {
		t.Run(way.name, func(t *testing.T) {
			inFolder(t, nil)
			ns := nameserver.BIND(t, serverZone, zoneOfServers())
			s := newServer(t, ns, updateProvider(ns))
			list := changes(s.provider)[:3]
			s.configure(list[0])
			s.run(t.Context(), exitYes, "push", "--yes", "--wait")
			checks, failures, what := 0, 0, map[string]int{}
			changed := 0
			for end := time.Now().Add(patience); changed < 2 || !way.safe && failures == 0 && time.Now().Before(end); {
				changed++
				s.configure(list[changed%len(list)])
				n, f, w := s.behindCaches(func() { way.write(s) })
				checks, failures = checks+n, failures+f
				maps.Copy(what, w)
			}
			t.Logf("%d changes: %d evaluations behind caches, %d failures", changed, checks, failures)
			if (failures > 0) == way.safe || checks < 100 {
				t.Errorf("failures: %v", what)
			}
		})
	}
}

// behindCaches writes while receivers evaluate. Their caches have the parts for a
// second longer than the record that includes them, as they came to them by other
// mail.
func (s *server) behindCaches(write func()) (checks, failures int, what map[string]int) {
	s.t.Helper()
	var caches []string
	for range 2 {
		cache := nameserver.Unbound(s.t, serverZone, s.Address)
		caches = append(caches, cache)
		for _, term := range strings.Fields(s.spfOf(serverZone)) {
			if part, ok := strings.CutPrefix(term, "include:"); ok {
				s.ask(cache, part+".")
			}
		}
	}
	time.Sleep(1100 * time.Millisecond)
	mail := receive(s.t, 10*time.Millisecond, inNetworks(20, 60), caches...)
	mail.await(30)
	write()
	time.Sleep(3 * time.Second) // for what is cached to go
	mail.awaitMore(30)
	mail.stop()
	return mail.counts()
}

// ask has a cache fetch the TXT records of a name.
func (s *server) ask(cache, name string) {
	s.t.Helper()
	r, err := resolver.Open([]string{"udp://" + cache}, resolver.Options{})
	if err == nil {
		_, err = r.LookupTXT(s.t.Context(), name)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// atOnce writes the records of the build in the order of their names, with no
// regard to what receivers hold.
func (s *server) atOnce() {
	s.t.Helper()
	built := decode[buildDocument](s.t, s.run(s.t.Context(), exitYes, "build", "--output", "json").out.Bytes())
	wanted := map[string]recordDocument{}
	for _, r := range built.Domains[0].Records {
		wanted[r.Name] = r
	}
	for number := 1; number <= 20; number++ {
		name := fmt.Sprintf("part%d.%s", number, serverZone)
		if _, ok := wanted[name]; !ok {
			wanted[name] = recordDocument{}
		}
	}
	p := s.publisher()
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		old, err := p.Read(s.t.Context(), serverZone, name)
		if err == nil {
			err = p.Replace(s.t.Context(), serverZone, name, old, old.With(wanted[name].Text, uint32(wanted[name].TTL)))
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *server) publisher() *providers.Publisher {
	s.t.Helper()
	c, err := builder.Load("spfzone.yaml")
	if err != nil {
		s.t.Fatal(err)
	}
	a := s.app()
	opened, err := a.openProvider(c.Providers[0])
	if err != nil {
		s.t.Fatal(err)
	}
	return opened.Publisher.(*providers.Publisher)
}

// TestKilled kills pushes at random moments, and runs each again until it is
// done. All the time, a receiver evaluates listed senders, and the records are
// looked at.
func TestKilled(t *testing.T) {
	program, err := exec.LookPath("spfzone")
	if err != nil {
		t.Fatal(err)
	}
	inFolder(t, nil)
	ns := nameserver.BIND(t, serverZone, zoneOfServers())
	s := newServer(t, ns, updateProvider(ns))
	siblings := s.others(serverZone)
	list := changes(s.provider)
	s.configure(list[0])
	s.run(t.Context(), exitYes, "push", "--yes", "--wait")
	mail := receive(t, 0, inNetworks(20, 60), ns.Address)
	seen := s.watch(siblings)
	r := rand.New(rand.NewPCG(1, 2))
	killed, looks := 0, 0
	var output bytes.Buffer
	for i := 1; killed < *kills; i++ {
		s.configure(list[i%len(list)])
		for {
			cmd := exec.Command(program, "push", "--yes", "--wait", "--resolver", "udp://"+ns.Address)
			cmd.Env = append(os.Environ(), "KEY="+nameserver.Key)
			var said bytes.Buffer
			cmd.Stdout, cmd.Stderr = &said, &said
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			end := time.AfterFunc(time.Duration(r.IntN(700))*time.Millisecond, func() { cmd.Process.Kill() })
			if killed >= *kills {
				end.Stop()
			}
			err := cmd.Wait()
			end.Stop()
			looks++
			output.Write(said.Bytes())
			s.spfOf(serverZone)
			if diff := cmp.Diff(siblings, s.others(serverZone)); diff != "" {
				t.Fatalf("the other TXT records: %s", diff)
			}
			if err == nil {
				break
			}
			if cmd.ProcessState.ExitCode() != -1 {
				t.Fatalf("it was not killed: %v", err)
			}
			killed++
		}
		s.planned(fmt.Sprint(i))
	}
	leaks.Look(t, "output", output.Bytes())
	mail.await(100)
	seen.await(t, 100)
	seen.stop()
	checks, failures, what := mail.counts()
	t.Logf("killed %d times, %d runs in all: %d evaluations of listed senders, %d failures; %d looks at RRsets, %d with two SPF records, %d without a sibling",
		killed, looks, checks, failures, seen.looks.Load(), seen.doubled, seen.lost)
	if failures+seen.doubled+seen.lost > 0 || checks < 100 || seen.looks.Load() < 100 {
		t.Errorf("failures: %v", what)
	}
}

// throughProxy is updateProvider with a proxy before the server.
func throughProxy(ns *nameserver.Server, p *proxy) string {
	return strings.Replace(updateProvider(ns), fmt.Sprintf("server: %q", ns.Address), fmt.Sprintf("server: %q", p.address), 1)
}

// impatient bounds the wait for each answer that the provider is to give: to more
// than one that comes takes on a busy machine.
func impatient(config string) string {
	return strings.Replace(config, "{type: ", "{timeout: 3, type: ", 1)
}

// fullDisk gives a folder on a file system without room, or "" where that
// cannot be had.
func fullDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := exec.Command("mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", dir).Run(); err != nil {
		t.Log("no file system can be mounted: a full disk is not tried")
		return ""
	}
	t.Cleanup(func() {
		if err := exec.Command("umount", dir).Run(); err != nil {
			t.Error(err)
		}
	})
	if err := os.WriteFile(filepath.Join(dir, "fill"), make([]byte, 1<<20), 0o644); err == nil {
		t.Error("the file system is not full")
	}
	return filepath.Join(dir, "journal")
}
