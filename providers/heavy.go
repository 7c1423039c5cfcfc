//go:build heavy

package providers

import (
	"strings"

	"github.com/libdns/googleclouddns"
	"github.com/libdns/hetzner/v2"

	"github.com/spfzone/spfzone/providers/txt"
)

// heavy gives the types of [heavyNames].
func heavy() []kind {
	return []kind{kindGoogleCloudDNS(), kindHetzner()}
}

func kindGoogleCloudDNS() kind {
	return kind{
		name: "googleclouddns",
		doc:  "Google Cloud DNS",
		fields: []FieldDescription{
			{"gcp_project", Text, true, "the project"},
			{"gcp_application_default", Text, false, "the path of a service account's key file; the environment's credentials if left out"},
		},
		strategy: Strategy{Alone: SetRRset, Beside: AppendDelete, Rewrites: true, TTL: TTLs{Shared: true, Kept: true},
			Why: "the module writes back what it reads of the other TXT records, which is not the same where they hold a backslash or are empty"},
		open: module[googleclouddns.Provider](func() codec {
			c := stripped()
			c.encode = unquoted
			c.keeps = func(data string) bool { return data != "" && !strings.Contains(data, `\`) }
			return c
		}()),
	}
}

func kindHetzner() kind {
	return kind{
		name:     "hetzner",
		doc:      "Hetzner DNS in the Hetzner Cloud",
		fields:   []FieldDescription{{"api_token", Secret, true, "a token of the project"}},
		strategy: Strategy{Alone: AppendDelete, Beside: AppendDelete, TTL: TTLs{Least: 60, Shared: true, Kept: true}},
		open:     module[hetzner.Provider](stripped()),
	}
}

// unquoted takes the outer quotes off the presentation form.
func unquoted(r txt.Record) string {
	s := r.String()
	return s[1 : len(s)-1]
}
