package providers

import "github.com/libdns/namecheap"

func kindNamecheap() kind {
	return kind{
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
	}
}
