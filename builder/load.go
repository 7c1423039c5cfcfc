package builder

import (
	"fmt"
	"io"
	"os"

	"github.com/spfzone/spfzone/internal/spelling"
)

// Input is a configuration file that is open already.
type Input struct {
	Name   string // stands in the places of errors
	Reader io.Reader
}

// Load reads a configuration from files, as [Parse] does. The error is a
// [*ConfigErrors], or that of the file system where a file cannot be read.
func Load(files ...string) (*Config, error) {
	inputs := make([]Input, len(files))
	for i, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		inputs[i] = Input{name, f}
	}
	return Parse(inputs...)
}

// Parse reads a configuration in YAML. Several files are one configuration
// that is spread over them: each may add to every section, and none may say
// again what another says. References lead across files in both directions.
// The error is a [*ConfigErrors] with all that is wrong, or that of a reader.
func Parse(inputs ...Input) (*Config, error) {
	l := &loader{config: &Config{}, sources: make(map[string]entryAt), providers: make(map[string]bool), files: make(map[string]*source)}
	top := &sections{}
	unread := false
	for i, in := range inputs {
		src := &source{in.Name, i}
		l.files[in.Name] = src
		text, err := io.ReadAll(io.LimitReader(in.Reader, maxSize+1))
		if err != nil {
			return nil, err
		}
		v, ok := l.parseYAML(src, text)
		if !ok {
			unread = true
			continue
		}
		readFields(l, v, "a configuration", topFields, top)
	}
	if unread { // what the others name may stand there
		return nil, l.mistakes.err()
	}
	l.defaults(top.defaults)
	l.entries(top)
	l.domains(top.domains)
	if len(l.config.Domains) == 0 && l.mistakes.total == 0 {
		src := &source{"configuration", 0}
		if len(inputs) > 0 {
			src.name = inputs[0].Name
		}
		l.fail(position{src, 1, 1}, `no domain is listed: write at least one under "domains"`)
	}
	if err := l.mistakes.err(); err != nil {
		return nil, err
	}
	l.notes()
	return l.config, nil
}

// loader fills a configuration.
type loader struct {
	config    *Config
	mistakes  mistakes
	settings  settings           // what defaults: gives
	sources   map[string]entryAt // networks, gateways and services by name
	providers map[string]bool    // by name
	prefixes  []prefixAt         // of all networks
	files     map[string]*source // by name
	linked    []linkedRegion     // regions, to be led to their domains
}

// entryAt is what a sender's name stands for, and where that is listed.
type entryAt struct {
	source Source
	at     position
}

// sections are the values of a configuration's keys, each in the order of the
// files.
type sections struct {
	defaults, networks, gateways, services, domains, providers []value
}

var topFields = []field[*sections]{
	section("defaults", func(s *sections) *[]value { return &s.defaults }),
	section("networks", func(s *sections) *[]value { return &s.networks }),
	section("gateways", func(s *sections) *[]value { return &s.gateways }),
	section("services", func(s *sections) *[]value { return &s.services }),
	section("domains", func(s *sections) *[]value { return &s.domains }),
	section("providers", func(s *sections) *[]value { return &s.providers }),
}

// section is the field of a section, which may stand there with nothing in it.
func section(key string, of func(*sections) *[]value) field[*sections] {
	return field[*sections]{key, func(l *loader, v value, s *sections) {
		if !v.isNull() {
			*of(s) = append(*of(s), v)
		}
	}}
}

// fail notes a mistake.
func (l *loader) fail(at position, format string, args ...any) {
	l.mistakes.add(at, fmt.Sprintf(format, args...), nil)
}

// failNear notes a mistake whose text ends in the candidate nearest to what
// was written, where one is near.
func (l *loader) failNear(at position, written string, candidates func() []string, format string, args ...any) {
	l.mistakes.add(at, fmt.Sprintf(format, args...), func() string { return spelling.DidYouMean(written, candidates()) })
}
