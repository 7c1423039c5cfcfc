package providers

import (
	"github.com/libdns/ionos"

	"github.com/spfzone/spfzone/spf"
)

func kindIONOS() kind {
	return kind{
		name:     "ionos",
		doc:      "IONOS",
		fields:   []FieldDescription{{"auth_api_token", Secret, true, "prefix and key as prefix.key"}},
		strategy: Strategy{Alone: SetRRset, Beside: Refuse, TTL: TTLs{Least: 60}, Why: "the module deletes all TXT records of a name"},
		open: module[ionos.Provider](func() codec {
			c := plain()
			c.most = spf.MaxString
			return c
		}()),
	}
}
