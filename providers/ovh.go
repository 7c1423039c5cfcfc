package providers

import "github.com/libdns/ovh"

func kindOVH() kind {
	return kind{
		name: "ovh",
		doc:  "OVHcloud",
		fields: []FieldDescription{
			{"endpoint", Text, true, "ovh-eu, ovh-ca, ovh-us, or the address of an API"},
			{"application_key", Secret, true, "the application's key"},
			{"application_secret", Secret, true, "the application's secret"},
			{"consumer_key", Secret, true, "the consumer key"},
		},
		strategy: Strategy{Alone: SetRRset, Beside: SetRRset, TTL: TTLs{Least: 60, Stiff: true}},
		open: module(func() codec {
			c := stripped()
			c.encode = plain().encode
			return c
		}(), func(l *library, _ *ovh.Provider) error { l.lazy = true; return nil }),
	}
}
