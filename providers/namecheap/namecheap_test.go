package namecheap

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/libdns/libdns"

	"github.com/spfzone/spfzone/internal/leaks"
	"github.com/spfzone/spfzone/providers/secret"
)

// api is a zone, of which a test spoils readings and writes.
type api struct {
	t      *testing.T
	zone   zone
	reads  int
	writes []string
	read   func(n int, z *zone) // what the nth reading shows
	write  func(z *zone)        // what becomes of a write
	error  string               // the answer to everything
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("SLD") != "x" || r.FormValue("TLD") != "co.test" {
		a.t.Errorf("the zone %s.%s", r.FormValue("SLD"), r.FormValue("TLD"))
	}
	inner := a.error
	switch command := r.FormValue("Command"); {
	case inner != "":
	case command == "namecheap.domains.dns.getHosts":
		a.reads++
		z := zone{a.zone.EmailType, a.zone.OurDNS, slices.Clone(a.zone.Hosts)}
		if a.read != nil {
			a.read(a.reads, &z)
		}
		text, err := xml.Marshal(struct {
			XMLName xml.Name `xml:"DomainDNSGetHostsResult"`
			zone
		}{zone: z})
		if err != nil {
			a.t.Error(err)
		}
		inner = `<Errors/><CommandResponse>` + string(text) + `</CommandResponse>`
	default:
		a.writes = append(a.writes, command)
		z := zone{EmailType: r.FormValue("EmailType"), OurDNS: true}
		for n := 1; r.FormValue(fmt.Sprint("HostName", n)) != ""; n++ {
			v := func(name string) string { return r.FormValue(fmt.Sprint(name, n)) }
			ttl := 0
			fmt.Sscan(v("TTL"), &ttl)
			z.Hosts = append(z.Hosts, host{Name: v("HostName"), Type: v("RecordType"), Address: v("Address"), MXPref: v("MXPref"), TTL: ttl})
		}
		if a.write != nil {
			a.write(&z)
		}
		a.zone = z
		inner = `<CommandResponse><DomainDNSSetHostsResult IsSuccess="true"/></CommandResponse>`
	}
	status := "OK"
	if a.error != "" {
		status = "ERROR"
	}
	fmt.Fprintf(w, `<?xml version="1.0"?><ApiResponse Status=%q>%s</ApiResponse>`, status, inner)
}

func hosts() []host {
	return []host{
		{Name: "@", Type: "TXT", Address: "v=spf1 -all", TTL: 300},
		{Name: "@", Type: "TXT", Address: "google-site-verification=abc", TTL: 1799},
		{Name: "@", Type: "MX", Address: "mail.x.co.test.", MXPref: "20", TTL: 1800},
		{Name: "www", Type: "A", Address: "192.0.2.1", MXPref: "10", TTL: 1800, Active: "true", Dynamic: "false"},
	}
}

func TestChange(t *testing.T) {
	spoiled := func(i int, change func(*host)) func(a *api) {
		return func(a *api) { change(&a.zone.Hosts[i]) }
	}
	tests := []struct {
		name  string
		spoil func(*api)
		want  string
		wrote bool
	}{
		{"all is well", func(*api) {}, "", true},
		{"forwarded mail", func(a *api) { a.zone.EmailType = "FWD" }, "", true},
		{"a short reading", func(a *api) {
			a.read = func(n int, z *zone) {
				if n == 1 {
					z.Hosts = z.Hosts[:2]
				}
			}
		}, "the records are not what was read: two readings of the zone differ: @ MX has come", false},
		{"a short second reading", func(a *api) {
			a.read = func(n int, z *zone) {
				if n == 2 {
					z.Hosts = nil
				}
			}
		}, "the records are not what was read: two readings of the zone differ: @ TXT is not there", false},
		{"no mail service", func(a *api) { a.zone.EmailType = "" }, "the change cannot be made safely: every change writes the whole zone, and the API does not say which mail service it has, without which its MX records are lost", false},
		{"other name servers", func(a *api) { a.zone.OurDNS = false }, "the change cannot be made safely: every change writes the whole zone, and the domain does not use the name servers of Namecheap", false},
		{"a CAA record", spoiled(3, func(h *host) { h.Type = "CAA" }), "the change cannot be made safely: every change writes the whole zone, and that of www CAA may have more than the API says when it reads", false},
		{"dynamic DNS", spoiled(3, func(h *host) { h.Dynamic = "true" }), "the change cannot be made safely: every change writes the whole zone, and that of www A is for dynamic DNS, which a write would end", false},
		{"switched off", spoiled(3, func(h *host) { h.Active = "false" }), "the change cannot be made safely: every change writes the whole zone, and that of www A is switched off, which a write would end", false},
		{"a quote", spoiled(1, func(h *host) { h.Address = `say "hi"` }), "the change cannot be made safely: every change writes the whole zone, and that of @ TXT holds characters of which it is not known that they come through", false},
		{"a record is lost by the write", func(a *api) { a.write = func(z *zone) { z.Hosts = z.Hosts[1:] } }, "other TXT records at the name would be at risk: the zone is not what was written: @ MX is not there", true},
		{"the mail service is changed by the write", func(a *api) { a.write = func(z *zone) { z.EmailType = "OX" } }, `other TXT records at the name would be at risk: the zone is not what was written: its mail service is "OX", and was "MX"`, true},
		{"an error", func(a *api) { a.error = `<Errors><Error Number="1011102">API Key is invalid</Error></Errors>` }, "the API of Namecheap answers 1011102: API Key is invalid", false},
		{"no status", func(a *api) { a.error = `<Errors/>` }, `the API of Namecheap answers with the status "ERROR"`, false},
		{"no zone", func(a *api) { a.error = ` ` }, `the API of Namecheap answers with the status "ERROR"`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := &api{t: t, zone: zone{"MX", true, hosts()}}
			tt.spoil(a)
			s := httptest.NewServer(a)
			defer s.Close()
			p := &Provider{APIKey: secret.New(leaks.Use(t, "namecheap.api_key", "n4mecheap-key")), User: "u", ClientIP: "192.0.2.9", APIEndpoint: s.URL}
			_, err := p.SetRecords(t.Context(), "x.co.test.", []libdns.Record{
				libdns.TXT{Name: "@", Text: "google-site-verification=abc", TTL: 1799 * time.Second},
				libdns.TXT{Name: "@", Text: "v=spf1 mx -all", TTL: time.Hour},
			})
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != tt.want || len(a.writes) > 0 != tt.wrote {
				t.Errorf("error %s\nwant  %s\nwrites: %v", got, tt.want, a.writes)
			}
			leaks.Look(t, "errors", []byte(got))
			if tt.want != "" {
				return
			}
			want := append(slices.Clone(hosts()[2:]), host{Name: "@", Type: "TXT", Address: "google-site-verification=abc", TTL: 1799}, host{Name: "@", Type: "TXT", Address: "v=spf1 mx -all", TTL: 3600})
			for i := range want {
				want[i].Active, want[i].Dynamic = "", "" // no write says them
				if want[i].Type != "MX" {
					want[i].MXPref = ""
				}
			}
			if diff := cmp.Diff(want, a.zone.Hosts); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAppendAndDelete(t *testing.T) {
	a := &api{t: t, zone: zone{"MX", true, hosts()}}
	s := httptest.NewServer(a)
	defer s.Close()
	p := &Provider{APIKey: secret.New("n4mecheap-key"), User: "u", ClientIP: "192.0.2.9", APIEndpoint: s.URL}
	added := libdns.TXT{Name: "part1", Text: "v=spf1 -all", TTL: time.Minute}
	if _, err := p.AppendRecords(t.Context(), "x.co.test.", []libdns.Record{added}); err != nil {
		t.Fatal(err)
	}
	records, err := p.GetRecords(t.Context(), "x.co.test.")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, r := range records {
		rr := r.RR()
		lines = append(lines, fmt.Sprintf("%s %d %s %s", rr.Name, rr.TTL/time.Second, rr.Type, rr.Data))
	}
	want := []string{
		"@ 300 TXT v=spf1 -all", "@ 1799 TXT google-site-verification=abc", "@ 1800 MX 20 mail.x.co.test.", "www 1800 A 192.0.2.1", "part1 60 TXT v=spf1 -all",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	if _, err := p.DeleteRecords(t.Context(), "x.co.test.", records[:1]); err != nil {
		t.Fatal(err)
	}
	if len(a.zone.Hosts) != 4 || strings.Contains(fmt.Sprint(a.zone.Hosts), "v=spf1 -all 300") {
		t.Errorf("left: %v", a.zone.Hosts)
	}
}
