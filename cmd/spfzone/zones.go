package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"slices"
	"strings"

	"github.com/spfzone/spfzone/builder"
	"github.com/spfzone/spfzone/zonefile"
)

// zone is the domains of one zone.
type zone struct {
	name    string // canonical
	origin  string // absolute, in the letter case of the configuration
	domains []*builder.DomainPlan
}

// refused reports whether a domain of the zone was not built.
func (z *zone) refused() bool {
	return slices.ContainsFunc(z.domains, func(d *builder.DomainPlan) bool { return d.Err != nil })
}

// fragment gives the zone-file fragment of the zone. It is the same for the
// same records.
func (z *zone) fragment() ([]byte, error) {
	f := zonefile.Fragment{Origin: z.origin, Header: []string{
		headerBefore + trimDot(z.name) + headerBehind,
		"Edits to this text are lost when it is built again: edit the configuration.",
	}}
	for _, d := range z.domains {
		for i := range d.Records {
			f.Records = append(f.Records, zoneRecord(d, &d.Records[i]))
		}
		for i := range d.Lists {
			f.Records = append(f.Records, listRecords(&d.Lists[i])...)
		}
	}
	var b bytes.Buffer
	if err := zonefile.Write(&b, f); err != nil {
		return nil, fmt.Errorf("the zone %s: %w", trimDot(z.name), err)
	}
	return b.Bytes(), nil
}

// zoneRecord is a record with comments that say what it is, what it costs and
// which entry is behind each of its terms.
func zoneRecord(d *builder.DomainPlan, r *builder.Record) zonefile.Record {
	about := fmt.Sprintf("%s: %s, %d octets in a response", trimDot(r.Name), r.About, r.ResponseBytes)
	if r.Name == d.Domain.Name {
		about += fmt.Sprintf(", %d of %d lookups, %d of %d voids", d.Lookups.Worst, d.Lookups.Limit, d.Voids.Worst, d.Voids.Limit)
	}
	comments := []string{"", about}
	if r.Name == d.Domain.Name {
		if d.Queries != (builder.Queries{}) {
			comments = append(comments, "  queries: "+queriesText(d.Queries))
		}
	}
	for _, f := range d.Flattened {
		if f.In == r.Name || f.In == "" && r.Name == d.Domain.Name {
			comments = append(comments, "  flattened "+flattenedText(f))
		}
	}
	for _, run := range runsOf(r.Terms) {
		comments = append(comments, "  "+run)
	}
	return zonefile.Record{Name: r.Name, TTL: uint32(r.TTL.Seconds()), Strings: r.Strings, Comments: comments}
}

// queriesText says what a message costs in the DNS.
func queriesText(q builder.Queries) string {
	return fmt.Sprintf("%.1f a message on average, %.1f as listed", q.Built, q.Listed)
}

// flattenedText says what was flattened, and why.
func flattenedText(d builder.Decision) string {
	into := ""
	if d.Prefixes > 0 {
		into = " into " + counted(d.Prefixes, "prefix", "prefixes")
	}
	return trimDot(d.Include) + into + ": " + printable(d.Why)
}

// listedAddress is what the names of an address list have (RFC 5782, Section
// 2.1).
var listedAddress = netip.AddrFrom4([4]byte{127, 0, 0, 2})

// listRecords gives the names of an address list.
func listRecords(l *builder.AddressList) []zonefile.Record {
	comments := []string{"", fmt.Sprintf("%s: the addresses that exists:%%{ir}.%%{v}.%s asks for", trimDot(l.Name), trimDot(l.Name))}
	for _, text := range entryTexts("", l.Sources) {
		comments = append(comments, "  "+text)
	}
	records := make([]zonefile.Record, len(l.Owners))
	for i, owner := range l.Owners {
		records[i] = zonefile.Record{Name: owner, TTL: uint32(l.TTL.Seconds()), Address: listedAddress}
	}
	if len(records) > 0 {
		records[0].Comments = comments
	}
	return records
}

// runsOf says of the terms which entries are behind them, terms in a row with
// the same entries together.
func runsOf(terms []builder.Published) []string {
	var lines []string
	for i := 0; i < len(terms); {
		run := 1
		for i+run < len(terms) && sameEntries(terms[i].Sources, terms[i+run].Sources) {
			run++
		}
		if text := runText(terms[i : i+run]); text != "" {
			lines = append(lines, text)
		}
		i += run
	}
	return lines
}

func sameEntries(a, b []*builder.Entry) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// runText gives nothing for terms that say of themselves all that is known.
func runText(terms []builder.Published) string {
	entries := entryTexts(terms[0].Text, terms[0].Sources)
	if len(entries) == 0 {
		return ""
	}
	text := terms[0].Text
	if n := len(terms); n > 1 {
		text = fmt.Sprintf("%s to %s (%d terms)", text, terms[n-1].Text, n)
	}
	return text + ": " + strings.Join(entries, "; ")
}

// fileName gives the name of the zone's file. What is neither letter, digit,
// hyphen, underscore nor dot in the zone's name becomes %XX, so that no name
// leads out of the folder.
func (z *zone) fileName(format string) string {
	var b strings.Builder
	for _, c := range []byte(strings.TrimSuffix(z.name, ".")) {
		switch {
		case 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String() + "." + format
}

// fileDocument is a file that was written, in JSON.
type fileDocument struct {
	Zone    string `json:"zone"`
	Path    string `json:"path"`
	Changed bool   `json:"changed"`
}

func (f fileDocument) state() string {
	if f.Changed {
		return "written"
	}
	return "unchanged"
}

// notWritten says which files are as they were.
func notWritten(files []fileDocument, err error) error {
	var file *fs.PathError
	if errors.As(err, &file) && file.Path == files[0].Path {
		err = file.Err // which is said with the path already
	}
	if errors.Is(err, fs.ErrPermission) || len(files) == 1 {
		return fmt.Errorf("%s is not written: %w", files[0].Path, err)
	}
	return fmt.Errorf("%s and %s are not written: %w", files[0].Path, counted(len(files)-1, "file more", "files more"), err)
}

// content gives what the zone's file holds.
func (z *zone) content(format string) ([]byte, error) {
	if format == formatZone {
		return z.fragment()
	}
	var b bytes.Buffer
	document := buildDocument{Version: 1}
	for _, d := range z.domains {
		document.Domains = append(document.Domains, newDomainDocument(d))
	}
	err := encodeJSON(&b, document)
	return b.Bytes(), err
}
