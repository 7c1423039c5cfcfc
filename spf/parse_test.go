package spf

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParsePrintsCanonically(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"version only", "v=spf1", "v=spf1"},
		{"version in capitals", "V=SPF1 -ALL", "v=spf1 -all"},
		{"spaces", "v=spf1   +a  -all  ", "v=spf1 a -all"},
		{"qualifiers", "v=spf1 +a -mx ~ptr ?all", "v=spf1 a -mx ~ptr ?all"},
		{"dual CIDR", "v=spf1 a/24 a//64 a/24//64 mx:X.Com/32//128", "v=spf1 a/24 a//64 a/24//64 mx:x.com"},
		{"zero length", "v=spf1 ip4:0.0.0.0/0 ip6:::/0 a/0//0", "v=spf1 ip4:0.0.0.0/0 ip6:::/0 a/0//0"},
		{"addresses", "v=spf1 IP4:192.0.2.7/32 ip6:2001:0DB8:0::1/128", "v=spf1 ip4:192.0.2.7 ip6:2001:db8::1"},
		{"macros keep their case", "v=spf1 exists:%{IR}.%{l1r+-}._SPF.%{D}", "v=spf1 exists:%{Ir}.%{l1r+-}._spf.%{D}"},
		{"escapes", "v=spf1 a:a%%b%_c.%-.x.com", "v=spf1 a:a%%b%_c.%-.x.com"},
		{"ends in an escape", "v=spf1 a:x.%-", "v=spf1 a:x.%-"},
		{"slash in the domain", "v=spf1 a:a/b.x.com/24", "v=spf1 a:a/b.x.com/24"},
		{"modifiers anywhere", "v=spf1 exp=e.x.com a redirect=y.com moo=%{d}", "v=spf1 a redirect=y.com exp=e.x.com moo=%{d}"},
		{"final dot", "v=spf1 a:x.com.", "v=spf1 a:x.com."},
		{"terms after all", "v=spf1 all a", "v=spf1 all a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := Parse(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, r.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"no version", "spf1 -all", `offset 0: "spf1 -all": a record starts with "v=spf1" and a space (RFC 7208, Section 4.5)`},
		{"version runs on", "v=spf10 -all", `offset 0: "v=spf10 -all": a record starts with "v=spf1" and a space (RFC 7208, Section 4.5)`},
		{"ipv4", "v=spf1 ipv4:1.2.3.4", `offset 7: "ipv4:1.2.3.4": unknown mechanism "ipv4": write ip4 (RFC 7208, Section 4.6.1)`},
		{"ip", "v=spf1 ip:1.2.3.4", `offset 7: "ip:1.2.3.4": unknown mechanism "ip": write ip4 or ip6 (RFC 7208, Section 4.6.1)`},
		{"relative name", "v=spf1 a:ironport", `offset 9: "ironport": a domain has at least two labels: SPF knows no origin to complete it with (RFC 7208, Section 7.1)`},
		{"numeric top label", "v=spf1 a:111.222.33.44", `offset 20: "111.222.33.44": a domain ends in a top label of letters, digits and hyphens, not all digits (RFC 7208, Section 7.1)`},
		{"empty argument", "v=spf1 mx:", `offset 7: "mx:": a domain is missing behind the colon (RFC 7208, Section 5.4)`},
		{"include alone", "v=spf1 include", `offset 7: "include": a domain is missing: write it behind a colon (RFC 7208, Section 5.2)`},
		{"redirect with a colon", "v=spf1 redirect:x.com", `offset 7: "redirect:x.com": redirect is a modifier: write redirect= (RFC 7208, Section 4.6.1)`},
		{"redirect twice", "v=spf1 redirect=x.com redirect=y.com", `offset 22: "redirect=y.com": redirect= may stand only once in a record (RFC 7208, Section 6)`},
		{"all with argument", "v=spf1 all:x.com", `offset 7: "all:x.com": all takes no argument (RFC 7208, Section 5.1)`},
		{"all with dot", "v=spf1 -all.", `offset 7: "-all.": unknown mechanism "all.": remove the dot (RFC 7208, Section 4.6.1)`},
		{"IPv6 behind ip4", "v=spf1 ip4:2001:db8::1", `offset 7: "ip4:2001:db8::1": an IPv6 address belongs behind ip6: (RFC 7208, Section 5.6)`},
		{"length out of range", "v=spf1 ip4:192.0.2.0/33", `offset 7: "ip4:192.0.2.0/33": an IPv4 prefix length is a number from 0 to 32, without leading zeros (RFC 7208, Section 5.6)`},
		{"leading zero", "v=spf1 a/024", `offset 7: "a/024": an IPv4 prefix length is a number from 0 to 32, without leading zeros (RFC 7208, Section 5.6)`},
		{"comma", "v=spf1 ip4:1.2.3.4,1.2.3.5", `offset 7: "ip4:1.2.3.4,1.2.3.5": one address or network a term, without commas (RFC 7208, Section 5.6)`},
		{"second version", "v=spf1 a v=spf1include:x.com%", `offset 28: "%": a percent sign starts a macro such as %{i}; the sign itself is written "%%" (RFC 7208, Section 7.1)`},
		{"tab", "v=spf1 a\t-all", `offset 7: "a\t-all": terms are separated by spaces, not by tabs (RFC 7208, Section 4.6.1)`},
		{"no-break space", "v=spf1 a\u00a0-all", `offset 7: "a\u00a0-all": a no-break space does not separate terms: write a space (RFC 7208, Section 4.6.1)`},
		{"macro letter", "v=spf1 exists:%{z}.x.com", `offset 14: "%{z}": the macro letters are s, l, o, d, i, p, h and v (RFC 7208, Section 7.1)`},
		{"explanation letter", "v=spf1 exists:%{c}.x.com", `offset 14: "%{c}": the letters c, r and t have a meaning in explanations only (RFC 7208, Section 7.1)`},
		{"no parts", "v=spf1 exists:%{d0}.x.com", `offset 14: "%{d0}": the number of parts to keep is not zero (RFC 7208, Section 7.1)`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse(tt.text)
			var syntax *SyntaxError
			if !errors.As(err, &syntax) {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(tt.want, syntax.Error()); diff != "" {
				t.Error(diff)
			}
			if at := tt.text[syntax.Offset:]; syntax.Section != "7.1" && syntax.Section != "4.5" && !strings.HasPrefix(at, syntax.Text) {
				t.Errorf("at offset %d stands %q", syntax.Offset, at)
			}
		})
	}
}

func TestParseAllGoesOn(t *testing.T) {
	r, errs := ParseAll("v=spf1 ipv4:1.2.3.4 a include: -all")
	if diff := cmp.Diff("v=spf1 a -all", r.String()); diff != "" || len(errs) != 2 {
		t.Error(diff, errs)
	}
}
