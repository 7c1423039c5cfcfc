package builder

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/spfzone/spfzone/spf"
)

// lockVersion is that of the form in which locks are written.
const lockVersion = 1

// The lines of a lock file, which is a JSON object in three lists: each item is
// a line, and lines are sorted, so that a change in the DNS is a change of the
// lines that it concerns.
type (
	// sourceLine is a service, a gateway or a term of the configuration.
	sourceLine struct {
		Name     string   `json:"name"`
		Term     string   `json:"term"`              // whose policy is what the source passes
		Domain   string   `json:"domain,omitempty"`  // that asks, where that makes a difference
		Owner    string   `json:"owner,omitempty"`   //
		Ticket   string   `json:"ticket,omitempty"`  //
		Expires  string   `json:"expires,omitempty"` // a date
		Comment  string   `json:"comment,omitempty"` //
		Prefixes int      `json:"prefixes"`          // that pass
		Since    string   `json:"since"`             // from when on all changes are known
		Kept     string   `json:"kept,omitempty"`    // since when its former answers are kept, as it cannot be evaluated
		Changes  []string `json:"changes,omitempty"` // "TIME +GAINED -LOST of IPV4 IPV6 accepted", the last three where they are known or so
	}

	// answerLine is the answer to a question. One of TXT, Addresses, MX, PTR
	// and None is there.
	answerLine struct {
		Name      string     `json:"name"`
		Type      string     `json:"type"`
		Alias     string     `json:"alias,omitempty"` // where the CNAME at the name leads
		TXT       [][]string `json:"txt,omitempty"`   // the strings of each record
		Addresses []string   `json:"addresses,omitempty"`
		MX        []string   `json:"mx,omitempty"` // "PREFERENCE HOST"
		PTR       []string   `json:"ptr,omitempty"`
		None      string     `json:"none,omitempty"` // "nxdomain" or "nodata"
		TTL       *int64     `json:"ttl,omitempty"`  // in seconds; absent if it does not expire
		Since     string     `json:"since"`          // when it was first seen
		For       []string   `json:"for,omitempty"`  // the sources that lead to the question
	}

	// spareLine is the names for parts of a record.
	spareLine struct {
		Owner string `json:"owner"`
		Names string `json:"names"` // their pattern
		Last  int    `json:"last"`  // those up to this number do not exist unless they have an answer
	}
)

const (
	noneNXDomain = "nxdomain"
	noneNoData   = "nodata"
)

// Encode gives the octets of the lock file. Locks with the same content have
// the same octets.
func (l *Lock) Encode() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\"version\":%d", lockVersion)
	writeLines(&b, "sources", l.sources, func(s lockedSource) any { return s.line() })
	writeLines(&b, "answers", slices.SortedFunc(maps.Keys(l.answers), compareQuestions), func(q question) any { return l.answers[q].line(q) })
	writeLines(&b, "parts", slices.SortedFunc(maps.Keys(l.spares), compareNames), func(owner string) any { return l.spares[owner].line(owner) })
	b.WriteString("}\n")
	return b.Bytes()
}

func writeLines[T any](b *bytes.Buffer, key string, items []T, line func(T) any) {
	fmt.Fprintf(b, ",\n%q:[\n", key)
	for i, it := range items {
		if i > 0 {
			b.WriteString(",\n")
		}
		b.Write(encodeLine(line(it)))
	}
	if len(items) > 0 {
		b.WriteByte('\n')
	}
	b.WriteByte(']')
}

// encodeLine gives a line as it stands in the file.
func encodeLine(line any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(line); err != nil {
		panic(err) // a line is strings and numbers
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

func (a *lockedAnswer) line(q question) answerLine {
	line := answerLine{Name: escape(q.name), Type: q.typ, Alias: escape(a.alias), Since: stamp(a.since), For: a.of}
	for _, txt := range a.txt {
		line.TXT = append(line.TXT, mapped(txt, escape))
	}
	for _, ip := range a.addrs {
		line.Addresses = append(line.Addresses, ip.String())
	}
	for _, mx := range a.mx {
		line.MX = append(line.MX, fmt.Sprintf("%d %s", mx.Preference, escape(mx.Host)))
	}
	line.PTR = mapped(a.ptr, escape)
	switch {
	case a.nxdomain:
		line.None = noneNXDomain
	case a.empty():
		line.None = noneNoData
	}
	if a.ttl != spf.Forever {
		seconds := int64(a.ttl / time.Second)
		line.TTL = &seconds
	}
	return line
}

// mapped gives nil for an empty list.
func mapped(list []string, f func(string) string) []string {
	var out []string
	for _, s := range list {
		out = append(out, f(s))
	}
	return out
}

func (s spare) line(owner string) spareLine { return spareLine{escape(owner), s.pattern, s.last} }

// stamp writes a time.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// sort puts the records of an answer into the order in which a lock has them:
// the order in which servers give them means nothing.
func (a *lockedAnswer) sort() {
	slices.SortFunc(a.txt, func(x, y spf.TXT) int { return slices.Compare(x, y) })
	slices.SortFunc(a.addrs, netip.Addr.Compare)
	slices.SortFunc(a.mx, compareExchanges)
	slices.Sort(a.ptr)
}

func compareExchanges(a, b spf.MailExchange) int {
	return cmp.Or(cmp.Compare(a.Preference, b.Preference), cmp.Compare(a.Host, b.Host))
}
