package providers

import (
	"github.com/libdns/digitalocean"
	"github.com/libdns/libdns"
)

func kindDigitalOcean() kind {
	return kind{
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
	}
}
