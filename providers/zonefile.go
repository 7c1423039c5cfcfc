package providers

import "errors"

// kindZoneFile is the type of an operator's own zone file. Who edits it comes
// from outside, as this package knows nothing of zone files.
func kindZoneFile() kind {
	return kind{
		name: "zonefile",
		doc:  "a zone file of your own, in which nothing else is changed but the serial number",
		fields: []FieldDescription{
			{"file", Text, true, "the path of the zone file"},
			{"reload", Text, false, "a command that has the name server read the file again, as rndc reload x.com; it is run without a shell"},
		},
		strategy: Strategy{Alone: ReadAndSwap, Beside: ReadAndSwap, TTL: TTLs{Kept: true}},
		open: func(o opening) (backend, error) {
			f, err := decode[struct {
				File   string `json:"file"`
				Reload string `json:"reload"`
			}](o.object)
			if err != nil {
				return nil, err
			}
			if o.zoneFile == nil {
				return nil, errors.New("this program does not edit zone files")
			}
			return native{o.zoneFile(f.File, f.Reload)}, nil
		},
	}
}
