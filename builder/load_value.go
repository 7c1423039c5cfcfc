package builder

import (
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// value is a YAML value and the file that it stands in. The zero value stands
// for one that is absent.
type value struct {
	source *source
	node   *yaml.Node // no alias
}

// with gives another node of the same file, an alias being what it stands for.
func (v value) with(n *yaml.Node) value {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return value{v.source, n}
}

func (v value) at() position { return position{v.source, v.node.Line, v.node.Column} }
func (v value) place() Place { return v.at().place() }
func (v value) given() bool  { return v.node != nil }

func (v value) isScalar() bool  { return v.node.Kind == yaml.ScalarNode }
func (v value) isMapping() bool { return v.node.Kind == yaml.MappingNode }
func (v value) isList() bool    { return v.node.Kind == yaml.SequenceNode }
func (v value) isNull() bool    { return v.isScalar() && v.node.Tag == "!!null" }

// String says what stands there, for an error.
func (v value) String() string {
	switch {
	case v.isMapping():
		return "a mapping"
	case v.isList():
		return "a list"
	case v.isNull():
		return "nothing"
	case v.node.Tag == "!!bool":
		return v.node.Value
	case v.node.Tag == "!!int" || v.node.Tag == "!!float":
		return "the number " + cut(v.node.Value)
	case v.node.Tag == "!!timestamp":
		return "the date " + cut(v.node.Value)
	}
	return "the text " + strconv.Quote(cut(v.node.Value))
}

// cut shortens a text that is quoted in an error.
func cut(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	end := most
	for end > 0 && s[end]&0xc0 == 0x80 {
		end--
	}
	return s[:end] + "…"
}

// wanted notes that something else was wanted.
func (l *loader) wanted(v value, what string) {
	l.fail(v.at(), "wanted %s, found %s", what, v)
}

// scalar gives a text or number as it is written. A truth value and nothing at
// all are neither.
func (l *loader) scalar(v value, what string) (string, bool) {
	if !v.isScalar() || v.isNull() || v.node.Tag == "!!bool" || v.node.Value == "" {
		l.wanted(v, what)
		return "", false
	}
	return v.node.Value, true
}

// boolean gives a truth value.
func (l *loader) boolean(v value) bool {
	if !v.isScalar() || v.node.Tag != "!!bool" {
		l.wanted(v, "true or false")
		return false
	}
	return strings.EqualFold(v.node.Value, "true")
}

// integer gives a whole number, in decimal.
func (v value) integer() (int, bool) {
	if !v.isScalar() || v.node.Tag != "!!int" {
		return 0, false
	}
	n, err := strconv.Atoi(v.node.Value)
	return n, err == nil
}

// word gives which of some words stands there.
func (l *loader) word(v value, words ...string) (int, bool) {
	what := strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
	if !v.isScalar() || v.isNull() {
		l.wanted(v, what)
		return 0, false
	}
	for i, w := range words {
		if v.node.Value == w {
			return i, true
		}
	}
	l.failNear(v.at(), v.node.Value, func() []string { return words }, "wanted %s, found %s", what, v)
	return 0, false
}

// list gives the items of a list.
func (l *loader) list(v value, what string) ([]value, bool) {
	if !v.isList() {
		l.wanted(v, what)
		return nil, false
	}
	items := make([]value, len(v.node.Content))
	for i, n := range v.node.Content {
		items[i] = v.with(n)
	}
	return items, true
}

// key gives the text of a mapping's key.
func (l *loader) key(k value) (string, bool) {
	switch {
	case !k.isScalar():
		l.fail(k.at(), "wanted a text as key, found %s", k)
	case k.node.Tag == "!!merge":
		l.fail(k.at(), `the merge key "<<" is not supported: write the keys where they belong, or alias a whole value`)
	case k.node.Value == "":
		l.fail(k.at(), "the key is missing")
	default:
		return k.node.Value, true
	}
	return "", false
}

// pair is a key of a mapping, and its value.
type pair struct {
	name string
	key  value
	val  value
}

// pairs gives the entries of a mapping with free keys. A key that stands in
// seen already is a mistake.
func (l *loader) pairs(v value, what string, seen map[string]position) []pair {
	if !v.isMapping() {
		l.wanted(v, what)
		return nil
	}
	list := make([]pair, 0, len(v.node.Content)/2)
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		k := v.with(v.node.Content[i])
		name, ok := l.key(k)
		if !ok {
			continue
		}
		if first, ok := seen[name]; ok {
			l.fail(k.at(), "%q stands already at %s", name, first.place())
			continue
		}
		seen[name] = k.at()
		list = append(list, pair{name, k, v.with(v.node.Content[i+1])})
	}
	return list
}

// field is a key of a mapping, and how its value is read. The tables of fields
// are what a configuration may hold; the JSON Schema says the same.
type field[T any] struct {
	key  string
	read func(*loader, value, T)
}

// readFields reads a mapping by a table.
func readFields[T any](l *loader, v value, what string, fields []field[T], to T) {
	readFieldsOnce(l, v, what, fields, make([]position, len(fields)), to)
}

// readFieldsOnce reads a mapping whose keys may be spread over several
// mappings, of which seen says what was read.
func readFieldsOnce[T any](l *loader, v value, what string, fields []field[T], seen []position, to T) {
	if !v.isMapping() {
		l.wanted(v, "a mapping for "+what)
		return
	}
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		k := v.with(v.node.Content[i])
		name, ok := l.key(k)
		if !ok {
			continue
		}
		f := indexField(fields, name)
		switch {
		case f < 0:
			l.failNear(k.at(), name, func() []string { return fieldKeys(fields) }, "unknown key %q in %s", cut(name), what)
		case seen[f].source != nil:
			l.fail(k.at(), "%q stands already at %s", name, seen[f].place())
		default:
			seen[f] = k.at()
			fields[f].read(l, v.with(v.node.Content[i+1]), to)
		}
	}
}

func indexField[T any](fields []field[T], key string) int {
	for i := range fields {
		if fields[i].key == key {
			return i
		}
	}
	return -1
}

func fieldKeys[T any](fields []field[T]) []string {
	keys := make([]string, len(fields))
	for i := range fields {
		keys[i] = fields[i].key
	}
	return keys
}

// keep is a field whose value is read later.
func keep[T any](key string, of func(T) *value) field[T] {
	return field[T]{key, func(_ *loader, v value, to T) { *of(to) = v }}
}
