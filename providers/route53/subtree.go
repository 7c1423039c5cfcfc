package route53

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	r53 "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/spfzone/spfzone/providers/addresslist"
	"github.com/spfzone/spfzone/providers/txt"
)

// ReadSubtrees gives what the zone has at and below names. Zone and names are
// absolute.
func (p *Provider) ReadSubtrees(ctx context.Context, zone string, roots []string, _ func(string) []string) (map[string]addresslist.Subtree, error) {
	out := map[string]addresslist.Subtree{}
	for _, root := range roots {
		_, _, sets, err := p.subtree(ctx, zone, root)
		if err != nil {
			return nil, err
		}
		out[root] = recordsOf(sets)
	}
	return out, nil
}

// subtree gives the RRsets at and below a name. The API lists names in the order
// of their labels from the last to the first, so that they follow each other.
func (p *Provider) subtree(ctx context.Context, zone, root string) (api *r53.Client, id string, sets []types.ResourceRecordSet, err error) {
	if api, err = p.api(ctx); err != nil {
		return nil, "", nil, err
	}
	if id, err = p.zone(ctx, api, zone); err != nil {
		return nil, "", nil, err
	}
	in := &r53.ListResourceRecordSetsInput{HostedZoneId: aws.String(id), StartRecordName: aws.String(root)}
	for {
		out, err := api.ListResourceRecordSets(ctx, in)
		if err != nil {
			return nil, "", nil, err
		}
		for _, s := range out.ResourceRecordSets {
			if !addresslist.Below(nameOf(s), root) {
				return api, id, sets, nil
			}
			sets = append(sets, s)
		}
		if !out.IsTruncated {
			return api, id, sets, nil
		}
		in.StartRecordName, in.StartRecordType, in.StartRecordIdentifier = out.NextRecordName, out.NextRecordType, out.NextRecordIdentifier
	}
}

func nameOf(s types.ResourceRecordSet) string {
	return strings.ToLower(unescapeName(aws.ToString(s.Name)))
}

// recordsOf gives the records. An RRset with a routing policy is no plain one.
func recordsOf(sets []types.ResourceRecordSet) addresslist.Subtree {
	out := addresslist.Subtree{Whole: true}
	for _, s := range sets {
		r := addresslist.Record{Name: nameOf(s), Type: string(s.Type), TTL: uint32(aws.ToInt64(s.TTL))}
		if s.SetIdentifier != nil || s.AliasTarget != nil || s.HealthCheckId != nil || s.TTL == nil {
			r.Data = "with a routing policy"
			out.Records = append(out.Records, r)
			continue
		}
		for _, v := range s.ResourceRecords {
			r.Data = aws.ToString(v.Value)
			out.Records = append(out.Records, r)
		}
	}
	return out
}

// ChangeNames makes the changes of a batch in one batch of the API, which fails
// if a name to add has an A record, or one to delete is not exactly what was
// found a moment before.
func (p *Provider) ChangeNames(ctx context.Context, zone string, b addresslist.Batch) error {
	api, id, sets, err := p.subtree(ctx, zone, b.Root)
	if err != nil {
		return err
	}
	if wrong := b.Standing(recordsOf(sets)); wrong != "" {
		return fmt.Errorf("%w: %s", txt.ErrConflict, wrong)
	}
	gone := map[string]bool{}
	for _, name := range b.Delete {
		gone[name] = true
	}
	var changes []types.Change
	for _, name := range b.Add {
		changes = append(changes, types.Change{Action: types.ChangeActionCreate, ResourceRecordSet: &types.ResourceRecordSet{
			Name: aws.String(name), Type: types.RRTypeA, TTL: aws.Int64(int64(b.TTL)),
			ResourceRecords: []types.ResourceRecord{{Value: aws.String(addresslist.Address)}},
		}})
	}
	for i, s := range sets {
		if s.Type == types.RRTypeA && gone[nameOf(s)] {
			changes = append(changes, types.Change{Action: types.ChangeActionDelete, ResourceRecordSet: &sets[i]})
		}
	}
	_, err = api.ChangeResourceRecordSets(ctx, &r53.ChangeResourceRecordSetsInput{
		HostedZoneId: aws.String(id),
		ChangeBatch:  &types.ChangeBatch{Changes: changes},
	})
	return conflict(err)
}
