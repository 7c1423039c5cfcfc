package providers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spfzone/spfzone/providers/secret"
)

// Settings are a provider as a configuration has it.
type Settings struct {
	Place  string // where it stands, for errors: "spfzone.yaml:31:3"
	Name   string
	Type   string
	Fields map[string]Field
}

// Field is one setting. In its value "${NAME}" stands for an environment
// variable, and "$${" for "${". A secret may be "file:PATH", the content of a
// file without its last line end.
type Field struct {
	Place string
	Value string
}

// Format implements [fmt.Formatter]: it shows the place alone, as the value may
// be a secret.
func (f Field) Format(s fmt.State, _ rune) { io.WriteString(s, f.Place+": "+secret.Hidden) }

// Env is what a provider has of the process that it is opened in.
type Env struct {
	Lookup   func(name string) (value string, ok bool) // as os.LookupEnv
	ReadFile func(path string) ([]byte, error)         // as os.ReadFile
	Stderr   io.Writer                                 // for what an operator's program says; nil for nowhere
	ZoneFile func(ZoneFile) Swapper                    // edits zone files, for the type zonefile; nil where that is not to be had
}

// SettingsError is a mistake in the settings of a provider.
type SettingsError struct {
	Place string
	Msg   string // what is wrong, and the fix where it is known
}

// Error gives "place: message".
func (e *SettingsError) Error() string { return e.Place + ": " + e.Msg }

// FieldKind is what the value of a field is.
type FieldKind string

// The kinds of fields.
const (
	Text    FieldKind = "text"
	Secret  FieldKind = "secret" // never in any output
	Number  FieldKind = "number"
	Boolean FieldKind = "true or false"
)

// FieldDescription says what a field is for.
type FieldDescription struct {
	Name     string
	Kind     FieldKind
	Required bool
	Doc      string
}

// values are the settings of a provider as JSON, with the secrets in them. Nothing prints them.
type values struct {
	object  []byte
	secrets []string
}

// Check says what is wrong with settings by their type and the names of their
// fields alone. It looks at no value and at nothing of the process, so that it
// can be asked where the secrets are not. An error is one [*SettingsError] or
// several joined.
func Check(s Settings) error {
	k, err := kindOf(s)
	if err != nil {
		return err
	}
	var mistakes []error
	for _, name := range sortedKeys(s.Fields) {
		if _, err := s.field(name, k.fields); err != nil {
			mistakes = append(mistakes, err)
		}
	}
	return errors.Join(append(mistakes, s.lacking(k.fields)...)...)
}

// field gives the description of a field that is set.
func (s Settings) field(name string, fields []FieldDescription) (FieldDescription, error) {
	i := slices.IndexFunc(fields, func(d FieldDescription) bool { return d.Name == name })
	if i < 0 {
		return FieldDescription{}, &SettingsError{s.Fields[name].Place, fmt.Sprintf("the type %s has no field %q%s", s.Type, name, nearest(name, names(fields)))}
	}
	return fields[i], nil
}

// lacking says which required fields are not set.
func (s Settings) lacking(fields []FieldDescription) (mistakes []error) {
	for _, d := range fields {
		if _, given := s.Fields[d.Name]; d.Required && !given {
			mistakes = append(mistakes, &SettingsError{s.Place, fmt.Sprintf("the provider %q lacks the field %q: %s", s.Name, d.Name, d.Doc)})
		}
	}
	return mistakes
}

// read checks settings against the fields of their type, strictly, and gives
// every mistake in the order of the fields' names.
func (s Settings) read(fields []FieldDescription, env Env) (values, error) {
	object := map[string]any{}
	var v values
	var mistakes []error
	fail := func(place, format string, args ...any) {
		mistakes = append(mistakes, &SettingsError{place, fmt.Sprintf(format, args...)})
	}
	for _, name := range sortedKeys(s.Fields) {
		f := s.Fields[name]
		d, err := s.field(name, fields)
		if err != nil {
			mistakes = append(mistakes, err)
			continue
		}
		text, err := expand(f.Value, d.Kind, env)
		if err == nil && text == "" {
			err = errors.New("the value is empty")
		}
		if err != nil {
			fail(f.Place, "%s: %v", name, err)
			continue
		}
		if d.Kind == Secret {
			v.secrets = append(v.secrets, text)
		}
		if object[name], err = d.Kind.parse(text); err != nil {
			fail(f.Place, "%s: %v", name, err)
		}
	}
	v.object, _ = json.Marshal(object)
	return v, errors.Join(append(mistakes, s.lacking(fields)...)...)
}

// parse gives a value as JSON has it.
func (k FieldKind) parse(text string) (any, error) {
	switch k {
	case Number:
		n, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return nil, fmt.Errorf("wanted a whole number, found %q", text)
		}
		return n, nil
	case Boolean:
		if text != "true" && text != "false" {
			return nil, fmt.Errorf("wanted true or false, found %q", text)
		}
		return text == "true", nil
	}
	return text, nil
}

// decode reads an object of settings into a provider's own struct.
func decode[T any](object []byte) (*T, error) {
	dec := json.NewDecoder(bytes.NewReader(object))
	dec.DisallowUnknownFields()
	out := new(T)
	if err := dec.Decode(out); err != nil {
		return nil, errors.New("the settings are not what the provider's module takes")
	}
	return out, nil
}

// expand puts the environment into a value.
func expand(value string, kind FieldKind, env Env) (string, error) {
	if path, ok := strings.CutPrefix(value, "file:"); ok && kind == Secret {
		if path == "" {
			return "", errors.New(`"file:" without a path`)
		}
		content, err := env.ReadFile(path)
		if err != nil {
			return "", err
		}
		return strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r"), nil
	}
	var b strings.Builder
	for rest := value; ; {
		before, after, found := strings.Cut(rest, "${")
		if !found {
			b.WriteString(rest)
			return b.String(), nil
		}
		if literal, ok := strings.CutSuffix(before, "$"); ok {
			b.WriteString(literal + "${")
			rest = after
			continue
		}
		name, behind, closed := strings.Cut(after, "}")
		if !closed || name == "" {
			return "", errors.New(`"${" without a name and "}" behind it; write "$${" for "${"`)
		}
		expanded, ok := env.Lookup(name)
		if !ok {
			return "", fmt.Errorf("the environment has no variable %s", name)
		}
		b.WriteString(before + expanded)
		rest = behind
	}
}

func names(fields []FieldDescription) (out []string) {
	for _, f := range fields {
		out = append(out, f.Name)
	}
	return out
}

func sortedKeys(m map[string]Field) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
