package builder

import (
	"fmt"
	"strings"
	"time"

	"github.com/spfzone/spfzone/spf"
)

// settings are what defaults: may give, and a domain otherwise.
type settings struct {
	ttl      time.Duration
	all      *spf.Qualifier // nil where none is given
	limits   Limits
	split    Split
	encoding Encoding
	strategy Strategy
}

// settingFields are the defaults that an operator may set.
var settingFields = []field[*settings]{
	{"ttl", func(l *loader, v value, s *settings) { s.ttl = l.ttl(v) }},
	{"all", func(l *loader, v value, s *settings) { s.all = l.all(v) }},
	{"limits", func(l *loader, v value, s *settings) { readFields(l, v, "limits", limitFields, &s.limits) }},
	{"split", func(l *loader, v value, s *settings) {
		readFields(l, v, "split", splitFields, &s.split)
		if s.split.By == SplitByRegion {
			l.fail(v.at(), "a split by region is no default: each domain that lists regions has it")
			s.split.By = SplitBySize
		}
	}},
	{"encoding", func(l *loader, v value, s *settings) { s.encoding = l.encoding(v) }},
	{"strategy", func(l *loader, v value, s *settings) { s.strategy = l.strategy(v) }},
}

var limitFields = []field[*Limits]{
	{"lookups", func(l *loader, v value, to *Limits) { l.limit(v, &to.Lookups, 1, 10) }},
	{"reserve", func(l *loader, v value, to *Limits) { l.limit(v, &to.Reserve, 0, 9) }},
	{"voids", func(l *loader, v value, to *Limits) { l.limit(v, &to.Voids, 0, 2) }},
	{"response", func(l *loader, v value, to *Limits) { l.limit(v, &to.Response, 128, 65535) }},
	{"record", func(l *loader, v value, to *Limits) { l.recordLimit(v, &to.Record) }},
}

var splitFields = []field[*Split]{
	{"by", func(l *loader, v value, to *Split) {
		i, _ := l.word(v, SplitBySize.String(), SplitByNetwork.String(), SplitByRegion.String())
		to.By = SplitBy(i)
	}},
	{"names", func(l *loader, v value, to *Split) { l.partNames(v, to) }},
}

// defaults reads the defaults over those of the program.
func (l *loader) defaults(values []value) {
	l.settings = settings{
		ttl:    time.Hour,
		limits: Limits{Lookups: 10, Voids: 2, Response: 512},
		split:  Split{Names: "part%d"},
	}
	seen := make([]position, len(settingFields))
	for _, v := range values {
		readFieldsOnce(l, v, "defaults", settingFields, seen, &l.settings)
	}
}

func (l *loader) ttl(v value) time.Duration {
	const what = "a TTL such as 3600, 1h, 1h30m or 1d, of whole seconds up to 2147483647"
	text, ok := l.scalar(v, what)
	if !ok {
		return 0
	}
	ttl, ok := parseTTL(text)
	if !ok {
		l.wanted(v, what)
	}
	return ttl
}

func (l *loader) encoding(v value) Encoding {
	i, _ := l.word(v, EncodingPlain.String(), EncodingCompact.String())
	return Encoding(i)
}

func (l *loader) strategy(v value) Strategy {
	i, _ := l.word(v, StrategyTerms.String(), StrategyExists.String())
	return Strategy(i)
}

// all reads how a record ends.
func (l *loader) all(v value) *spf.Qualifier {
	if v.isScalar() && v.node.Value == "pass" {
		l.fail(v.at(), "all: pass authorises every host on the Internet: write fail, softfail or neutral")
		return new(spf.Qualifier)
	}
	i, _ := l.word(v, "fail", "softfail", "neutral")
	q := [...]spf.Qualifier{spf.QFail, spf.QSoftFail, spf.QNeutral}[i]
	return &q
}

func (l *loader) limit(v value, to *int, least, most int) {
	n, ok := v.integer()
	if !ok || n < least || n > most {
		l.wanted(v, fmt.Sprintf("a whole number from %d to %d", least, most))
		return
	}
	*to = n
}

// recordLimit reads a limit that 0 takes away.
func (l *loader) recordLimit(v value, to *int) {
	if n, ok := v.integer(); ok && (n == 0 || 32 <= n && n <= 65535) {
		*to = n
		return
	}
	l.wanted(v, "0 for no limit, or a whole number from 32 to 65535")
}

// partNames reads the pattern of the parts' names.
func (l *loader) partNames(v value, to *Split) {
	text, ok := l.scalar(v, "a pattern for names such as part%d")
	if !ok {
		return
	}
	name := strings.Replace(text, "%d", "12345", 1)
	if strings.Count(text, "%") != 1 || name == text {
		l.fail(v.at(), "%s: a pattern for names holds %%d once, for the number of the part, and no other percent sign", strQuote(text))
		return
	}
	canonical, msg := hostName(name)
	if msg == "" && strings.HasSuffix(text, ".") {
		msg = "the pattern is relative to the domain: remove the final dot"
	}
	if msg != "" {
		l.fail(v.at(), "%s: %s", strQuote(text), msg)
		return
	}
	to.Names = strings.Replace(trimDot(canonical), "12345", "%d", 1)
}
