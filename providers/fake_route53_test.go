package providers

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/spfzone/spfzone/providers/txt"
)

// testRSAKey is a key in PEM form.
var testRSAKey = sync.OnceValue(func() string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
})

// asOctal is how Route 53 keeps a record.
func asOctal(r txt.Record) string {
	var parts []string
	for _, s := range r.Strings {
		var b strings.Builder
		for i := 0; i < len(s); i++ {
			switch c := s[i]; {
			case c == '"' || c == '\\':
				b.WriteString(`\` + string(c))
			case c < ' ' || c > '~':
				fmt.Fprintf(&b, `\%03o`, c)
			default:
				b.WriteByte(c)
			}
		}
		parts = append(parts, `"`+b.String()+`"`)
	}
	return strings.Join(parts, " ")
}

// wireOctal is its inverse, by way of the decimal form.
func wireOctal(content string) txt.Record {
	var b strings.Builder
	for i := 0; i < len(content); i++ {
		var c byte
		if n, _ := fmt.Sscanf(content[i:min(i+4, len(content))], `\%03o`, &c); n == 1 {
			fmt.Fprintf(&b, `\%03d`, c)
			i += 3
			continue
		}
		b.WriteByte(content[i])
		if content[i] == '\\' {
			i++
			b.WriteByte(content[i])
		}
	}
	return wireQuoted(b.String())
}

// inOrder gives a name by which the API sorts: its labels from the last to the
// first.
func inOrder(name string) string {
	labels := strings.Split(strings.ReplaceAll(strings.TrimSuffix(name, "."), `\052`, "*"), ".")
	slices.Reverse(labels)
	return strings.Join(labels, "\x00") + "\x00"
}

func fakeRoute53(s *store) http.Handler {
	type value struct{ Value string }
	type set struct {
		Name            string
		Type            string
		TTL             int
		ResourceRecords struct{ ResourceRecord []value }
	}
	type batch struct {
		ChangeBatch struct {
			Changes struct {
				Change []struct {
					Action            string
					ResourceRecordSet set
				}
			}
		}
	}
	of := func(r rrsetOf) (out set) {
		out.Name, out.Type, out.TTL = entry{name: r.name}.full()+".", r.rrtype, r.ttl
		for _, c := range r.contents {
			out.ResourceRecords.ResourceRecord = append(out.ResourceRecords.ResourceRecord, value{c})
		}
		return out
	}
	answer := func(w http.ResponseWriter, root, inner string) {
		fmt.Fprintf(w, `<?xml version="1.0"?><%[1]s xmlns="https://route53.amazonaws.com/doc/2013-04-01/">%[2]s</%[1]s>`, root, inner)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2013-04-01/hostedzonesbyname", func(w http.ResponseWriter, r *http.Request) {
		zone := func(id, name, private string) string {
			return "<HostedZone><Id>/hostedzone/" + id + "</Id><Name>" + name + "</Name><CallerReference>c</CallerReference><Config><PrivateZone>" + private + "</PrivateZone></Config></HostedZone>"
		}
		answer(w, "ListHostedZonesByNameResponse", "<HostedZones>"+zone("Z0", testZone, "true")+zone("Z1", testZone, "false")+zone("Z2", "next.test.", "false")+"</HostedZones><IsTruncated>false</IsTruncated><MaxItems>100</MaxItems>")
	})
	mux.HandleFunc("GET /2013-04-01/hostedzone/Z1/rrset", func(w http.ResponseWriter, r *http.Request) {
		from := inOrder(r.URL.Query().Get("name"))
		var sets []set
		for _, x := range s.sets() { // the list goes on with other names
			if s := of(x); inOrder(s.Name) >= from {
				s.Name = strings.ReplaceAll(s.Name, "*", `\052`)
				sets = append(sets, s)
			}
		}
		slices.SortFunc(sets, func(a, b set) int { return strings.Compare(inOrder(a.Name)+a.Type, inOrder(b.Name)+b.Type) })
		b, err := xml.Marshal(struct {
			XMLName           struct{} `xml:"ResourceRecordSets"`
			ResourceRecordSet []set
		}{ResourceRecordSet: sets})
		if err != nil {
			s.t.Error(err)
		}
		answer(w, "ListResourceRecordSetsResponse", string(b)+"<IsTruncated>false</IsTruncated><MaxItems>300</MaxItems>")
	})
	mux.HandleFunc("POST /2013-04-01/hostedzone/Z1/rrset", func(w http.ResponseWriter, r *http.Request) {
		var b batch
		if err := xml.NewDecoder(r.Body).Decode(&b); err != nil {
			s.t.Error(err)
		}
		before := s.list(nil)
		for _, c := range b.ChangeBatch.Changes.Change {
			in := rrsetOf{name: relativeName(strings.ReplaceAll(c.ResourceRecordSet.Name, `\052`, "*")), rrtype: c.ResourceRecordSet.Type, ttl: c.ResourceRecordSet.TTL}
			for _, v := range c.ResourceRecordSet.ResourceRecords.ResourceRecord {
				in.contents = append(in.contents, v.Value)
			}
			there, why := s.one(in.name, in.rrtype), ""
			switch {
			case c.Action == "CREATE" && there.contents != nil:
				why = "Tried to create resource record set [name='x', type='TXT'] but it already exists"
			case c.Action == "DELETE" && there.contents == nil:
				why = "Tried to delete resource record set [name='x', type='TXT'] but it was not found"
			case c.Action == "DELETE" && (there.ttl != in.ttl || !slices.Equal(there.contents, in.contents)):
				why = "Tried to delete resource record set [name='x', type='TXT'] but the values provided do not match the current values"
			case c.Action == "DELETE":
				s.remove(ofSet(in.name, in.rrtype))
			default:
				s.put(in)
			}
			if why != "" {
				s.mu.Lock()
				s.entries = before
				s.mu.Unlock()
				w.WriteHeader(400)
				answer(w, "InvalidChangeBatch", "<Messages><Message>"+why+"</Message></Messages>")
				return
			}
		}
		answer(w, "ChangeResourceRecordSetsResponse", "<ChangeInfo><Id>/change/C1</Id><Status>INSYNC</Status><SubmittedAt>2026-11-24T00:00:00Z</SubmittedAt></ChangeInfo>")
	})
	return mux
}
