package builder

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

// schemaOf gives the JSON Schema as a tree.
func schemaOf(t *testing.T) map[string]any {
	t.Helper()
	var root map[string]any
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	return root
}

// TestSchemaHasTheKeys holds the keys of the schema to those that Load knows,
// and the other way round.
func TestSchemaHasTheKeys(t *testing.T) {
	root := schemaOf(t)
	tables := map[string][]string{
		"":         fieldKeys(topFields),
		"defaults": fieldKeys(settingFields),
		"limits":   fieldKeys(limitFields),
		"split":    fieldKeys(splitFields),
		"network":  fieldKeys(networkFields),
		"gateway":  fieldKeys(gatewayFields),
		"service":  fieldKeys(serviceFields),
		"domain":   fieldKeys(domainFields),
		"region":   fieldKeys(regionFields),
		"sender":   fieldKeys(senderFields),
		"check":    fieldKeys(vectorFields),
		"publish":  fieldKeys(publishFields),
		"provider": {"type"}, // whose other keys are free
	}
	got := make(map[string][]string)
	for name, s := range root["definitions"].(map[string]any) {
		if properties, ok := s.(map[string]any)["properties"].(map[string]any); ok {
			got[name] = slices.Sorted(maps.Keys(properties))
		}
		if _, ok := s.(map[string]any)["additionalProperties"]; !ok && got[name] != nil {
			t.Errorf("%q allows any key", name)
		}
	}
	got[""] = slices.Sorted(maps.Keys(root["properties"].(map[string]any)))
	for _, keys := range tables {
		slices.Sort(keys)
	}
	if diff := cmp.Diff(tables, got); diff != "" {
		t.Error("(-Load +schema)", diff)
	}
}

// TestSchemaJudges compares the schema with Load on configurations that both
// can judge.
func TestSchemaJudges(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in testdata (%v)", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		judge(t, file, string(text), "")
	}
	tests := []struct{ name, text, want string }{
		{"least", "domains: {x.com: {senders: [], all: fail}}", ""},
		{"empty sections", "defaults:\nnetworks:\ngateways:\nservices:\nproviders:\ndomains: {x.com: {senders: [], all: fail}}", ""},
		{"short forms", "defaults: {all: fail}\nnetworks: {n: [192.0.2.1]}\ngateways: {g: g}\nservices: {s: v.com}\nproviders: {p: {type: t, port: 53, tls: true}}\ndomains: {x.com: {senders: [n, g, s], regions: {y.com: , a.x.com: [mx]}, publish: p}, y.com: {redirect: v.com, ttl: 300}}", ""},
		{"long forms", "defaults: {all: fail}\nnetworks: {n: {addresses: [192.0.2.1], owner: o, ticket: 1, expires: 2027-01-01, comment: c}}\ndomains: {x.com: {senders: [{sender: n, owner: o}], regions: {a.x.com: {senders: [mx]}}}}", ""},
		{"no mapping", "- x", ": no object"},
		{"unknown key", "dommains: {}", `.dommains: not allowed`},
		{"unknown key of a domain", "domains: {x.com: {senders: [], all: fail, sender: mx}}", `.domains.x.com.sender: not allowed`},
		{"no senders", "domains: {x.com: {all: fail}}", ".domains.x.com: none of anyOf"},
		{"all and redirect", "domains: {x.com: {senders: [], all: fail, redirect: y.com}}", ".domains.x.com: not allowed"},
		{"all: pass", "domains: {x.com: {senders: [], all: pass}}", ".domains.x.com.all: none of enum"},
		{"too many lookups", "domains: {x.com: {senders: [], all: fail, limits: {lookups: 11}}}", ".domains.x.com.limits.lookups: above the maximum"},
		{"record too short", "domains: {x.com: {senders: [], all: fail, limits: {record: 31}}}", ".domains.x.com.limits.record: none of anyOf"},
		{"no address", "networks: {n: [host]}\ndomains: {x.com: {senders: [], all: fail}}", ".networks.n: none of anyOf"},
		{"name of an entry", "networks: {-n: [192.0.2.1]}\ndomains: {x.com: {senders: [], all: fail}}", ".networks.-n: not of the pattern"},
		{"no type", "providers: {p: {key: x}}\ndomains: {x.com: {senders: [], all: fail}}", ".providers.p: type is required"},
		{"pattern of names", "domains: {x.com: {senders: [], all: fail, split: {names: part}}}", ".domains.x.com.split.names: not of the pattern"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { judge(t, "f", tt.text, tt.want) })
	}
}

func judge(t *testing.T, name, text, want string) {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	root := schemaOf(t)
	s := schemaCheck{root["definitions"].(map[string]any)}
	if diff := cmp.Diff(want, s.check(root, tree(t, doc.Content[0]), "")); diff != "" {
		t.Errorf("%s: (-want +schema) %s", name, diff)
	}
	if _, err := Parse(Input{name, strings.NewReader(text)}); (err == nil) != (want == "") {
		t.Errorf("%s: Load gives %v, the schema %q", name, err, want)
	}
}

// tree gives a YAML value as JSON has it. A date is a text.
func tree(t *testing.T, n *yaml.Node) any {
	t.Helper()
	switch {
	case n.Kind == yaml.SequenceNode:
		list := []any{}
		for _, c := range n.Content {
			list = append(list, tree(t, c))
		}
		return list
	case n.Kind == yaml.MappingNode:
		object := make(map[string]any)
		for i := 0; i < len(n.Content); i += 2 {
			object[n.Content[i].Value] = tree(t, n.Content[i+1])
		}
		return object
	case n.Tag == "!!str" || n.Tag == "!!timestamp":
		return n.Value
	}
	var v any
	if err := n.Decode(&v); err != nil {
		t.Fatal(err)
	}
	if i, ok := v.(int); ok {
		return float64(i)
	}
	return v
}

// schemaCheck judges by the part of JSON Schema that the schema uses. It
// panics on a keyword that it does not know.
type schemaCheck struct{ definitions map[string]any }

// check says what is wrong with a value, and nothing where it is right.
func (s schemaCheck) check(schema map[string]any, v any, at string) string {
	for _, keyword := range slices.Sorted(maps.Keys(schema)) {
		if msg := s.keyword(schema, keyword, v, at); msg != "" {
			return msg
		}
	}
	return ""
}

func (s schemaCheck) keyword(schema map[string]any, keyword string, v any, at string) string {
	rule := schema[keyword]
	object, _ := v.(map[string]any)
	list, _ := v.([]any)
	number, isNumber := v.(float64)
	text, isText := v.(string)
	switch keyword {
	case "$schema", "title", "description", "default", "definitions":
	case "$ref":
		return s.check(s.definitions[strings.TrimPrefix(rule.(string), "#/definitions/")].(map[string]any), v, at)
	case "type":
		types, ok := rule.([]any)
		if !ok {
			types = []any{rule}
		}
		if !slices.ContainsFunc(types, func(name any) bool { return hasType(v, name.(string)) }) {
			return fmt.Sprintf("%s: no %v", at, types[0])
		}
	case "enum":
		if !slices.Contains(rule.([]any), v) {
			return at + ": none of enum"
		}
	case "anyOf":
		for _, r := range rule.([]any) {
			if s.check(r.(map[string]any), v, at) == "" {
				return ""
			}
		}
		return at + ": none of anyOf"
	case "not":
		if s.check(rule.(map[string]any), v, at) == "" {
			return at + ": not allowed"
		}
	case "pattern":
		if isText && !regexp.MustCompile(rule.(string)).MatchString(text) {
			return at + ": not of the pattern"
		}
	case "minimum":
		if isNumber && number < rule.(float64) {
			return at + ": below the minimum"
		}
	case "maximum":
		if isNumber && number > rule.(float64) {
			return at + ": above the maximum"
		}
	case "minLength":
		if isText && len(text) < int(rule.(float64)) {
			return at + ": too short"
		}
	case "minItems":
		if list != nil && len(list) < int(rule.(float64)) {
			return at + ": too few"
		}
	case "minProperties":
		if object != nil && len(object) < int(rule.(float64)) {
			return at + ": too few"
		}
	case "required":
		for _, key := range rule.([]any) {
			if _, ok := object[key.(string)]; !ok && object != nil {
				return fmt.Sprintf("%s: %s is required", at, key)
			}
		}
	case "items":
		for i, item := range list {
			if msg := s.check(rule.(map[string]any), item, fmt.Sprintf("%s[%d]", at, i)); msg != "" {
				return msg
			}
		}
	case "propertyNames":
		for _, key := range slices.Sorted(maps.Keys(object)) {
			if msg := s.check(rule.(map[string]any), key, at+"."+key); msg != "" {
				return msg
			}
		}
	case "properties":
		for _, key := range slices.Sorted(maps.Keys(object)) {
			if r, ok := rule.(map[string]any)[key]; ok {
				if msg := s.check(r.(map[string]any), object[key], at+"."+key); msg != "" {
					return msg
				}
			}
		}
	case "additionalProperties":
		properties, _ := schema["properties"].(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(object)) {
			if _, ok := properties[key]; ok {
				continue
			}
			if rule == false {
				return fmt.Sprintf("%s.%s: not allowed", at, key)
			}
			if msg := s.check(rule.(map[string]any), object[key], at+"."+key); msg != "" {
				return msg
			}
		}
	default:
		panic("the test knows no schema keyword " + keyword)
	}
	return ""
}

func hasType(v any, name string) bool {
	switch v := v.(type) {
	case nil:
		return name == "null"
	case string:
		return name == "string"
	case bool:
		return name == "boolean"
	case float64:
		return name == "number" || name == "integer" && v == float64(int(v))
	case []any:
		return name == "array"
	case map[string]any:
		return name == "object"
	}
	panic(fmt.Sprintf("the test knows no JSON value %T", v))
}

// TestDocumentedKeys holds docs/configuration.md to the keys of the schema, and
// its example to Load.
func TestDocumentedKeys(t *testing.T) {
	text, err := os.ReadFile("../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	keys := 0
	for name, s := range schemaOf(t)["definitions"].(map[string]any) {
		properties, _ := s.(map[string]any)["properties"].(map[string]any)
		for key := range properties {
			keys++
			if !strings.Contains(string(text), "`"+key+"`") && !strings.Contains(string(text), key+":") {
				t.Errorf("the page does not name %q of %q", key, name)
			}
		}
	}
	if keys < 30 {
		t.Errorf("%d keys in the schema", keys)
	}
	_, example, ok := strings.Cut(string(text), "A whole one:\n\n```yaml\n")
	example, _, ends := strings.Cut(example, "```")
	if _, err := Parse(Input{"docs/configuration.md", strings.NewReader(example)}); err != nil || !ok || !ends {
		t.Errorf("the example of the page: %v", err)
	}
}
