package providers

import (
	"strings"

	"github.com/libdns/desec"
)

func kindDesec() kind {
	return kind{
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
	}
}
