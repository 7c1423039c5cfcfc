package providers

import (
	"errors"
	"strings"

	"github.com/libdns/transip"
)

func kindTransIP() kind {
	return kind{
		name: "transip",
		doc:  "TransIP",
		fields: []FieldDescription{
			{"login", Text, true, "the account"},
			{"private_key", Secret, true, "a key of the API in PEM form, best as file:PATH"},
			{"base_uri", Text, false, "another API"},
		},
		strategy: Strategy{Alone: AppendDelete, Beside: AppendDelete, TTL: TTLs{Least: 60, Most: 86400}},
		open: module(plain(), func(_ *library, p *transip.Provider) error {
			p.TokenStorage = "memory" // else tokens are left in the folder for temporary files
			if !strings.HasPrefix(p.PrivateKey, "-----BEGIN PRIVATE KEY-----") {
				return errors.New("private_key is no key in PEM form; for a file, write file:PATH")
			}
			return nil
		}),
	}
}
