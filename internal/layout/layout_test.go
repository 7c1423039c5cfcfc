package layout

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const module = "github.com/spfzone/spfzone"

// imports says what each package may import beside the standard library:
// packages of the project by their folder, others by their path. Arrows point
// down: spf knows nobody, nobody but cmd knows two of those above it, save that
// builder may know lint. What only tests use stands in nobody's list.
var imports = map[string][]string{
	"spf":         {"go4.org/netipx", "golang.org/x/net/idna"},
	"resolver":    {"spf", "go4.org/netipx", "github.com/miekg/dns"},
	"zonefile":    {"spf", "go4.org/netipx", "github.com/miekg/dns"},
	"providers":   append([]string{"spf", "internal/spelling", "providers/addresslist", "providers/secret", "providers/txt", "providers/inwx", "providers/namecheap", "providers/rfc2136", "providers/powerdns", "providers/route53", "go4.org/netipx", "github.com/libdns/libdns"}, vendors...),
	"builder":     {"spf", "internal/spelling", "go4.org/netipx", "gopkg.in/yaml.v3"},
	"cmd/spfzone": append([]string{"spf", "resolver", "zonefile", "providers", "providers/addresslist", "providers/journal", "providers/push", "providers/txt", "builder", "internal/spelling", "internal/zoneedit", "go4.org/netipx", "github.com/spf13/cobra", "github.com/spf13/pflag"}, metrics...),

	"providers/txt":         {"spf"},
	"providers/secret":      nil,
	"providers/addresslist": {"spf", "go4.org/netipx"},
	"providers/inwx":        {"providers/secret", "github.com/libdns/libdns"},
	"providers/namecheap":   {"providers/secret", "providers/txt", "github.com/libdns/libdns"},
	"providers/powerdns":    {"providers/addresslist", "providers/secret", "providers/txt", "github.com/libdns/libdns"},
	"providers/route53":     {"providers/addresslist", "providers/secret", "providers/txt", aws + "/aws", aws + "/aws/retry", aws + "/config", aws + "/credentials", aws + "/service/route53", aws + "/service/route53/types"},
	"providers/rfc2136":     {"providers/addresslist", "providers/secret", "providers/txt", "github.com/miekg/dns", "github.com/libdns/libdns"},
	"providers/journal":     {"providers/addresslist", "providers/txt"},
	"providers/push":        {"spf", "providers", "providers/addresslist", "providers/journal", "providers/txt"},

	"internal/dnstest":     {"spf", "github.com/miekg/dns", "gopkg.in/yaml.v3"},
	"internal/nameserver":  {"github.com/miekg/dns"},
	"internal/configtest":  nil,
	"internal/zonecheck":   nil,
	"internal/layout":      nil,
	"internal/leaks":       nil,
	"internal/leaks/check": {"internal/leaks", "providers"},
	"internal/spelling":    nil,
	"internal/zoneedit":    {"zonefile", "providers/addresslist", "providers/txt"},
}

// metrics is what a daemon serves to Prometheus with.
var metrics = []string{
	"github.com/prometheus/client_golang/prometheus", "github.com/prometheus/client_golang/prometheus/collectors",
	"github.com/prometheus/client_golang/prometheus/promhttp",
}

const aws = "github.com/aws/aws-sdk-go-v2"

// vendors are the modules for libdns, of which one file of providers makes the
// list of types.
var vendors = []string{
	"github.com/libdns/bunny", "github.com/libdns/cloudflare", "github.com/libdns/cloudns", "github.com/libdns/desec",
	"github.com/libdns/digitalocean", "github.com/libdns/dnsimple", "github.com/libdns/gandi", "github.com/libdns/godaddy",
	"github.com/libdns/ionos", "github.com/libdns/linode",
	"github.com/libdns/netcup", "github.com/libdns/ovh", "github.com/libdns/porkbun", "github.com/libdns/transip",
}

func TestImportsPointDown(t *testing.T) {
	checked := map[string]bool{}
	for _, p := range list(t, "./...") {
		folder := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		if len(p.GoFiles) == 0 {
			continue // tests only, which may import what they like
		}
		allowed, known := imports[folder]
		if !known {
			t.Errorf("%s has no line in the list of who may import what", folder)
			continue
		}
		checked[folder] = true
		for _, i := range p.Imports {
			name, ours := strings.CutPrefix(i, module+"/")
			if (ours || !isStandard(i)) && !slices.Contains(allowed, name) {
				t.Errorf("%s imports %s; it may import %s", folder, name, strings.Join(allowed, ", "))
			}
		}
	}
	t.Logf("%d packages", len(checked))
	for _, folder := range []string{"spf", "resolver", "builder", "zonefile"} {
		if !checked[folder] {
			t.Errorf("%s was not checked", folder)
		}
	}
}

// isStandard reports whether a package is the standard library's: the path of
// any other starts with a host name.
func isStandard(importPath string) bool {
	host, _, _ := strings.Cut(importPath, "/")
	return !strings.Contains(host, ".")
}

// What spf needs, its needs included, is the standard library, netipx, and
// idna with its tables.
func TestPackageSPFNeedsLittle(t *testing.T) {
	var got []string
	standard := 0
	for _, p := range list(t, "-deps", "./spf") {
		if p.Standard {
			standard++
			continue
		}
		got = append(got, p.ImportPath)
	}
	slices.Sort(got)
	want := []string{
		module + "/spf",
		"go4.org/netipx",
		"golang.org/x/net/idna",
		"golang.org/x/text/secure/bidirule",
		"golang.org/x/text/transform",
		"golang.org/x/text/unicode/bidi",
		"golang.org/x/text/unicode/norm",
	}
	if diff := cmp.Diff(want, got); diff != "" || standard == 0 {
		t.Errorf("%d standard packages; others: %s", standard, diff)
	}
}

type goPackage struct {
	ImportPath string
	Standard   bool
	GoFiles    []string
	Imports    []string
}

// list asks the go command for packages of the project.
func list(t *testing.T, args ...string) []goPackage {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Standard,GoFiles,Imports"}, args...)...)
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd, err)
	}
	var packages []goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}
