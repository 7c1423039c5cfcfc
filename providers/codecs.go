package providers

import (
	"strings"

	"github.com/spfzone/spfzone/providers/txt"
)

// plain is for modules that hand on data as octets without quotes, and whose
// API cuts it into strings. Some give quotes back all the same.
func plain() codec {
	return codec{decode: looseRecord, encode: txt.Record.Text}
}

// quoted is for modules that hand on the presentation form as it is.
func quoted() codec {
	return codec{decode: looseRecord, encode: txt.Record.String}
}

// stripped is for modules that take the outer quotes off the presentation form
// when they read, and leave data in quotes as it is when they write.
func stripped() codec {
	return codec{
		decode: func(data string) txt.Record { return looseRecord(`"` + data + `"`) },
		encode: txt.Record.String,
	}
}

// looseRecord reads the presentation form, or takes what is not that for
// octets. What it gives for the same data is always the same.
func looseRecord(data string) txt.Record {
	loose, err := txt.ParseLoose(data)
	if err != nil {
		return txt.Chunk(data)
	}
	var r txt.Record
	for _, s := range loose.Strings {
		r.Strings = append(r.Strings, txt.Chunk(s).Strings...)
	}
	return r
}

// halves is how the module of deSEC gives several strings: with the quotes
// between them, and without any escapes.
func halves(data string) (r txt.Record) {
	for _, s := range strings.Split(data, `" "`) {
		r.Strings = append(r.Strings, txt.Chunk(s).Strings...)
	}
	return r
}
