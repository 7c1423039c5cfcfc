package spf

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBind(t *testing.T) {
	tests := []struct{ name, directive, owner, want string }{
		{"a alone", "~a/24//64", "x.com.", "~a:x.com/24//64"},
		{"mx alone", "mx", "X.com", "mx:x.com"},
		{"ptr alone", "-ptr", "x.com.", "-ptr:x.com"},
		{"all", "-all", "x.com.", "-all"},
		{"ip4", "ip4:192.0.2.0/24", "x.com.", "ip4:192.0.2.0/24"},
		{"ip6", "ip6:2001:db8::/32", "x.com.", "ip6:2001:db8::/32"},
		{"no macro", "include:v.com", "x.com.", "include:v.com"},
		{"d", "exists:%{i}._spf.%{d}", "x.com.", "exists:%{i}._spf.x.com"},
		{"d in the middle", "?a:%{l}.%{d}.v.com/28", "x.com.", "?a:%{l}.x.com.v.com/28"},
		{"d twice", "mx:%{d}.%{d}", "x.com.", "mx:x.com.x.com"},
		{"parts to keep", "include:_spf.%{d2}", "a.b.x.com.", "include:_spf.x.com"},
		{"reversed", "a:%{dr}.v.com", "a.x.com.", "a:com.x.a.v.com"},
		{"reversed parts to keep", "a:%{d1r}.v.com", "a.x.com.", "a:a.v.com"},
		{"delimiters", "a:%{d-}.v.com", "a-b.x.com.", "a:a.b.x.com.v.com"},
		{"URL-escaped", "a:%{D}.v.com", "a+b.x.com.", "a:a%%2bb.x.com.v.com"},
		{"percent in the owner", "a:%{d}", "a%b.x.com.", "a:a%%b.x.com"},
		{"escaped space in the owner", "a:%{d}", "a%20b.x.com.", "a:a%-b.x.com"},
		{"literals join up", "a:%%2%{d}", "0.x.com.", "a:%-.x.com"},
		{"other letters stay", "exists:%{s}%{l}%{o}%{i}%{h}%{v}.x.com", "y.com.", "exists:%{s}%{l}%{o}%{i}%{h}%{v}.x.com"},
		{"internationalised owner", "a", "bücher.example", "a:xn--bcher-kva.example"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := ParseDirective(tt.directive)
			if err != nil {
				t.Fatal(err)
			}
			bound, err := d.Bind(tt.owner)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, bound.String()); diff != "" {
				t.Error(diff)
			}
			parsed, err := ParseDirective(bound.String())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(parsed, bound, cmp.AllowUnexported(DomainSpec{}, MacroString{}, DualCIDR{}), cmp.Comparer(samePrefix)); diff != "" {
				t.Errorf("parsed again it differs: %s", diff)
			}
		})
	}
}

func samePrefix(a, b IP4) bool { return a == b }

func TestBindRefuses(t *testing.T) {
	tests := []struct{ name, directive, owner, want string }{
		{"p", "a:%{p}.%{d}", "x.com.", `a:%{p}.%{d} cannot leave the record of x.com: %{p}.%{d} holds %{p}, which depends on the record that it stands in (RFC 7208, Section 7.3)`},
		{"one label left", "exists:%{d1}", "x.com.", `exists:%{d1} cannot leave the record of x.com: offset 0: "com": a domain has at least two labels: SPF knows no origin to complete it with (RFC 7208, Section 7.1)`},
		{"numeric top label", "a", "x.123.", `a cannot leave the record of x.123: offset 2: "x.123": a domain ends in a top label of letters, digits and hyphens, not all digits (RFC 7208, Section 7.1)`},
		{"bad owner", "mx", "x..com", `mx cannot leave the record of x..com: "x..com" is not a domain name: it has an empty label`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := ParseDirective(tt.directive)
			if err != nil {
				t.Fatal(err)
			}
			bound, err := d.Bind(tt.owner)
			if err == nil {
				t.Fatalf("got %v", bound)
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestConditionalAndUses(t *testing.T) {
	type kind struct{ Conditional, UsesDOV bool }
	tests := []struct {
		directive string
		want      kind
	}{
		{"all", kind{}},
		{"ip4:192.0.2.1", kind{}},
		{"a", kind{}},
		{"mx:x.com", kind{}},
		{"ptr", kind{Conditional: true}},
		{"ptr:x.com", kind{Conditional: true}},
		{"a:%{d}", kind{UsesDOV: true}},
		{"include:%{O}.x.com", kind{UsesDOV: true}},
		{"exists:%{v}.x.com", kind{UsesDOV: true}},
		{"exists:%{s}.x.com", kind{Conditional: true}},
		{"exists:%{l}.x.com", kind{Conditional: true}},
		{"exists:%{h}.x.com", kind{Conditional: true}},
		{"exists:%{p}.x.com", kind{Conditional: true}},
		{"include:%{ir}.%{v}._spf.%{d2}", kind{true, true}},
		{"exists:%%{i}.x.com", kind{}},
	}
	for _, tt := range tests {
		d, err := ParseDirective(tt.directive)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, kind{d.Conditional(), d.Domain().Macro().Uses("dov")}); diff != "" {
			t.Errorf("%s: %s", tt.directive, diff)
		}
	}
}

func TestDomainName(t *testing.T) {
	tests := []struct{ name, want, err string }{
		{"x.com.", "x.com", ""},
		{"_SPF.X.com", "_spf.x.com", ""},
		{"a%b.x.com.", "a%%b.x.com", ""},
		{"a%{d}.x.com.", "a%%{d}.x.com", ""},
		{"a/24.x.com.", "a/24.x.com", ""},
		{"bücher.example", "xn--bcher-kva.example", ""},
		{"com.", "", `offset 0: "com": a domain has at least two labels: SPF knows no origin to complete it with (RFC 7208, Section 7.1)`},
		{"192.0.2.1", "", `offset 8: "192.0.2.1": a domain ends in a top label of letters, digits and hyphens, not all digits (RFC 7208, Section 7.1)`},
		{"x.com/24", "", `offset 2: "x.com/24": a domain ends in a top label of letters, digits and hyphens, not all digits (RFC 7208, Section 7.1)`},
		{"", "", `"" is not a domain name: it has an empty label`},
	}
	for _, tt := range tests {
		d, err := DomainName(tt.name)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if diff := cmp.Diff([]string{tt.want, tt.err}, []string{d.String(), got}); diff != "" {
			t.Errorf("%q: %s", tt.name, diff)
		}
		if parsed, err := ParseDomainSpec(d.String()); tt.err == "" && (err != nil || !parsed.Equal(d)) {
			t.Errorf("%q: %v is read as %v, %v", tt.name, d, parsed, err)
		}
	}
}
