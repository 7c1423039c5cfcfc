package main

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const jsonZone = `$ORIGIN x.com.
@    IN TXT "v=spf1 a:gw.x.com include:v.net exists:%{i}.x.com -all"
@    IN TXT "other"
gw   IN A 192.0.2.2
v.net. IN TXT "v=spf1 ip4:198.51.100.0/24 ~all"
`

const jsonConfig = `defaults: {all: fail}
gateways: {gw: {host: gw, owner: infra@x.com, ticket: OPS-1, expires: 2030-01-02, comment: c}}
services: {v: {include: v.net}, f: {include: v.net, flatten: always}}
domains:
  x.com: {senders: [gw, v]}
  y.com: {senders: [f]}
  bad.com: {senders: ["include:none.com"]}
`

// decode reads a document whose every field must be known.
func decode[T any](t *testing.T, text []byte) (d T) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return d
}

func compare[T any](t *testing.T, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Errorf("document (-want +got):\n%s", diff)
	}
}

func TestBuildJSON(t *testing.T) {
	inFolder(t, map[string]string{"spfzone.yaml": jsonConfig})
	a := newTestApp(t, jsonZone)
	if code := a.run(t.Context(), []string{"build", "--output", "json"}); code != exitRefused {
		t.Fatalf("exit code %d, want %d", code, exitRefused)
	}
	gw := entryDocument{"gw", "spfzone.yaml:2:12", "infra@x.com", "OPS-1", "2030-01-02", "c", 0}
	none := []decidedInclusion{}
	compare(t, buildDocument{Version: 1, Domains: []domainDocument{
		{
			Domain: "x.com", Zone: "x.com.", Equal: true,
			Records: []recordDocument{{
				"x.com.", "TXT", 3600, "v=spf1 a:gw.x.com include:v.net -all", []string{"v=spf1 a:gw.x.com include:v.net -all"}, 101,
				"the SPF record of x.com",
				[]sourcedTermDocument{
					{"a:gw.x.com", []entryDocument{gw}},
					{"include:v.net", []entryDocument{{Name: "v", Place: "spfzone.yaml:3:12"}}},
					{Text: "-all"},
				},
			}},
			Lookups: &countDocument{2, 10}, Voids: &countDocument{1, 2}, Parts: &partsDocument{0, 0},
			Flattened: none, Kept: []decidedInclusion{{Include: "v.net", Why: "within budget", Next: new(8)}},
		},
		{
			Domain: "y.com", Zone: "y.com.", Equal: true,
			Records: []recordDocument{{
				"y.com.", "TXT", 3600, "v=spf1 ip4:198.51.100.0/24 -all", []string{"v=spf1 ip4:198.51.100.0/24 -all"}, 78,
				"the SPF record of y.com",
				[]sourcedTermDocument{
					{"ip4:198.51.100.0/24", []entryDocument{{Name: "f", Place: "spfzone.yaml:3:33"}}},
					{Text: "-all"},
				},
			}},
			Lookups: &countDocument{0, 10}, Voids: &countDocument{0, 2}, Parts: &partsDocument{0, 0},
			Flattened: []decidedInclusion{{"v.net", "", "always", 1, 8, nil}}, Kept: none,
		},
		{
			Domain: "bad.com", Zone: "bad.com.",
			Error: &refusalDocument{"broken", "include:none.com: the target has no SPF record (RFC 7208, Section 5.2): none.com: the name does not exist (RFC 7208, Section 4.3)\ninclude:none.com (spfzone.yaml:7:23) fails", []entryDocument{{Name: "include:none.com", Place: "spfzone.yaml:7:23"}}},
		},
	}}, decode[buildDocument](t, a.out.Bytes()))
}

func TestCheckJSON(t *testing.T) {
	a := newTestApp(t, jsonZone)
	text := a.mustRun(t, "check", "--ip", "198.51.100.1", "--from", "bob@x.com", "--helo", "h.x.com", "--trace", "--received-spf", "--output", "json")
	record := "v=spf1 a:gw.x.com include:v.net exists:%{i}.x.com -all"
	compare(t, checkDocument{
		Version: 1, Result: "pass", Domain: "x.com", Identity: "mailfrom",
		Matched: "ip4:198.51.100.0/24", MatchedIn: "v.net", Lookups: 2, Voids: 0,
		ReceivedSPF: `pass (domain of x.com designates 198.51.100.1 as permitted sender) client-ip=198.51.100.1; envelope-from="bob@x.com"; helo=h.x.com; identity=mailfrom; mechanism="ip4:198.51.100.0/24"`,
		Trace: []stepDocument{
			{Domain: "x.com", Target: "x.com", Found: []string{record}},
			{Domain: "x.com", Term: "a:gw.x.com", Target: "gw.x.com", Found: []string{"192.0.2.2"}, Lookups: 1},
			{Domain: "x.com", Term: "include:v.net", Target: "v.net", Found: []string{}, Matched: true, Result: "pass", Lookups: 2},
			{Depth: 1, Domain: "v.net", Target: "v.net", Found: []string{"v=spf1 ip4:198.51.100.0/24 ~all"}, Lookups: 2},
			{Depth: 1, Domain: "v.net", Term: "ip4:198.51.100.0/24", Found: []string{}, Matched: true, Result: "pass", Lookups: 2},
		},
	}, decode[checkDocument](t, text))
}

func TestPolicyJSON(t *testing.T) {
	a := newTestApp(t, jsonZone)
	text := a.mustRun(t, "policy", "v.net", "--output", "json")
	others := "0.0.0.0/1 128.0.0.0/2 192.0.0.0/6 196.0.0.0/7 198.0.0.0/11 198.32.0.0/12 198.48.0.0/15 198.50.0.0/16 " +
		"198.51.0.0/18 198.51.64.0/19 198.51.96.0/22 198.51.101.0/24 198.51.102.0/23 198.51.104.0/21 198.51.112.0/20 198.51.128.0/17 " +
		"198.52.0.0/14 198.56.0.0/13 198.64.0.0/10 198.128.0.0/9 199.0.0.0/8 200.0.0.0/5 208.0.0.0/4 224.0.0.0/3"
	compare(t, policyDocument{
		Version: 1, Domain: "v.net", Lookups: countDocument{0, 10}, Voids: countDocument{0, 2},
		IPv4: []groupDocument{
			{Decision: decisionDocument{Result: "pass"}, Addresses: "256", Prefixes: prefixes("198.51.100.0/24")},
			{Decision: decisionDocument{Result: "softfail"}, Addresses: "4294967040", Prefixes: prefixes(others)},
		},
		IPv6: []groupDocument{
			{Decision: decisionDocument{Result: "softfail"}, Addresses: "340282366920938463463374607431768211456", Prefixes: prefixes("::/0")},
		},
	}, decode[policyDocument](t, text))
}

func TestConditionalPolicyJSON(t *testing.T) {
	a := newTestApp(t, `c.com. TXT "v=spf1 exists:%{i}.c.com a:none.c.com -all"`)
	text := a.mustRun(t, "policy", "c.com", "--output", "json")
	group := groupDocument{
		Decision: decisionDocument{If: "exists:%{i}.c.com", Then: &decisionDocument{Result: "pass"}, Else: &decisionDocument{Result: "fail"}},
	}
	four, six := group, group
	four.Addresses, four.Prefixes = "4294967296", prefixes("0.0.0.0/0")
	six.Addresses, six.Prefixes = "340282366920938463463374607431768211456", prefixes("::/0")
	compare(t, policyDocument{
		Version: 1, Domain: "c.com", Lookups: countDocument{2, 10}, Voids: countDocument{2, 2},
		IPv4: []groupDocument{four}, IPv6: []groupDocument{six},
	}, decode[policyDocument](t, text))
}

func TestPolicyAtJSON(t *testing.T) {
	a := newTestApp(t, jsonZone)
	text := a.mustRun(t, "policy", "x.com", "--ip", "192.0.2.1", "--output", "json")
	compare(t, policyAtDocument{1, "x.com", "192.0.2.1", outcomeDocument{
		If:   "exists:%{i}.x.com",
		Then: &outcomeDocument{Result: "pass", Matched: "exists:%{i}.x.com", MatchedIn: "x.com", Lookups: 3},
		Else: &outcomeDocument{Result: "fail", Matched: "-all", MatchedIn: "x.com", Lookups: 3, Voids: 1},
	}}, decode[policyAtDocument](t, text))
}

func TestExplainJSON(t *testing.T) {
	inFolder(t, map[string]string{"spfzone.yaml": jsonConfig})
	a := newTestApp(t, jsonZone)
	text := a.mustRun(t, "explain", "x.com", "--output", "json")
	gw := entryDocument{"gw", "spfzone.yaml:2:12", "infra@x.com", "OPS-1", "2030-01-02", "c", 0}
	compare(t, explainDocument{
		Version: 1, Domain: "x.com", Lookups: countDocument{3, 10}, Voids: countDocument{2, 2}, Response: responseDocument{119, 512},
		Record: nodeDocument{
			Name: "x.com", Text: "v=spf1 a:gw.x.com include:v.net exists:%{i}.x.com -all", OtherTXT: 1, ResponseBytes: 119, Lookups: 3, Voids: 2,
			Terms: []termDocument{
				{Text: "a:gw.x.com", Target: "gw.x.com", Found: []string{"192.0.2.2"}, VoidFor: []string{"IPv6"}, Lookups: 1, Voids: 1,
					TotalLookups: 1, TotalVoids: 1, Sources: []entryDocument{gw}},
				{Text: "include:v.net", Target: "v.net", Lookups: 1, TotalLookups: 2, TotalVoids: 1, Build: "kept: within budget",
					Sources: []entryDocument{{Name: "v", Place: "spfzone.yaml:3:12"}},
					Record: &nodeDocument{Name: "v.net", Text: "v=spf1 ip4:198.51.100.0/24 ~all", ResponseBytes: 78, Terms: []termDocument{
						{Text: "ip4:198.51.100.0/24", TotalLookups: 2, TotalVoids: 1},
						{Text: "~all", TotalLookups: 2, TotalVoids: 1},
					}}},
				{Text: "exists:%{i}.x.com", VoidFor: []string{"IPv4", "IPv6"}, Conditional: true, Lookups: 1, Voids: 1, TotalLookups: 3, TotalVoids: 2},
				{Text: "-all", TotalLookups: 3, TotalVoids: 2},
			},
		},
		Flattened: []decidedInclusion{},
	}, decode[explainDocument](t, text))
}

func TestVersionJSON(t *testing.T) {
	a := newTestApp(t, "")
	got := decode[versionDocument](t, a.mustRun(t, "version", "--output", "json"))
	if got.Program == "" {
		t.Error("no version of the program")
	}
	got.Program, got.Revision, got.Modified = "", "", false // of the test binary
	compare(t, versionDocument{Version: 1, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}, got)
}

func prefixes(text string) []netip.Prefix {
	var list []netip.Prefix
	for field := range strings.FieldsSeq(text) {
		list = append(list, netip.MustParsePrefix(field))
	}
	return list
}

// TestJSONIsDocumented holds docs/json.md to every field of every document.
func TestJSONIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/json.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for section := range strings.SplitSeq(string(text), "\n## ") {
		name, body, _ := strings.Cut(section, "\n")
		sections[name] = body
	}
	documents := map[string][]any{
		"build":    {buildDocument{}},
		"check":    {checkDocument{}},
		"policy":   {policyDocument{}, policyAtDocument{}},
		"explain":  {explainDocument{}},
		"diff":     {diffDocument{}},
		"update":   {updateDocument{}},
		"plan":     {planDocument{}},
		"push":     {pushDocument{}},
		"rollback": {journalDocument{}},
		"verify":   {verifyDocument{}},
		"version":  {versionDocument{}},
	}
	for command, list := range documents {
		names := map[string]bool{}
		for _, d := range list {
			fieldNames(reflect.TypeOf(d), names, map[reflect.Type]bool{})
		}
		if len(names) == 0 {
			t.Errorf("%s has no fields", command)
		}
		for name := range names {
			if !strings.Contains(sections[command]+sections["build"], "`"+name+"`") {
				t.Errorf("docs/json.md does not tell the field %s of %s", name, command)
			}
		}
	}
}

// fieldNames gathers the JSON names of a struct and all within it.
func fieldNames(t reflect.Type, names map[string]bool, seen map[reflect.Type]bool) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t == reflect.TypeFor[netip.Prefix]() || t == reflect.TypeFor[time.Time]() || seen[t] {
		return
	}
	seen[t] = true
	for i := range t.NumField() {
		if !t.Field(i).IsExported() && !t.Field(i).Anonymous {
			continue // it is in no JSON
		}
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names[name] = true
		fieldNames(t.Field(i).Type, names, seen)
	}
}
