package spf_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/internal/dnstest"
	"github.com/spfzone/spfzone/spf"
)

// pitfall is a case that some evaluator of SPF in use gets wrong, with the
// mistake as its name.
type pitfall struct {
	name   string
	zone   string // a record a line: name, type, value
	ip     string // 192.0.2.7 if empty
	from   string // bob@x.test if empty
	helo   string // mail.x.test if empty
	limits spf.Limits
	want   evaluated
}

// evaluated is what counts of an evaluation. Counters are not looked at where
// it ended in permerror, whose counters are those at the term that broke it.
type evaluated struct {
	Result         spf.Result
	Lookups, Voids int
	Explanation    string
	Err            string
}

func TestPitfalls(t *testing.T) {
	tests := append(pitfallsOfEvaluating(), pitfallsOfCounting()...)
	if len(tests) < 60 {
		t.Errorf("%d rows are not all of them", len(tests))
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := &spf.Checker{Resolver: zoneOfText(tt.zone), Limits: tt.limits}
			ip := netip.MustParseAddr(orElse(tt.ip, "192.0.2.7"))
			from, helo := orElse(tt.from, "bob@x.test"), orElse(tt.helo, "mail.x.test")
			if from == "<>" {
				from = ""
			}
			for i := range 8 { // the last of them out of kept decisions
				v, err := c.Check(t.Context(), ip, from, helo)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, summary(v)); diff != "" {
					t.Fatalf("check %d: %s", i, diff)
				}
			}
			v, err := c.Trace(t.Context(), ip, from, helo)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, summary(v)); diff != "" {
				t.Fatalf("trace: %s", diff)
			}
			if p, err := c.Policy(t.Context(), v.Domain); err == nil {
				if o := p.At(ip); o.If == nil && (o.Result != v.Result || fmt.Sprint(o.Err) != fmt.Sprint(v.Err)) {
					t.Errorf("the policy gives %v (%v)", o.Result, o.Err)
				}
			}
		})
	}
}

func summary(v spf.Evaluation) evaluated {
	e := evaluated{Result: v.Result, Explanation: v.Explanation}
	if v.Err != nil {
		e.Err = v.Err.Error()
	}
	if v.Result != spf.PermError {
		e.Lookups, e.Voids = v.Lookups, v.Voids
	}
	return e
}

func orElse(s, standard string) string {
	if s == "" {
		return standard
	}
	return s
}

// zoneOfText reads a record a line.
func zoneOfText(text string) *dnstest.Zonedata {
	z := dnstest.NewZone()
	for line := range strings.Lines(text) {
		if fields := strings.SplitN(strings.TrimSpace(line), " ", 3); len(fields) == 3 {
			z.Add(fields[0], fields[1], fields[2])
		}
	}
	return z
}

func pass(lookups, voids int) evaluated {
	return evaluated{Result: spf.Pass, Lookups: lookups, Voids: voids}
}

func fail(lookups, voids int) evaluated {
	return evaluated{Result: spf.Fail, Lookups: lookups, Voids: voids}
}

func permerror(err string) evaluated { return evaluated{Result: spf.PermError, Err: err} }

func none(err string) evaluated { return evaluated{Result: spf.None, Err: err} }

// numbered repeats a text n times, "#" standing for 1 to n.
func numbered(n int, text string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(text, "#", fmt.Sprint(i+1)))
	}
	return b.String()
}

func pitfallsOfEvaluating() []pitfall {
	const nibbles = "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"
	const empty = `x.test: "x..test" is not a domain name of two labels or more (RFC 7208, Section 4.3)`
	return []pitfall{
		{name: "stops at the first match, so that a syntax error later in the record goes unseen",
			zone: "x.test TXT v=spf1 ip4:192.0.2.7 ipv4:192.0.2.8 -all",
			want: permerror(`x.test: offset 21: "ipv4:192.0.2.8": unknown mechanism "ipv4": write ip4 (RFC 7208, Section 4.6.1)`)},
		{name: "a syntax error behind all goes unseen",
			zone: "x.test TXT v=spf1 ip4:192.0.2.7 all redirect=",
			want: permerror(`x.test: offset 25: "redirect=": a domain is missing (RFC 7208, Section 7.1)`)},
		{name: "redirect= not counted as a lookup: ten are legal",
			zone: chain(10),
			want: pass(10, 0)},
		{name: "redirect= not counted as a lookup: eleven end",
			zone: chain(11),
			want: permerror("r10.test: redirect=r11.test: more than 10 terms that ask the DNS (RFC 7208, Section 4.6.4)")},
		{name: "a chain of redirects runs until the stack ends",
			zone: "x.test TXT v=spf1 redirect=x.test",
			want: permerror("x.test: redirect=x.test: more than 10 terms that ask the DNS (RFC 7208, Section 4.6.4)")},
		{name: "The first TXT query counted: a legal record of ten includes is permerror",
			zone: "x.test TXT v=spf1" + numbered(10, " include:i#.test") + " -all\n" + numbered(9, "i#.test TXT v=spf1 -all\n") + "i10.test TXT v=spf1 ip4:192.0.2.7 -all",
			want: pass(10, 0)},
		{name: "an eleventh lookup passes",
			zone: "x.test TXT v=spf1" + numbered(11, " include:i#.test") + " -all\n" + numbered(10, "i#.test TXT v=spf1 -all\n") + "i11.test TXT v=spf1 ip4:192.0.2.7 -all",
			want: permerror("x.test: include:i11.test: more than 10 terms that ask the DNS (RFC 7208, Section 4.6.4)")},
		{name: "or ptr not",
			zone: "x.test TXT v=spf1" + numbered(10, " include:i#.test") + " ptr -all\n" + numbered(10, "i#.test TXT v=spf1 -all\n"),
			want: permerror("x.test: ptr: more than 10 terms that ask the DNS (RFC 7208, Section 4.6.4)")},
		{name: "Macros expanded in exists only, not in a",
			zone: "x.test TXT v=spf1 a:%{l}.%{d} -all\nbob.x.test A 192.0.2.7",
			want: pass(1, 0)},
		{name: "Macros expanded in exists only, not in mx",
			zone: "x.test TXT v=spf1 mx:%{l}.%{d} -all\nbob.x.test MX mail.x.test\nmail.x.test A 192.0.2.7",
			want: pass(1, 0)},
		{name: "Macros expanded in exists only, not in ptr",
			zone: "x.test TXT v=spf1 ptr:%{d} -all\n7.2.0.192.in-addr.arpa PTR mail.x.test\nmail.x.test A 192.0.2.7",
			want: pass(1, 0)},
		{name: "Macros expanded in exists only, not in include",
			zone: "x.test TXT v=spf1 include:%{l}.%{d} -all\nbob.x.test TXT v=spf1 ip4:192.0.2.7 -all",
			want: pass(1, 0)},
		{name: "Macros expanded in exists only, not in redirect",
			zone: "x.test TXT v=spf1 redirect=%{l}.%{d}\nbob.x.test TXT v=spf1 ip4:192.0.2.7 -all",
			want: pass(1, 0)},
		{name: "%{s} refused",
			zone: "x.test TXT v=spf1 exists:%{s}._spf.y.test -all\nbob@x.test._spf.y.test A 127.0.0.2",
			want: pass(1, 0)},
		{name: "upper-case letters not URL-escaped because the domain-spec was lower-cased first",
			zone: "x.test TXT v=spf1 exists:%{L}._SPF.%{D} -all\na%2bb%3dc._spf.x.test A 127.0.0.2",
			from: "a+b=c@x.test", want: pass(1, 0)},
		{name: "lower-case letters URL-escaped",
			zone: "x.test TXT v=spf1 exists:%{l}._spf.%{d} -all\na+b=c._spf.x.test A 127.0.0.2",
			from: "a+b=c@x.test", want: pass(1, 0)},
		{name: "%{p} always unknown, or left with a final dot",
			zone: "x.test TXT v=spf1 exists:%{p}._spf.%{d} -all\n7.2.0.192.in-addr.arpa PTR mail.x.test\nmail.x.test A 192.0.2.7\nmail.x.test._spf.x.test A 127.0.0.2",
			want: pass(1, 0)},
		{name: "%{p} of a name that does not lead back is unknown",
			zone: "x.test TXT v=spf1 exists:%{p}._spf.%{d} -all\n7.2.0.192.in-addr.arpa PTR mail.x.test\nmail.x.test A 192.0.2.8\nunknown._spf.x.test A 127.0.0.2",
			want: pass(1, 0)},
		{name: "%{p} prefers the domain, then names below it",
			zone: "x.test TXT v=spf1 exists:%{p}._spf.y.test -all\n7.2.0.192.in-addr.arpa PTR z.test\n7.2.0.192.in-addr.arpa PTR mail.x.test\nz.test A 192.0.2.7\nmail.x.test A 192.0.2.7\nmail.x.test._spf.y.test A 127.0.0.2",
			want: pass(1, 0)},
		{name: "%{c} outside an explanation",
			zone: "x.test TXT v=spf1 exists:%{c}._spf.x.test -all",
			want: permerror(`x.test: offset 14: "%{c}": the letters c, r and t have a meaning in explanations only (RFC 7208, Section 7.1)`)},
		{name: "%{c} the wrong address",
			zone: "x.test TXT v=spf1 -all exp=e.x.test\ne.x.test TXT %{c} is not %{i}",
			ip:   "2001:db8::7", want: evaluated{Result: spf.Fail, Explanation: "2001:db8::7 is not " + dotted()}},
		{name: "%{c} of an IPv4-mapped client",
			zone: "x.test TXT v=spf1 -all exp=e.x.test\ne.x.test TXT %{c} is %{i}",
			ip:   "::ffff:192.0.2.7", want: evaluated{Result: spf.Fail, Explanation: "192.0.2.7 is 192.0.2.7"}},
		{name: "IPv6 %{i} not in nibbles",
			zone: "x.test TXT v=spf1 exists:%{ir}.%{v}._spf.x.test -all\n" + nibbles + ".ip6._spf.x.test A 127.0.0.2",
			ip:   "2001:db8::7", want: pass(1, 0)},
		{name: "IPv4 %{ir} and %{v}",
			zone: "x.test TXT v=spf1 exists:%{ir}.%{v}._spf.x.test -all\n7.2.0.192.in-addr._spf.x.test A 127.0.0.2",
			want: pass(1, 0)},
		{name: "octets above 127 arrive escaped, so the character checks never see them",
			zone: "x.test TXT v=spf1 ip4:192.0.2.7 a:\xfc.test -all",
			want: permerror("x.test: offset 21: \"a:\\xfc.test\": only visible ASCII characters may stand in a record (RFC 7208, Section 4.6.1)")},
		{name: "backslashes arrive escaped",
			zone: "x.test TXT v=spf1 exists:a\\b.%{l}.x.test -all\na\\b.bob.x.test A 127.0.0.2",
			want: pass(1, 0)},
		{name: "a general-purpose resolver refuses names such as user+tag._spf.x.com",
			zone: "x.test TXT v=spf1 exists:%{l}._spf.x.test -all\nuser+tag._spf.x.test A 127.0.0.2",
			from: "user+tag@x.test", want: pass(1, 0)},
		{name: "exp= ignored",
			zone: "x.test TXT v=spf1 -all exp=%{l}.x.test\nbob.x.test TXT %{s} may not send%_from %{i}, says %{d}",
			want: evaluated{Result: spf.Fail, Explanation: "bob@x.test may not send from 192.0.2.7, says x.test"}},
		{name: "an exp target without final dot refused by the DNS library",
			zone: "x.test TXT v=spf1 -all exp=e.x.test\ne.x.test TXT no",
			want: evaluated{Result: spf.Fail, Explanation: "no"}},
		{name: "an exp target with final dot",
			zone: "x.test TXT v=spf1 -all exp=e.x.test.\ne.x.test TXT no",
			want: evaluated{Result: spf.Fail, Explanation: "no"}},
		{name: "several exp TXT records joined, where they must yield none",
			zone: "x.test TXT v=spf1 -all exp=e.x.test\ne.x.test TXT no\ne.x.test TXT never",
			want: fail(0, 0)},
		{name: "exp= of an included record",
			zone: "x.test TXT v=spf1 include:y.test -all exp=e.x.test\ne.x.test TXT of x\ny.test TXT v=spf1 -all exp=e.y.test\ne.y.test TXT of y",
			want: evaluated{Result: spf.Fail, Lookups: 1, Explanation: "of x"}},
		{name: "exp= of a record redirected to",
			zone: "x.test TXT v=spf1 redirect=y.test exp=e.x.test\ne.x.test TXT of x\ny.test TXT v=spf1 -all exp=e.y.test\ne.y.test TXT of y",
			want: evaluated{Result: spf.Fail, Lookups: 1, Explanation: "of y"}},
		{name: "a//0 lets an IPv4 address match an IPv6 client",
			zone: "x.test TXT v=spf1 a:h.test//0 -all\nh.test A 192.0.2.7",
			ip:   "2001:db8::7", want: fail(1, 1)},
		{name: "a//0 matches every IPv6 client of a host with an IPv6 address",
			zone: "x.test TXT v=spf1 a:h.test//0 -all\nh.test AAAA 2001:db8:1::1",
			ip:   "2001:db8::7", want: pass(1, 0)},
		{name: "or the reverse",
			zone: "x.test TXT v=spf1 a:h.test/0 -all\nh.test AAAA 2001:db8::7",
			want: fail(1, 1)},
		{name: "/0 refused",
			zone: "x.test TXT v=spf1 -ip6:::/0 ip4:0.0.0.0/0 -all",
			want: pass(0, 0)},
		{name: "a:museum (a lone top label)",
			zone: "x.test TXT v=spf1 a:museum -all\nmuseum A 192.0.2.7",
			want: permerror(`x.test: offset 9: "museum": a domain has at least two labels: SPF knows no origin to complete it with (RFC 7208, Section 7.1)`)},
		{name: "a:museum. (a lone top label with a final dot)",
			zone: "x.test TXT v=spf1 a:museum. -all\nmuseum A 192.0.2.7",
			want: permerror(`x.test: offset 9: "museum.": a domain has at least two labels: SPF knows no origin to complete it with (RFC 7208, Section 7.1)`)},
		{name: "a:111.222.33.44",
			zone: "x.test TXT v=spf1 a:111.222.33.44 -all\n111.222.33.44 A 192.0.2.7",
			want: permerror(`x.test: offset 20: "111.222.33.44": a domain ends in a top label of letters, digits and hyphens, not all digits (RFC 7208, Section 7.1)`)},
		{name: "names with an empty label",
			zone: "x.test TXT v=spf1 a:x..test -all",
			want: fail(1, 0)},
		{name: "include of a name with an empty label",
			zone: "x.test TXT v=spf1 include:x..test -all",
			want: permerror("x.test: include:x..test: the target has no SPF record (RFC 7208, Section 5.2): " + empty)},
		{name: "names with an over-long label",
			zone: "x.test TXT v=spf1 a:" + strings.Repeat("x", 64) + ".test -all",
			want: fail(1, 0)},
		{name: "names that are too long lose labels at the left",
			zone: "x.test TXT v=spf1 a:" + strings.Repeat("long.", 60) + "h.test -all\n" + strings.Repeat("long.", 49) + "h.test A 192.0.2.7",
			want: pass(1, 0)},
		{name: "V=SPF1",
			zone: "x.test TXT V=SPF1 IP4:192.0.2.7 -ALL",
			want: pass(0, 0)},
		{name: "v=spf10",
			zone: "x.test TXT v=spf10 ip4:192.0.2.7\nx.test TXT v=spf1 -all",
			want: fail(0, 0)},
		{name: "domain-literals in MAIL FROM",
			from: "bob@[192.0.2.7]", want: none(`[192.0.2.7]: "[192.0.2.7]" is an address literal, not a domain name (RFC 7208, Section 4.3)`)},
		{name: "domain-literals in HELO",
			from: "<>", helo: "[192.0.2.7]", want: none(`[192.0.2.7]: "[192.0.2.7]" is an address literal, not a domain name (RFC 7208, Section 4.3)`)},
		{name: "bad HELO names: one label",
			from: "<>", helo: "localhost", want: none(`localhost: "localhost" is not a domain name of two labels or more (RFC 7208, Section 4.3)`)},
		{name: "bad HELO names: an empty label",
			from: "<>", helo: "mail..x.test", want: none(`mail..x.test: "mail..x.test" is not a domain name: it has an empty label (RFC 7208, Section 4.3)`)},
		{name: "bad HELO names: a space",
			from: "<>", helo: "mail x.test", want: none(`mail x.test: "mail x.test" is not a domain name: it holds the octet 0x20 (RFC 7208, Section 4.3)`)},
		{name: "bad HELO names do not matter to MAIL FROM",
			zone: "x.test TXT v=spf1 ?exists:%{h}.x.test ip4:192.0.2.7 -all",
			helo: "mail..", want: pass(1, 0)},
		{name: "a bounce is checked for postmaster at the HELO name",
			zone: "mail.x.test TXT v=spf1 exists:%{l}.%{o}.%{h} -all\npostmaster.mail.x.test.mail.x.test A 127.0.0.2",
			from: "<>", want: pass(1, 0)},
		{name: "the local part split at the first @ rather than the last",
			zone: "x.test TXT v=spf1 exists:%{l}.%{o} -all\na@b.x.test A 127.0.0.2",
			from: "a@b@x.test", want: pass(1, 0)},
		{name: "an IDN sender (U-labels) not turned into A-labels",
			zone: "xn--bcher-kva.test TXT v=spf1 exists:%{o}.x.test -all\nxn--bcher-kva.test.x.test A 127.0.0.2",
			from: "bob@Bücher.test", want: pass(1, 0)},
		{name: "an IDN HELO name not turned into A-labels",
			zone: "xn--bcher-kva.test TXT v=spf1 exists:%{h}.x.test -all\nxn--bcher-kva.test.x.test A 127.0.0.2",
			from: "<>", helo: "bücher.test", want: pass(1, 0)},
		{name: "a local part in UTF-8 does not match",
			zone: "x.test TXT v=spf1 -exists:%{l}.x.test ip4:192.0.2.7 -all",
			from: "bücher@x.test", want: pass(1, 0)},
		{name: "IPv4-mapped IPv6 clients not treated as IPv4",
			zone: "x.test TXT v=spf1 -ip6:::/0 ip4:192.0.2.7 -all",
			ip:   "::ffff:192.0.2.7", want: pass(0, 0)},
		{name: "an IPv4-mapped ip6 term is IPv6",
			zone: "x.test TXT v=spf1 ip6:::ffff:192.0.2.7 -all",
			ip:   "::ffff:192.0.2.7", want: fail(0, 0)},
	}
}

// dotted is the "%{i}" of 2001:db8::7.
func dotted() string {
	return "2.0.0.1.0.D.B.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.7"
}

func pitfallsOfCounting() []pitfall {
	hosts := numbered(12, "h#.test A 198.51.100.#\n")
	return []pitfall{
		{name: "12 a: terms: no error",
			zone: "x.test TXT v=spf1" + numbered(12, " a:h#.test") + " -all\n" + hosts,
			want: permerror("x.test: a:h11.test: more than 10 terms that ask the DNS (RFC 7208, Section 4.6.4)")},
		{name: "An unqualified all counted as a lookup",
			zone: "x.test TXT v=spf1" + numbered(10, " a:h#.test") + " all\n" + hosts,
			want: pass(10, 0)},
		{name: "ip4 and ip6 counted as lookups",
			zone: "x.test TXT v=spf1" + numbered(10, " a:h#.test") + " ip6:2001:db8::/32 ip4:192.0.2.0/24 -all\n" + hosts,
			want: pass(10, 0)},
		{name: "exp= counted",
			zone: "x.test TXT v=spf1" + numbered(10, " a:h#.test") + " -all exp=e.x.test\ne.x.test TXT no\n" + hosts,
			want: evaluated{Result: spf.Fail, Lookups: 10, Explanation: "no"}},
		{name: "redirect counted though all is present",
			zone: "x.test TXT v=spf1" + numbered(10, " a:h#.test") + " -all redirect=y.test\ny.test TXT v=spf1 +all\n" + hosts,
			want: fail(10, 0)},
		{name: "terms behind a match counted",
			zone: "x.test TXT v=spf1 ip4:192.0.2.7" + numbered(12, " a:h#.test") + " -all\n",
			want: pass(0, 0)},
		{name: "The same include reached twice counted once",
			zone: "x.test TXT v=spf1 include:y.test include:y.test -all\ny.test TXT v=spf1 a:h1.test -all\n" + hosts,
			want: fail(4, 0)},
		{name: "the same include reached twice, over the limit",
			zone: "x.test TXT v=spf1" + numbered(6, " include:y.test") + " -all\ny.test TXT v=spf1 a:h1.test -all\n" + hosts,
			want: permerror("x.test: include:y.test: more than 10 terms that ask the DNS (RFC 7208, Section 4.6.4)")},
		{name: "the same include twice reported as a loop",
			zone: "x.test TXT v=spf1 include:y.test include:z.test -all\ny.test TXT v=spf1 include:c.test -all\nz.test TXT v=spf1 include:c.test ip4:192.0.2.7 -all\nc.test TXT v=spf1 -all",
			want: pass(4, 0)},
		{name: "MX names counted as lookups",
			zone: "x.test TXT v=spf1 mx -all\n" + numbered(10, "x.test MX h#.test\n") + hosts + "h10.test A 192.0.2.7",
			want: pass(1, 0)},
		{name: "MX names of two terms counted together",
			zone: "x.test TXT v=spf1 mx mx:y.test -all\n" + numbered(10, "x.test MX h#.test\ny.test MX h#.test\n") + hosts,
			want: fail(2, 0)},
		{name: "an eleventh MX name passes",
			zone: "x.test TXT v=spf1 mx -all\n" + numbered(11, "x.test MX h#.test\n") + hosts,
			want: permerror("x.test: mx: 11 mail exchanges, of which 10 are allowed (RFC 7208, Section 4.6.4)")},
		{name: "MX names or void answers counted twice",
			zone: "x.test TXT v=spf1 mx a:v1.test -all\nx.test MX v2.test\nx.test MX v3.test",
			want: fail(2, 1)},
		{name: "two void answers are legal",
			zone: "x.test TXT v=spf1 a:v1.test exists:v2.test ip4:192.0.2.7 -all",
			want: pass(2, 2)},
		{name: "a third void answer passes",
			zone: "x.test TXT v=spf1 a:v1.test exists:v2.test mx:v3.test ip4:192.0.2.7 -all",
			want: permerror("x.test: mx:v3.test: more than 2 lookups without answer (RFC 7208, Section 4.6.4)")},
		{name: "void answers of an include not counted",
			zone: "x.test TXT v=spf1 include:y.test a:v1.test -all\ny.test TXT v=spf1 a:v2.test a:v3.test -all",
			want: permerror("x.test: a:v1.test: more than 2 lookups without answer (RFC 7208, Section 4.6.4)")},
		{name: "an eleventh PTR name looked at",
			zone: "x.test TXT v=spf1 ptr -all\n" + numbered(10, "7.2.0.192.in-addr.arpa PTR n#.y.test\n") + "7.2.0.192.in-addr.arpa PTR mail.x.test\nmail.x.test A 192.0.2.7",
			want: fail(1, 0)},
		{name: "The A query that finds no AAAA for a family that the sender does not use, counted as void",
			zone: "x.test TXT v=spf1 a:h1.test a:h2.test a:h3.test -all\n" + hosts,
			want: fail(3, 0)},
		{name: "or the reverse",
			zone: "x.test TXT v=spf1 a:h1.test a:h2.test a:h3.test -all\n" + numbered(3, "h#.test AAAA 2001:db8::#\n"),
			ip:   "2001:db8::7", want: fail(3, 0)},
		{name: "no address of the sender's own family is void",
			zone: "x.test TXT v=spf1 a:h1.test -all\n" + hosts,
			ip:   "2001:db8::7", want: fail(1, 1)},
		{name: "exists asks for A whatever the family",
			zone: "x.test TXT v=spf1 exists:h1.test -all\n" + hosts,
			ip:   "2001:db8::7", want: pass(1, 0)},
		{name: "the limit of lookups not configurable",
			zone:   "x.test TXT v=spf1" + numbered(12, " a:h#.test") + " ip4:192.0.2.7 -all\n" + hosts,
			limits: spf.Limits{Lookups: 12}, want: pass(12, 0)},
		{name: "the limit of void answers not configurable",
			zone:   "x.test TXT v=spf1 a:v1.test a:v2.test a:v3.test ip4:192.0.2.7 -all",
			limits: spf.Limits{Voids: 3}, want: pass(3, 3)},
		{name: "the limit of MX names not configurable",
			zone:   "x.test TXT v=spf1 mx -all\n" + numbered(11, "x.test MX h#.test\n") + hosts,
			limits: spf.Limits{MX: 11}, want: fail(1, 0)},
		{name: "the limit of PTR names not configurable",
			zone:   "x.test TXT v=spf1 ptr -all\n" + numbered(10, "7.2.0.192.in-addr.arpa PTR n#.y.test\n") + "7.2.0.192.in-addr.arpa PTR mail.x.test\nmail.x.test A 192.0.2.7",
			limits: spf.Limits{PTR: 11}, want: pass(1, 0)},
		{name: "a limit of none",
			zone:   "x.test TXT v=spf1 a:h1.test -all\n" + hosts,
			limits: spf.Limits{Lookups: -1}, want: permerror("x.test: a:h1.test: more than 0 terms that ask the DNS (RFC 7208, Section 4.6.4)")},
	}
}

// chain makes a chain of n redirects from x.test.
func chain(n int) string {
	text := "x.test TXT v=spf1 redirect=r1.test\n"
	for i := 1; i < n; i++ {
		text += fmt.Sprintf("r%d.test TXT v=spf1 redirect=r%d.test\n", i, i+1)
	}
	return text + fmt.Sprintf("r%d.test TXT v=spf1 ip4:192.0.2.7 -all\n", n)
}
