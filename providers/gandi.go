package providers

import (
	"strings"

	"github.com/libdns/gandi"
)

func kindGandi() kind {
	return kind{
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
	}
}
