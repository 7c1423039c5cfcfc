package providers

import (
	"errors"
	"fmt"
)

// ZoneFile is a zone file, for whoever edits it.
type ZoneFile struct {
	File   string
	Folder string // of what it includes, "" for its own
	Reload string // a command, or empty
	Date   bool   // whether its serial numbers are to be dates
}

// kindZoneFile is the type of an operator's own zone file. Who edits it comes
// from outside, as this package knows nothing of zone files.
func kindZoneFile() kind {
	return kind{
		name: "zonefile",
		doc:  "a zone file of your own, in which nothing else is changed but the serial number; see docs/zonefile-provider.md",
		fields: []FieldDescription{
			{"file", Text, true, "the path of the zone file"},
			{"folder", Text, false, "the folder that files are included from, as the directory of named.conf; the zone file's own if left out"},
			{"reload", Text, false, "a command that has the name server read the file again, as rndc reload x.com; it is run without a shell"},
			{"serial", Text, false, "keep or date: whether the serial number keeps its form, or becomes YYYYMMDDnn; keep if left out"},
		},
		strategy: Strategy{Alone: CompareAndSwap, Beside: CompareAndSwap, TTL: TTLs{Kept: true}, Lists: ListWay{Most: 1 << 20, Atomic: true, Checked: true}},
		open: func(o opening) (backend, error) {
			f, err := decode[struct {
				File   string `json:"file"`
				Folder string `json:"folder"`
				Reload string `json:"reload"`
				Serial string `json:"serial"`
			}](o.object)
			switch {
			case err != nil:
				return nil, err
			case f.Serial != "" && f.Serial != "keep" && f.Serial != "date":
				return nil, fmt.Errorf("serial: wanted keep or date, found %q", f.Serial)
			case o.zoneFile == nil:
				return nil, errors.New("this program does not edit zone files")
			}
			return native{o.zoneFile(ZoneFile{f.File, f.Folder, f.Reload, f.Serial == "date"})}, nil
		},
	}
}
