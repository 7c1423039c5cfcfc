package providers

import "github.com/libdns/cloudflare"

func kindCloudflare() kind {
	return kind{
		name: "cloudflare",
		doc:  "Cloudflare",
		fields: []FieldDescription{
			{"api_token", Secret, true, "an API token that may edit DNS in the zone"},
			{"zone_token", Secret, false, "another that may read zones, if api_token may not"},
		},
		strategy: Strategy{Alone: SetRRset, Beside: AppendDelete, TTL: TTLs{Least: 60}},
		open: module[cloudflare.Provider](func() codec {
			c := stripped()
			c.target = func(data string, _ bool) string { return `"` + data + `"` }
			return c
		}()),
	}
}
