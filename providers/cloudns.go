package providers

import (
	"errors"

	"github.com/libdns/cloudns"
)

func kindClouDNS() kind {
	return kind{
		name: "cloudns",
		doc:  "ClouDNS",
		fields: []FieldDescription{
			{"auth_id", Text, false, "the API user's number; else one of the next two"},
			{"sub_auth_id", Text, false, "a sub-user's number"},
			{"sub_auth_user", Text, false, "a sub-user's name"},
			{"auth_password", Secret, true, "the password of that user"},
		},
		strategy: Strategy{Alone: SetRRset, Beside: SetRRset,
			TTL: TTLs{Steps: []uint32{60, 300, 900, 1800, 3600, 21600, 43200, 86400, 172800, 259200, 604800, 1209600, 2592000}}},
		open: module(plain(), func(_ *library, p *cloudns.Provider) error {
			if p.AuthId == "" && p.SubAuthId == "" && p.SubAuthUser == "" {
				return errors.New("one of auth_id, sub_auth_id and sub_auth_user is needed")
			}
			return nil
		}),
	}
}
