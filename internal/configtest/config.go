package configtest

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
)

// sender is what a configuration lists, and what that is in a record.
type sender struct {
	listed    string
	qualifier string
	terms     []string
}

// draw is one configuration in the making.
type draw struct {
	*rand.Rand
	p     Params
	lists [3]strings.Builder // networks, gateways, services
	all   []sender
}

// New draws a configuration. The same state of r gives the same one.
func New(r *rand.Rand, p Params) Config {
	d := &draw{Rand: r, p: p}
	d.networks()
	d.gateways()
	d.services()
	d.ownTerms()
	d.Shuffle(len(d.all), func(i, j int) { d.all[i], d.all[j] = d.all[j], d.all[i] })
	for i := range d.all {
		if d.IntN(100) < p.Qualified {
			d.all[i].qualifier = pick(r, []string{"-", "~", "?"})
		}
	}
	return d.config()
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func (d *draw) add(name string, terms ...string) {
	d.all = append(d.all, sender{listed: name, terms: terms})
}

func (d *draw) networks() {
	n := d.p.Networks.draw(d.Rand)
	if n == 0 {
		return
	}
	left := max(d.p.Prefixes.draw(d.Rand), n)
	for i := range n {
		count := left / (n - i)
		left -= count
		name := fmt.Sprintf("net%d", i)
		var listed, terms []string
		for range count {
			p := d.prefix()
			listed = append(listed, p.String())
			terms = append(terms, fmt.Sprintf("ip%d:%v", 4+2*(p.Addr().BitLen()/128), p))
		}
		fmt.Fprintf(&d.lists[0], "  %s: [%s]\n", name, strings.Join(listed, ", "))
		d.add(name, terms...)
	}
}

// prefix draws a network, next to others or on its own.
func (d *draw) prefix() netip.Prefix {
	if d.IntN(5) == 0 {
		var b [16]byte
		copy(b[:], []byte{0x20, 0x01, 0x0d, 0xb8, 0, byte(d.IntN(4)), byte(d.IntN(256))})
		return netip.PrefixFrom(netip.AddrFrom16(b), pick(d.Rand, []int{44, 48, 56, 64, 128})).Masked()
	}
	around := d.p.Around
	if !around.IsValid() {
		around = netip.MustParsePrefix("10.0.0.0/8")
	}
	b := around.Addr().As4()
	for i := around.Bits(); i < 32; i++ {
		b[i/8] |= byte(d.IntN(2)) << (7 - i%8)
	}
	bits := max(around.Bits(), pick(d.Rand, []int{16, 20, 22, 24, 24, 24, 26, 28, 30, 32, 32}))
	return netip.PrefixFrom(netip.AddrFrom4(b), bits).Masked()
}

func (d *draw) gateways() {
	for i := range d.p.Gateways.draw(d.Rand) {
		name, host := fmt.Sprintf("gw%d", i), pick(d.Rand, d.p.Hosts)
		written := host
		if relative, ok := strings.CutSuffix(host, "."+d.p.Domain); ok && !strings.Contains(relative, ".") {
			written = relative
		}
		fmt.Fprintf(&d.lists[1], "  %s: {host: %s, pin: %v}\n", name, written, d.IntN(3) == 0)
		d.add(name, "a:"+host)
	}
}

func (d *draw) services() {
	left := slices.Clone(d.p.Services)
	sum := 0
	for _, w := range left {
		sum += w.Weight
	}
	for i := range min(d.p.Count.draw(d.Rand), len(left)) {
		k, n := 0, d.IntN(sum)
		for n >= left[k].Weight {
			n -= left[k].Weight
			k++
		}
		name := fmt.Sprintf("service%d", i)
		fmt.Fprintf(&d.lists[2], "  %s: {include: %s, flatten: %s}\n", name, left[k].Name, pick(d.Rand, d.p.Flatten))
		d.add(name, "include:"+left[k].Name)
		sum -= left[k].Weight
		left = slices.Delete(left, k, k+1)
	}
}

func (d *draw) ownTerms() {
	for range d.p.Own.draw(d.Rand) {
		if term := pick(d.Rand, d.p.Terms); !slices.ContainsFunc(d.all, func(s sender) bool { return s.listed == term }) {
			d.add(term, term)
		}
	}
}
