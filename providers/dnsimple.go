package providers

import "github.com/libdns/dnsimple"

func kindDNSimple() kind {
	return kind{
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
	}
}
