package spf

import (
	"net/netip"
	"strconv"
	"strings"
	"sync"

	"go4.org/netipx"
)

// AddressTree is a subtree of the DNS whose names stand for addresses, as
// "exists:%{ir}.%{v}._spf.x.com" asks for them: the octets of an IPv4 address
// below "in-addr", or the nibbles of an IPv6 address below "ip6", the last
// one first (RFC 7208, Section 7.3). A name with an A record lists an address,
// and a wildcard (RFC 4592) a whole block. It is immutable.
type AddressTree struct {
	root string
	a    map[string]bool     // names with an A record
	sub  map[string][]string // labels below each name that exists

	mu    sync.Mutex
	known map[subtreeOf]*netipx.IPSet // what Addresses gave
}

type subtreeOf struct {
	name   string
	family Family
}

// NewAddressTree takes the names at or below root that have an A record. Names
// are canonical.
func NewAddressTree(root string, owners []string) *AddressTree {
	t := &AddressTree{root: root, a: make(map[string]bool, len(owners)), sub: map[string][]string{root: nil}}
	for _, name := range owners {
		t.a[name] = true
		t.add(name)
	}
	return t
}

// add makes a name exist, and those between it and the root (RFC 4592, Section
// 2.2.2).
func (t *AddressTree) add(name string) {
	if t.exists(name) || !t.Holds(name) {
		return
	}
	t.sub[name] = nil
	for name != t.root {
		label, parent, _ := strings.Cut(name, ".")
		labels, known := t.sub[parent]
		t.sub[parent] = append(labels, label)
		if known {
			return
		}
		name = parent
	}
}

func (t *AddressTree) exists(name string) bool {
	_, ok := t.sub[name]
	return ok
}

// Holds reports whether a canonical name is at or below the root of the tree.
func (t *AddressTree) Holds(name string) bool {
	return name == t.root || strings.HasSuffix(name, "."+t.root)
}

// Has reports whether the DNS answers a question for the A records of a name
// of the tree: the name has one, or else the wildcard does that stands below
// the closest name above it that exists (RFC 4592, Section 3.3.1).
func (t *AddressTree) Has(name string) bool {
	if t.exists(name) {
		return t.a[name]
	}
	for t.Holds(name) && name != t.root {
		_, name, _ = strings.Cut(name, ".")
		if t.exists(name) {
			return t.a["*."+name]
		}
	}
	return false
}

// Addresses gives the addresses of a family whose names below a name of the
// tree the tree has.
func (t *AddressTree) Addresses(below string, f Family) *netipx.IPSet {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := subtreeOf{below, f}
	if t.known == nil {
		t.known = map[subtreeOf]*netipx.IPSet{}
	}
	if t.known[key] == nil {
		t.known[key] = t.addresses(below, f)
	}
	return t.known[key]
}

func (t *AddressTree) addresses(below string, f Family) *netipx.IPSet {
	w := addressWalk{AddressTree: t, family: f}
	if t.exists(below) {
		w.walk(below, 0)
	} else if t.Has("0." + below) { // a wildcard above it stands for all
		w.set.AddPrefix(w.prefix(0))
	}
	set, err := w.set.IPSet()
	if err != nil {
		panic(err) // every prefix is valid
	}
	return set
}

// Equal reports whether two trees have the same name and list the same
// addresses.
func (t *AddressTree) Equal(o *AddressTree) bool {
	for family, label := range map[Family]string{V4: "in-addr.", V6: "ip6."} {
		if !t.Addresses(label+t.root, family).Equal(o.Addresses(label+o.root, family)) {
			return false
		}
	}
	return t.root == o.root
}

// addressWalk goes down the labels of addresses.
type addressWalk struct {
	*AddressTree
	family Family
	bytes  [16]byte // of the address so far
	set    netipx.IPSetBuilder
}

// labels gives how many labels stand for an address, and how many bits each
// of them holds.
func (f Family) labels() (count, bits int) {
	if f == V4 {
		return 4, 8
	}
	return 32, 4
}

func (w *addressWalk) walk(name string, depth int) {
	count, bits := w.family.labels()
	if depth == count {
		if w.a[name] {
			w.set.AddPrefix(w.prefix(depth))
		}
		return
	}
	exists := map[byte]bool{}
	for _, label := range w.sub[name] {
		if value, ok := addressLabel(label, w.family); ok {
			exists[value] = true
			w.put(depth, value)
			w.walk(label+"."+name, depth+1)
		}
	}
	if w.a["*."+name] { // it answers for what is not below a name that exists
		for value := range 1 << bits {
			if !exists[byte(value)] {
				w.put(depth, byte(value))
				w.set.AddPrefix(w.prefix(depth + 1))
			}
		}
	}
	w.put(depth, 0)
}

// put sets the part of the address that a label stands for.
func (w *addressWalk) put(depth int, value byte) {
	switch {
	case w.family == V4:
		w.bytes[depth] = value
	case depth%2 == 0:
		w.bytes[depth/2] = w.bytes[depth/2]&0x0f | value<<4
	default:
		w.bytes[depth/2] = w.bytes[depth/2]&0xf0 | value
	}
}

// prefix gives the block of the first labels.
func (w *addressWalk) prefix(depth int) netip.Prefix {
	_, bits := w.family.labels()
	if w.family == V4 {
		return netip.PrefixFrom(netip.AddrFrom4([4]byte(w.bytes[:4])), depth*bits)
	}
	return netip.PrefixFrom(netip.AddrFrom16(w.bytes), depth*bits)
}

// addressLabel reads an octet in decimal or a nibble in hexadecimal, as %{i}
// writes them.
func addressLabel(label string, f Family) (value byte, ok bool) {
	base := 10
	if f == V6 {
		base = 16
	}
	n, err := strconv.ParseUint(label, base, 8)
	if err != nil || strconv.FormatUint(n, base) != label || f == V6 && n > 15 {
		return 0, false
	}
	return byte(n), true
}

// AddressNames gives the names below a canonical name that list the addresses
// of one prefix, with wildcards for whole octets or nibbles: as many names as
// it takes to reach the next such boundary.
func AddressNames(p netip.Prefix, below string) []string {
	p = p.Masked()
	f := FamilyOf(p.Addr())
	count, bits := f.labels()
	depth := (p.Bits() + bits - 1) / bits
	names := make([]string, 0, 1<<(depth*bits-p.Bits()))
	for ip := p.Addr(); p.Contains(ip); {
		block := netip.PrefixFrom(ip, depth*bits)
		names = append(names, addressName(ip, depth, count, f)+below)
		last := netipx.PrefixLastIP(block)
		if ip = last.Next(); !ip.IsValid() {
			break
		}
	}
	return names
}

// addressName writes the first labels of an address in reverse, behind a
// wildcard if there are more.
func addressName(ip netip.Addr, depth, count int, f Family) string {
	var b strings.Builder
	if depth < count {
		b.WriteString("*.")
	}
	octets := ip.AsSlice()
	for i := depth - 1; i >= 0; i-- {
		switch {
		case f == V4:
			b.WriteString(strconv.Itoa(int(octets[i])))
		case i%2 == 0:
			b.WriteString(strconv.FormatUint(uint64(octets[i/2]>>4), 16))
		default:
			b.WriteString(strconv.FormatUint(uint64(octets[i/2]&0x0f), 16))
		}
		b.WriteByte('.')
	}
	return b.String()
}

// AddressLister is a [Resolver] that knows whole subtrees, so that a term such
// as "exists:%{ir}.%{v}._spf.x.com" is for it the set of addresses that the
// subtree lists, and no question about each message.
type AddressLister interface {
	// ListAddresses gives the addresses of a family whose reversed labels below a
	// canonical name have an A record. It is not ok where that is not known.
	ListAddresses(below string, f Family) (set *netipx.IPSet, ok bool)
}

// listed gives the addresses that an exists term matches, where the Resolver
// knows them all.
func (r *run) listed(d *Directive) (f found, ok bool) {
	lister, isLister := r.c.Resolver.(AddressLister)
	exists, isExists := d.Mechanism.(Exists)
	if !isLister || !isExists || !exists.Domain.macro.Uses("i") {
		return f, false
	}
	bound := exists.Domain.macro.bind(r.name, r.asked, r.family)
	if len(bound.parts) != 2 {
		return f, false
	}
	address, rest := bound.parts[0], bound.parts[1].Literal
	if address.Letter != 'i' || !address.Reverse || address.Digits > 0 || address.Delimiters != "" || len(rest) < 2 || rest[0] != '.' {
		return f, false
	}
	if exists.Domain.macro.Uses("o") {
		r.out.usesO = true
	}
	below, ok := canonicalTarget([]byte(rest[1:]))
	if !ok {
		return f, false
	}
	r.asks(string(below))
	set, ok := lister.ListAddresses(string(below), r.family)
	if !ok {
		return f, false
	}
	f.void = true
	for _, p := range set.Prefixes() {
		if familyOfPrefix(p) == r.family {
			first, last := bounds(p)
			f.blocks = append(f.blocks, block{first, last, 0})
		}
	}
	return f, true
}
