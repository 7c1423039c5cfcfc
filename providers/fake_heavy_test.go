//go:build heavy

package providers

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/libdns/googleclouddns"
	"google.golang.org/api/dns/v1"
	"google.golang.org/api/option"
)

func heavyFakes() []vendor {
	return []vendor{
		{kind: "googleclouddns", mx: withPreference, api: fakeGoogle, content: asQuoted, wire: wireQuoted, adjust: adjustGoogle,
			fields: map[string]string{"gcp_project": "p"}},
		{kind: "hetzner", mx: withPreference, api: fakeHetzner, content: asQuoted, wire: wireQuoted,
			fields: map[string]string{"api_token": aSecret}},
	}
}

// adjustGoogle gives the module a client with another address and without
// credentials, for which it has no setting.
func adjustGoogle(t testing.TB, p *Publisher, address string) {
	service, err := dns.NewService(t.Context(), option.WithEndpoint(address), option.WithHTTPClient(http.DefaultClient))
	if err != nil {
		t.Fatal(err)
	}
	setField(p.backend.(*library).Provider.(*googleclouddns.Provider), "service", service)
}

func fakeGoogle(s *store) http.Handler {
	const base = "/dns/v1/projects/p/managedZones"
	type body struct {
		Name    string   `json:"name"`
		Type    string   `json:"type"`
		TTL     int      `json:"ttl"`
		Rrdatas []string `json:"rrdatas"`
	}
	of := func(r rrsetOf) body { return body{entry{name: r.name}.full() + ".", r.rrtype, r.ttl, r.contents} }
	failure := func(w http.ResponseWriter, code int) {
		reply(w, code, obj{"error": obj{"code": code, "message": http.StatusText(code)}})
	}
	put := func(w http.ResponseWriter, b body) {
		set := rrsetOf{name: relativeName(b.Name), rrtype: b.Type, ttl: b.TTL}
		for _, c := range b.Rrdatas {
			r := wireQuoted(c)
			if c == "" || strings.HasPrefix(r.Text(), "BROKEN") {
				failure(w, 400)
				return
			}
			set.contents = append(set.contents, r.String())
		}
		s.put(set)
		reply(w, 200, of(set))
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+base, func(w http.ResponseWriter, r *http.Request) {
		reply(w, 200, obj{"managedZones": []obj{{"name": "z", "dnsName": testZone, "visibility": "public"}}})
	})
	mux.HandleFunc("GET "+base+"/z/rrsets", func(w http.ResponseWriter, r *http.Request) {
		var all []body
		for _, set := range s.sets() {
			all = append(all, of(set))
		}
		reply(w, 200, obj{"rrsets": all})
	})
	mux.HandleFunc("GET "+base+"/z/rrsets/{name}/{type}", func(w http.ResponseWriter, r *http.Request) {
		set := s.one(relativeName(r.PathValue("name")), r.PathValue("type"))
		if set.contents == nil {
			failure(w, 404)
			return
		}
		reply(w, 200, of(set))
	})
	mux.HandleFunc("POST "+base+"/z/rrsets", func(w http.ResponseWriter, r *http.Request) {
		b := request[body](r)
		if s.one(relativeName(b.Name), b.Type).contents != nil {
			failure(w, 409)
			return
		}
		put(w, b)
	})
	mux.HandleFunc("PATCH "+base+"/z/rrsets/{name}/{type}", func(w http.ResponseWriter, r *http.Request) { put(w, request[body](r)) })
	mux.HandleFunc("DELETE "+base+"/z/rrsets/{name}/{type}", func(w http.ResponseWriter, r *http.Request) {
		s.remove(ofSet(relativeName(r.PathValue("name")), r.PathValue("type")))
		reply(w, 200, obj{})
	})
	return mux
}

func fakeHetzner(s *store) http.Handler {
	const base = "/v1/zones"
	type value struct {
		Value string `json:"value"`
	}
	type body struct {
		Name    string  `json:"name"`
		Type    string  `json:"type"`
		TTL     int     `json:"ttl"`
		Records []value `json:"records"`
	}
	of := func(r rrsetOf) obj {
		values := []value{}
		for _, c := range r.contents {
			values = append(values, value{c})
		}
		return obj{"id": r.name + "/" + r.rrtype, "name": r.name, "type": r.rrtype, "ttl": r.ttl, "records": values, "zone": 1}
	}
	done := obj{"action": obj{"id": 1, "command": "x", "status": "success", "progress": 100, "started": "2026-11-24T00:00:00Z", "finished": "2026-11-24T00:00:00Z"}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+base+"/"+bareZone, func(w http.ResponseWriter, r *http.Request) {
		reply(w, 200, obj{"zone": obj{"id": 1, "name": bareZone, "ttl": 3600, "mode": "primary", "status": "ok"}})
	})
	mux.HandleFunc("GET "+base+"/1/rrsets", func(w http.ResponseWriter, r *http.Request) {
		all := []obj{}
		for _, set := range s.sets() {
			all = append(all, of(set))
		}
		reply(w, 200, obj{"rrsets": all, "meta": obj{"pagination": obj{"page": 1, "per_page": 100, "last_page": 1, "total_entries": len(all)}}})
	})
	mux.HandleFunc("POST "+base+"/"+bareZone+"/rrsets/{name}/{type}/actions/add_records", func(w http.ResponseWriter, r *http.Request) {
		b, set := request[body](r), s.one(r.PathValue("name"), r.PathValue("type"))
		if set.contents != nil && b.TTL != set.ttl {
			reply(w, 409, obj{"error": obj{"code": "conflict", "message": "ttl differs"}})
			return
		}
		set.ttl = b.TTL
		for _, v := range b.Records {
			set.contents = append(set.contents, v.Value)
		}
		s.put(set)
		reply(w, 201, done)
	})
	mux.HandleFunc("POST "+base+"/"+bareZone+"/rrsets/{name}/{type}/actions/remove_records", func(w http.ResponseWriter, r *http.Request) {
		b, set := request[body](r), s.one(r.PathValue("name"), r.PathValue("type"))
		before := len(set.contents)
		set.contents = slices.DeleteFunc(set.contents, func(c string) bool { return slices.Contains(b.Records, value{c}) })
		if len(set.contents) == before {
			reply(w, 404, obj{"error": obj{"code": "not_found", "message": "record not found"}})
			return
		}
		s.put(set)
		reply(w, 201, done)
	})
	return mux
}
