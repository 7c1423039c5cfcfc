package rfc2136

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/internal/nameserver"
	"github.com/spfzone/spfzone/providers/addresslist"
	"github.com/spfzone/spfzone/providers/txt"
)

const root = "_spf.example.test."

func batch(add, remove addresslist.List) addresslist.Batch {
	return addresslist.Batch{Root: root, Add: add.Absolute(root), Delete: remove.Absolute(root), TTL: 60}
}

// Where the zone is not transferred, the names that are asked for are read, but
// for those that only a wildcard answers for.
func TestAskBelow(t *testing.T) {
	onEach(t, zoneText(), func(t *testing.T, ctx context.Context, s *nameserver.Server) {
		p := client(s)
		there := addresslist.New("*.2.0.192.in-addr", "7.2.0.192.in-addr", "1.0.0.10.in-addr", "*.8.b.d.0.1.0.0.2.ip6")
		if err := p.ChangeNames(ctx, zone, batch(there, nil)); err != nil {
			t.Fatal(err)
		}
		asked := there.Plus(addresslist.New("8.2.0.192.in-addr", "2.0.0.10.in-addr", "*.3.0.192.in-addr"))
		got, err := p.askBelow(ctx, zone, root, func(r string) []string { return asked.Absolute(r) })
		if err != nil {
			t.Fatal(err)
		}
		whole, err := p.ReadSubtrees(ctx, zone, []string{root, "_spf2.example.test."}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, read := range map[string]addresslist.Subtree{"asked": got, "transferred": whole[root]} {
			list, ttl, err := read.List(root)
			if err != nil || !list.Equal(there) || ttl != 60 || read.Whole != (name == "transferred") {
				t.Errorf("%s: %q %d %v, whole %v", name, list, ttl, err, read.Whole)
			}
		}
		if other := whole["_spf2.example.test."]; len(other.Records) > 0 || !other.Whole {
			t.Errorf("%v", other)
		}
		absent, err := p.askBelow(ctx, zone, "_spf2.example.test.", func(string) []string { t.Error("it is asked for more"); return nil })
		if err != nil || !absent.Whole || len(absent.Records) > 0 {
			t.Errorf("%v %v", absent, err)
		}
	})
}

// A batch is carried out whole or not at all.
func TestChangeNames(t *testing.T) {
	onEach(t, zoneText()+"7.2.0.192.in-addr._spf IN TXT \"in the way\"\n5.2.0.192.in-addr._spf IN A 127.0.0.2\n5.2.0.192.in-addr._spf IN A 127.0.0.3\n", func(t *testing.T, ctx context.Context, s *nameserver.Server) {
		p := client(s)
		before := zoneOf(t, ctx, p)
		for _, tt := range []struct {
			name  string
			batch addresslist.Batch
			want  string
		}{
			{"another record there", batch(addresslist.New("1.0.0.10.in-addr", "7.2.0.192.in-addr"), nil),
				"the records are not what was read: 7.2.0.192.in-addr._spf.example.test has records already, and the names of an address list have none beside their own"},
			{"absent", batch(addresslist.New("1.0.0.10.in-addr"), addresslist.New("9.2.0.192.in-addr")),
				"the records are not what was read: the server answers NXRRSET: a name to delete has not the A record 127.0.0.2 alone"},
			{"another address beside", batch(nil, addresslist.New("5.2.0.192.in-addr")),
				"the records are not what was read: the server answers NXRRSET: a name to delete has not the A record 127.0.0.2 alone"},
		} {
			err := p.ChangeNames(ctx, zone, tt.batch)
			if !errors.Is(err, txt.ErrConflict) || err.Error() != tt.want {
				t.Errorf("%s: error %v\nwant  %s", tt.name, err, tt.want)
			}
			if diff := gocmp.Diff(before, zoneOf(t, ctx, p)); diff != "" {
				t.Errorf("%s: %s", tt.name, diff)
			}
		}
	})
}

// A batch of as many names as push makes fits into a message.
func TestLargeBatch(t *testing.T) {
	onEach(t, zoneText(), func(t *testing.T, ctx context.Context, s *nameserver.Server) {
		p := client(s)
		var names []string
		for i := range 500 {
			names = append(names, fmt.Sprintf("%x.%x.%x.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6", i%16, i/16%16, i/256))
		}
		list := addresslist.New(names...)
		batches := addresslist.Step{Add: list}.Batches(root, 500, 60)
		for _, b := range batches {
			if err := p.ChangeNames(ctx, zone, b); err != nil {
				t.Fatal(err)
			}
		}
		read, err := p.ReadSubtrees(ctx, zone, []string{root}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, _, err := read[root].List(root); err != nil || !got.Equal(list) {
			t.Errorf("%d names, %v", len(got), err)
		}
		t.Logf("%d names in %d messages", len(list), len(batches))
	})
}

func zoneOf(t *testing.T, ctx context.Context, p *Provider) (out []string) {
	t.Helper()
	rrs, err := p.transfer(ctx, zone)
	if err != nil {
		t.Fatal(err)
	}
	for _, rr := range rrs {
		if _, isSOA := rr.(*dns.SOA); !isSOA {
			out = append(out, rr.String())
		}
	}
	slices.SortFunc(out, cmp.Compare)
	return out
}

// A server that takes a connection and says nothing is not waited for for ever.
func TestAskBelowBoundsTheWait(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := &Provider{Server: l.Addr().String(), Timeout: 1}
	err = p.forEach(t.Context(), zone, 3, func(send sender, i int) error {
		_, _, err := addresses(send, zone, fmt.Sprintf("%d.2.0.192.in-addr.%s", i, root))
		return err
	})
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}
