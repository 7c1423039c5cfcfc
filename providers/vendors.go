package providers

import (
	"errors"
	"fmt"
	"strings"

	"github.com/libdns/bunny"
	"github.com/libdns/cloudflare"
	"github.com/libdns/cloudns"
	"github.com/libdns/desec"
	"github.com/libdns/digitalocean"
	"github.com/libdns/dnsimple"
	"github.com/libdns/gandi"
	"github.com/libdns/godaddy"
	"github.com/libdns/inwx"
	"github.com/libdns/ionos"
	"github.com/libdns/libdns"
	"github.com/libdns/namecheap"
	"github.com/libdns/netcup"
	"github.com/libdns/ovh"
	"github.com/libdns/porkbun"
	"github.com/libdns/transip"

	"github.com/spfzone/spfzone/spf"
)

// module opens a module for libdns, whose fields have the names of its own
// JSON. What else it needs is done by prepare.
func module[T any, P interface {
	*T
	Provider
}](c codec, prepare ...func(*library, P) error) func(opening) (backend, error) {
	return func(o opening) (backend, error) {
		p, err := decode[T](o.object)
		if err != nil {
			return nil, err
		}
		l := &library{Provider: P(p), strategy: o.strategy, codec: c, pause: sleep}
		for _, f := range prepare {
			if err := f(l, p); err != nil {
				return nil, err
			}
		}
		return l, nil
	}
}

// vendors lists the types that are modules for libdns. Their strategies are
// what each was seen to do, by the conformance tests, to an RRset with other
// TXT records.
func vendors() []kind {
	return []kind{
		{
			name: "cloudflare",
			doc:  "Cloudflare",
			fields: []FieldDescription{
				{"api_token", Secret, true, "an API token that may edit DNS in the zone"},
				{"zone_token", Secret, false, "another that may read zones, if api_token may not"},
			},
			strategy: Strategy{Alone: SetRRset, Beside: AppendDelete, TTL: TTLs{Least: 60}},
			open: module[cloudflare.Provider](func() codec {
				c := stripped()
				c.target = func(data string, _ bool) string { return `"` + data + `"` }
				return c
			}()),
		},
		{
			name:   "desec",
			doc:    "deSEC",
			fields: []FieldDescription{{"token", Secret, true, "an API token"}},
			strategy: Strategy{Alone: SetRRset, Beside: AppendDelete, Rewrites: true, TTL: TTLs{Least: 3600, Shared: true, Kept: true},
				Lists: ListWay{Why: "the module asks for the zone at once, which the API gives up to 500 RRsets only"}},
			open: module[desec.Provider](func() codec {
				c := plain()
				c.decode = halves
				c.deletes = func(data string) bool { return !strings.Contains(data, `" "`) }
				return c
			}()),
		},
		{
			name: "ovh",
			doc:  "OVHcloud",
			fields: []FieldDescription{
				{"endpoint", Text, true, "ovh-eu, ovh-ca, ovh-us, or the address of an API"},
				{"application_key", Secret, true, "the application's key"},
				{"application_secret", Secret, true, "the application's secret"},
				{"consumer_key", Secret, true, "the consumer key"},
			},
			strategy: Strategy{Alone: SetRRset, Beside: SetRRset, TTL: TTLs{Least: 60, Stiff: true}},
			open: module(func() codec {
				c := stripped()
				c.encode = plain().encode
				return c
			}(), func(l *library, _ *ovh.Provider) error { l.lazy = true; return nil }),
		},
		{
			name:     "digitalocean",
			doc:      "DigitalOcean",
			fields:   []FieldDescription{{"auth_token", Secret, true, "an API token that may write"}},
			strategy: Strategy{Alone: EditRecord, Beside: EditRecord, TTL: TTLs{Least: 30}},
			open: module[digitalocean.Provider](func() codec {
				c := plain()
				c.edit = func(read libdns.Record, rr libdns.RR) libdns.Record {
					d, _ := read.(digitalocean.DNS)
					d.Record = rr
					return d
				}
				return c
			}()),
		},
		{
			name: "linode",
			doc:  "Linode (Akamai)",
			fields: []FieldDescription{
				{"api_token", Secret, true, "a personal access token"},
				{"api_url", Text, false, "another API"},
				{"api_version", Text, false, "its version"},
			},
			strategy: Strategy{Alone: AppendDelete, Beside: AppendDelete},
			open:     module(plain(), settleLinode),
		},
		{
			name:   "gandi",
			doc:    "Gandi LiveDNS",
			fields: []FieldDescription{{"bearer_token", Secret, true, "a personal access token"}},
			strategy: Strategy{Alone: AppendDelete, Beside: AppendDelete, Rewrites: true, TTL: TTLs{Least: 300, Shared: true, Again: true},
				Lists: ListWay{Why: "the module reads 100 RRsets of a zone at most"}},
			open: module(func() codec {
				c := quoted()
				c.target = func(data string, alone bool) string {
					if alone {
						return strings.Trim(data, `"`)
					}
					return data
				}
				return c
			}(), func(l *library, _ *gandi.Provider) error { l.page = 100; return nil }),
		},
		{
			name: "cloudns",
			doc:  "ClouDNS",
			fields: []FieldDescription{
				{"auth_id", Text, false, "the API user's number; else one of the next two"},
				{"sub_auth_id", Text, false, "a sub-user's number"},
				{"sub_auth_user", Text, false, "a sub-user's name"},
				{"auth_password", Secret, true, "the password of that user"},
			},
			strategy: Strategy{Alone: SetRRset, Beside: SetRRset,
				TTL: TTLs{Steps: []uint32{60, 300, 900, 1800, 3600, 21600, 43200, 86400, 172800, 259200, 604800, 1209600, 2592000}}},
			open: module(plain(), func(_ *library, p *cloudns.Provider) error {
				if p.AuthId == "" && p.SubAuthId == "" && p.SubAuthUser == "" {
					return errors.New("one of auth_id, sub_auth_id and sub_auth_user is needed")
				}
				return nil
			}),
		},
		{
			name: "transip",
			doc:  "TransIP",
			fields: []FieldDescription{
				{"login", Text, true, "the account"},
				{"private_key", Secret, true, "a key of the API in PEM form, best as file:PATH"},
				{"base_uri", Text, false, "another API"},
			},
			strategy: Strategy{Alone: AppendDelete, Beside: AppendDelete, TTL: TTLs{Least: 60, Most: 86400}},
			open: module(plain(), func(_ *library, p *transip.Provider) error {
				p.TokenStorage = "memory" // else tokens are left in the folder for temporary files
				if !strings.HasPrefix(p.PrivateKey, "-----BEGIN PRIVATE KEY-----") {
					return errors.New("private_key is no key in PEM form; for a file, write file:PATH")
				}
				return nil
			}),
		},
		{
			name: "inwx",
			doc:  "INWX",
			fields: []FieldDescription{
				{"username", Text, true, "the account"},
				{"password", Secret, true, "its password"},
				{"shared_secret", Secret, false, "the secret of its second factor"},
				{"endpoint_url", Text, false, "another API"},
			},
			strategy: Strategy{Alone: SetRRset, Beside: Refuse, TTL: TTLs{Least: 300},
				Why:   "the module deletes whatever the API finds by the content, and whether that compares whole contents is not known",
				Lists: ListWay{Why: "the module deletes whatever the API finds by the name, and whether that compares whole names is not known"}},
			open: module[inwx.Provider](plain()),
		},
		{
			name: "namecheap",
			doc:  "Namecheap, to read only",
			fields: []FieldDescription{
				{"api_key", Secret, true, "the API key"},
				{"user", Text, true, "the API user"},
				{"client_ip", Text, true, "the address that the account allows, from which requests come"},
				{"api_endpoint", Text, false, "another API"},
			},
			strategy: Strategy{Why: "the module writes the whole zone at every change, and without the zone's EmailType, by which the API drops its MX records",
				Lists: ListWay{Why: "the module writes the whole zone at every change"}},
			open: module[namecheap.Provider](plain()),
		},
		{
			name: "porkbun",
			doc:  "Porkbun",
			fields: []FieldDescription{
				{"api_key", Secret, true, "the API key"},
				{"api_secret_key", Secret, true, "the secret key"},
			},
			strategy: Strategy{Alone: SetRRset, Beside: Refuse, TTL: TTLs{Least: 600}, Why: "the module changes and deletes all TXT records of a name"},
			open:     module(plain(), func(l *library, _ *porkbun.Provider) error { l.deaf = true; return nil }),
		},
		{
			name:     "godaddy",
			doc:      "GoDaddy",
			fields:   []FieldDescription{{"api_token", Secret, true, "key and secret as key:secret"}},
			strategy: Strategy{Alone: SetRRset, Beside: Refuse, TTL: TTLs{Least: 600}, Why: "the module puts the record that it adds in the place of all TXT records of the name"},
			open: module(plain(), func(l *library, _ *godaddy.Provider) error {
				l.deaf, l.chatty = true, true
				return nil
			}),
		},
		{
			name:     "ionos",
			doc:      "IONOS",
			fields:   []FieldDescription{{"auth_api_token", Secret, true, "prefix and key as prefix.key"}},
			strategy: Strategy{Alone: SetRRset, Beside: Refuse, TTL: TTLs{Least: 60}, Why: "the module deletes all TXT records of a name"},
			open: module[ionos.Provider](func() codec {
				c := plain()
				c.most = spf.MaxString
				return c
			}()),
		},
		{
			name: "dnsimple",
			doc:  "DNSimple",
			fields: []FieldDescription{
				{"api_access_token", Secret, true, "an API access token of the account"},
				{"account_id", Text, true, "the account's number"},
				{"api_url", Text, false, "another API"},
			},
			strategy: Strategy{CreateAlone: true, Why: "the module changes and deletes the first record whose name contains the one wanted",
				Lists: ListWay{Why: "the module deletes the first record whose name contains the one wanted"}},
			open: module(func() codec {
				c := quoted()
				c.noApex = true
				return c
			}(), func(l *library, _ *dnsimple.Provider) error { l.page = 30; return nil }),
		},
		{
			name:     "bunny",
			doc:      "bunny.net",
			fields:   []FieldDescription{{"access_key", Secret, true, "the API key"}},
			strategy: Strategy{Alone: SetRRset, Beside: Refuse, Why: "the module deletes the first TXT record of a name"},
			open:     module[bunny.Provider](plain()),
		},
		{
			name: "netcup",
			doc:  "netcup",
			fields: []FieldDescription{
				{"customer_number", Text, true, "the customer number"},
				{"api_key", Secret, true, "the API key"},
				{"api_password", Secret, true, "the API password"},
			},
			strategy: Strategy{Alone: SetRRset, Beside: Refuse, TTL: TTLs{Zone: true}, Why: "the module changes and deletes the first TXT record of a name",
				Lists: ListWay{Why: "the TTL is the zone's"}},
			open: module[netcup.Provider](plain()),
		},
	}
}

// paged says that a module, which reads the first page of a list only, may not
// have read all.
func (l *library) paged(records []libdns.Record) error {
	if l.page == 0 {
		return nil
	}
	sets := map[string]bool{}
	for _, r := range records {
		if r == nil {
			continue // what the module could not read
		}
		rr := r.RR()
		sets[rr.Name+" "+rr.Type] = true
	}
	if len(records) == l.page || len(sets) == l.page {
		return fmt.Errorf("%w: the module reads %d entries of a zone at most, and just as many came, so that some may be missing", ErrUnsafe, l.page)
	}
	return nil
}
