package builder

// none stands for the cost of what cannot be done.
const none = -1

// nextBest gives for each slot what all slots together would cost at the least
// if this one were treated otherwise, within the same limits and with as many
// parts; none where nothing else fits.
func (o *outlay) nextBest(parts int) []int {
	slots := o.slots()
	limit := o.room()
	limit.lookups -= parts
	before := make([][]*way, len(slots)+1)
	behind := make([][]*way, len(slots)+1)
	before[0], behind[len(slots)] = []*way{{}}, []*way{{}}
	for i, s := range slots {
		before[i+1] = extend(before[i], s.ways(limit), limit)
	}
	for i := len(slots) - 1; i >= 0; i-- {
		behind[i] = extend(behind[i+1], slots[i].ways(limit), limit)
	}
	out := make([]int, len(slots))
	for i, s := range slots {
		out[i] = none
		for _, c := range s.ways(limit) {
			if c.mode == s.chosen.mode && c.price == s.chosen.price {
				continue
			}
			if cost := cheapest(before[i], behind[i+1], c, limit); cost != none && (out[i] == none || cost < out[i]) {
				out[i] = cost
			}
		}
	}
	return out
}

// cheapest gives the least cost of a choice together with the ways before and
// behind it.
func cheapest(before, behind []*way, c *choice, limit counts) int {
	best := none
	for _, w := range before {
		sum := w.price.plus(c.price)
		if !sum.counts.atMost(limit) {
			continue
		}
		for _, v := range behind {
			if all := sum.plus(v.price); all.counts.atMost(limit) && (best == none || all.cost < best) {
				best = all.cost
			}
		}
	}
	return best
}
