package builder

import (
	"fmt"
	"strings"

	"github.com/spfzone/spfzone/spf"
)

// decisions says what became of each include, in the order of the
// configuration.
func (o *outlay) decisions() (flattened, keptWhole []Decision) {
	for _, s := range o.slots() {
		if _, ok := s.node.mechanism.(spf.Include); !ok {
			continue
		}
		d := Decision{Include: strings.TrimPrefix(s.node.mechanism.String(), "include:")}
		switch s.chosen.mode {
		case flat:
			d.Prefixes = len(s.node.flat.set.Prefixes())
			d.Why = "needed to keep to the limits"
			if s.flatten() == FlattenAlways {
				d.Why = "always"
			}
			flattened = append(flattened, d)
		case opened:
			out := s.chosen.outline()
			d.Prefixes = len(out.set.Prefixes())
			d.Why = fmt.Sprintf("needed to keep to the limits; of its terms stay %s", texts(out.mechanisms))
			flattened = append(flattened, d)
		default:
			d.Why = s.keptWhy()
			keptWhole = append(keptWhole, d)
		}
	}
	return flattened, keptWhole
}

func texts(mechanisms []spf.Mechanism) string {
	if len(mechanisms) == 0 {
		return "none"
	}
	out := make([]string, len(mechanisms))
	for i, m := range mechanisms {
		out[i] = m.String()
	}
	return strings.Join(out, ", ")
}

func (s *slot) keptWhy() string {
	switch {
	case s.flatten() == FlattenNever:
		return "never"
	case s.flatten() == FlattenAlways && s.node.flatWhy != nil:
		return "cannot be flattened: " + s.node.flatWhy.Error()
	case s.flatten() == FlattenAlways:
		return "cannot be flattened: its target depends on the message"
	}
	return "within budget"
}
