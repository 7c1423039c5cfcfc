//go:build unix

package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/internal/nameserver"
	"github.com/spfzone/spfzone/providers/addresslist"
)

// listChanges are configurations of an address list with blocks in the place of
// addresses, and the other way round. alwaysListed are in all of them.
func listChanges(provider string) []string {
	return []string{
		listConfig(provider, "2s", 60, "192.0.2.0/24", "198.51.0.0/16"),
		listConfig(provider, "2s", 61, "192.0.0.0/16", "198.51.100.0/25", "198.51.7.7"),
		listConfig(provider, "2s", 40, "192.0.2.5", "192.0.2.6", "192.0.2.64/26", "198.51.0.0/16"),
		listConfig(provider, "2s", 50, "192.0.0.0/15", "198.51.100.7", "198.51.7.7", "198.51.7.8"),
	}
}

var alwaysListed = []string{"192.0.2.5", "192.0.2.6", "192.0.2.64", "198.51.100.7", "198.51.7.7", "10.0.0.2", "10.1.1.3"}

// TestKilledLists is [TestKilled] for an address list.
func TestKilledLists(t *testing.T) {
	program, err := exec.LookPath("spfzone")
	if err != nil {
		t.Fatal(err)
	}
	inFolder(t, nil)
	ns := nameserver.BIND(t, serverZone, zoneOfServers())
	s := newServer(t, ns, updateProvider(ns))
	_, others := split(s.transferred())
	list := listChanges(s.provider)
	s.configure(list[0])
	s.run(t.Context(), exitYes, "push", "--yes", "--wait")
	mail := receive(t, 0, alwaysListed, ns.Address)
	r := rand.New(rand.NewPCG(3, 4))
	killed, runs := 0, 0
	for i := 1; killed < *kills; i++ {
		s.configure(list[i%len(list)])
		for {
			cmd := exec.Command(program, "push", "--yes", "--wait", "--resolver", "udp://"+ns.Address)
			cmd.Env = append(os.Environ(), "KEY="+nameserver.Key)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			end := time.AfterFunc(time.Duration(r.IntN(400))*time.Millisecond, func() { cmd.Process.Kill() })
			if killed >= *kills {
				end.Stop()
			}
			err := cmd.Wait()
			end.Stop()
			runs++
			_, rest := split(s.transferred())
			s.onlySPFDiffers("killed", others, rest)
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
	mail.await(100)
	mail.stop()
	checks, failures, what := mail.counts()
	t.Logf("killed %d times, %d runs in all: %d evaluations of listed senders, %d failures", killed, runs, checks, failures)
	if failures > 0 || checks < 100 {
		t.Errorf("failures: %v", what)
	}
}

// TestCacheOfLists is [TestCache] for an address list. In the place of a push, its
// names are written one by one, deletions first, and there is a pause between
// these and the rest in which all that caches hold goes.
func TestCacheOfLists(t *testing.T) {
	for _, way := range []struct {
		name  string
		write func(*server)
		safe  bool
		least int // changes
	}{
		{"pushed", func(s *server) { s.run(t.Context(), exitYes, "push", "--yes", "--wait") }, true, 2},
		{"written one by one", (*server).namesAtOnce, false, 1},
	} {
		t.Run(way.name, func(t *testing.T) {
			inFolder(t, nil)
			ns := nameserver.BIND(t, serverZone, zoneOfServers())
			s := newServer(t, ns, updateProvider(ns))
			list := listChanges(s.provider)
			s.configure(list[0])
			s.run(t.Context(), exitYes, "push", "--yes", "--wait")
			checks, failures := 0, 0
			what := map[string]int{}
			changed := 0
			for end := time.Now().Add(patience); changed < way.least || !way.safe && failures == 0 && time.Now().Before(end); {
				changed++
				s.configure(list[changed%len(list)])
				mail := receive(t, 5*time.Millisecond, alwaysListed, nameserver.Unbound(t, serverZone, s.Address), nameserver.Unbound(t, serverZone, s.Address))
				mail.await(100)
				way.write(s)
				time.Sleep(3 * time.Second) // for what is cached to go
				mail.awaitMore(100)
				mail.stop()
				n, f, w := mail.counts()
				checks, failures = checks+n, failures+f
				for k, v := range w {
					what[k] += v
				}
			}
			t.Logf("%d changes: %d evaluations behind caches, %d failures", changed, checks, failures)
			if (failures > 0) == way.safe || checks < 100 {
				t.Errorf("failures: %v", what)
			}
		})
	}
}

// namesAtOnce deletes and adds names of the list one by one.
func (s *server) namesAtOnce() {
	s.t.Helper()
	built := decode[buildDocument](s.t, s.run(s.t.Context(), exitYes, "build", "--output", "json").out.Bytes())
	wanted := addresslist.Of("_spf.x.test.", built.Domains[0].Lists[0].Owners)
	lists, _ := split(s.transferred())
	now := lists["_spf.x.test."]
	for i, name := range slices.Concat(now.Minus(wanted), wanted.Minus(now)) {
		if i == len(now.Minus(wanted)) {
			time.Sleep(2500 * time.Millisecond)
		}
		rr, err := dns.NewRR(name + "._spf.x.test. 2 IN A " + addresslist.Address)
		if err != nil {
			s.t.Fatal(err)
		}
		m := new(dns.Msg).SetUpdate(serverZone)
		if _, add := slices.BinarySearch(wanted, name); add {
			m.Insert([]dns.RR{rr})
		} else {
			m.Remove([]dns.RR{rr})
		}
		s.update(m)
	}
}

// TestListsWithoutTransfer has a primary that does not let its zone be read: names
// are asked for, and what stands in the way is found when it is written.
func TestListsWithoutTransfer(t *testing.T) {
	inFolder(t, nil)
	ns := nameserver.BIND(t, serverZone, zoneOfServers()+"7.100.51.198.in-addr._spf IN TXT \"somebody's\"\n")
	proxy := newProxy(t, ns.Address)
	proxy.refuseTransfers()
	s := newServer(t, ns, strings.Replace(updateProvider(ns), fmt.Sprintf("server: %q", ns.Address), fmt.Sprintf("server: %q", proxy.address), 1))

	// The subtree exists, and what is in it is not known: the next number.
	s.configure(listConfig(s.provider, "1s", 20, "192.0.2.0/24"))
	s.run(t.Context(), exitYes, "push", "--yes", "--wait")
	s.planned("first")
	lists, _ := split(s.transferred())
	if len(lists) != 1 || len(lists["_spf2.x.test."]) != 21 {
		t.Fatalf("the lists are %v", lists)
	}

	// It is ours from the first name on, so that it is changed in place.
	s.configure(listConfig(s.provider, "1s", 20, "192.0.0.0/16", "192.7.0.1"))
	s.run(t.Context(), exitYes, "push", "--yes", "--wait")
	s.planned("changed")
	lists, _ = split(s.transferred())
	if diff := cmp.Diff(22, len(lists["_spf2.x.test."])); diff != "" || len(lists) != 1 {
		t.Fatalf("the lists are %v: %s", lists, diff)
	}

	// What others have put there is seen when it is written.
	m := new(dns.Msg).SetUpdate(serverZone)
	rr, err := dns.NewRR(`7.7.0.192.in-addr._spf2.x.test. 60 IN TXT "somebody's"`)
	if err != nil {
		t.Fatal(err)
	}
	m.Insert([]dns.RR{rr})
	s.update(m)
	before := s.transferred()
	s.configure(listConfig(s.provider, "1s", 20, "192.7.0.1", "192.0.7.7"))
	a := s.run(t.Context(), exitFailure, "push", "--yes", "--wait")
	if want := "7.7.0.192.in-addr._spf2.x.test has records already, and the names of an address list have none beside their own"; !strings.Contains(a.err.String(), want) {
		t.Errorf("stderr: %s", &a.err)
	}
	left, _ := split(s.transferred())
	was, _ := split(before)
	if lost := was["_spf2.x.test."].Minus(left["_spf2.x.test."]); len(lost) > 0 {
		t.Errorf("%q are gone", lost)
	}
}

// update has somebody else change the zone.
func (s *server) update(m *dns.Msg) {
	s.t.Helper()
	m.SetTsig(nameserver.KeyName+".", dns.HmacSHA256, 300, time.Now().Unix())
	c := &dns.Client{Net: "tcp", Timeout: patience, TsigSecret: map[string]string{nameserver.KeyName + ".": nameserver.Key}}
	if answer, _, err := c.Exchange(m, s.Address); err != nil || answer.Rcode != dns.RcodeSuccess {
		s.t.Fatalf("%v %v", answer, err)
	}
}
