package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/internal/nameserver"
	"github.com/spfzone/spfzone/providers/txt"
	"github.com/spfzone/spfzone/resolver"
)

func TestQueues(t *testing.T) {
	inFolder(t, map[string]string{"spfzone.yaml": `defaults: {all: fail}
services: {v: {include: g.test}}
domains:
  a.test: {senders: [], publish: {provider: p}}
  b.test: {senders: [], publish: {provider: p}}
  c.a.test: {zone: A.test, senders: [], publish: {provider: q}}
  d.test: {senders: ['include:e.test'], publish: {provider: p}}
  e.test: {senders: [], regions: {r.e.test: [mx]}, publish: {provider: p}}
  f.test: {senders: [], publish: {provider: own}}
  g.test: {redirect: b.test, publish: {provider: own}}
  h.test: {senders: [], publish: {provider: own}}
  i.test: {senders: ['include:r.e.test'], publish: {provider: p}}
  j.test: {senders: [v], publish: {provider: p}}
  k.test: {senders: [], publish: {provider: p}}
providers:
  p: {type: rfc2136, server: 127.0.0.1}
  q: {type: rfc2136, server: 127.0.0.1}
  own: {type: exec, command: /bin/true}
`})
	a := newTestApp(t, "")
	c, err := a.load()
	if err != nil {
		t.Fatal(err)
	}
	p, err := a.openPublishing(c, nil, publishOptions{}, true)
	if err != nil {
		t.Fatal(err)
	}
	p.publishers["own"] = &publisher{kind: "exec"}
	var jobs []*job
	for _, d := range c.Domains {
		jobs = append(jobs, &job{plan: &builder.DomainPlan{Domain: d}, provider: d.Publish})
	}
	var got [][]string
	for _, row := range p.queues(jobs) {
		var names []string
		for _, i := range row {
			names = append(names, trimDot(jobs[i].plan.Domain.Name))
		}
		got = append(got, names)
	}
	want := [][]string{
		{"a.test", "c.a.test"},
		{"b.test", "f.test", "g.test", "h.test", "j.test"},
		{"d.test", "e.test", "i.test"},
		{"k.test"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTurns(t *testing.T) {
	var said []string
	turns := newTurns(3, func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) })
	for _, step := range []struct {
		do   func()
		want []string
	}{
		{func() { turns.of(1)("b%d", 1) }, nil},
		{func() { turns.of(0)("a1") }, []string{"a1"}},
		{func() { turns.of(2)("c1"); turns.end(2) }, []string{"a1"}},
		{func() { turns.of(0)("a2"); turns.end(0) }, []string{"a1", "a2", "b1"}},
		{func() { turns.of(1)("b2") }, []string{"a1", "a2", "b1", "b2"}},
		{func() { turns.end(1) }, []string{"a1", "a2", "b1", "b2", "c1"}},
	} {
		step.do()
		if diff := cmp.Diff(step.want, said); diff != "" {
			t.Error(diff)
		}
	}
}

// meeting is a provider whose writes wait for each other: each ends when as many
// as are wanted are under way.
type meeting struct {
	*publisher
	wanted int

	mu      sync.Mutex
	under   int
	most    int
	once    sync.Once
	reached chan struct{}
}

func (m *meeting) Replace(ctx context.Context, zone, name string, old, new txt.RRset) error {
	m.mu.Lock()
	m.under++
	m.most = max(m.most, m.under)
	if m.under == m.wanted {
		m.once.Do(func() { close(m.reached) })
	}
	m.mu.Unlock()
	defer func() { m.mu.Lock(); m.under--; m.mu.Unlock() }()
	select {
	case <-m.reached:
	case <-time.After(patience):
		return errors.New("the others did not come")
	}
	return m.publisher.Replace(ctx, zone, name, old, new)
}

// Domains of several zones are written at once, as many as --jobs says, and what
// is said and answered has the order of the configuration.
func TestPushAtOnce(t *testing.T) {
	const zones = 6
	for _, bound := range []int{3, zones} {
		t.Run(fmt.Sprint(bound), func(t *testing.T) {
			inFolder(t, nil)
			var config, answers strings.Builder
			var reports []string
			config.WriteString("defaults: {all: fail, ttl: 1s}\ndomains:\n")
			text := map[string]string{}
			for i := range zones {
				name := fmt.Sprintf("z%d.test", zones-i)
				fmt.Fprintf(&config, "  %s: {senders: [192.0.2.%d], publish: {provider: p}}\n", name, i)
				fmt.Fprintf(&answers, "%s: published as planned, 1 record written\n", name)
				reports = append(reports, fmt.Sprintf("spfzone: create %s: \"v=spf1 ip4:192.0.2.%d -all\", TTL 1\n", name, i))
				text[name+"."] = "@ 1 IN SOA ns1 h 1 7200 3600 1209600 1\n@ 1 IN NS ns1\nns1 1 IN A 192.0.2.53\n"
			}
			ns := nameserver.Writable(t, text)
			config.WriteString("providers: {p: " + updateProvider(ns) + "}\n")
			if err := os.WriteFile(defaultConfig, []byte(config.String()), 0o644); err != nil {
				t.Fatal(err)
			}
			s := newServer(t, ns, "")
			a := s.app()
			a.lock = builder.DefaultLock
			c, err := a.load()
			if err != nil {
				t.Fatal(err)
			}
			only, err := published(c, nil)
			if err != nil {
				t.Fatal(err)
			}
			p, err := a.openPublishing(c, only, publishOptions{jobs: bound, journal: "journal", propagation: time.Minute}, false)
			if err != nil {
				t.Fatal(err)
			}
			m := &meeting{publisher: &publisher{Publisher: p.publishers["p"].Publisher, servers: p.publishers["p"].servers}, wanted: bound, reached: make(chan struct{})}
			p.publishers["p"].Publisher = m
			r, err := resolver.Open([]string{"udp://" + ns.Address}, resolver.Options{})
			if err != nil {
				t.Fatal(err)
			}
			plan, err := a.plan(t.Context(), c, r, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.of(plan, r, r).run(t.Context(), p.jobs(), pushOptions{yes: true, done: statePublished}); err != nil {
				t.Fatalf("%v\n%s", err, &a.err)
			}
			if diff := cmp.Diff(strings.Join(reports, ""), a.err.String()); diff != "" {
				t.Errorf("stderr: %s", diff)
			}
			if diff := cmp.Diff(answers.String(), a.out.String()); diff != "" {
				t.Errorf("stdout: %s", diff)
			}
			if m.most != bound {
				t.Errorf("%d writes at once, want %d", m.most, bound)
			}
		})
	}
}
