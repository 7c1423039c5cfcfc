package dnstest

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"

	"gopkg.in/yaml.v3"

	"github.com/spfzone/spfzone/spf"
)

// Suite is one scenario of an openspf test suite: a zone, and checks in it.
type Suite struct {
	Description string
	Cases       []Case
	Zone        *Zonedata
}

// Case is one check and what may come of it.
type Case struct {
	Name        string
	IP          netip.Addr
	HELO        string
	MailFrom    string
	Results     []string // the preferred one first
	Explanation string   // empty if the suite asks for none
}

type rawSuite struct {
	Description string                 `yaml:"description"`
	Tests       map[string]rawCase     `yaml:"tests"`
	Zonedata    map[string][]yaml.Node `yaml:"zonedata"`
}

type rawCase struct {
	Host        string    `yaml:"host"`
	HELO        string    `yaml:"helo"`
	MailFrom    string    `yaml:"mailfrom"`
	Result      yaml.Node `yaml:"result"`
	Explanation string    `yaml:"explanation"`
}

// LoadSuites reads the scenarios of a test suite file.
func LoadSuites(path string) ([]Suite, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var suites []Suite
	for dec := yaml.NewDecoder(f); ; {
		var raw rawSuite
		if err := dec.Decode(&raw); errors.Is(err, io.EOF) {
			return suites, nil
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		s, err := raw.suite()
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", path, raw.Description, err)
		}
		suites = append(suites, s)
	}
}

func (raw rawSuite) suite() (Suite, error) {
	s := Suite{Description: raw.Description, Zone: &Zonedata{names: map[string]*node{}}}
	for name, c := range raw.Tests {
		ip, err := netip.ParseAddr(c.Host)
		if err != nil {
			return s, err
		}
		var results []string
		if c.Result.Kind == yaml.SequenceNode {
			err = c.Result.Decode(&results)
		} else {
			results = []string{c.Result.Value}
		}
		if err != nil {
			return s, err
		}
		s.Cases = append(s.Cases, Case{name, ip, c.HELO, c.MailFrom, results, c.Explanation})
	}
	slices.SortFunc(s.Cases, func(a, b Case) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	for name, entries := range raw.Zonedata {
		n, err := newNode(name, entries)
		if err != nil {
			return s, fmt.Errorf("%s: %w", name, err)
		}
		s.Zone.names[canonical(name)] = n
	}
	return s, nil
}

// newNode reads the records of one name. A record of the obsolete type SPF
// stands for a TXT record, unless the name has TXT records of its own. The
// copy of the suites in the module blitiri.com.ar/go/spf writes "TIMEOUT:
// true" for TIMEOUT and "CNAMELOOP: true" for a CNAME to itself.
func newNode(name string, entries []yaml.Node) (*node, error) {
	n := &node{timeout: map[string]bool{}, own: map[string]bool{}}
	var obsolete []spf.TXT
	for i := range entries {
		e := &entries[i]
		if e.Kind == yaml.ScalarNode && e.Value == "TIMEOUT" {
			n.timeout[""] = true
			continue
		}
		if e.Kind != yaml.MappingNode || len(e.Content) != 2 {
			return nil, fmt.Errorf("line %d: a record is a type and a value", e.Line)
		}
		typ, value := e.Content[0].Value, e.Content[1]
		n.own[typ] = value.Value != "NONE"
		switch {
		case typ == "TIMEOUT":
			n.timeout[""] = true
		case typ == "CNAMELOOP":
			n.cname = canonical(name)
		case value.Value == "TIMEOUT":
			n.timeout[typ] = true
		case typ == "SPF":
			obsolete = append(obsolete, texts(value))
		case typ == "TXT":
			if value.Value != "NONE" {
				n.txt = append(n.txt, texts(value))
			}
		default:
			if err := n.add(typ, value); err != nil {
				return nil, fmt.Errorf("line %d: %w", value.Line, err)
			}
		}
	}
	if _, ok := n.own["TXT"]; !ok {
		n.txt = obsolete
	}
	return n, nil
}

func (n *node) add(typ string, value *yaml.Node) error {
	switch typ {
	case "A", "AAAA":
		ip, err := netip.ParseAddr(value.Value)
		f := map[string]spf.Family{"A": spf.V4, "AAAA": spf.V6}[typ]
		n.addrs[f] = append(n.addrs[f], ip)
		return err
	case "MX":
		var preference uint16
		if len(value.Content) != 2 {
			return errors.New("an MX record is a preference and a host")
		}
		err := value.Content[0].Decode(&preference)
		n.mx = append(n.mx, spf.MailExchange{Preference: preference, Host: canonical(value.Content[1].Value)})
		return err
	case "PTR":
		n.ptr = append(n.ptr, canonical(value.Value))
	case "CNAME":
		n.cname = canonical(value.Value)
	default:
		return fmt.Errorf("record type %q", typ)
	}
	return nil
}

// texts gives the strings of a TXT record.
func texts(value *yaml.Node) spf.TXT {
	if value.Kind != yaml.SequenceNode {
		return spf.TXT{octets(value.Value)}
	}
	var t spf.TXT
	for _, c := range value.Content {
		t = append(t, octets(c.Value))
	}
	return t
}

// octets turns the characters below 256, which the suites write for octets,
// into these octets.
func octets(s string) string {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		b = append(b, byte(r))
	}
	return string(b)
}
