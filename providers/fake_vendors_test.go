package providers

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/digitalocean/godo"
	"github.com/libdns/digitalocean"
)

const withPreference = "10 mail.example.test."

// vendorFakes lists the fakes: what each API does was read from the modules and
// from the vendors' documentation, not from the vendors' servers.
func vendorFakes() []vendor {
	return append([]vendor{
		{kind: "cloudflare", api: fakeCloudflare, content: asQuoted, wire: wireQuoted,
			fields: map[string]string{"api_token": aSecret, "zone_token": aSecret}},
		{kind: "desec", mx: withPreference, api: fakeDesec, content: asQuoted, wire: wireQuoted,
			fields: map[string]string{"token": aSecret}},
		{kind: "ovh", mx: withPreference, api: fakeOVH, content: asQuoted, wire: wireQuoted, published: ovhPublished, foreign: ovhRefresh,
			fields: map[string]string{"endpoint": anURL, "application_key": aSecret, "application_secret": aSecret, "consumer_key": aSecret}},
		{kind: "digitalocean", api: fakeDigitalOcean, content: asText, wire: wireText, adjust: adjustDigitalOcean,
			fields: map[string]string{"auth_token": aSecret}},
		{kind: "linode", api: fakeLinode, content: asText, wire: wireText,
			fields: map[string]string{"api_token": aSecret, "api_url": anURL}},
		{kind: "gandi", mx: withPreference, api: fakeGandi, content: asQuoted, wire: wireQuoted,
			fields: map[string]string{"bearer_token": aSecret}},
		{kind: "cloudns", api: fakeClouDNS, content: asText, wire: wireText,
			fields: map[string]string{"auth_id": "1", "auth_password": aSecret},
			isRead: func(r *http.Request, _ []byte) bool { return strings.HasSuffix(r.URL.Path, "/records.json") }},
		{kind: "transip", mx: withPreference, api: fakeTransIP, content: asText, wire: wireText,
			fields: map[string]string{"login": "x", "private_key": testRSAKey(), "base_uri": anURL + "/v6/"},
			isRead: func(r *http.Request, _ []byte) bool {
				return r.Method == "GET" || strings.HasSuffix(r.URL.Path, "/auth")
			}},
		{kind: "inwx", api: fakeINWX, content: asText, wire: wireText,
			fields: map[string]string{"username": "x", "password": aSecret, "endpoint_url": anURL + "/jsonrpc/"},
			isRead: func(_ *http.Request, body []byte) bool { return !strings.Contains(string(body), `Record"`) }},
		{kind: "namecheap", api: fakeNamecheap, content: asText, wire: wireText,
			fields: map[string]string{"api_key": aSecret, "user": "x", "client_ip": "192.0.2.1", "api_endpoint": anURL + "/xml.response"},
			isRead: func(_ *http.Request, body []byte) bool { return !strings.Contains(string(body), "setHosts") }},
		{kind: "porkbun", api: fakePorkbun, content: asText, wire: wireText,
			fields: map[string]string{"api_key": aSecret, "api_secret_key": aSecret},
			isRead: func(r *http.Request, _ []byte) bool { return strings.Contains(r.URL.Path, "/retrieve/") }},
		{kind: "godaddy", api: fakeGoDaddy, content: asText, wire: wireText,
			fields: map[string]string{"api_token": aSecret}},
		{kind: "ionos", api: fakeIONOS, content: asQuoted, wire: wireQuoted,
			fields: map[string]string{"auth_api_token": aSecret}},
		{kind: "dnsimple", api: fakeDNSimple, content: asQuoted, wire: wireQuoted,
			fields: map[string]string{"api_access_token": aSecret, "account_id": "1", "api_url": anURL}},
		{kind: "bunny", api: fakeBunny, content: asText, wire: wireText,
			fields: map[string]string{"access_key": aSecret}},
		{kind: "netcup", api: fakeNetcup, content: asText, wire: wireText,
			fields: map[string]string{"customer_number": "1", "api_key": aSecret, "api_password": aSecret},
			isRead: func(_ *http.Request, body []byte) bool { return !strings.Contains(string(body), `"updateDnsRecords"`) }},
		{kind: "route53", mx: withPreference, api: fakeRoute53, content: asOctal, wire: wireOctal,
			fields: map[string]string{"access_key_id": "AKIDEXAMPLE", "secret_access_key": aSecret, "session_token": aSecret, "endpoint_url": anURL, "max_retries": "1"}},
	}, heavyFakes()...)
}

// canonical is the presentation form that an API keeps, whatever it was given.
func canonical(rrtype, content string) string {
	if rrtype != "TXT" {
		return content
	}
	return wireQuoted(content).String()
}

func fakeCloudflare(s *store) http.Handler {
	const base = "/client/v4/zones"
	mux := http.NewServeMux()
	record := func(e entry) obj {
		return obj{"id": strconv.Itoa(e.id), "type": e.rrtype, "name": e.full(), "content": e.content, "ttl": e.ttl}
	}
	result := func(w http.ResponseWriter, v any, total int) {
		reply(w, 200, obj{"success": true, "result": v, "result_info": obj{"page": 1, "per_page": 100, "total_count": total}})
	}
	mux.HandleFunc("GET "+base, func(w http.ResponseWriter, r *http.Request) {
		result(w, []obj{{"id": "z", "name": bareZone}}, 1)
	})
	mux.HandleFunc("GET "+base+"/z/dns_records", func(w http.ResponseWriter, r *http.Request) {
		q, all := r.URL.Query(), []obj{}
		for _, e := range s.list(nil) {
			if (q.Get("name") == "" || q.Get("name") == e.full()) && (q.Get("type") == "" || q.Get("type") == e.rrtype) &&
				strings.Contains(e.content, q.Get("content.contains")) {
				all = append(all, record(e))
			}
		}
		result(w, all, len(all))
	})
	type body struct {
		Type, Name, Content string
		TTL                 int
	}
	mux.HandleFunc("POST "+base+"/z/dns_records", func(w http.ResponseWriter, r *http.Request) {
		b := request[body](r)
		name := relativeName(b.Name)
		if len(s.list(func(e entry) bool { return ofSet(name, b.Type)(e) && e.content == b.Content })) > 0 {
			reply(w, 400, obj{"success": false, "errors": []obj{{"code": 81058, "message": "An identical record already exists."}}})
			return
		}
		id := s.add(name, b.Type, b.TTL, b.Content)
		result(w, record(s.list(byID(id))[0]), 1)
	})
	mux.HandleFunc("PATCH "+base+"/z/dns_records/{id}", func(w http.ResponseWriter, r *http.Request) {
		b, id := request[body](r), number(r.PathValue("id"))
		s.edit(id, func(e *entry) {
			e.content = b.Content
			if b.TTL != 0 {
				e.ttl = b.TTL
			}
		})
		result(w, record(s.list(byID(id))[0]), 1)
	})
	mux.HandleFunc("DELETE "+base+"/z/dns_records/{id}", func(w http.ResponseWriter, r *http.Request) {
		s.remove(byID(number(r.PathValue("id"))))
		result(w, obj{"id": r.PathValue("id")}, 1)
	})
	return mux
}

// rrsetOf is an RRset as several APIs have it.
type rrsetOf struct {
	name, rrtype string
	ttl          int
	contents     []string
}

// sets gives the RRsets of the zone.
func (s *store) sets() (out []rrsetOf) {
	for _, e := range s.list(nil) {
		i := slices.IndexFunc(out, func(r rrsetOf) bool { return r.name == e.name && r.rrtype == e.rrtype })
		if i < 0 {
			i, out = len(out), append(out, rrsetOf{e.name, e.rrtype, e.ttl, nil})
		}
		out[i].contents = append(out[i].contents, e.content)
	}
	return out
}

// put replaces an RRset, or deletes it.
func (s *store) put(r rrsetOf) {
	s.remove(ofSet(r.name, r.rrtype))
	for _, c := range r.contents {
		s.add(r.name, r.rrtype, r.ttl, c)
	}
}

// one gives an RRset, without contents where there is none.
func (s *store) one(name, rrtype string) rrsetOf {
	for _, r := range s.sets() {
		if r.name == name && r.rrtype == rrtype {
			return r
		}
	}
	return rrsetOf{name: name, rrtype: rrtype}
}

func fakeDesec(s *store) http.Handler {
	const base = "/api/v1/domains/" + bareZone + "/rrsets/"
	type body struct {
		Subname string   `json:"subname"`
		Type    string   `json:"type"`
		Records []string `json:"records"`
		TTL     int      `json:"ttl"`
	}
	of := func(r rrsetOf) body { return body{entry{name: r.name}.bare(), r.rrtype, r.contents, r.ttl} }
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+base+"{$}", func(w http.ResponseWriter, r *http.Request) {
		var all []body
		for _, set := range s.sets() {
			all = append(all, of(set))
		}
		reply(w, 200, all)
	})
	mux.HandleFunc("GET "+base+"{name}/{type}", func(w http.ResponseWriter, r *http.Request) {
		set := s.one(r.PathValue("name"), r.PathValue("type"))
		if set.contents == nil {
			reply(w, 404, obj{"detail": "Not found."})
			return
		}
		reply(w, 200, of(set))
	})
	mux.HandleFunc("PUT "+base+"{$}", func(w http.ResponseWriter, r *http.Request) {
		sets := request[[]body](r)
		for _, b := range sets {
			var contents []string
			for _, c := range b.Records {
				contents = append(contents, canonical(b.Type, c))
			}
			s.put(rrsetOf{relativeName(b.Subname), b.Type, b.TTL, contents})
		}
		reply(w, 200, sets)
	})
	return mux
}

// ovhZones holds what was published at the last refresh, by store.
var ovhZones = map[*store]*atomic.Pointer[[]entry]{}

// ovhPublished gives it; before any refresh that is the zone itself.
func ovhPublished(s *store) []entry {
	if e := ovhZones[s].Load(); e != nil {
		return *e
	}
	return s.list(nil)
}

// ovhRefresh publishes what the zone has.
func ovhRefresh(s *store) {
	now := s.list(nil)
	ovhZones[s].Store(&now)
}

func fakeOVH(s *store) http.Handler {
	const base = "/domain/zone/" + bareZone
	ovhZones[s] = &atomic.Pointer[[]entry]{}
	freeze := func() { // what stood there before the first change is what is published
		if ovhZones[s].Load() == nil {
			now := s.list(nil)
			ovhZones[s].Store(&now)
		}
	}
	type body struct {
		ID        int64  `json:"id"`
		FieldType string `json:"fieldType"`
		SubDomain string `json:"subDomain"`
		TTL       int    `json:"ttl"`
		Target    string `json:"target"`
	}
	of := func(e entry) body { return body{int64(e.id), e.rrtype, e.bare(), e.ttl, e.content} }
	mux := http.NewServeMux()
	mux.HandleFunc("GET /auth/time", func(w http.ResponseWriter, r *http.Request) { reply(w, 200, 1800000000) })
	mux.HandleFunc("GET "+base+"/record", func(w http.ResponseWriter, r *http.Request) {
		q, ids := r.URL.Query(), []int{}
		for _, e := range s.list(nil) {
			if !q.Has("fieldType") || q.Get("fieldType") == e.rrtype && q.Get("subDomain") == e.bare() {
				ids = append(ids, e.id)
			}
		}
		reply(w, 200, ids)
	})
	mux.HandleFunc("GET "+base+"/record/{id}", func(w http.ResponseWriter, r *http.Request) {
		found := s.list(byID(number(r.PathValue("id"))))
		if len(found) == 0 {
			reply(w, 404, obj{"message": "This service does not exist"})
			return
		}
		reply(w, 200, of(found[0]))
	})
	mux.HandleFunc("POST "+base+"/record", func(w http.ResponseWriter, r *http.Request) {
		freeze()
		b := request[body](r)
		reply(w, 200, of(s.list(byID(s.add(relativeName(b.SubDomain), b.FieldType, b.TTL, b.Target)))[0]))
	})
	mux.HandleFunc("DELETE "+base+"/record/{id}", func(w http.ResponseWriter, r *http.Request) {
		freeze()
		s.remove(byID(number(r.PathValue("id"))))
		reply(w, 200, nil)
	})
	mux.HandleFunc("POST "+base+"/refresh", func(w http.ResponseWriter, r *http.Request) {
		ovhRefresh(s)
		reply(w, 200, nil)
	})
	return mux
}

func fakeDigitalOcean(s *store) http.Handler {
	const base = "/v2/domains/" + bareZone + "/records"
	type body struct {
		ID   int    `json:"id,omitempty"`
		Type string `json:"type"`
		Name string `json:"name"`
		Data string `json:"data"`
		TTL  int    `json:"ttl"`
	}
	of := func(e entry) body { return body{e.id, e.rrtype, e.name, e.content, e.ttl} }
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+base, func(w http.ResponseWriter, r *http.Request) {
		var all []body
		for _, e := range s.list(nil) {
			all = append(all, of(e))
		}
		page := max(1, number(r.URL.Query().Get("page"))) // of 4
		from, to := min(4*(page-1), len(all)), min(4*page, len(all))
		link := func(n int) string { return fmt.Sprintf("https://api.digitalocean.com%s?page=%d", base, n) }
		pages := obj{}
		if to < len(all) {
			pages["next"], pages["last"] = link(page+1), link((len(all)+3)/4)
		}
		if page > 1 {
			pages["first"], pages["prev"] = link(1), link(page-1)
		}
		reply(w, 200, obj{"domain_records": all[from:to], "links": obj{"pages": pages}, "meta": obj{"total": len(all)}})
	})
	mux.HandleFunc("POST "+base, func(w http.ResponseWriter, r *http.Request) {
		b := request[body](r)
		reply(w, 201, obj{"domain_record": of(s.list(byID(s.add(b.Name, b.Type, b.TTL, b.Data)))[0])})
	})
	mux.HandleFunc("PUT "+base+"/{id}", func(w http.ResponseWriter, r *http.Request) {
		b, id := request[body](r), number(r.PathValue("id"))
		if !s.edit(id, func(e *entry) { e.name, e.content, e.ttl = b.Name, b.Data, b.TTL }) {
			reply(w, 404, obj{"id": "not_found", "message": "The resource you were accessing could not be found."})
			return
		}
		reply(w, 200, obj{"domain_record": of(s.list(byID(id))[0])})
	})
	mux.HandleFunc("DELETE "+base+"/{id}", func(w http.ResponseWriter, r *http.Request) {
		s.remove(byID(number(r.PathValue("id"))))
		w.WriteHeader(204)
	})
	return mux
}

// adjustDigitalOcean gives the module a client with another address, for which
// it has no setting.
func adjustDigitalOcean(t testing.TB, p *Publisher, address string) {
	c, err := godo.New(http.DefaultClient, godo.SetBaseURL(address+"/"))
	if err != nil {
		t.Fatal(err)
	}
	setField(p.backend.(*library).Provider.(*digitalocean.Provider), "client", c)
}

// setField sets a field that is not exported, of a struct or one within it.
func setField(to any, name string, value any) {
	f := reflect.ValueOf(to).Elem().FieldByName(name)
	reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem().Set(reflect.ValueOf(value))
}

func fakeLinode(s *store) http.Handler {
	const base = "/v4/domains/1/records"
	type body struct {
		ID     int    `json:"id,omitempty"`
		Type   string `json:"type"`
		Name   string `json:"name"`
		Target string `json:"target"`
		TTLSec int    `json:"ttl_sec"`
	}
	of := func(e entry) body { return body{e.id, e.rrtype, e.bare(), e.content, e.ttl} }
	page := func(w http.ResponseWriter, all any, n int) {
		reply(w, 200, obj{"data": all, "page": 1, "pages": 1, "results": n})
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v4/domains", func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("X-Filter"), bareZone) {
			page(w, []obj{}, 0)
			return
		}
		page(w, []obj{{"id": 1, "domain": bareZone}}, 1)
	})
	mux.HandleFunc("GET "+base, func(w http.ResponseWriter, r *http.Request) {
		var all []body
		for _, e := range s.list(nil) {
			all = append(all, of(e))
		}
		page(w, all, len(all))
	})
	mux.HandleFunc("POST "+base, func(w http.ResponseWriter, r *http.Request) {
		b := request[body](r)
		reply(w, 200, of(s.list(byID(s.add(relativeName(b.Name), b.Type, b.TTLSec, b.Target)))[0]))
	})
	mux.HandleFunc("DELETE "+base+"/{id}", func(w http.ResponseWriter, r *http.Request) {
		s.remove(byID(number(r.PathValue("id"))))
		reply(w, 200, obj{})
	})
	return mux
}

func fakeGandi(s *store) http.Handler {
	const base = "/v5/livedns/domains/" + bareZone
	type body struct {
		Name   string   `json:"rrset_name"`
		Type   string   `json:"rrset_type"`
		TTL    int      `json:"rrset_ttl"`
		Values []string `json:"rrset_values"`
	}
	of := func(r rrsetOf) body { return body{r.name, r.rrtype, r.ttl, r.contents} }
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+base, func(w http.ResponseWriter, r *http.Request) {
		reply(w, 200, obj{"fqdn": bareZone, "domain_records_href": "https://api.gandi.net" + base + "/records"})
	})
	mux.HandleFunc("GET "+base+"/records", func(w http.ResponseWriter, r *http.Request) {
		var all []body
		for _, set := range s.sets() {
			all = append(all, of(set))
		}
		reply(w, 200, all)
	})
	mux.HandleFunc("GET "+base+"/records/{name}/{type}", func(w http.ResponseWriter, r *http.Request) {
		set := s.one(r.PathValue("name"), r.PathValue("type"))
		if set.contents == nil {
			reply(w, 404, obj{"code": 404, "message": "Can't find the DNS record"})
			return
		}
		reply(w, 200, of(set))
	})
	mux.HandleFunc("PUT "+base+"/records/{name}/{type}", func(w http.ResponseWriter, r *http.Request) {
		b := request[body](r)
		s.put(rrsetOf{r.PathValue("name"), r.PathValue("type"), b.TTL, b.Values})
		reply(w, 201, obj{"message": "DNS Record Created"})
	})
	mux.HandleFunc("DELETE "+base+"/records/{name}/{type}", func(w http.ResponseWriter, r *http.Request) {
		s.remove(ofSet(r.PathValue("name"), r.PathValue("type")))
		w.WriteHeader(204)
	})
	return mux
}

func fakeClouDNS(s *store) http.Handler {
	mux := http.NewServeMux()
	done := obj{"status": "Success", "statusDescription": "done"}
	mux.HandleFunc("POST /dns/records.json", func(w http.ResponseWriter, r *http.Request) {
		all := obj{}
		for _, e := range s.list(nil) {
			id, ttl := strconv.Itoa(e.id), strconv.Itoa(e.ttl)
			all[id] = obj{"id": id, "type": e.rrtype, "host": e.bare(), "record": e.content, "ttl": ttl, "priority": "10"}
		}
		reply(w, 200, all)
	})
	mux.HandleFunc("POST /dns/add-record.json", func(w http.ResponseWriter, r *http.Request) {
		s.add(relativeName(r.FormValue("host")), r.FormValue("record-type"), number(r.FormValue("ttl")), r.FormValue("record"))
		reply(w, 200, done)
	})
	mux.HandleFunc("POST /dns/mod-record.json", func(w http.ResponseWriter, r *http.Request) {
		s.edit(number(r.FormValue("record-id")), func(e *entry) {
			e.name, e.ttl, e.content = relativeName(r.FormValue("host")), number(r.FormValue("ttl")), r.FormValue("record")
		})
		reply(w, 200, done)
	})
	mux.HandleFunc("POST /dns/delete-record.json", func(w http.ResponseWriter, r *http.Request) {
		s.remove(byID(number(r.FormValue("record-id"))))
		reply(w, 200, done)
	})
	return mux
}

func fakeTransIP(s *store) http.Handler {
	const base = "/v6/domains/" + bareZone + "/dns"
	type body struct {
		Name    string `json:"name"`
		Expire  int    `json:"expire"`
		Type    string `json:"type"`
		Content string `json:"content"`
	}
	type one struct {
		Entry body `json:"dnsEntry"`
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v6/auth", func(w http.ResponseWriter, r *http.Request) {
		reply(w, 201, obj{"token": "e30.eyJleHAiOjQwMDAwMDAwMDB9.e30"}) // {"exp":4000000000}
	})
	mux.HandleFunc("GET "+base, func(w http.ResponseWriter, r *http.Request) {
		all := []body{}
		for _, e := range s.list(nil) {
			all = append(all, body{e.name, e.ttl, e.rrtype, e.content})
		}
		reply(w, 200, obj{"dnsEntries": all})
	})
	mux.HandleFunc("POST "+base, func(w http.ResponseWriter, r *http.Request) {
		b := request[one](r).Entry
		s.add(b.Name, b.Type, b.Expire, b.Content)
		reply(w, 201, []int{})
	})
	mux.HandleFunc("DELETE "+base, func(w http.ResponseWriter, r *http.Request) {
		b := request[one](r).Entry
		n := s.remove(func(e entry) bool { return ofSet(b.Name, b.Type)(e) && e.content == b.Content && e.ttl == b.Expire })
		if n == 0 {
			reply(w, 404, obj{"error": "DNS entry not found"})
			return
		}
		reply(w, 204, nil)
	})
	return mux
}

func fakeINWX(s *store) http.Handler {
	type params struct {
		ID, Domain, Name, Type, Content string
		TTL                             int
	}
	type call struct {
		Method string
		Params params
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := request[call](r)
		p := c.Params
		data := obj{}
		if _, err := r.Cookie("domrobot"); err != nil && c.Method != "account.login" {
			reply(w, 200, obj{"code": 2002, "msg": "Command use error"})
			return
		}
		switch c.Method {
		case "account.login":
			http.SetCookie(w, &http.Cookie{Name: "domrobot", Value: "1", Path: "/"})
		case "nameserver.info":
			all := []obj{}
			for _, e := range s.list(nil) {
				if (p.Type == "" || ofSet(relativeName(p.Name), p.Type)(e)) && (p.Content == "" || p.Content == e.content) {
					all = append(all, obj{"id": strconv.Itoa(e.id), "name": e.full(), "type": e.rrtype, "content": e.content, "ttl": e.ttl, "prio": 10})
				}
			}
			data["record"] = all
		case "nameserver.createRecord":
			data["id"] = strconv.Itoa(s.add(relativeName(p.Name), p.Type, p.TTL, p.Content))
		case "nameserver.updateRecord":
			s.edit(number(p.ID), func(e *entry) { e.content, e.ttl = p.Content, p.TTL })
		case "nameserver.deleteRecord":
			s.remove(byID(number(p.ID)))
		}
		reply(w, 200, obj{"code": 1000, "msg": "Command completed successfully", "resData": data})
	})
}

func fakeNamecheap(s *store) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner := ""
		switch command := r.FormValue("Command"); command {
		case "namecheap.domains.getTldList":
			inner = `<Tlds><Tld Name="test"/></Tlds>`
		case "namecheap.domains.dns.getHosts":
			for _, e := range s.list(nil) {
				inner += fmt.Sprintf(`<host HostId="%d" Name="%s" Type="%s" Address="%s" MXPref="10" TTL="%d"/>`, e.id, e.name, e.rrtype, xmlEscape(e.content), e.ttl)
			}
			inner = `<DomainDNSGetHostsResult Domain="example.test" EmailType="MX" IsUsingOurDNS="true">` + inner + `</DomainDNSGetHostsResult>`
		case "namecheap.domains.dns.setHosts":
			s.remove(func(entry) bool { return true })
			for n := 1; r.FormValue(fmt.Sprint("HostName", n)) != ""; n++ {
				field := func(name string) string { return r.FormValue(name + strconv.Itoa(n)) }
				if field("RecordType") == "MX" && r.FormValue("EmailType") != "MX" {
					continue
				}
				s.add(field("HostName"), field("RecordType"), number(field("TTL")), field("Address"))
			}
			inner = `<DomainDNSSetHostsResult Domain="example.test" IsSuccess="true"/>`
		default:
			s.t.Errorf("namecheap: %s", command)
		}
		fmt.Fprintf(w, `<ApiResponse Status="OK"><CommandResponse>%s</CommandResponse></ApiResponse>`, inner)
	})
}

// xmlEscape writes octets in an attribute; those that XML has no form for are
// left out, as the real API could not give them either.
func xmlEscape(s string) string {
	return strings.NewReplacer("&", "&amp;", `"`, "&quot;", "<", "&lt;").Replace(strings.ToValidUTF8(s, ""))
}

func fakePorkbun(s *store) http.Handler {
	const base = "/api/json/v3/dns/"
	type body struct{ Content, Name, TTL, Type string }
	ok := obj{"status": "SUCCESS"}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+base+"retrieve/"+bareZone, func(w http.ResponseWriter, r *http.Request) {
		all := []obj{}
		for _, e := range s.list(nil) {
			all = append(all, obj{"id": strconv.Itoa(e.id), "name": e.full(), "type": e.rrtype, "content": e.content, "ttl": strconv.Itoa(e.ttl), "prio": "10"})
		}
		reply(w, 200, obj{"status": "SUCCESS", "records": all})
	})
	mux.HandleFunc("POST "+base+"create/"+bareZone, func(w http.ResponseWriter, r *http.Request) {
		b := request[body](r)
		s.add(relativeName(b.Name), b.Type, number(b.TTL), b.Content)
		reply(w, 200, ok)
	})
	named := func(method string, do func(name, rrtype string, b body)) {
		h := func(w http.ResponseWriter, r *http.Request) {
			do(relativeName(r.PathValue("name")), r.PathValue("type"), request[body](r))
			reply(w, 200, ok)
		}
		mux.HandleFunc("POST "+base+method+"/"+bareZone+"/{type}/{name}", h)
		mux.HandleFunc("POST "+base+method+"/"+bareZone+"/{type}/{$}", h)
	}
	named("editByNameType", func(name, rrtype string, b body) {
		for _, e := range s.list(ofSet(name, rrtype)) {
			s.edit(e.id, func(e *entry) { e.content, e.ttl = b.Content, number(b.TTL) })
		}
	})
	named("deleteByNameType", func(name, rrtype string, _ body) { s.remove(ofSet(name, rrtype)) })
	return mux
}

func fakeGoDaddy(s *store) http.Handler {
	const base = "/v1/domains/" + bareZone + "/records"
	type body struct {
		Data string `json:"data"`
		TTL  int    `json:"ttl"`
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+base, func(w http.ResponseWriter, r *http.Request) {
		all := []obj{}
		for _, e := range s.list(nil) {
			all = append(all, obj{"type": e.rrtype, "name": e.name, "data": e.content, "ttl": e.ttl})
		}
		reply(w, 200, all)
	})
	mux.HandleFunc("PUT "+base+"/{type}/{name}", func(w http.ResponseWriter, r *http.Request) {
		set := rrsetOf{name: r.PathValue("name"), rrtype: r.PathValue("type")}
		for _, b := range request[[]body](r) {
			set.ttl, set.contents = b.TTL, append(set.contents, b.Data)
		}
		s.put(set)
		w.WriteHeader(200)
	})
	mux.HandleFunc("DELETE "+base+"/{type}/{name}", func(w http.ResponseWriter, r *http.Request) {
		s.remove(ofSet(r.PathValue("name"), r.PathValue("type")))
		w.WriteHeader(204)
	})
	return mux
}

func fakeIONOS(s *store) http.Handler {
	const base = "/dns/v1/zones"
	type body struct {
		Name, Type, Content string
		TTL                 int
	}
	of := func(e entry) obj {
		return obj{"id": strconv.Itoa(e.id), "name": e.full(), "rootName": bareZone, "type": e.rrtype, "content": e.content, "ttl": e.ttl}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+base, func(w http.ResponseWriter, r *http.Request) {
		reply(w, 200, []obj{{"name": bareZone, "id": "z", "type": "NATIVE"}})
	})
	mux.HandleFunc("GET "+base+"/z", func(w http.ResponseWriter, r *http.Request) {
		q, all := r.URL.Query(), []obj{}
		for _, e := range s.list(nil) {
			if !q.Has("recordType") || q.Get("recordType") == e.rrtype && strings.TrimSuffix(q.Get("recordName"), ".") == e.full() {
				all = append(all, of(e))
			}
		}
		reply(w, 200, obj{"id": "z", "name": bareZone, "records": all})
	})
	mux.HandleFunc("POST "+base+"/z/records", func(w http.ResponseWriter, r *http.Request) {
		var all []obj
		for _, b := range request[[]body](r) {
			all = append(all, of(s.list(byID(s.add(relativeName(b.Name), b.Type, b.TTL, canonical(b.Type, b.Content))))[0]))
		}
		reply(w, 201, all)
	})
	mux.HandleFunc("PUT "+base+"/z/records/{id}", func(w http.ResponseWriter, r *http.Request) {
		b := request[body](r)
		s.edit(number(r.PathValue("id")), func(e *entry) { e.content, e.ttl = canonical(e.rrtype, b.Content), b.TTL })
		w.WriteHeader(200)
	})
	mux.HandleFunc("DELETE "+base+"/z/records/{id}", func(w http.ResponseWriter, r *http.Request) {
		s.remove(byID(number(r.PathValue("id"))))
		w.WriteHeader(200)
	})
	return mux
}

func fakeDNSimple(s *store) http.Handler {
	const base = "/v2/1/zones/" + bareZone
	type body struct {
		Type, Name, Content string
		TTL                 int
	}
	of := func(e entry) obj {
		return obj{"id": e.id, "zone_id": bareZone, "name": e.bare(), "type": e.rrtype, "content": e.content, "ttl": e.ttl}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+base, func(w http.ResponseWriter, r *http.Request) {
		reply(w, 200, obj{"data": obj{"id": 1, "name": bareZone}})
	})
	mux.HandleFunc("GET "+base+"/records", func(w http.ResponseWriter, r *http.Request) {
		q, all := r.URL.Query(), []obj{}
		for _, e := range s.list(nil) {
			if strings.Contains(e.bare(), q.Get("name_like")) && (!q.Has("type") || q.Get("type") == e.rrtype) && len(all) < 30 {
				all = append(all, of(e))
			}
		}
		reply(w, 200, obj{"data": all, "pagination": obj{"current_page": 1, "per_page": 30}})
	})
	mux.HandleFunc("POST "+base+"/records", func(w http.ResponseWriter, r *http.Request) {
		b := request[body](r)
		reply(w, 201, obj{"data": of(s.list(byID(s.add(relativeName(b.Name), b.Type, b.TTL, wireQuoted(b.Content).String())))[0])})
	})
	mux.HandleFunc("DELETE "+base+"/records/{id}", func(w http.ResponseWriter, r *http.Request) {
		s.remove(byID(number(r.PathValue("id"))))
		w.WriteHeader(204)
	})
	return mux
}

func fakeBunny(s *store) http.Handler {
	type body struct {
		ID    int    `json:"Id"`
		Type  int    `json:"Type"`
		TTL   int    `json:"Ttl"`
		Value string `json:"Value"`
		Name  string `json:"Name"`
	}
	types := []string{"A", "AAAA", "CNAME", "TXT", "MX"}
	of := func(e entry) body { return body{e.id, slices.Index(types, e.rrtype), e.ttl, e.content, e.bare()} }
	mux := http.NewServeMux()
	mux.HandleFunc("GET /dnszone", func(w http.ResponseWriter, r *http.Request) {
		reply(w, 200, obj{"Items": []obj{{"Id": 1, "Domain": bareZone}}})
	})
	mux.HandleFunc("GET /dnszone/1", func(w http.ResponseWriter, r *http.Request) {
		all := []body{}
		for _, e := range s.list(nil) {
			all = append(all, of(e))
		}
		reply(w, 200, obj{"Records": all})
	})
	mux.HandleFunc("PUT /dnszone/1/records", func(w http.ResponseWriter, r *http.Request) {
		b := request[body](r)
		reply(w, 201, of(s.list(byID(s.add(relativeName(b.Name), types[b.Type], b.TTL, b.Value)))[0]))
	})
	mux.HandleFunc("POST /dnszone/1/records/{id}", func(w http.ResponseWriter, r *http.Request) {
		b := request[body](r)
		s.edit(number(r.PathValue("id")), func(e *entry) { e.content, e.ttl = b.Value, b.TTL })
		w.WriteHeader(204)
	})
	mux.HandleFunc("DELETE /dnszone/1/records/{id}", func(w http.ResponseWriter, r *http.Request) {
		s.remove(byID(number(r.PathValue("id"))))
		w.WriteHeader(204)
	})
	return mux
}

func fakeNetcup(s *store) http.Handler {
	type record struct {
		ID, Hostname, Type, Priority, Destination string
		DeleteRecord                              bool
	}
	type call struct {
		Action string
		Param  struct{ DNSRecordSet struct{ DNSRecords []record } }
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var c call
		if err := json.Unmarshal(body, &c); err != nil {
			s.t.Error(err)
		}
		var data any = obj{"apisessionid": "1"}
		switch c.Action {
		case "infoDnsZone":
			data = obj{"name": bareZone, "ttl": "300"}
		case "updateDnsRecords":
			for _, n := range c.Param.DNSRecordSet.DNSRecords {
				switch id := number(n.ID); {
				case n.DeleteRecord:
					s.remove(func(e entry) bool { return e.id == id && e.content == n.Destination })
				case id == 0:
					s.add(n.Hostname, n.Type, 300, n.Destination)
				default:
					s.edit(id, func(e *entry) { e.content = n.Destination })
				}
			}
			fallthrough
		case "infoDnsRecords":
			all := []obj{}
			for _, e := range s.list(nil) {
				all = append(all, obj{"id": strconv.Itoa(e.id), "hostname": e.name, "type": e.rrtype, "priority": "0", "destination": e.content, "deleterecord": false})
			}
			data = obj{"dnsrecords": all}
		}
		reply(w, 200, obj{"action": c.Action, "status": "success", "responsedata": data})
	})
}
