package providers

import "github.com/libdns/inwx"

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
		strategy: Strategy{Alone: SetRRset, Beside: Refuse, TTL: TTLs{Least: 300},
			Why:   "the module deletes whatever the API finds by the content, and whether that compares whole contents is not known",
			Lists: ListWay{Why: "the module deletes whatever the API finds by the name, and whether that compares whole names is not known"}},
		open: module[inwx.Provider](plain()),
	}
}
