package route53

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/spfzone/spfzone/providers/secret"
	"github.com/spfzone/spfzone/providers/txt"
)

func rec(s ...string) txt.Record { return txt.Record{Strings: s} }

func TestParse(t *testing.T) {
	tests := []struct {
		in   string
		want txt.Record
		err  string
	}{
		{`"v=spf1 -all"`, rec("v=spf1 -all"), ""},
		{`"a" "b"`, rec("a", "b"), ""},
		{`"h\303\251 \"\\ \000\377"`, rec("hé \"\\ \x00\xff"), ""},
		{`"\400"`, rec(), `"\" with neither an octet nor \DDD up to \255, at octet 2`},
		{`v=spf1`, rec(), `no quote before a string, at octet 1`},
	}
	for _, tt := range tests {
		got, err := parse(tt.in)
		if (err != nil || tt.err != "") && (err == nil || err.Error() != tt.err) {
			t.Errorf("%s: error %v, want %s", tt.in, err, tt.err)
		}
		if !got.Equal(tt.want) {
			t.Errorf("%s: got %q, want %q", tt.in, got.Strings, tt.want.Strings)
		}
	}
}

func FuzzQuote(f *testing.F) {
	f.Add("v=spf1 -all", "")
	f.Add("a\"b\\c;d\x00\x7f\xffé\n123", `\`)
	f.Fuzz(func(t *testing.T, a, b string) {
		r := rec(txt.Chunk(a).Strings[0], txt.Chunk(b).Strings[0])
		if got, err := parse(quote(r)); err != nil || !got.Equal(r) {
			t.Errorf("%q became %s, which is read as %q, %v", r.Strings, quote(r), got.Strings, err)
		}
	})
}

func TestUnescapeName(t *testing.T) {
	if got := unescapeName(`\052.x.com.`); got != "*.x.com." {
		t.Errorf("got %s", got)
	}
}

// serve answers lists of zones and RRsets.
func serve(t *testing.T, zones, sets string) *Provider {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/hostedzonesbyname") {
			fmt.Fprintf(w, `<ListHostedZonesByNameResponse><HostedZones>%s</HostedZones><IsTruncated>false</IsTruncated></ListHostedZonesByNameResponse>`, zones)
			return
		}
		fmt.Fprintf(w, `<ListResourceRecordSetsResponse><ResourceRecordSets>%s</ResourceRecordSets><IsTruncated>false</IsTruncated></ListResourceRecordSetsResponse>`, sets)
	}))
	t.Cleanup(s.Close)
	return &Provider{AccessKeyID: "k", SecretAccessKey: secret.New("s"), EndpointURL: s.URL}
}

func zone(id, name string, private bool) string {
	return fmt.Sprintf("<HostedZone><Id>/hostedzone/%s</Id><Name>%s</Name><CallerReference>c</CallerReference><Config><PrivateZone>%v</PrivateZone></Config></HostedZone>", id, name, private)
}

func TestReadTXT(t *testing.T) {
	one := zone("Z1", "x.com.", false)
	record := func(name, rrtype, inner string) string {
		return "<ResourceRecordSet><Name>" + name + "</Name><Type>" + rrtype + "</Type>" + inner + "</ResourceRecordSet>"
	}
	spf := `<TTL>300</TTL><ResourceRecords><ResourceRecord><Value>"v=spf1 -all"</Value></ResourceRecord></ResourceRecords>`
	tests := []struct {
		name, zones, sets string
		want              txt.RRset
		err               string
	}{
		{"there", one, record("x.com.", "MX", "<TTL>1</TTL>") + record("x.com.", "TXT", spf), txt.RRset{TTL: 300, Records: []txt.Record{rec("v=spf1 -all")}}, ""},
		{"the list goes on", one, record("y.x.com.", "TXT", spf), txt.RRset{}, ""},
		{"an alias", one, record("x.com.", "CNAME", spf), txt.RRset{}, "the change cannot be made safely: x.com. is an alias (CNAME), beside which no TXT record can stand"},
		{"a routing policy", one, record("x.com.", "TXT", "<SetIdentifier>eu</SetIdentifier><Weight>1</Weight>"+spf), txt.RRset{}, "the change cannot be made safely: the TXT records of x.com. have a routing policy, which stays in the hands of who made it"},
		{"no zone", zone("Z1", "y.com.", false), "", txt.RRset{}, "the account has no public hosted zone x.com."},
		{"a private zone", zone("Z1", "x.com.", true), "", txt.RRset{}, "the account has no public hosted zone x.com."},
		{"two zones", one + zone("Z2", "x.com.", false), "", txt.RRset{}, "the account has 2 public hosted zones x.com.: say which by hosted_zone_id"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := serve(t, tt.zones, tt.sets).ReadTXT(t.Context(), "x.com.", "x.com.")
			if (err != nil || tt.err != "") && (err == nil || err.Error() != tt.err) {
				t.Fatalf("error %v, want %s", err, tt.err)
			}
			if !got.Equal(tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestConflict(t *testing.T) {
	tests := []struct {
		message string
		want    bool
	}{
		{"Tried to delete resource record set [name='x.com.', type='TXT'] but it was not found", true},
		{"Tried to delete resource record set [name='x.com.', type='TXT'] but the values provided do not match the current values", true},
		{"Tried to create resource record set [name='x.com.', type='TXT'] but it already exists", true},
		{"Invalid Resource Record: 'FATAL problem: TXTRDATATooLong'", false},
	}
	for _, tt := range tests {
		err := conflict(&types.InvalidChangeBatch{Messages: []string{tt.message}, Message: aws.String("x")})
		if errors.Is(err, txt.ErrConflict) != tt.want {
			t.Errorf("%s: %v", tt.message, err)
		}
	}
}
