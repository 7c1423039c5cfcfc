package spf

import (
	"math/rand/v2"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The grammar of RFC 7208, Appendix A, written a second time as regular
// expressions, rule by rule.
const (
	abnfMacroExpand  = `(?:%\{[slodiphv][0-9]*r?[.\-+,/_=]*\}|%%|%_|%-)` // c, r and t in explanations only: Section 7.2
	abnfMacroString  = `(?:` + abnfMacroExpand + `|[!-$&-~])*`
	abnfToplabel     = `(?:[a-z0-9]*[a-z][a-z0-9]*|[a-z0-9]+-[a-z0-9-]*[a-z0-9])`
	abnfDomainSpec   = `(?:` + abnfMacroString + `(?:\.` + abnfToplabel + `\.?|` + abnfMacroExpand + `))`
	abnfIP4CIDR      = `(?:/(?:[0-9]|[12][0-9]|3[0-2]))`
	abnfIP6CIDR      = `(?:/(?:[0-9]|[1-9][0-9]|1[01][0-9]|12[0-8]))`
	abnfDualCIDR     = `(?:` + abnfIP4CIDR + `?(?:/` + abnfIP6CIDR + `)?)`
	abnfQnum         = `(?:[0-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])`
	abnfIP4Network   = abnfQnum + `\.` + abnfQnum + `\.` + abnfQnum + `\.` + abnfQnum
	abnfHostArgument = `(?::` + abnfDomainSpec + `)?`
	abnfMechanism    = `(?:all|include:` + abnfDomainSpec + `|exists:` + abnfDomainSpec + `|ptr` + abnfHostArgument +
		`|(?:a|mx)` + abnfHostArgument + abnfDualCIDR +
		`|ip4:` + abnfIP4Network + abnfIP4CIDR + `?|ip6:(?P<ip6>[0-9a-f:.]+)` + abnfIP6CIDR + `?)`
	abnfModifier = `(?:(?P<once>redirect|exp)=` + abnfDomainSpec + `|(?P<name>[a-z][a-z0-9_.-]*)=` + abnfMacroString + `)`
	abnfTerm     = `(?i)^(?:[+\-?~]?` + abnfMechanism + `|` + abnfModifier + `)$`
)

var (
	termRule   = regexp.MustCompile(abnfTerm)
	macroDigit = regexp.MustCompile(`(?i)%%|%\{[slodiphv]([0-9]+)`)
)

// followsABNF reports whether a text is a record, by the expressions above and
// what the RFC says of them in words.
func followsABNF(text string) bool {
	version, rest, _ := strings.Cut(text, " ")
	if !strings.EqualFold(version, "v=spf1") || !isASCII(text) { // ABNF knows ASCII only, regular expressions more of its letters
		return false
	}
	once := map[string]bool{}
	for term := range strings.SplitSeq(rest, " ") {
		if term == "" {
			continue
		}
		m := termRule.FindStringSubmatch(term)
		if m == nil {
			return false
		}
		group := func(name string) string { return strings.ToLower(m[termRule.SubexpIndex(name)]) }
		if ip6 := group("ip6"); ip6 != "" {
			if ip, err := netip.ParseAddr(ip6); err != nil || !ip.Is6() { // RFC 4291, Section 2.2
				return false
			}
		}
		if name := group("name"); name == "redirect" || name == "exp" {
			return false
		}
		if name := group("once"); name != "" { // Section 6: at most once
			if once[name] {
				return false
			}
			once[name] = true
		}
		for _, d := range macroDigit.FindAllStringSubmatch(term, -1) { // Section 7.3: not zero
			if d[1] != "" && strings.Trim(d[1], "0") == "" {
				return false
			}
		}
	}
	return true
}

// Parse accepts what the grammar has, and nothing else.
func TestParseFollowsABNF(t *testing.T) {
	pieces := []string{
		"v=spf1", " ", " ", " ", "+", "-", "a", "mx", "ptr", "all", "include:", "exists:", "ip4:", "ip6:", ":", "/", "//", "0", "024", "24", "33", "64", "129",
		"x.com", ".com", "com", ".", "..", "1-2", "-", "_", "192.0.2.1", "2001:db8::", "::ffff:1.2.3.4", "fe80::1%eth0", "256.0.0.1", "01.2.3.4",
		"%{d}", "%{D2r.-}", "%{i", "%{ir}", "%{c}", "%{d0}", "%{z}", "%{s1000}", "%{d00}", "%", "%%", "%_", "%-", "=", "redirect=", "exp=", "m=", "1m=", "m.x_y-z=", "\t", "é", "\x00", ",",
	}
	r := rand.New(rand.NewPCG(1, 1))
	accepted, refused := 0, 0
	for range 200_000 {
		text := "v=spf1 "
		if r.IntN(20) == 0 {
			text = ""
		}
		for range r.IntN(6) {
			text += pieces[r.IntN(len(pieces))]
		}
		_, err := Parse(text)
		if want := followsABNF(text); want != (err == nil) {
			t.Errorf("%q: follows the grammar: %v; Parse says %v", text, want, err)
		}
		if err == nil {
			accepted++
		} else {
			refused++
		}
	}
	t.Log("accepted " + strconv.Itoa(accepted) + ", refused " + strconv.Itoa(refused))
	if accepted < 10_000 || refused < 10_000 {
		t.Errorf("too few of a kind: %d accepted, %d refused", accepted, refused)
	}
}
