package route53

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	r53 "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/spfzone/spfzone/providers/txt"
)

// ReadTXT gives the TXT RRset of a name. Zone and name are absolute.
func (p *Provider) ReadTXT(ctx context.Context, zone, name string) (txt.RRset, error) {
	_, _, set, err := p.find(ctx, zone, name)
	if err != nil || set == nil {
		return txt.RRset{}, err
	}
	return read(*set)
}

// find gives the RRset as it stands, or nil.
func (p *Provider) find(ctx context.Context, zone, name string) (*r53.Client, string, *types.ResourceRecordSet, error) {
	api, err := p.api(ctx)
	if err != nil {
		return nil, "", nil, err
	}
	id, err := p.zone(ctx, api, zone)
	if err != nil {
		return nil, "", nil, err
	}
	sets, err := p.sets(ctx, api, id, name)
	if err != nil {
		return nil, "", nil, err
	}
	var found *types.ResourceRecordSet
	for i, s := range sets {
		switch {
		case s.Type == types.RRTypeCname:
			return nil, "", nil, fmt.Errorf("%w: %s is an alias (CNAME), beside which no TXT record can stand", txt.ErrUnsafe, name)
		case s.Type != types.RRTypeTxt:
		case s.SetIdentifier != nil || s.AliasTarget != nil || s.HealthCheckId != nil || s.TTL == nil:
			return nil, "", nil, fmt.Errorf("%w: the TXT records of %s have a routing policy, which stays in the hands of who made it", txt.ErrUnsafe, name)
		default:
			found = &sets[i]
		}
	}
	return api, id, found, nil
}

func read(s types.ResourceRecordSet) (txt.RRset, error) {
	out := txt.RRset{TTL: uint32(aws.ToInt64(s.TTL))}
	for _, r := range s.ResourceRecords {
		parsed, err := parse(aws.ToString(r.Value))
		if err != nil {
			return txt.RRset{}, fmt.Errorf("the TXT record %s: %w", aws.ToString(r.Value), err)
		}
		out.Records = append(out.Records, parsed)
	}
	return out, nil
}

// ReplaceTXT makes the RRset new of the RRset old in one batch, which fails if
// the RRset is not exactly what was found a moment before, the TTL included.
func (p *Provider) ReplaceTXT(ctx context.Context, zone, name string, old, new txt.RRset) error {
	api, id, standing, err := p.find(ctx, zone, name)
	if err != nil {
		return err
	}
	var now txt.RRset
	if standing != nil {
		if now, err = read(*standing); err != nil {
			return err
		}
	}
	if !now.Equal(old) {
		return txt.ErrConflict
	}
	var changes []types.Change
	if standing != nil {
		changes = append(changes, types.Change{Action: types.ChangeActionDelete, ResourceRecordSet: standing})
	}
	if len(new.Records) > 0 {
		changes = append(changes, types.Change{Action: types.ChangeActionCreate, ResourceRecordSet: write(name, standing, now, new)})
	}
	_, err = api.ChangeResourceRecordSets(ctx, &r53.ChangeResourceRecordSetsInput{
		HostedZoneId: aws.String(id),
		ChangeBatch:  &types.ChangeBatch{Changes: changes},
	})
	return conflict(err)
}

// write gives the RRset new. What stays keeps its spelling.
func write(name string, standing *types.ResourceRecordSet, now, new txt.RRset) *types.ResourceRecordSet {
	out := &types.ResourceRecordSet{Name: aws.String(name), Type: types.RRTypeTxt, TTL: aws.Int64(int64(new.TTL))}
	gone := txt.Minus(now.Records, new.Records)
	for i, r := range now.Records {
		if left := txt.Minus(gone, []txt.Record{r}); len(left) < len(gone) {
			gone = left
			continue
		}
		out.ResourceRecords = append(out.ResourceRecords, standing.ResourceRecords[i])
	}
	for _, r := range txt.Minus(new.Records, now.Records) {
		out.ResourceRecords = append(out.ResourceRecords, types.ResourceRecord{Value: aws.String(quote(r))})
	}
	return out
}

// conflict tells a batch that failed because the RRset had changed.
func conflict(err error) error {
	var invalid *types.InvalidChangeBatch
	if !errors.As(err, &invalid) {
		return err
	}
	messages := append(invalid.Messages, aws.ToString(invalid.Message))
	for _, m := range messages {
		for _, sign := range []string{"but it was not found", "do not match the current values", "but it already exists"} {
			if strings.Contains(m, sign) {
				return fmt.Errorf("%w: %s", txt.ErrConflict, m)
			}
		}
	}
	return err
}
