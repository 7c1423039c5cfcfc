package providers

import "github.com/libdns/bunny"

func kindBunny() kind {
	return kind{
		name:     "bunny",
		doc:      "bunny.net",
		fields:   []FieldDescription{{"access_key", Secret, true, "the API key"}},
		strategy: Strategy{Alone: SetRRset, Beside: Refuse, Why: "the module deletes the first TXT record of a name"},
		open:     module[bunny.Provider](plain()),
	}
}
