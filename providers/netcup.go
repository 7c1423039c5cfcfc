package providers

import "github.com/libdns/netcup"

func kindNetcup() kind {
	return kind{
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
	}
}
