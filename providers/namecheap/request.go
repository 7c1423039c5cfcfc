package namecheap

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

const defaultEndpoint = "https://api.namecheap.com/xml.response"

// mostAnswer bounds what is read of an answer.
const mostAnswer = 1 << 26

// answer is the API's, to either request.
type answer struct {
	Status string `xml:"Status,attr"`
	Errors []struct {
		Number string `xml:"Number,attr"`
		Text   string `xml:",chardata"`
	} `xml:"Errors>Error"`
	Read    *zone `xml:"CommandResponse>DomainDNSGetHostsResult"`
	Written *struct {
		Success bool `xml:"IsSuccess,attr"`
	} `xml:"CommandResponse>DomainDNSSetHostsResult"`
}

func (p *Provider) read(ctx context.Context, name string) (zone, error) {
	a, err := p.request(ctx, "namecheap.domains.dns.getHosts", name, nil)
	if err != nil {
		return zone{}, err
	}
	if a.Read == nil {
		return zone{}, errors.New("the answer of Namecheap has no zone")
	}
	return *a.Read, nil
}

func (p *Provider) write(ctx context.Context, name string, z zone) error {
	v := url.Values{"EmailType": {z.EmailType}}
	for i, h := range z.Hosts {
		n := strconv.Itoa(i + 1)
		v.Set("HostName"+n, h.Name)
		v.Set("RecordType"+n, h.Type)
		v.Set("Address"+n, h.Address)
		v.Set("TTL"+n, strconv.Itoa(h.TTL))
		if h.Type == "MX" {
			v.Set("MXPref"+n, h.MXPref)
		}
	}
	a, err := p.request(ctx, "namecheap.domains.dns.setHosts", name, v)
	if err != nil {
		return err
	}
	if a.Written == nil || !a.Written.Success {
		return errors.New("the API of Namecheap does not say that the zone is written")
	}
	return nil
}

// request does one. A zone is a registered domain, so that its first label is
// what Namecheap calls the second-level domain.
func (p *Provider) request(ctx context.Context, command, name string, v url.Values) (answer, error) {
	sld, tld, ok := strings.Cut(strings.TrimSuffix(name, "."), ".")
	if !ok {
		return answer{}, fmt.Errorf("%s is no domain below another", name)
	}
	if v == nil {
		v = url.Values{}
	}
	for key, value := range map[string]string{
		"ApiUser": p.User, "UserName": p.User, "ApiKey": p.APIKey.Reveal(), "ClientIp": p.ClientIP,
		"Command": command, "SLD": sld, "TLD": tld,
	} {
		v.Set(key, value)
	}
	address := p.APIEndpoint
	if address == "" {
		address = defaultEndpoint
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(v.Encode()))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer))
	if err != nil {
		return answer{}, err
	}
	var a answer
	if err := xml.Unmarshal(text, &a); err != nil {
		return answer{}, fmt.Errorf("the answer, with the status %s, is not what the API of Namecheap gives: %w", resp.Status, err)
	}
	if len(a.Errors) > 0 {
		return answer{}, fmt.Errorf("the API of Namecheap answers %s: %s", a.Errors[0].Number, strings.TrimSpace(a.Errors[0].Text))
	}
	if a.Status != "OK" {
		return answer{}, fmt.Errorf("the API of Namecheap answers with the status %q", a.Status)
	}
	return a, nil
}
