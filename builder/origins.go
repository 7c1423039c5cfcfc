package builder

import (
	"net/netip"
	"slices"
	"sort"

	"go4.org/netipx"
)

// origins tells which items addresses come from.
type origins struct {
	items  []item
	ranges []origin // by their first address
}

// origin is addresses of an item.
type origin struct {
	netipx.IPRange
	item int
	last netip.Addr // of this range and all before it
}

func originsOf(items []item) *origins {
	o := &origins{items: items}
	for i, it := range items {
		if it.source == nil || it.set == nil {
			continue
		}
		for _, r := range it.set.Ranges() {
			o.ranges = append(o.ranges, origin{IPRange: r, item: i})
		}
	}
	slices.SortStableFunc(o.ranges, func(a, b origin) int { return a.From().Compare(b.From()) })
	for i := range o.ranges {
		r := &o.ranges[i]
		if r.last = r.To(); i > 0 && o.ranges[i-1].last.Compare(r.last) > 0 {
			r.last = o.ranges[i-1].last
		}
	}
	return o
}

// of gives the sources of the items that a prefix overlaps, in their order.
func (o *origins) of(p netip.Prefix) []*Entry {
	r := netipx.RangeOfPrefix(p)
	behind := sort.Search(len(o.ranges), func(i int) bool { return o.ranges[i].From().Compare(r.To()) > 0 })
	var found []int
	for i := behind - 1; i >= 0 && o.ranges[i].last.Compare(r.From()) >= 0; i-- {
		if o.ranges[i].To().Compare(r.From()) >= 0 {
			found = append(found, o.ranges[i].item)
		}
	}
	slices.Sort(found)
	var sources []*Entry
	for _, i := range slices.Compact(found) {
		sources = append(sources, o.items[i].source)
	}
	return sources
}
