package providers

import (
	"github.com/libdns/libdns"

	"github.com/spfzone/spfzone/providers/inwx"
)

func kindINWX() kind {
	return kind{
		name: "inwx",
		doc:  "INWX",
		fields: []FieldDescription{
			{"username", Text, true, "the account"},
			{"password", Secret, true, "its password"},
			{"shared_secret", Secret, false, "the secret of its second factor"},
			{"endpoint_url", Text, false, "another API"},
		},
		strategy: Strategy{Alone: EditRecord, Beside: EditRecord, TTL: TTLs{Least: 300}},
		open: module[inwx.Provider](func() codec {
			c := plain()
			c.edit = func(read libdns.Record, rr libdns.RR) libdns.Record {
				own, _ := read.(inwx.Record)
				own.Entry = rr
				return own
			}
			return c
		}()),
	}
}
