package providers

import (
	"fmt"
	"io"
	"slices"

	"github.com/spfzone/spfzone/providers/powerdns"
	"github.com/spfzone/spfzone/providers/rfc2136"
	"github.com/spfzone/spfzone/providers/route53"
)

// kind is a type of provider.
type kind struct {
	name     string
	doc      string
	fields   []FieldDescription
	strategy Strategy
	open     func(opening) (backend, error)
}

// opening is what a backend is made of.
type opening struct {
	object   []byte // the settings as JSON
	strategy Strategy
	stderr   io.Writer
	scrub    scrubber
	zoneFile func(ZoneFile) Swapper
}

// kinds lists them all.
func kinds() []kind {
	list := []kind{kindRFC2136(), kindPowerDNS(), kindZoneFile(), kindRoute53(), kindExec()}
	for _, k := range append(vendors(), heavy()...) {
		if k.strategy.Lists == (ListWay{}) {
			k.strategy.Lists = ListWay{Most: moduleBatch}
		}
		list = append(list, k)
	}
	return list
}

// moduleBatch is how many names of an address list a module is given at once,
// with a look at the zone before.
const moduleBatch = 100

// Open gives the publisher that settings stand for. An error is one
// [*SettingsError] or several joined, in which no secret stands. Nothing is
// sent anywhere yet.
func Open(s Settings, env Env) (*Publisher, error) {
	k, err := kindOf(s)
	if err != nil {
		return nil, err
	}
	v, err := s.read(k.fields, env)
	scrub := newScrubber(v.secrets)
	if err != nil {
		return nil, err
	}
	b, err := k.open(opening{v.object, k.strategy, env.Stderr, scrub, env.ZoneFile})
	if err != nil {
		return nil, &SettingsError{s.Place, fmt.Sprintf("the provider %q: %v", s.Name, scrub.err(err))}
	}
	return &Publisher{name: s.Name, kind: s.Type, strategy: k.strategy, backend: b, scrub: scrub, pause: sleep}, nil
}

// kindOf gives the type of settings, which must be known.
func kindOf(s Settings) (kind, error) {
	all := kinds()
	i := slices.IndexFunc(all, func(k kind) bool { return k.name == s.Type })
	if i < 0 {
		return kind{}, &SettingsError{s.Place, unknownType(s, all)}
	}
	return all[i], nil
}

func unknownType(s Settings, all []kind) string {
	if slices.Contains(heavyNames, s.Type) {
		return fmt.Sprintf("the provider %q has the type %s, which this program was built without: build it with -tags heavy", s.Name, s.Type)
	}
	var valid []string
	for _, k := range all {
		valid = append(valid, k.name)
	}
	return fmt.Sprintf("the provider %q has the type %q, which is not known%s", s.Name, s.Type, nearest(s.Type, valid))
}

// heavyNames are the types that only a program built with the tag heavy has:
// their modules double its size.
var heavyNames = []string{"googleclouddns", "hetzner"}

func kindRFC2136() kind {
	return kind{
		name: "rfc2136",
		doc:  "a primary name server that takes DNS updates: BIND, Knot DNS, PowerDNS and others",
		fields: []FieldDescription{
			{"server", Text, true, "the primary name server as host:port; 53 if the port is left out"},
			{"key_name", Text, false, "the name of the TSIG key"},
			{"key_alg", Text, false, "hmac-sha256 or hmac-sha512"},
			{"key", Secret, false, "the key in base64"},
			{"timeout", Number, false, "the seconds that an answer is awaited; 20 if left out"},
		},
		strategy: Strategy{Alone: CompareAndSwap, Beside: CompareAndSwap, TTL: TTLs{Shared: true}, Lists: ListWay{Most: 500, Atomic: true, Checked: true}},
		open: func(o opening) (backend, error) {
			p, err := decode[rfc2136.Provider](o.object)
			if err != nil {
				return nil, err
			}
			return native{p}, p.Check()
		},
	}
}

func kindPowerDNS() kind {
	return kind{
		name: "powerdns",
		doc:  "the HTTP API of a PowerDNS authoritative server",
		fields: []FieldDescription{
			{"server_url", Text, true, "the address of the API, as http://127.0.0.1:8081"},
			{"server_id", Text, false, "the server's name within the API; localhost if left out"},
			{"api_token", Secret, true, "the server's api-key"},
			{"timeout", Number, false, "the seconds that an answer is awaited; 60 if left out"},
		},
		strategy: Strategy{Alone: ReadAndSwap, Beside: ReadAndSwap, TTL: TTLs{Shared: true}, Lists: ListWay{Most: 500, Atomic: true}},
		open: func(o opening) (backend, error) {
			p, err := decode[powerdns.Provider](o.object)
			if err != nil {
				return nil, err
			}
			return native{p}, p.Check()
		},
	}
}

func kindRoute53() kind {
	return kind{
		name: "route53",
		doc:  "Amazon Route 53; what is left out comes from where the tools of Amazon take it",
		fields: []FieldDescription{
			{"region", Text, false, "the region"},
			{"profile", Text, false, "a profile of the shared configuration"},
			{"access_key_id", Text, false, "the access key"},
			{"secret_access_key", Secret, false, "its secret"},
			{"session_token", Secret, false, "the token of a session"},
			{"hosted_zone_id", Text, false, "the zone's ID, where several have its name"},
			{"endpoint_url", Text, false, "another API"},
			{"max_retries", Number, false, "how often a request is tried; 5 if left out"},
		},
		strategy: Strategy{Alone: CompareAndSwap, Beside: CompareAndSwap, TTL: TTLs{Shared: true}, Lists: ListWay{Most: 500, Atomic: true, Checked: true}},
		open: func(o opening) (backend, error) {
			p, err := decode[route53.Provider](o.object)
			if err != nil {
				return nil, err
			}
			return native{p}, p.Check()
		},
	}
}
