package builder

import (
	_ "embed"
	"slices"
)

//go:embed spfzone.schema.json
var schema []byte

// Schema gives the JSON Schema (draft 7) of a configuration, by which editors
// complete it and mark what is wrong. It has the keys of [Load], which judges
// by more rules than a schema can say.
func Schema() []byte { return slices.Clone(schema) }
