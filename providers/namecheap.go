package providers

import "github.com/spfzone/spfzone/providers/namecheap"

func kindNamecheap() kind {
	return kind{
		name: "namecheap",
		doc:  "Namecheap, whose API writes the whole zone at every change",
		fields: []FieldDescription{
			{"api_key", Secret, true, "the API key"},
			{"user", Text, true, "the API user"},
			{"client_ip", Text, true, "the address that the account allows, from which requests come"},
			{"api_endpoint", Text, false, "another API"},
		},
		strategy: Strategy{Alone: SetRRset, Beside: SetRRset, Rewrites: true, WholeZone: true, TTL: TTLs{Least: 60, Most: 60000},
			Lists: ListWay{Why: "every name would be a write of the whole zone"}},
		open: module[namecheap.Provider](plain()),
	}
}
