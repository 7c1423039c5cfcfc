package builder_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/spf"
)

// updateConfig lists a source of every kind.
const updateConfig = `
defaults: {all: fail}
networks: {office: [192.0.2.0/24]}
gateways: {ironport: ironport, sandberg: {host: sandberg, pin: true, owner: ops@x.com}}
services:
  crm:  {include: crm.test, flatten: always, ticket: OPS-7}
  per:  {include: per.test}
  news: {include: news.test}
domains:
  x.com:
    senders: [mx, office, ironport, sandberg, crm, per, news, "include:shop.test"]
    expect: [{ip: 192.0.2.1, result: pass}, {ip: 203.0.113.9, from: a@x.com, result: fail}]
  y.com: {senders: [crm, per]}
`

// updateWorld is the DNS for updateConfig, a record a line.
const updateWorld = `
x.com. TXT "site-verification=1"
x.com. MX 10 mail.x.com.
mail.x.com. A 192.0.2.1
ironport.x.com. A 198.51.100.1
sandberg.x.com. A 198.51.100.2
sandberg.x.com. AAAA 2001:db8::2
crm.test. TXT "v=spf1 include:net.crm.test ip4:10.0.0.0/24 -all"
net.crm.test. TXT "v=spf1 ip4:10.1.0.0/24 ip4:10.2.0.0/24 ip6:2001:db8:1::/48 ip6:2001:db8:2::/48 -all"
per.test. TXT "v=spf1 include:%{o}.per.test -all"
x.com.per.test. TXT "v=spf1 ip4:10.3.0.1 -all"
y.com.per.test. TXT "v=spf1 ip4:10.3.0.2 -all"
news.test. TXT "v=spf1 exists:%{i}.news.test ip4:10.4.0.0/24 -all"
shop.test. TXT "v=spf1 ip4:10.5.0.0/24 -all"
`

// edited gives updateWorld with lines replaced: those that begin with a key
// become its value.
func edited(t testing.TB, edits map[string]string) string {
	t.Helper()
	var b strings.Builder
	done := map[string]bool{}
	for line := range strings.Lines(updateWorld) {
		for key, value := range edits {
			if strings.HasPrefix(line, key) {
				line, done[key] = value+"\n", true
			}
		}
		b.WriteString(line)
	}
	if len(done) != len(edits) {
		t.Fatalf("of %v only %v are in the world", edits, done)
	}
	return b.String()
}

// failing fails for the TXT of some names.
type failing struct {
	spf.Resolver
	names []string
}

var errNoAnswer = errors.New("no answer")

func (f failing) LookupTXT(ctx context.Context, name string) (spf.Answer[spf.TXT], error) {
	for _, n := range f.names {
		if n == name {
			return spf.Answer[spf.TXT]{}, errNoAnswer
		}
	}
	return f.Resolver.LookupTXT(ctx, name)
}

// january gives a clock that stands at noon of a day.
func january(day int) func() time.Time {
	return func() time.Time { return time.Date(2027, 1, day, 12, 0, 0, 0, time.UTC) }
}

// firstLock makes a lock of updateConfig over updateWorld on the first of
// January.
func firstLock(t testing.TB) *builder.Lock {
	t.Helper()
	r, err := builder.Update(t.Context(), configured(t, updateConfig), builder.UpdateOptions{Resolver: world(t, updateWorld), Now: january(1)})
	if err != nil {
		t.Fatal(err)
	}
	if r.Stopped() {
		t.Fatalf("stopped: %s", showRefresh(r))
	}
	return r.Lock
}

// showRefresh gives what has changed, or why nothing may.
func showRefresh(r *builder.Refresh) string {
	var b strings.Builder
	for _, s := range r.Sources {
		before := b.Len()
		for _, g := range s.Gained {
			fmt.Fprintf(&b, " +%v by %s", g.Prefixes, strings.Join(g.Path, " "))
		}
		for _, l := range s.Lost {
			fmt.Fprintf(&b, " -%v by %s", l.Prefixes, strings.Join(l.Path, " "))
		}
		for _, d := range s.Depends {
			fmt.Fprintf(&b, " %d prefixes: %v to %v", len(d.Prefixes), d.From, d.To)
		}
		if s.Alarm != nil {
			fmt.Fprintf(&b, " %s: %s", s.Alarm.Kind, s.Alarm.Msg)
		}
		for word, is := range map[string]bool{"accepted": s.Accepted && !s.Kept, "kept": s.Kept} {
			if is {
				b.WriteString(" " + word)
			}
		}
		if b.Len() > before {
			text := b.String()
			b.Reset()
			fmt.Fprintf(&b, "%s%s%s:%s\n", text[:before], s.Name, map[bool]string{true: " at " + s.Domain}[s.Domain != ""], text[before:])
		}
	}
	for _, name := range r.Removed {
		fmt.Fprintf(&b, "removed %s\n", name)
	}
	return b.String()
}

func TestUpdateMakesALock(t *testing.T) {
	want := `{"version":1,
"sources":[
{"name":"crm","term":"include:crm.test","ticket":"OPS-7","prefixes":5,"since":"2027-01-01T12:00:00Z"},
{"name":"include:shop.test","term":"include:shop.test","prefixes":1,"since":"2027-01-01T12:00:00Z"},
{"name":"ironport","term":"a:ironport.x.com","prefixes":1,"since":"2027-01-01T12:00:00Z"},
{"name":"mx:x.com","term":"mx:x.com","prefixes":1,"since":"2027-01-01T12:00:00Z"},
{"name":"news","term":"include:news.test","prefixes":1,"since":"2027-01-01T12:00:00Z"},
{"name":"per","term":"include:per.test","domain":"x.com.","prefixes":1,"since":"2027-01-01T12:00:00Z"},
{"name":"per","term":"include:per.test","domain":"y.com.","prefixes":1,"since":"2027-01-01T12:00:00Z"},
{"name":"sandberg","term":"a:sandberg.x.com","owner":"ops@x.com","prefixes":2,"since":"2027-01-01T12:00:00Z"}
],
`
	got := string(firstLock(t).Encode())
	sources, rest, _ := strings.Cut(got, `"answers":[`+"\n")
	if diff := cmp.Diff(want, sources); diff != "" {
		t.Errorf("sources: -want +got:\n%s", diff)
	}
	want = `{"name":"x.com.","type":"MX","mx":["10 mail.x.com."],"since":"2027-01-01T12:00:00Z","for":["mx:x.com"]},
{"name":"x.com.","type":"TXT","txt":[["site-verification=1"]],"since":"2027-01-01T12:00:00Z"},
{"name":"ironport.x.com.","type":"A","addresses":["198.51.100.1"],"since":"2027-01-01T12:00:00Z","for":["ironport"]},
{"name":"ironport.x.com.","type":"AAAA","none":"nodata","since":"2027-01-01T12:00:00Z","for":["ironport"]},
{"name":"mail.x.com.","type":"A","addresses":["192.0.2.1"],"since":"2027-01-01T12:00:00Z","for":["mx:x.com"]},
{"name":"mail.x.com.","type":"AAAA","none":"nodata","since":"2027-01-01T12:00:00Z","for":["mx:x.com"]},
{"name":"sandberg.x.com.","type":"A","addresses":["198.51.100.2"],"since":"2027-01-01T12:00:00Z","for":["sandberg"]},
{"name":"sandberg.x.com.","type":"AAAA","addresses":["2001:db8::2"],"since":"2027-01-01T12:00:00Z","for":["sandberg"]},
{"name":"y.com.","type":"TXT","none":"nxdomain","since":"2027-01-01T12:00:00Z"},
{"name":"crm.test.","type":"TXT","txt":[["v=spf1 include:net.crm.test ip4:10.0.0.0/24 -all"]],"since":"2027-01-01T12:00:00Z","for":["crm"]},
{"name":"net.crm.test.","type":"TXT","txt":[["v=spf1 ip4:10.1.0.0/24 ip4:10.2.0.0/24 ip6:2001:db8:1::/48 ip6:2001:db8:2::/48 -all"]],"since":"2027-01-01T12:00:00Z","for":["crm"]},
{"name":"news.test.","type":"TXT","txt":[["v=spf1 exists:%{i}.news.test ip4:10.4.0.0/24 -all"]],"since":"2027-01-01T12:00:00Z","for":["news"]},
{"name":"192.0.2.1.news.test.","type":"A","none":"nxdomain","since":"2027-01-01T12:00:00Z","for":["news"]},
{"name":"203.0.113.9.news.test.","type":"A","none":"nxdomain","since":"2027-01-01T12:00:00Z","for":["news"]},
{"name":"per.test.","type":"TXT","txt":[["v=spf1 include:%{o}.per.test -all"]],"since":"2027-01-01T12:00:00Z","for":["per"]},
`
	if !strings.HasPrefix(rest, want) {
		t.Errorf("answers: -want +got:\n%s", cmp.Diff(want, rest))
	}
	want = `
"parts":[
{"owner":"x.com.","names":"part%d","last":10},
{"owner":"y.com.","names":"part%d","last":10}
]}
`
	if !strings.HasSuffix(rest, want) {
		t.Errorf("parts: -want +got:\n%s", cmp.Diff(want, rest))
	}
}

// TestUpdateFindsWhatChanged runs an update a day after the first, and where
// nothing stops it compares what --locked builds with what is built over the
// world.
func TestUpdateFindsWhatChanged(t *testing.T) {
	for _, c := range []struct {
		name   string
		edits  map[string]string
		fails  []string
		accept []string
		shrink int
		want   string
		stops  bool
	}{
		{name: "nothing"},
		{name: "gained and lost, by path",
			edits: map[string]string{"net.crm.test.": `net.crm.test. TXT "v=spf1 ip4:10.1.0.0/23 ip6:2001:db8:1::/48 -all"`},
			want:  "crm: +[10.1.1.0/24] by crm.test. net.crm.test. -[10.2.0.0/24 2001:db8:2::/48] by crm.test. net.crm.test.\n"},
		{name: "at one asker alone",
			edits: map[string]string{"x.com.per": `x.com.per.test. TXT "v=spf1 ip4:10.3.0.1 ip4:10.3.0.9 -all"`},
			want:  "per at x.com.: +[10.3.0.9/32] by per.test. x.com.per.test.\n"},
		{name: "a gateway that is not pinned moves",
			edits: map[string]string{"ironport": `ironport.x.com. A 198.51.100.99`},
			want:  "ironport: +[198.51.100.99/32] by  -[198.51.100.1/32] by \n"},
		{name: "what each message decides",
			edits: map[string]string{"news": `news.test. TXT "v=spf1 exists:%{i}.new.test ip4:10.4.0.0/24 -all"`},
			want:  "news: 25 prefixes: (exists:%{i}.news.test ? pass : fail) to (exists:%{i}.new.test ? pass : fail)\n"},
		{name: "vanished", edits: map[string]string{"net.crm.test.": ""}, stops: true,
			want: "crm: -[10.0.0.0/24] by crm.test. -[10.1.0.0/24 10.2.0.0/24 2001:db8:1::/48 2001:db8:2::/48] by crm.test. net.crm.test." +
				" vanished: include:crm.test: crm.test: include:net.crm.test: the target has no SPF record (RFC 7208, Section 5.2): net.crm.test: the name does not exist (RFC 7208, Section 4.3)\n"},
		{name: "no SPF record any more", edits: map[string]string{"shop": `shop.test. TXT "hello"`}, stops: true,
			want: "include:shop.test: -[10.5.0.0/24] by shop.test. vanished: include:shop.test: the target has no SPF record (RFC 7208, Section 5.2): shop.test: no SPF record (RFC 7208, Section 4.5)\n"},
		{name: "permerror", edits: map[string]string{"shop": `shop.test. TXT "v=spf1 ip4:10.5.0.0/24 ipv4:10.6.0.0/24 -all"`}, stops: true,
			want: "include:shop.test: -[10.5.0.0/24] by shop.test. vanished: include:shop.test: shop.test: offset 23: \"ipv4:10.6.0.0/24\": unknown mechanism \"ipv4\": write ip4 (RFC 7208, Section 4.6.1)\n"},
		{name: "a pinned host without address", edits: map[string]string{"sandberg.x.com. A ": "", "sandberg.x.com. AAAA": ""}, stops: true,
			want: "sandberg: -[198.51.100.2/32 2001:db8::2/128] by  vanished: a:sandberg.x.com: no address passes\n"},
		{name: "a pinned host without IPv6", edits: map[string]string{"sandberg.x.com. AAAA": ""}, stops: true,
			want: "sandberg: -[2001:db8::2/128] by  shrunk: a:sandberg.x.com: 100 % of its IPv6 addresses are lost, more than 50 %\n"},
		{name: "60 % of the addresses lost",
			edits: map[string]string{"crm": `crm.test. TXT "v=spf1 include:net.crm.test -all"`, "net": `net.crm.test. TXT "v=spf1 ip4:10.1.0.0/24 ip4:10.2.0.0/26 ip6:2001:db8:1::/48 ip6:2001:db8:2::/48 -all"`},
			stops: true, shrink: 41,
			want: "crm: -[10.0.0.0/24] by crm.test. -[10.2.0.64/26 10.2.0.128/25] by crm.test. net.crm.test. shrunk: include:crm.test: 58 % of its IPv4 addresses are lost, more than 41 %\n"},
		{name: "just as much as may be lost",
			edits: map[string]string{"net": `net.crm.test. TXT "v=spf1 ip4:10.1.0.0/24 ip4:10.2.0.0/24 ip6:2001:db8:1::/48 -all"`},
			want:  "crm: -[2001:db8:2::/48] by crm.test. net.crm.test.\n"},
		{name: "of one family more than that", shrink: 49, stops: true,
			edits: map[string]string{"net": `net.crm.test. TXT "v=spf1 ip4:10.1.0.0/24 ip4:10.2.0.0/24 ip6:2001:db8:1::/48 -all"`},
			want:  "crm: -[2001:db8:2::/48] by crm.test. net.crm.test. shrunk: include:crm.test: 50 % of its IPv6 addresses are lost, more than 49 %\n"},
		{name: "a shrunk source is accepted", accept: []string{"include:shop.test"},
			edits: map[string]string{"shop": `shop.test. TXT "v=spf1 ip4:10.5.0.0/26 -all"`},
			want:  "include:shop.test: -[10.5.0.64/26 10.5.0.128/25] by shop.test. shrunk: include:shop.test: 75 % of its IPv4 addresses are lost, more than 50 % accepted\n"},
		{name: "another one is accepted", accept: []string{"crm"}, stops: true,
			edits: map[string]string{"shop": `shop.test. TXT "v=spf1 ip4:10.5.0.0/26 -all"`},
			want:  "include:shop.test: -[10.5.0.64/26 10.5.0.128/25] by shop.test. shrunk: include:shop.test: 75 % of its IPv4 addresses are lost, more than 50 %\n"},
		{name: "no answer", fails: []string{"net.crm.test."}, stops: true,
			want: "crm: failed: the lookup of net.crm.test. TXT failed: no answer\n"},
		{name: "no answer, accepted: what was before is kept whole", fails: []string{"net.crm.test."}, accept: []string{"crm"},
			edits: map[string]string{"crm": `crm.test. TXT "v=spf1 include:net.crm.test ip4:10.0.1.0/24 -all"`, "shop": `shop.test. TXT "v=spf1 ip4:10.5.0.0/23 -all"`},
			want:  "crm: failed: the lookup of net.crm.test. TXT failed: no answer kept\ninclude:shop.test: +[10.5.1.0/24] by shop.test.\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, old := configured(t, updateConfig), firstLock(t)
			text := old.Encode()
			over := failing{world(t, edited(t, c.edits)), c.fails}
			r, err := builder.Update(t.Context(), cfg, builder.UpdateOptions{
				Resolver: over, Old: old, Accept: c.accept, Shrink: c.shrink, Now: january(2),
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, showRefresh(r)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if r.Stopped() != c.stops {
				t.Fatalf("stopped: %v", r.Stopped())
			}
			if c.stops {
				return
			}
			if same := string(r.Lock.Encode()) == string(text); same != (c.want == "") {
				t.Errorf("the lock is the same: %v", same)
			}
			plan, err := builder.Build(t.Context(), cfg, builder.Options{Resolver: r.Lock, Lock: r.Lock})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(show(r.Plan), show(plan)); diff != "" {
				t.Errorf("-plan of the update +plan of the lock:\n%s", diff)
			}
		})
	}
}

func TestUpdateStopsAtTheFirstLockToo(t *testing.T) {
	for _, c := range []struct {
		name  string
		edits map[string]string
		fails []string
		want  string
	}{
		{"no record", map[string]string{"shop": ""}, nil, "vanished: include:shop.test: the target has no SPF record (RFC 7208, Section 5.2): shop.test: the name does not exist (RFC 7208, Section 4.3)"},
		{"no answer", nil, []string{"shop.test."}, "failed: the lookup of shop.test. TXT failed: no answer"},
	} {
		r, err := builder.Update(t.Context(), configured(t, updateConfig), builder.UpdateOptions{
			Resolver: failing{world(t, edited(t, c.edits)), c.fails}, Accept: []string{"crm"},
		})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range r.Sources {
			if s.Alarm != nil {
				got = append(got, fmt.Sprintf("%s: %s", s.Alarm.Kind, s.Alarm.Msg))
			}
		}
		if diff := cmp.Diff([]string{c.want}, got); diff != "" || !r.Stopped() {
			t.Errorf("%s: stopped %v, -want +got:\n%s", c.name, r.Stopped(), diff)
		}
	}
}

// TestUpdateKeepsNothingThatWasNotThere wants a failed lookup never to be
// accepted without an answer from before.
func TestUpdateKeepsNothingThatWasNotThere(t *testing.T) {
	zone := edited(t, map[string]string{"crm": `crm.test. TXT "v=spf1 include:more.test -all"`})
	for name, old := range map[string]*builder.Lock{"no lock": nil, "a lock without the source": emptyLock(t)} {
		r, err := builder.Update(t.Context(), configured(t, updateConfig), builder.UpdateOptions{
			Resolver: failing{world(t, zone), []string{"more.test."}}, Old: old, Accept: []string{"crm"}, Now: january(2),
		})
		if err != nil {
			t.Fatal(err)
		}
		if !r.Stopped() {
			t.Errorf("%s: not stopped:\n%s", name, r.Lock.Encode())
		}
	}
}

func emptyLock(t testing.TB) *builder.Lock {
	return readLock(t, "{\"version\":1,\n\"sources\":[\n],\n\"answers\":[\n],\n\"parts\":[\n]}\n")
}

func TestUpdateErrors(t *testing.T) {
	cfg := configured(t, updateConfig)
	text := string(firstLock(t).Encode())
	cut := strings.Index(text, `{"name":"net.crm.test."`)
	broken := text[:cut] + text[cut+strings.Index(text[cut:], "\n")+1:]
	for _, c := range []struct {
		name string
		o    builder.UpdateOptions
		want string
	}{
		{"accepting nobody", builder.UpdateOptions{Resolver: world(t, updateWorld), Accept: []string{"crm", "office"}},
			`"office" is neither a service nor a gateway that a domain lists, nor a term with its domain, such as mx:x.com`},
		{"a domain that cannot be read", builder.UpdateOptions{Resolver: failing{world(t, updateWorld), []string{"y.com."}}},
			"the lookup of y.com TXT failed: no answer"},
		{"a name for parts that cannot be read", builder.UpdateOptions{Resolver: failing{world(t, updateWorld), []string{"part3.y.com."}}},
			"the lookup of part3.y.com TXT failed: no answer"},
		{"a lock that lacks an answer", builder.UpdateOptions{Resolver: world(t, edited(t, map[string]string{"crm": `crm.test. TXT "v=spf1 -all"`})), Old: readLock(t, broken)},
			"spfzone.lock:1: crm is among the sources, and what it asks for is not among the answers: restore the file, or remove it to begin anew" +
				" (the lookup of net.crm.test. TXT failed: spfzone.lock has no answer for net.crm.test TXT: run 'spfzone update')"},
	} {
		r, err := builder.Update(t.Context(), cfg, c.o)
		if err == nil || err.Error() != c.want || r != nil && r.Lock != nil {
			t.Errorf("%s:\n got %v\nwant %s", c.name, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := builder.Update(ctx, cfg, builder.UpdateOptions{Resolver: world(t, updateWorld)}); !errors.Is(err, context.Canceled) {
		t.Errorf("of a context that is over: %v", err)
	}
}

// TestUpdateKeepsHistory runs an update a day, with a change each time but the
// last.
func TestUpdateKeepsHistory(t *testing.T) {
	cfg, l := configured(t, updateConfig), firstLock(t)
	for day := 2; day <= 30; day++ {
		record := fmt.Sprintf(`shop.test. TXT "v=spf1 ip4:10.5.0.0/24 ip4:10.6.%d.0/24 -all"`, min(day, 29)*2)
		r, err := builder.Update(t.Context(), cfg, builder.UpdateOptions{Resolver: world(t, edited(t, map[string]string{"shop": record})), Old: l, Now: january(day)})
		if err != nil {
			t.Fatal(err)
		}
		if r.Stopped() {
			t.Fatal(showRefresh(r))
		}
		l = readLock(t, string(r.Lock.Encode()))
	}
	// Twenty-eight changes, the first of which lost nothing; the last 24 are kept.
	want := builder.Volatility{Since: january(5)(), Last: january(29)(), Changes: 24, Gained: 24, Lost: 24, Prefixes: 2}
	got, known := l.Volatility("include:shop.test")
	if diff := cmp.Diff(want, got); diff != "" || !known {
		t.Errorf("known %v, -want +got:\n%s", known, diff)
	}
	want = builder.Volatility{Since: january(1)(), Prefixes: 5}
	if got, _ := l.Volatility("crm"); got != want {
		t.Errorf("of a source without changes: %+v", got)
	}
}

func TestUpdateDropsWhatIsRemoved(t *testing.T) {
	r, err := builder.Update(t.Context(), configured(t, "defaults: {all: fail}\ndomains: {y.com: {senders: [mx]}}"), builder.UpdateOptions{
		Resolver: world(t, "y.com. MX 10 y.com.\ny.com. A 192.0.2.1\n"), Old: firstLock(t), Now: january(2),
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("mx:y.com: +[192.0.2.1/32] by \nremoved crm\nremoved include:shop.test\nremoved ironport\nremoved mx:x.com\nremoved news\nremoved per\nremoved sandberg\n", showRefresh(r)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if strings.Contains(string(r.Lock.Encode()), "test") {
		t.Errorf("answers are left:\n%s", r.Lock.Encode())
	}
}

// counting answers with a TTL, and the records of a name in another order each time.
type counting struct {
	spf.Resolver
	ttl time.Duration
}

func (c counting) LookupIP(ctx context.Context, name string, f spf.Family) (spf.Answer[netip.Addr], error) {
	a, err := c.Resolver.LookupIP(ctx, name, f)
	a.TTL = c.ttl
	rand.Shuffle(len(a.Records), func(i, k int) { a.Records[i], a.Records[k] = a.Records[k], a.Records[i] })
	return a, err
}

// TestUpdateWithoutChange wants the same octets whatever TTL and order the
// answers have.
func TestUpdateWithoutChange(t *testing.T) {
	cfg := configured(t, "defaults: {all: fail}\ngateways: {g: {host: g, pin: true}}\ndomains: {x.com: {senders: [g]}}")
	var l *builder.Lock
	want := ""
	for day := range 10 {
		base := world(t, "g.x.com. A 192.0.2.1\ng.x.com. A 192.0.2.2\ng.x.com. A 192.0.2.3\ng.x.com. A 192.0.2.4\n")
		r, err := builder.Update(t.Context(), cfg, builder.UpdateOptions{
			Resolver: counting{base, time.Duration(300-day*7)*time.Second + time.Millisecond}, Old: l, Now: january(day + 1),
		})
		if err != nil {
			t.Fatal(err)
		}
		l = r.Lock
		text := string(l.Encode())
		if want == "" {
			want = text
			if line := `{"name":"g.x.com.","type":"A","addresses":["192.0.2.1","192.0.2.2","192.0.2.3","192.0.2.4"],"ttl":300,`; !strings.Contains(text, line) {
				t.Fatalf("%s\nis not in\n%s", line, text)
			}
		}
		if diff := cmp.Diff(want, text); diff != "" {
			t.Fatalf("on day %d: -before +now:\n%s", day+1, diff)
		}
	}
}

// shops gives the record of shop.test with so many hosts, and more terms.
func shops(hosts int, more string) string {
	var b strings.Builder
	b.WriteString("shop.test. TXT")
	for i := range hosts {
		if i%10 == 0 {
			if i > 0 {
				b.WriteString(`"`)
			}
			b.WriteString([...]string{` "v=spf1`, ` "`}[min(i, 1)])
		}
		fmt.Fprintf(&b, " ip4:10.5.0.%d", 2*i)
	}
	return b.String() + more + ` -all"`
}

// What a source loses by and by is counted together, back to the last loss that
// was accepted, and for a year.
func TestUpdateCountsSmallLossesTogether(t *testing.T) {
	const shop = "include:shop.test"
	type step struct {
		days   int // after the one before
		record string
	}
	for _, c := range []struct {
		name   string
		steps  []step
		accept int    // index of the step that is accepted; 0 for none
		want   string // of the last one
	}{
		{"a fifth each time", []step{{0, shops(50, "")}, {1, shops(40, "")}, {1, shops(32, "")}, {1, shops(26, "")}, {1, shops(21, "")}}, 0,
			"include:shop.test: 58 % of the IPv4 addresses that it had until 2027-01-02 are lost, more than 50 %"},
		{"half", []step{{0, shops(50, "")}, {1, shops(40, "")}, {1, shops(25, "")}}, 0, ""},
		{"more than at first", []step{{0, shops(10, "")}, {1, shops(50, "")}, {1, shops(30, "")}, {1, shops(20, "")}}, 0,
			"include:shop.test: 60 % of the IPv4 addresses that it had until 2027-01-03 are lost, more than 50 %"},
		{"accepted before", []step{{0, shops(50, "")}, {1, shops(40, "")}, {1, shops(18, "")}, {1, shops(12, "")}}, 2, ""},
		{"accepted long before", []step{{0, shops(50, "")}, {1, shops(20, "")}, {1, shops(15, "")}, {1, shops(9, "")}}, 1,
			"include:shop.test: 55 % of the IPv4 addresses that it had until 2027-01-03 are lost, more than 50 %"},
		{"over more than a year", []step{{0, shops(50, "")}, {1, shops(40, "")}, {1, shops(32, "")}, {366, shops(26, "")}, {1, shops(17, "")}}, 0, ""},
		{"fewer others in their place", []step{{0, shops(20, "")}, {1, shops(14, " ip4:10.7.0.0/28")}, {1, shops(8, " ip4:10.7.0.0/28")}}, 0,
			"include:shop.test: 11 of the 20 prefixes that it had until 2027-01-02 are lost, more than 50 %"},
		{"as many others in their place", []step{{0, shops(4, "")}, {1, shops(3, " ip4:10.7.0.0")}, {1, shops(2, " ip4:10.7.0.0 ip4:10.7.0.2")}, {1, shops(1, " ip4:10.7.0.0 ip4:10.7.0.2 ip4:10.7.0.4")}}, 0, ""},
		{"hosts beside a large block", []step{{0, shops(50, " ip4:10.8.0.0/16")}, {1, shops(38, " ip4:10.8.0.0/16")}, {1, shops(30, " ip4:10.8.0.0/16")}, {1, shops(20, " ip4:10.8.0.0/16")}}, 0,
			"include:shop.test: 30 of the 51 prefixes that it had until 2027-01-02 are lost, more than 50 %"},
		{"a block half each time", []step{{0, shops(1, " ip6:2001:db8::/32")}, {1, shops(1, " ip6:2001:db8::/33")}, {1, shops(1, " ip6:2001:db8::/34")}}, 0,
			"include:shop.test: 75 % of the IPv6 addresses that it had until 2027-01-02 are lost, more than 50 %"},
		{"fewer prefixes for as many addresses", []step{{0, shops(1, " ip4:10.9.0.0/24 ip4:10.9.2.0/24")}, {1, shops(1, " ip4:10.9.0.0/23 ip4:10.9.2.0/24")}, {1, shops(1, " ip4:10.9.0.0/22")}}, 0, ""},
	} {
		cfg := configured(t, updateConfig)
		var l *builder.Lock
		at := january(1)()
		for i, s := range c.steps {
			at = at.AddDate(0, 0, s.days)
			o := builder.UpdateOptions{Resolver: world(t, edited(t, map[string]string{"shop": s.record})), Old: l, Now: func() time.Time { return at }}
			if i > 0 && i == c.accept {
				o.Accept = []string{shop}
			}
			r, err := builder.Update(t.Context(), cfg, o)
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			if last := i == len(c.steps)-1; !last {
				if r.Stopped() {
					t.Fatalf("%s: step %d stopped: %s", c.name, i, showRefresh(r))
				}
				l = readLock(t, string(r.Lock.Encode()))
				continue
			}
			got := ""
			for _, s := range r.Sources {
				if s.Alarm != nil {
					got += s.Alarm.Msg
				}
			}
			if got != c.want || r.Stopped() != (c.want != "") {
				t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
			}
			// Accepted, it is not counted again.
			o.Accept = []string{shop}
			r, err = builder.Update(t.Context(), cfg, o)
			if err != nil || r.Stopped() {
				t.Fatalf("%s: accepted: %v, %s", c.name, err, showRefresh(r))
			}
			o.Old, o.Accept = readLock(t, string(r.Lock.Encode())), nil
			if r, err = builder.Update(t.Context(), cfg, o); err != nil || r.Stopped() {
				t.Errorf("%s: after it was accepted: %v, %s", c.name, err, showRefresh(r))
			}
		}
	}
}
