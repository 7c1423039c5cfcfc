package providers

// module opens a module for libdns, whose fields have the names of its own
// JSON. What else it needs is done by prepare.
func module[T any, P interface {
	*T
	Provider
}](c codec, prepare ...func(*library, P) error) func(opening) (backend, error) {
	return func(o opening) (backend, error) {
		p, err := decode[T](o.object)
		if err != nil {
			return nil, err
		}
		l := &library{Provider: P(p), strategy: o.strategy, codec: c, pause: sleep}
		for _, f := range prepare {
			if err := f(l, p); err != nil {
				return nil, err
			}
		}
		return l, nil
	}
}

// vendors lists the types that are modules for libdns, of which each has a file
// of its name. Their strategies are what each was seen to do, by the conformance
// tests, to an RRset with other TXT records.
func vendors() []kind {
	return []kind{
		kindCloudflare(), kindDesec(), kindOVH(), kindDigitalOcean(), kindLinode(), kindGandi(), kindClouDNS(), kindTransIP(),
		kindINWX(), kindNamecheap(), kindPorkbun(), kindGoDaddy(), kindIONOS(), kindDNSimple(), kindBunny(), kindNetcup(),
	}
}
