// Package route53 reads and replaces TXT RRsets in Amazon Route 53.
//
// A change there is a batch that is carried out whole or not at all, and in
// which deleting an RRset fails unless it is stated exactly as it stands. So an
// RRset is replaced only if it is what was read. The module for libdns reads a
// TXT record in a form from which it cannot be written back: it takes quotes
// off both ends of a text, and forgets the strings. Here, what stays goes back
// exactly as it came.
package route53

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	r53 "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/spfzone/spfzone/providers/secret"
)

// Provider is an account. What is empty comes from where the tools of Amazon
// take it: the environment, the shared configuration, the machine's role.
type Provider struct {
	Region          string      `json:"region,omitempty"`
	Profile         string      `json:"profile,omitempty"`
	AccessKeyID     string      `json:"access_key_id,omitempty"`
	SecretAccessKey secret.Text `json:"secret_access_key,omitzero"`
	SessionToken    secret.Text `json:"session_token,omitzero"`
	// HostedZoneID names the zone, which else is found by its name.
	HostedZoneID string `json:"hosted_zone_id,omitempty"`
	// EndpointURL is another API than Amazon's.
	EndpointURL string `json:"endpoint_url,omitempty"`
	MaxRetries  int    `json:"max_retries,omitempty"` // 5 if 0

	mu     sync.Mutex
	client *r53.Client
	zones  map[string]string // their IDs by name
}

// Check says what is wrong with the fields.
func (p *Provider) Check() error {
	if (p.AccessKeyID == "") != p.SecretAccessKey.IsZero() {
		return errors.New("access_key_id and secret_access_key belong together")
	}
	return nil
}

// api gives the client, made at the first call.
func (p *Provider) api(ctx context.Context) (*r53.Client, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.client != nil {
		return p.client, nil
	}
	tries := p.MaxRetries
	if tries == 0 {
		tries = 5
	}
	options := []func(*config.LoadOptions) error{
		config.WithRetryer(func() aws.Retryer { return retry.AddWithMaxAttempts(retry.NewStandard(), tries) }),
	}
	if p.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(p.Profile))
	}
	if p.Region != "" {
		options = append(options, config.WithRegion(p.Region))
	}
	if p.AccessKeyID != "" {
		options = append(options, config.WithCredentialsProvider(
			credentials.NewStaticCredentialsProvider(p.AccessKeyID, p.SecretAccessKey.Reveal(), p.SessionToken.Reveal())))
	}
	c, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, err
	}
	if c.Region == "" {
		c.Region = "us-east-1" // the service has one place in the world
	}
	p.client = r53.NewFromConfig(c, func(o *r53.Options) {
		if p.EndpointURL != "" {
			o.BaseEndpoint = aws.String(p.EndpointURL)
		}
	})
	return p.client, nil
}

// zone gives the ID of the public hosted zone of a name.
func (p *Provider) zone(ctx context.Context, api *r53.Client, name string) (string, error) {
	if p.HostedZoneID != "" {
		return p.HostedZoneID, nil
	}
	name = strings.ToLower(name)
	p.mu.Lock()
	id, ok := p.zones[name]
	p.mu.Unlock()
	if ok {
		return id, nil
	}
	found, err := publicZones(ctx, api, name)
	switch {
	case err != nil:
		return "", err
	case len(found) == 0:
		return "", fmt.Errorf("the account has no public hosted zone %s", name)
	case len(found) > 1:
		return "", fmt.Errorf("the account has %d public hosted zones %s: say which by hosted_zone_id", len(found), name)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.zones == nil {
		p.zones = map[string]string{}
	}
	p.zones[name] = found[0]
	return found[0], nil
}

// publicZones gives the IDs of the public hosted zones of a name, which the
// API lists from the name on.
func publicZones(ctx context.Context, api *r53.Client, name string) (ids []string, err error) {
	in := &r53.ListHostedZonesByNameInput{DNSName: aws.String(name)}
	for {
		out, err := api.ListHostedZonesByName(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, z := range out.HostedZones {
			if !strings.EqualFold(aws.ToString(z.Name), name) {
				return ids, nil
			}
			if z.Config == nil || !z.Config.PrivateZone {
				ids = append(ids, strings.TrimPrefix(aws.ToString(z.Id), "/hostedzone/"))
			}
		}
		if !out.IsTruncated {
			return ids, nil
		}
		in.DNSName, in.HostedZoneId = out.NextDNSName, out.NextHostedZoneId
	}
}

// sets gives the RRsets of a name.
func (p *Provider) sets(ctx context.Context, api *r53.Client, id, name string) (sets []types.ResourceRecordSet, err error) {
	in := &r53.ListResourceRecordSetsInput{HostedZoneId: aws.String(id), StartRecordName: aws.String(name)}
	for {
		out, err := api.ListResourceRecordSets(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, s := range out.ResourceRecordSets {
			if !strings.EqualFold(unescapeName(aws.ToString(s.Name)), name) {
				return sets, nil
			}
			sets = append(sets, s)
		}
		if !out.IsTruncated {
			return sets, nil
		}
		in.StartRecordName, in.StartRecordType, in.StartRecordIdentifier = out.NextRecordName, out.NextRecordType, out.NextRecordIdentifier
	}
}
