package main

import (
	"github.com/spfzone/spfzone/builder"
)

// buildDocument is what build prints as JSON.
type buildDocument = buildDocumentOf[domainDocument]

// buildDocumentOf has the domains, or their text: of many domains that is all
// that is kept.
type buildDocumentOf[D any] struct {
	Version int            `json:"version"`
	Domains []D            `json:"domains"`
	Files   []fileDocument `json:"files,omitempty"`
}

// domainDocument is a domain that was built, or the error for which it was
// not.
type domainDocument struct {
	Domain    string             `json:"domain"`
	Zone      string             `json:"zone"`
	Equal     bool               `json:"equal"`
	Error     *refusalDocument   `json:"error,omitempty"`
	Records   []recordDocument   `json:"records,omitempty"`
	Lists     []listDocument     `json:"lists,omitempty"`
	Lookups   *countDocument     `json:"lookups,omitempty"`
	Voids     *countDocument     `json:"voids,omitempty"`
	Parts     *partsDocument     `json:"parts,omitempty"`
	Queries   *queriesDocument   `json:"queries,omitempty"`
	Flattened []decidedInclusion `json:"flattened,omitzero"`
	Kept      []decidedInclusion `json:"kept,omitzero"`
	Notes     []string           `json:"notes,omitempty"`
}

// refusalDocument is why a domain was not built.
type refusalDocument struct {
	Kind    builder.RefusalKind `json:"kind"`
	Message string              `json:"message"`
	Sources []entryDocument     `json:"sources,omitempty"`
}

// recordDocument is a record to publish.
type recordDocument struct {
	Name          string                `json:"name"`
	Type          string                `json:"type"`
	TTL           int64                 `json:"ttl"`
	Text          string                `json:"text"`
	Strings       []string              `json:"strings"`
	ResponseBytes int                   `json:"response_bytes"`
	About         string                `json:"about"`
	Terms         []sourcedTermDocument `json:"terms"`
}

// sourcedTermDocument is a term with the entries behind it.
type sourcedTermDocument struct {
	Text    string          `json:"text"`
	Sources []entryDocument `json:"sources,omitempty"`
}

// listDocument is an address list: names that all have one A record.
type listDocument struct {
	Name    string          `json:"name"`
	Address string          `json:"address"`
	TTL     int64           `json:"ttl"`
	Owners  []string        `json:"owners"`
	Sources []entryDocument `json:"sources,omitempty"`
}

// partsDocument counts the parts of a split record.
type partsDocument struct {
	Count      int `json:"count"`
	LowerBound int `json:"lower_bound"`
}

// queriesDocument is the DNS queries of an average message.
type queriesDocument struct {
	Listed float64 `json:"listed"`
	Built  float64 `json:"built"`
}

func newDomainDocument(p *builder.DomainPlan) domainDocument {
	d := domainDocument{Domain: trimDot(p.Domain.Name), Zone: p.Domain.Zone, Notes: p.Notes}
	if p.Err != nil {
		d.Error = &refusalDocument{p.Err.Kind, p.Err.Msg, entryDocuments(p.Err.Sources)}
		return d
	}
	d.Equal = true // a plan whose proof fails is refused
	d.Lookups = &countDocument{p.Lookups.Worst, p.Lookups.Limit}
	d.Voids = &countDocument{p.Voids.Worst, p.Voids.Limit}
	d.Parts = &partsDocument{p.Parts.Count, p.Parts.LowerBound}
	if p.Queries != (builder.Queries{}) {
		d.Queries = &queriesDocument{p.Queries.Listed, p.Queries.Built}
	}
	d.Flattened, d.Kept = decidedInclusions(p.Flattened), decidedInclusions(p.Kept)
	for _, r := range p.Records {
		terms := make([]sourcedTermDocument, len(r.Terms))
		for i, t := range r.Terms {
			terms[i] = sourcedTermDocument{t.Text, entryDocuments(t.Sources)}
		}
		d.Records = append(d.Records, recordDocument{
			r.Name, "TXT", int64(r.TTL.Seconds()), r.Text, r.Strings, r.ResponseBytes, r.About, terms,
		})
	}
	for _, l := range p.Lists {
		d.Lists = append(d.Lists, listDocument{l.Name, listedAddress.String(), int64(l.TTL.Seconds()), l.Owners, entryDocuments(l.Sources)})
	}
	return d
}
