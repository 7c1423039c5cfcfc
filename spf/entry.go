package spf

import "sync"

// entrance is how a record leads to another: what an address has counted by
// then, the step itself included, and what becomes of a pass.
type entrance struct {
	lookups, voids int
	redirect       bool
	qualifier      Qualifier // of the include
}

// entries are the decisions of a policy as they look from an entrance. As
// thousands of domains include the same name in the same place of their
// records, most of what they hold in memory is this, held once.
type entries struct {
	mu   sync.Mutex
	from map[entrance][]*Outcome
}

// mostEntrances bounds what is held for one policy. Under the limits of the
// RFC few entrances are possible.
const mostEntrances = 64

// decisionsFrom gives the outcome for each cell of p where that is a decision,
// and the same for every record that enters there: where a leaf of the cell
// ends evaluation without error. It is nil elsewhere. Limits are not looked at.
func (p *subpolicy) decisionsFrom(e entrance) []*Outcome {
	p.entries.mu.Lock()
	defer p.entries.mu.Unlock()
	if known, ok := p.entries.from[e]; ok {
		return known
	}
	out := make([]*Outcome, len(p.cells))
	became := map[*Outcome]*Outcome{}
	for i := range p.cells {
		leaf := p.cells[i].value
		if leaf.If != nil || !e.ends(leaf.Result) {
			continue
		}
		if became[leaf] == nil {
			o := *leaf
			o.Lookups, o.Voids = e.lookups+leaf.Lookups, e.voids+leaf.Voids
			if !e.redirect {
				o.Result = e.qualifier.Result()
			}
			became[leaf] = &o
		}
		out[i] = became[leaf]
	}
	if p.entries.from == nil {
		p.entries.from = map[entrance][]*Outcome{}
	}
	if len(p.entries.from) < mostEntrances {
		p.entries.from[e] = out
	}
	return out
}

// ends reports whether a result of the target ends the evaluation of the
// record that leads there (RFC 7208, Sections 5.2 and 6.1).
func (e entrance) ends(r Result) bool {
	return r == Pass || e.redirect && (r == Fail || r == SoftFail || r == Neutral)
}
