package builder_test

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/spf"
)

// lockText is a lock with a line of every form.
const lockText = `{"version":1,
"sources":[
{"name":"google","term":"include:_spf.google.com","owner":"mail@x.com","ticket":"OPS-1","expires":"2027-06-30","comment":"<all> of it","prefixes":97,"since":"2026-11-01T08:00:00Z","changes":["2026-11-02T08:00:00Z +3 -0","2026-11-09T08:00:00Z +1 -2 of 328960 5","2026-11-10T08:00:00Z +0 -90 of 328960 18446744073709551615 accepted"]},
{"name":"mx:x.com","term":"mx:x.com","prefixes":1,"since":"2026-11-01T08:00:00Z"},
{"name":"per","term":"include:per.test","domain":"x.com.","prefixes":2,"since":"2026-11-03T08:00:00Z","changes":["2026-11-04T08:00:00Z +1 -1"]},
{"name":"per","term":"include:per.test","domain":"y.com.","prefixes":5,"since":"2026-11-02T08:00:00Z"}
],
"answers":[
{"name":"192.0.2.1","type":"PTR","ptr":["a.x.com.","b.x.com."],"ttl":60,"since":"2026-11-01T08:00:00Z"},
{"name":"_spf.google.com.","type":"TXT","txt":[["\\000\\255\\\\\"<&>"],["v=spf1 ip4:192.0.2.0/24"," -all"]],"ttl":300,"since":"2026-11-01T08:00:00Z","for":["google","per"]},
{"name":"x.com.","type":"A","addresses":["192.0.2.1","198.51.100.7"],"ttl":0,"since":"2026-11-01T08:00:00Z","for":["mx:x.com"]},
{"name":"x.com.","type":"AAAA","addresses":["2001:db8::1"],"since":"2026-11-01T08:00:00Z"},
{"name":"x.com.","type":"MX","mx":["5 b.x.com.","10 ."],"since":"2026-11-01T08:00:00Z"},
{"name":"x.com.","type":"TXT","none":"nodata","since":"2026-11-01T08:00:00Z"},
{"name":"a\\001b.x.com.","type":"TXT","none":"nxdomain","since":"2026-11-01T08:00:00Z"},
{"name":"www.x.com.","type":"TXT","alias":"a\\001b.x.com.","none":"nxdomain","since":"2026-11-01T08:00:00Z"}
],
"parts":[
{"owner":"x.com.","names":"part%d","last":12}
]}
`

func readLock(t testing.TB, text string) *builder.Lock {
	t.Helper()
	l, err := builder.ReadLock("spfzone.lock", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLockIsWrittenAsItIsRead(t *testing.T) {
	if diff := cmp.Diff(lockText, string(readLock(t, lockText).Encode())); diff != "" {
		t.Errorf("-read +written:\n%s", diff)
	}
	other := strings.NewReplacer("\n", "\r\n\t", ",\"", " , \"").Replace(lockText)
	if diff := cmp.Diff(lockText, string(readLock(t, other).Encode())); diff != "" {
		t.Errorf("with other white space: -read +written:\n%s", diff)
	}
}

func TestLockAnswers(t *testing.T) {
	l := readLock(t, lockText)
	ctx := context.Background()
	type answer struct {
		Records  any
		NXDomain bool
		Alias    string
		Err      string
	}
	of := func(records any, nx bool, alias, source string, ttl time.Duration, err error) answer {
		if err != nil {
			return answer{Err: err.Error()}
		}
		if source != "spfzone.lock" || ttl != spf.Forever {
			t.Errorf("source %q and TTL %v", source, ttl)
		}
		return answer{records, nx, alias, ""}
	}
	txt := func(name string) answer {
		a, err := l.LookupTXT(ctx, name)
		return of(a.Records, a.NXDomain, a.Alias, a.Source, a.TTL, err)
	}
	ip := func(name string, f spf.Family) answer {
		a, err := l.LookupIP(ctx, name, f)
		return of(a.Records, a.NXDomain, a.Alias, a.Source, a.TTL, err)
	}
	mx := func(name string) answer {
		a, err := l.LookupMX(ctx, name)
		return of(a.Records, a.NXDomain, a.Alias, a.Source, a.TTL, err)
	}
	ptr := func(addr string) answer {
		a, err := l.LookupPTR(ctx, netip.MustParseAddr(addr))
		return of(a.Records, a.NXDomain, a.Alias, a.Source, a.TTL, err)
	}
	noTXT, noIP, noMX := []spf.TXT(nil), []netip.Addr(nil), []spf.MailExchange(nil)
	for _, c := range []struct {
		name string
		got  answer
		want answer
	}{
		{"strings and octets", txt("_spf.google.com."), answer{Records: []spf.TXT{{"\x00\xff\\\"<&>"}, {"v=spf1 ip4:192.0.2.0/24", " -all"}}}},
		{"nodata", txt("x.com."), answer{Records: noTXT}},
		{"nxdomain, any octet", txt("a\x01b.x.com."), answer{Records: noTXT, NXDomain: true}},
		{"alias", txt("www.x.com."), answer{Records: noTXT, NXDomain: true, Alias: "a\x01b.x.com."}},
		{"A", ip("x.com.", spf.V4), answer{Records: []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("198.51.100.7")}}},
		{"AAAA", ip("x.com.", spf.V6), answer{Records: []netip.Addr{netip.MustParseAddr("2001:db8::1")}}},
		{"MX", mx("x.com."), answer{Records: []spf.MailExchange{{Preference: 5, Host: "b.x.com."}, {Preference: 10, Host: "."}}}},
		{"PTR", ptr("192.0.2.1"), answer{Records: []string{"a.x.com.", "b.x.com."}}},
		{"PTR, IPv4-mapped", ptr("::ffff:192.0.2.1"), answer{Records: []string{"a.x.com.", "b.x.com."}}},
		{"free part", txt("part12.x.com."), answer{Records: noTXT, NXDomain: true}},
		{"free part, address", ip("part1.x.com.", spf.V6), answer{Records: noIP, NXDomain: true}},
		{"part that nobody can publish", mx("part4711.x.com."), answer{Records: noMX, NXDomain: true}},
		{"another type", mx("_spf.google.com."), answer{Err: "spfzone.lock has no answer for _spf.google.com MX: run 'spfzone update'"}},
		{"no part", txt("part01.x.com."), answer{Err: "spfzone.lock has no answer for part01.x.com TXT: run 'spfzone update'"}},
		{"part of another owner", txt("part1.y.com."), answer{Err: "spfzone.lock has no answer for part1.y.com TXT: run 'spfzone update'"}},
		{"below a name that does not exist", ip("b.a\x01b.x.com.", spf.V4), answer{Err: "spfzone.lock has no answer for b.a\x01b.x.com A: run 'spfzone update'"}},
		{"PTR that is lacking", ptr("192.0.2.2"), answer{Err: "spfzone.lock has no answer for 192.0.2.2 PTR: run 'spfzone update'"}},
	} {
		if diff := cmp.Diff(c.want, c.got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.name, diff)
		}
	}
}

func TestVolatility(t *testing.T) {
	l := readLock(t, lockText)
	november := func(day int) time.Time { return time.Date(2026, 11, day, 8, 0, 0, 0, time.UTC) }
	for name, want := range map[string]builder.Volatility{
		"google":   {Since: november(1), Last: november(10), Changes: 3, Gained: 4, Lost: 92, Prefixes: 97},
		"mx:x.com": {Since: november(1), Prefixes: 1},
		"per":      {Since: november(2), Last: november(4), Changes: 1, Gained: 1, Lost: 1, Prefixes: 7},
	} {
		got, known := l.Volatility(name)
		if diff := cmp.Diff(want, got); diff != "" || !known {
			t.Errorf("%s: known %v, -want +got:\n%s", name, known, diff)
		}
	}
	if v, known := l.Volatility("nobody"); known || v != (builder.Volatility{}) {
		t.Errorf("of an unknown name: %+v", v)
	}
}

func TestReadLockRefuses(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"nothing", lockText, "", "1:1: the file ends too early"},
		{"no JSON", lockText, "services:\n  v: 1\n", "1:1: invalid character 's' looking for beginning of value"},
		{"a list", lockText, "[]", "1:1: { is wanted here: a lock has version, sources, answers and parts, in this order"},
		{"another key", "sources", "services", `2:1: "sources" is wanted here: a lock has version, sources, answers and parts, in this order`},
		{"cut off", lockText[strings.Index(lockText, `"prefixes":1,`):], "", "4:1: unexpected EOF"},
		{"more behind it", "]}\n", "]}\n{}", `21:1: nothing may stand behind the closing brace`},
		{"another version", `"version":1`, `"version":2`, "1:12: this is version 2, and this spfzone reads version 1: take the spfzone that wrote it, or remove it and run 'spfzone update'"},
		{"marks of a merge", `{"name":"mx:x.com"`, "<<<<<<< HEAD\n" + `{"name":"mx:x.com"`, `4:1: invalid character '<' looking for beginning of value`},
		{"unknown key", `"prefixes":1`, `"prefix":1`, `4:1: json: unknown field "prefix"`},
		{"key twice", `"prefixes":1`, `"prefixes":2,"prefixes":1`, `4:1: this is not as spfzone writes it, which is {"name":"mx:x.com","term":"mx:x.com","prefixes":1,"since":"2026-11-01T08:00:00Z"}`},
		{"key in capitals", `"prefixes":1,`, `"Prefixes":1,`, `4:1: this is not as spfzone writes it, which is {"name":"mx:x.com","term":"mx:x.com","prefixes":1,"since":"2026-11-01T08:00:00Z"}`},
		{"wrong kind", `"prefixes":1,`, `"prefixes":"1",`, "4:1: json: cannot unmarshal string into Go struct field sourceLine.prefixes of type int"},
		{"less than none", `"prefixes":1,`, `"prefixes":-1,`, "4:1: a source has a name, a term, and a number of prefixes"},
		{"no date", "2027-06-30", "2027-06-31", `3:1: "2027-06-31" is no date`},
		{"no time", `"prefixes":1,"since":"2026-11-01T08:00:00Z"`, `"prefixes":1,"since":"2026-11-01T08:00:00+00:00"`, `4:1: "2026-11-01T08:00:00+00:00" is no time: they are written in UTC as 2006-01-02T15:04:05Z`},
		{"no change", "Z +3 -0", "Z 3 0", `3:1: "2026-11-02T08:00:00Z 3 0" is no change: they are written as 2006-01-02T15:04:05Z +1 -2 of 256 0`},
		{"half a change", "Z +3 -0", "Z +3", `3:1: "2026-11-02T08:00:00Z +3" is no change: they are written as 2006-01-02T15:04:05Z +1 -2 of 256 0`},
		{"half an extent", "of 328960 5", "of 328960", `3:1: "2026-11-09T08:00:00Z +1 -2 of 328960" is no change: they are written as 2006-01-02T15:04:05Z +1 -2 of 256 0`},
		{"no extent", "of 328960 5", "of 328960 -5", `3:1: "2026-11-09T08:00:00Z +1 -2 of 328960 -5" is no change: they are written as 2006-01-02T15:04:05Z +1 -2 of 256 0`},
		{"accepted twice", "accepted", "accepted accepted", `3:1: "2026-11-10T08:00:00Z +0 -90 of 328960 18446744073709551615 accepted accepted" is no change: they are written as 2006-01-02T15:04:05Z +1 -2 of 256 0`},
		{"sources out of order", `"domain":"y.com."`, `"domain":"x.com."`, "6:1: lines are sorted, none stands there twice, and this one does not come after the one before it"},
		{"answer twice", `"type":"AAAA","addresses":["2001:db8::1"]`, `"type":"A","addresses":["192.0.2.9"]`, "12:1: lines are sorted, none stands there twice, and this one does not come after the one before it"},
		{"part names twice", "]}\n", `,{"owner":"x.com.","names":"part%d","last":12}]}`, "20:2: lines are sorted, none stands there twice, and this one does not come after the one before it"},
		{"type", `"type":"AAAA"`, `"type":"SRV"`, "12:1: a type is A, AAAA, MX, PTR or TXT"},
		{"records of another type", `"addresses":["2001:db8::1"]`, `"mx":["10 ."]`, `12:1: the answer to a question for AAAA is "addresses" or "none", and one of them alone`},
		{"records and none", `"addresses":["2001:db8::1"]`, `"addresses":["2001:db8::1"],"none":"nodata"`, `12:1: the answer to a question for AAAA is "addresses" or "none", and one of them alone`},
		{"neither", `"addresses":["2001:db8::1"],`, ``, `12:1: the answer to a question for AAAA is "addresses" or "none", and one of them alone`},
		{"none of a kind", "nodata", "servfail", `14:1: "none" is "nxdomain" or "nodata"`},
		{"address of the other family", `["2001:db8::1"]`, `["192.0.2.1"]`, `12:1: "192.0.2.1" is no address that an AAAA record may hold`},
		{"long address", `["2001:db8::1"]`, `["2001:db8:0::1"]`, `12:1: "2001:db8:0::1" is no address that an AAAA record may hold`},
		{"records out of order", `["192.0.2.1","198.51.100.7"]`, `["198.51.100.7","192.0.2.1"]`, "11:1: the records of an answer are sorted"},
		{"no MX", `"10 ."`, `"010 ."`, `13:1: "010 ." is no MX record: they are written as "10 mail.example.com."`},
		{"MX without host", `"10 ."`, `"10"`, `13:1: "10" is no MX record: they are written as "10 mail.example.com."`},
		{"TXT without strings", `[["\\000`, `[[],["\\000`, "10:1: a TXT record has at least one string"},
		{"half an escape", `\\255`, `\\25`, `10:1: octets are written as visible ASCII and spaces, \\ for a backslash, and \DDD for all others`},
		{"octet too large", `\\255`, `\\256`, `10:1: octets are written as visible ASCII and spaces, \\ for a backslash, and \DDD for all others`},
		{"needless escape", `\\255`, `\\065`, `10:1: octets are written as visible ASCII and spaces, \\ for a backslash, and \DDD for all others`},
		{"bare octets", `\\255`, `ÿ`, `10:1: octets are written as visible ASCII and spaces, \\ for a backslash, and \DDD for all others`},
		{"capitals in an alias", `"alias":"a`, `"alias":"A`, `16:1: "A\\001b.x.com." is no canonical name: absolute, in lower case, with the final dot`},
		{"capitals in a name", `"name":"_spf.google.com."`, `"name":"_SPF.google.com."`, `10:1: "_SPF.google.com." is no canonical name: absolute, in lower case, with the final dot`},
		{"relative name", `"name":"_spf.google.com."`, `"name":"_spf.google.com"`, `10:1: "_spf.google.com" is no canonical name: absolute, in lower case, with the final dot`},
		{"empty label", `"name":"_spf.google.com."`, `"name":"_spf..google.com."`, `10:1: "_spf..google.com." is no canonical name: absolute, in lower case, with the final dot`},
		{"PTR of a name", `"name":"192.0.2.1"`, `"name":"1.2.0.192.in-addr.arpa."`, `9:1: "1.2.0.192.in-addr.arpa." is no address, which a question for PTR has for its name`},
		{"TTL", `"ttl":60`, `"ttl":-1`, "9:1: a TTL is a number of seconds from 0 to 2147483647"},
		{"for out of order", `["google","per"]`, `["per","google"]`, `10:1: "for" is sorted, and nothing stands in it twice`},
		{"for twice", `["google","per"]`, `["per","per"]`, `10:1: "for" is sorted, and nothing stands in it twice`},
		{"no pattern", "part%d", "part1", `19:1: "names" is a pattern with %d, and "last" a number of 10 at the least`},
		{"too few names", `"last":12`, `"last":9`, `19:1: "names" is a pattern with %d, and "last" a number of 10 at the least`},
	} {
		if !strings.Contains(lockText, c.old) {
			t.Fatalf("%s: %q is not there", c.name, c.old)
		}
		l, err := builder.ReadLock("spfzone.lock", []byte(strings.Replace(lockText, c.old, c.new, 1)))
		var place *builder.LockError
		if !errors.As(err, &place) || err.Error() != "spfzone.lock:"+c.want || l != nil {
			t.Errorf("%s:\n got %v\nwant spfzone.lock:%s", c.name, err, c.want)
		}
	}
}

func FuzzReadLock(f *testing.F) {
	f.Add([]byte(lockText))
	f.Add([]byte("{\"version\":1,\n\"sources\":[\n],\n\"answers\":[\n],\n\"parts\":[\n]}\n"))
	f.Add([]byte(`{"version":1,"sources":[{}],"answers":[],"parts":[]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := builder.ReadLock("spfzone.lock", text)
		if err != nil {
			return
		}
		once := l.Encode()
		again, err := builder.ReadLock("spfzone.lock", once)
		if err != nil {
			t.Fatalf("what was read is written so that it cannot be read: %v\n%s", err, once)
		}
		if !bytes.Equal(again.Encode(), once) {
			t.Fatalf("read and written twice:\n%s\n%s", once, again.Encode())
		}
	})
}
