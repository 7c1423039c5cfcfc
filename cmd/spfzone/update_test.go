package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/resolver"
	"github.com/spfzone/spfzone/spf"
)

const lockConfig = `
defaults: {all: fail}
networks: {office: [192.0.2.0/24]}
services: {crm: {include: crm.test, flatten: always}, news: {include: news.test}}
domains: {x.com: {senders: [mx, office, crm, news]}}
`

const lockZone = `
x.com. MX 10 mail.x.com.
mail.x.com. A 192.0.2.1
crm.test. TXT "v=spf1 include:net.crm.test ip4:10.0.0.0/24 -all"
net.crm.test. TXT "v=spf1 ip4:10.1.0.0/24 ip4:10.2.0.0/24 -all"
news.test. TXT "v=spf1 ip4:10.3.0.0/24 -all"
`

// ask gives an app that asks a name server once.
func ask(s *dnstest.Server, now time.Time) *testApp {
	a := newTestAppOver(nil)
	a.now = func() time.Time { return now }
	a.openResolver = func([]string, resolver.Options) (spf.Resolver, error) {
		return resolver.Open([]string{s.URL("udp")}, resolver.Options{Timeout: patience, Attempts: 1})
	}
	return a
}

// askInVain is ask where no answer may come for one name, and is not awaited for long.
func askInVain(s *dnstest.Server, now time.Time, name string) *testApp {
	a := ask(s, now)
	patient := a.openResolver
	a.openResolver = func(specs []string, o resolver.Options) (spf.Resolver, error) {
		rest, err := patient(specs, o)
		if err != nil {
			return nil, err
		}
		hasty, err := resolver.Open([]string{s.URL("udp")}, resolver.Options{Timeout: 500 * time.Millisecond, Attempts: 1})
		return inVain{rest, name, hasty}, err
	}
	return a
}

// inVain asks another resolver for one name.
type inVain struct {
	spf.Resolver
	name  string
	hasty spf.Resolver
}

// LookupTXT implements [spf.Resolver].
func (r inVain) LookupTXT(ctx context.Context, name string) (spf.Answer[spf.TXT], error) {
	if name == r.name {
		return r.hasty.LookupTXT(ctx, name)
	}
	return r.Resolver.LookupTXT(ctx, name)
}

// firstUpdate makes a lock in a new folder, and gives its text. Its time is
// long past, so that a file that is written anew has another one.
func firstUpdate(t *testing.T) string {
	t.Helper()
	inFolder(t, map[string]string{"spfzone.yaml": lockConfig})
	ask(dnstest.ServeZone(t, lockZone), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)).mustRun(t, "update")
	text, err := os.ReadFile("spfzone.lock")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes("spfzone.lock", longAgo, longAgo); err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var longAgo = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// untouched wants the lock file to be as it was, and nothing beside it.
func untouched(t *testing.T, text string) {
	t.Helper()
	stat, err := os.Stat("spfzone.lock")
	if err != nil {
		t.Fatal(err)
	}
	if !stat.ModTime().Equal(longAgo) {
		t.Errorf("the lock file was written at %v", stat.ModTime())
	}
	if diff := cmp.Diff(map[string]string{"spfzone.lock": text, "spfzone.yaml": lockConfig}, filesIn(t, ".")); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// TestUpdateOverABadNetwork has name servers fail in many ways: the update is
// refused and the lock stays, and with --accept the former answers stay in it.
func TestUpdateOverABadNetwork(t *testing.T) {
	later := time.Date(2027, 1, 2, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name  string
		at    string
		fault dnstest.Fault
	}{
		{"no answer", "net.crm.test.", dnstest.Drop},
		{"SERVFAIL", "net.crm.test.", dnstest.ServFail},
		{"REFUSED", "crm.test.", dnstest.Refused},
		{"garbage", "net.crm.test.", dnstest.Garbage},
		{"cut off", "crm.test.", dnstest.Cut},
		{"an alias loop", "net.crm.test.", dnstest.AliasToItself},
		{"wrong question", "crm.test.", dnstest.WrongQuestion},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := firstUpdate(t)
			s := dnstest.ServeZone(t, strings.Replace(lockZone, "10.3.0.0/24", "10.3.0.0/23", 1))
			s.Misbehave(c.at, c.fault)
			a := askInVain(s, later, c.at)
			if code := a.run(t.Context(), []string{"update"}); code != exitRefused {
				t.Errorf("exit code %d, want %d", code, exitRefused)
			}
			untouched(t, text)
			alarm := fmt.Sprintf("spfzone: crm (spfzone.yaml:4:12, in x.com): the lookup of %s TXT failed: ", c.at)
			left := "\nspfzone: spfzone.lock is left as it was: see what is wrong, and let a service through with --accept if it is right so\n"
			if got := a.err.String(); !strings.HasPrefix(got, alarm) || !strings.HasSuffix(got, left) || strings.Count(got, "\n") != 2 {
				t.Errorf("stderr:\n%s", got)
			}
			a = askInVain(s, later, c.at)
			if code := a.run(t.Context(), []string{"update", "--accept", "news"}); code != exitRefused {
				t.Errorf("another service accepted: exit code %d, want %d", code, exitRefused)
			}
			untouched(t, text)

			a = askInVain(s, later, c.at)
			if code := a.run(t.Context(), []string{"update", "--accept", "crm"}); code != exitYes {
				t.Fatalf("accepted: exit code %d, stderr:\n%s", code, &a.err)
			}
			want := strings.NewReplacer(
				`"term":"include:crm.test","prefixes":3,"since":"2027-01-01T00:00:00Z"`,
				`"term":"include:crm.test","prefixes":3,"since":"2027-01-01T00:00:00Z","kept":"2027-01-02T00:00:00Z"`,
				`"term":"include:news.test","prefixes":1,"since":"2027-01-01T00:00:00Z"`,
				`"term":"include:news.test","prefixes":1,"since":"2027-01-01T00:00:00Z","changes":["2027-01-02T00:00:00Z +1 -0 of 256 0"]`,
				`"txt":[["v=spf1 ip4:10.3.0.0/24 -all"]],"ttl":3600,"since":"2027-01-01T00:00:00Z"`,
				`"txt":[["v=spf1 ip4:10.3.0.0/23 -all"]],"ttl":3600,"since":"2027-01-02T00:00:00Z"`,
			).Replace(text)
			if diff := cmp.Diff(want, filesIn(t, ".")["spfzone.lock"]); diff != "" || want == text {
				t.Errorf("lock (-want +got):\n%s", diff)
			}

			// They are kept until the vendor answers again.
			a = askInVain(s, later.Add(time.Hour), c.at)
			if code := a.run(t.Context(), []string{"update"}); code != exitYes || filesIn(t, ".")["spfzone.lock"] != want || !strings.HasPrefix(a.err.String(), "spfzone: crm (spfzone.yaml:4:12, in x.com): the former answers are kept: ") {
				t.Errorf("still kept: exit code %d, stderr:\n%s", code, &a.err)
			}
			s.Misbehave(c.at, nil)
			ask(s, later).mustRun(t, "update")
			want = strings.Replace(want, `,"kept":"2027-01-02T00:00:00Z"`, "", 1)
			if diff := cmp.Diff(want, filesIn(t, ".")["spfzone.lock"]); diff != "" {
				t.Errorf("lock after it answers again (-want +got):\n%s", diff)
			}
		})
	}
}

// TestUpdateAgainChangesNothing wants a lock that needs no change not even to be
// written, whatever the TTLs have come to.
func TestUpdateAgainChangesNothing(t *testing.T) {
	text := firstUpdate(t)
	a := ask(dnstest.ServeZone(t, "$TTL 17\n"+lockZone), time.Date(2027, 1, 2, 0, 0, 0, 0, time.UTC))
	if diff := cmp.Diff("unchanged 3 sources\nunchanged spfzone.lock\n", string(a.mustRun(t, "update"))); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	untouched(t, text)
}

// TestUpdateFailsForItsOwnDomain has a lookup fail that belongs to no service.
func TestUpdateFailsForItsOwnDomain(t *testing.T) {
	text := firstUpdate(t)
	s := dnstest.ServeZone(t, lockZone)
	s.Misbehave("part4.x.com.", dnstest.ServFail)
	a := ask(s, longAgo)
	if code := a.run(t.Context(), []string{"update"}); code != exitFailure || a.out.Len() > 0 {
		t.Errorf("exit code %d, want %d; stdout:\n%s", code, exitFailure, &a.out)
	}
	if !strings.HasPrefix(a.err.String(), "spfzone: the lookup of part4.x.com TXT failed: ") {
		t.Errorf("stderr:\n%s", &a.err)
	}
	untouched(t, text)
}

// TestInterruptedUpdate ends an update while it waits for a name server.
func TestInterruptedUpdate(t *testing.T) {
	text := firstUpdate(t)
	for name, args := range map[string][]string{"interrupted": {"update"}, "timed out": {"update", "--timeout", "1ms"}} {
		r := &blocked{asked: make(chan struct{})}
		a := newTestAppOver(onlyOnce{r})
		ctx, cancel := context.WithCancelCause(t.Context())
		code, want := exitCode(130), "spfzone: stopped by a signal: interrupt\n"
		if name == "timed out" {
			code, want = exitFailure, "spfzone: not done within 1ms, as --timeout wants\n"
		} else {
			go func() {
				<-r.asked
				cancel(interrupted{os.Interrupt})
			}()
		}
		if got := a.run(ctx, args); got != code {
			t.Errorf("%s: exit code %d, want %d", name, got, code)
		}
		cancel(nil)
		if diff := cmp.Diff(want, a.err.String()); diff != "" || a.out.Len() > 0 {
			t.Errorf("%s: stderr (-want +got):\n%s\nstdout:\n%s", name, diff, &a.out)
		}
		untouched(t, text)
	}
}

// onlyOnce asks a blocked DNS one question, and has the others wait without it.
type onlyOnce struct{ *blocked }

func (o onlyOnce) LookupTXT(ctx context.Context, name string) (spf.Answer[spf.TXT], error) {
	if name == "crm.test." {
		return o.blocked.LookupTXT(ctx, name)
	}
	<-ctx.Done()
	return spf.Answer[spf.TXT]{}, ctx.Err()
}

// TestLockCannotBeWritten wants the old lock to stay, and nothing beside it,
// where the folder takes no file.
func TestLockCannotBeWritten(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("permissions stop nobody here")
	}
	text := firstUpdate(t)
	if err := os.Chmod(".", 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(".", 0o755) })
	a := ask(dnstest.ServeZone(t, strings.Replace(lockZone, "10.3.0.0/24", "10.3.0.0/23", 1)), longAgo)
	if code := a.run(t.Context(), []string{"update"}); code != exitFailure {
		t.Errorf("exit code %d, want %d", code, exitFailure)
	}
	untouched(t, text)
}
