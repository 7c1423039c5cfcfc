package providers

import "github.com/libdns/godaddy"

func kindGoDaddy() kind {
	return kind{
		name:     "godaddy",
		doc:      "GoDaddy",
		fields:   []FieldDescription{{"api_token", Secret, true, "key and secret as key:secret"}},
		strategy: Strategy{Alone: SetRRset, Beside: Refuse, TTL: TTLs{Least: 600}, Why: "the module puts the record that it adds in the place of all TXT records of the name"},
		open: module(plain(), func(l *library, _ *godaddy.Provider) error {
			l.deaf, l.chatty = oneCall(), true
			return nil
		}),
	}
}
