package main

import (
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/internal/nameserver"
)

// TestNameServersPage gives name servers the settings that docs/name-servers.md
// shows, and publishes the configuration there through each, and a change of it.
func TestNameServersPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/name-servers.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := map[string]string{}
	for _, b := range regexp.MustCompile("(?s)```(\\S+)\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		blocks[b[1]] = b[2]
	}
	fixed := func(block, shown, here string) string {
		t.Helper()
		if !strings.Contains(blocks[block], shown) {
			t.Fatalf("the page has no %q in a block marked %s", shown, block)
		}
		return strings.Replace(blocks[block], shown, here, 1)
	}
	bind := fixed("named.conf", "/var/lib/bind/x.com.zone", "zone")
	servers := map[string]struct {
		start  func(t *testing.T) *nameserver.Server
		narrow bool // the key may write no other records
	}{
		"BIND": {func(t *testing.T) *nameserver.Server { return nameserver.BINDWith(t, pageZone, pageZoneText, bind) }, true},
		"BIND with allow-update": {func(t *testing.T) *nameserver.Server {
			policy := regexp.MustCompile(`(?s)update-policy \{.*?\};`)
			return nameserver.BINDWith(t, pageZone, pageZoneText, policy.ReplaceAllString(bind, inBackticks(t, string(page), "allow-update")))
		}, false},
		"Knot": {func(t *testing.T) *nameserver.Server {
			return nameserver.KnotWith(t, pageZone, pageZoneText, fixed("knot.conf", "/var/lib/knot/x.com.zone", "zone"))
		}, true},
		"PowerDNS": {func(t *testing.T) *nameserver.Server {
			var commands [][]string
			for line := range strings.Lines(blocks["pdnsutil"]) {
				commands = append(commands, strings.Fields(line)[1:])
			}
			return nameserver.PowerDNSWith(t, pageZone, pageZoneText, fixed("pdns.conf", "192.0.2.10", "127.0.0.0/8"), commands)
		}, false},
	}
	for name, server := range maps.All(servers) {
		t.Run(name, func(t *testing.T) {
			inFolder(t, nil)
			ns := server.start(t)
			config := fixed("yaml", `server: "192.0.2.53"`, `server: "`+ns.Address+`", authorities: "`+ns.Address+`"`)
			publishPage(t, ns, config)
			publishPage(t, ns, strings.Replace(config, "203.0.113.7,", "203.0.113.9,", 1))
			publishPage(t, ns, strings.Replace(config, "{all: fail}", "{ttl: 2s, all: fail}", 1)) // another list
			m := new(dns.Msg).SetUpdate(pageZone)
			m.Insert([]dns.RR{&dns.A{Hdr: dns.RR_Header{Name: "www." + pageZone, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 1}, A: []byte{192, 0, 2, 99}}})
			m.SetTsig("spfzone.", dns.HmacSHA256, 300, time.Now().Unix())
			r, _, err := (&dns.Client{Net: "tcp", TsigSecret: map[string]string{"spfzone.": nameserver.Key}}).Exchange(m, ns.Address)
			if r == nil { // with an answer the error is that Knot does not sign a refusal
				t.Fatal(err)
			}
			if refused := r.Rcode == dns.RcodeRefused || r.Rcode == dns.RcodeNotAuth; refused != server.narrow {
				t.Errorf("an update of a host is answered %s", dns.RcodeToString[r.Rcode])
			}
		})
	}
}

const (
	pageZone     = "x.com."
	pageZoneText = `$ORIGIN x.com.
$TTL 1
@ IN SOA ns1 hostmaster 1 7200 3600 1209600 1
@ IN NS ns1
@ IN MX 10 mail
@ IN TXT "another"
ns1 IN A 192.0.2.53
mail IN A 192.0.2.25
`
)

// inBackticks gives the code in a page's text that begins with a word.
func inBackticks(t *testing.T, page, word string) string {
	t.Helper()
	m := regexp.MustCompile("`(" + word + "[^`]*\\};)`").FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("the page has no `%s …;`", word)
	}
	return m[1]
}

// publishPage publishes a configuration, and wants verify to agree.
func publishPage(t *testing.T, ns *nameserver.Server, config string) {
	t.Helper()
	s := newServer(t, ns, "")
	s.hurried = true
	s.configure(strings.NewReplacer("${SPF_KEY}", "${KEY}", "defaults: {all: fail}", "defaults: {ttl: 1s, all: fail}").Replace(config))
	for _, command := range []string{"push --yes --wait", "verify"} {
		a := s.app()
		if code := a.run(t.Context(), append(strings.Fields(command), "--resolver", "udp://"+ns.Address)); code != exitYes {
			t.Fatalf("spfzone %s: exit code %d\n%s%s", command, code, &a.out, &a.err)
		}
	}
}
