package spf

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// recordSeeds start the fuzzing of records: each part of the grammar, and each
// way to break it.
var recordSeeds = []string{
	"v=spf1",
	"V=SPF1  +A  -ALL ",
	"v=spf1 a/24//64 mx:x.com//0 ptr ptr:x.com -all",
	"v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 ip6:::ffff:1.2.3.4/97 ~all",
	"v=spf1 include:_spf.%{d2} exists:%{ir}.%{v}._spf.%{D1r+-} redirect=y.com",
	"v=spf1 a:%%x.com%- m=%_ exp=e.%{o}",
	"v=spf1 a:x.com. a:.com a:x..com a:1-2.3-4",
	"v=spf1 redirect=x.com redirect=y.com",
	"v=spf1 ipv4:x include: a:museum a:1.2.3.4 a/33",
	"v=spf1 exists:%{d0}.x.com exists:%{c}.x.com exists:%{ exists:%",
	"v=spf1 a\tmx é \x00",
	"v=spf10 a",
}

// addSeeds fails where there is nothing to start from: where no seed is a
// record, or none is broken.
func addSeeds(f *testing.F, seeds []string, parses func(string) bool) {
	f.Helper()
	if good := slices.ContainsFunc(seeds, parses); !good || !slices.ContainsFunc(seeds, func(s string) bool { return !parses(s) }) {
		f.Fatal("the seeds hold no good text, or no bad one")
	}
	for _, s := range seeds {
		f.Add(s)
	}
}

func isRecord(text string) bool { _, err := Parse(text); return err == nil }

func FuzzParse(f *testing.F) {
	addSeeds(f, recordSeeds, isRecord)
	f.Fuzz(func(t *testing.T, text string) {
		_, err := Parse(text)
		if want := followsABNF(text); want != (err == nil) {
			t.Fatalf("%q: follows the grammar: %v; Parse says %v", text, want, err)
		}
		if syntax, ok := err.(*SyntaxError); err != nil && (!ok || syntax.Offset < 0 || syntax.Offset > len(text) || syntax.Section == "" || syntax.Msg == "") {
			t.Fatalf("%q: error %#v", text, err)
		}
	})
}

func FuzzParseAll(f *testing.F) {
	addSeeds(f, recordSeeds, isRecord)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Parse(text)
		lenient, errs := ParseAll(text)
		switch {
		case err == nil && (len(errs) > 0 || !r.Equal(lenient)):
			t.Fatalf("Parse gives %v, ParseAll %v with %v", r, lenient, errs)
		case err != nil && (len(errs) == 0 || *errs[0] != *err.(*SyntaxError)):
			t.Fatalf("Parse gives %v, ParseAll %v", err, errs)
		}
		if !slices.IsSortedFunc(errs, func(a, b *SyntaxError) int { return a.Offset - b.Offset }) {
			t.Fatalf("errors out of order: %v", errs)
		}
	})
}

func FuzzRecordString(f *testing.F) {
	addSeeds(f, recordSeeds, isRecord)
	f.Fuzz(func(t *testing.T, text string) {
		r, _ := ParseAll(text)
		again, err := Parse(r.String())
		if err != nil || !again.Equal(r) || again.String() != r.String() {
			t.Fatalf("%q prints as %q, and then as %v: %v", text, r, again, err)
		}
		for _, d := range r.Directives {
			if again, err := ParseDirective(d.String()); err != nil || !again.Equal(d) {
				t.Fatalf("%v is read as %v: %v", d, again, err)
			}
			if bound, err := d.Bind("a-b.x.test."); err == nil {
				if again, err := ParseDirective(bound.String()); err != nil || !again.Equal(bound) || bound.Domain().Macro().Uses("d") {
					t.Fatalf("%v is bound as %v, and read as %v: %v", d, bound, again, err)
				}
			}
		}
	})
}

func FuzzExplanation(f *testing.F) {
	addSeeds(f, []string{"", "%{i} is not one of %{d}'s: see http://%{H}/%{t}?c=%{c}&r=%{R}", "100%% no%_way%-", "100% no", "%{", "é"}, isExplanation)
	f.Fuzz(func(t *testing.T, text string) {
		m, err := ParseExplanation(text)
		if err != nil {
			return
		}
		again, err := ParseExplanation(m.String())
		if err != nil || !again.Equal(m) {
			t.Fatalf("%q prints as %q: %v", text, m, err)
		}
	})
}

func isExplanation(text string) bool { _, err := ParseExplanation(text); return err == nil }

// Expansion agrees with one that follows Section 7.3 to the letter, list by
// list.
func FuzzExpand(f *testing.F) {
	for _, macro := range []string{"%{l}", "%{L2r}", "%{s1r-+}", "%{d3}.%{o}%%%_%-", "%{ir}.%{v}", "%{h.-+,/_=}", "%{c} %{r} %{t}"} {
		if !isExplanation(macro) {
			f.Fatalf("the seed %q is no macro-string", macro)
		}
		f.Add(macro, "strong-bad+x", "email.example.com", "192.0.2.3")
		f.Add(macro, "", "..", "2001:db8::cb01")
	}
	f.Fuzz(func(t *testing.T, macro, local, domain, addr string) {
		m, err := ParseExplanation(macro)
		ip, errIP := netip.ParseAddr(addr)
		if err != nil || errIP != nil {
			return
		}
		msg := message{ip: plainIP(ip), local: local, domain: domain, helo: domain, receiver: "mx.example.org", clock: func() time.Time { return time.Unix(1, 0) }}
		validated := func() string { return "mail.example.org" }
		got := string(msg.appendMacros(nil, m, domain+".", validated))
		var want strings.Builder
		for _, p := range m.Parts() {
			want.WriteString(expandByLists(p, msg, domain, validated))
		}
		if got != want.String() {
			t.Fatalf("%q expands to %q, want %q", macro, got, want.String())
		}
		if name, ok := canonicalTarget([]byte(got)); ok != isTarget(string(name)) {
			t.Fatalf("%q is a target: %v", name, ok)
		}
	})
}

func expandByLists(p MacroPart, msg message, domain string, validated func() string) string {
	values := map[byte]string{
		0: p.Literal, 's': msg.local + "@" + msg.domain, 'l': msg.local, 'o': msg.domain, 'd': domain, 'h': msg.helo,
		'p': validated(), 'r': msg.receiver, 't': "1", 'c': msg.ip.String(), 'v': "ip6",
	}
	if values['i'] = msg.ip.String(); msg.ip.Is4() {
		values['v'] = "in-addr"
	} else {
		hex := strings.ReplaceAll(strings.ToUpper(msg.ip.StringExpanded()), ":", "")
		values['i'] = strings.Join(strings.Split(hex, ""), ".")
	}
	if p.Letter == 0 {
		return p.Literal
	}
	delimiters := p.Delimiters
	if delimiters == "" {
		delimiters = "."
	}
	var parts []string
	part := ""
	for _, b := range []byte(values[p.Letter]) {
		if strings.IndexByte(delimiters, b) >= 0 {
			parts, part = append(parts, part), ""
			continue
		}
		part += string([]byte{b})
	}
	parts = append(parts, part)
	if p.Reverse {
		slices.Reverse(parts)
	}
	if p.Digits > 0 && p.Digits < len(parts) {
		parts = parts[len(parts)-p.Digits:]
	}
	return urlEscaped(strings.Join(parts, "."), p.URLEscape)
}

func urlEscaped(s string, escape bool) string {
	const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~" // RFC 3986, Section 2.3
	var b strings.Builder
	for i := range len(s) {
		if escape && strings.IndexByte(unreserved, s[i]) < 0 {
			b.WriteString("%" + strings.ToUpper(string("0123456789abcdef"[s[i]>>4])+string("0123456789abcdef"[s[i]&15])))
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func FuzzSplitStrings(f *testing.F) {
	f.Add("v=spf1 ip4:192.0.2.0/24 -all", 12)
	f.Add(strings.Repeat("x", 600), 0)
	f.Add("", -1)
	f.Fuzz(func(t *testing.T, text string, max int) {
		parts := SplitStrings(text, max)
		if strings.Join(parts, "") != text {
			t.Fatalf("%q is cut into %q", text, parts)
		}
		for _, p := range parts {
			if len(p) > MaxString || max > 0 && len(p) > max {
				t.Fatalf("%q is too long", p)
			}
		}
	})
}
