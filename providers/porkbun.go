package providers

import "github.com/libdns/porkbun"

func kindPorkbun() kind {
	return kind{
		name: "porkbun",
		doc:  "Porkbun",
		fields: []FieldDescription{
			{"api_key", Secret, true, "the API key"},
			{"api_secret_key", Secret, true, "the secret key"},
		},
		strategy: Strategy{Alone: SetRRset, Beside: Refuse, TTL: TTLs{Least: 600}, Why: "the module changes and deletes all TXT records of a name"},
		open:     module(plain(), func(l *library, _ *porkbun.Provider) error { l.deaf = oneCall(); return nil }),
	}
}
