package bench

import (
	"bufio"
	"compress/gzip"
	"context"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spfzone/spfzone/internal/configtest"
	"github.com/spfzone/spfzone/resolver"
	"github.com/spfzone/spfzone/spf"
)

// realWorld is the zone of real SPF records, and what configurations may name
// of it.
type realWorld struct {
	*resolver.World
	domains  []string              // without final dot
	services []configtest.Weighted // the targets of their includes, by how often they occur
	hosts    []string              // mail exchanges
}

// loadWorld reads the data beside the project, or skips the test.
func loadWorld(t *testing.T) *realWorld {
	t.Helper()
	data := filepath.Join("..", "..", "shared", "data")
	f, err := os.Open(filepath.Join(data, "world-domains.txt.gz"))
	if os.IsNotExist(err) {
		t.Skip("the real-world data is not beside the project")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	w := &realWorld{}
	for s := bufio.NewScanner(lines); s.Scan(); {
		w.domains = append(w.domains, s.Text())
	}
	if w.World, err = resolver.LoadFiles(filepath.Join(data, "world.zone.gz")); err != nil {
		t.Fatal(err)
	}
	w.survey(t)
	return w
}

// mostServices bounds the includes to choose among.
const mostServices = 400

// survey counts what the domains of the world include, and collects the hosts
// that their mail goes to.
func (w *realWorld) survey(t *testing.T) {
	t.Helper()
	used, hosts := map[string]int{}, map[string]bool{}
	for _, domain := range w.domains {
		txt, err := w.LookupTXT(t.Context(), domain+".")
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range txt.Records {
			if r, err := spf.Parse(record.Join()); err == nil {
				for _, d := range r.Directives {
					if name, ok := d.Domain().Name(); ok && strings.HasPrefix(d.Mechanism.String(), "include:") {
						used[strings.TrimSuffix(name, ".")]++
					}
				}
			}
		}
		mx, err := w.LookupMX(t.Context(), domain+".")
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range mx.Records {
			hosts[strings.TrimSuffix(x.Host, ".")] = true
		}
	}
	for name, n := range used {
		w.services = append(w.services, configtest.Weighted{Name: name, Weight: n})
	}
	slices.SortFunc(w.services, func(a, b configtest.Weighted) int {
		if a.Weight != b.Weight {
			return b.Weight - a.Weight
		}
		return strings.Compare(a.Name, b.Name)
	})
	w.services = w.services[:min(len(w.services), mostServices)]
	for name := range hosts {
		if last := name[strings.LastIndexByte(name, '.')+1:]; len(last) < len(name) && strings.Trim(last, "0123456789") != "" {
			w.hosts = append(w.hosts, name)
		}
	}
	slices.Sort(w.hosts)
}

// peer answers the other evaluator out of one of our resolvers, for clients of
// one family, as an evaluator asks for A or for AAAA (RFC 7208, Section 5).
type peer struct {
	spf.Resolver
	family spf.Family
}

func canonical(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) + "." }

// answer gives what the DNS has as the standard library's resolver does.
func answer[T, U any](name string, a spf.Answer[T], err error, convert func(T) U) ([]U, error) {
	switch {
	case err != nil:
		return nil, &net.DNSError{Err: err.Error(), Name: name, IsTemporary: true}
	case len(a.Records) == 0:
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	out := make([]U, len(a.Records))
	for i, r := range a.Records {
		out[i] = convert(r)
	}
	return out, nil
}

func (p peer) LookupTXT(ctx context.Context, name string) ([]string, error) {
	a, err := p.Resolver.LookupTXT(ctx, canonical(name))
	return answer(name, a, err, spf.TXT.Join)
}

func (p peer) LookupIPAddr(ctx context.Context, name string) ([]net.IPAddr, error) {
	a, err := p.Resolver.LookupIP(ctx, canonical(name), p.family)
	return answer(name, a, err, func(ip netip.Addr) net.IPAddr { return net.IPAddr{IP: ip.AsSlice()} })
}

func (p peer) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	a, err := p.Resolver.LookupMX(ctx, canonical(name))
	return answer(name, a, err, func(x spf.MailExchange) *net.MX { return &net.MX{Host: x.Host, Pref: x.Preference} })
}

func (p peer) LookupAddr(ctx context.Context, addr string) ([]string, error) {
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		return nil, err
	}
	a, err := p.Resolver.LookupPTR(ctx, ip)
	return answer(addr, a, err, func(name string) string { return name })
}
