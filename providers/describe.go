package providers

import (
	"strconv"
	"strings"
)

// Description says what a type of provider needs, and what it guarantees.
type Description struct {
	Type       string
	Doc        string
	Fields     []FieldDescription
	Strategy   Strategy
	Guarantees []string // a sentence each
}

// Describe gives all types of providers, in a fixed order.
func Describe() (out []Description) {
	for _, k := range kinds() {
		out = append(out, Description{k.name, k.doc, k.fields, k.strategy, k.strategy.guarantees()})
	}
	return out
}

// guarantees says in words what the strategy means.
func (s Strategy) guarantees() []string {
	var out []string
	if s.Alone == s.Beside {
		out = append(out, "An SPF record: "+s.Alone.sentence())
	} else {
		out = append(out, "An SPF record alone at its name: "+s.Alone.sentence(), "Beside other TXT records: "+s.Beside.sentence())
	}
	if s.CreateAlone {
		out = append(out, "Where no TXT record stands, one is created.")
	}
	if s.WholeZone {
		out = append(out,
			"Every change writes the whole zone: it is refused unless two readings agree and hold nothing that a write could not say, and all of the zone is compared after it.",
			"A change that others make anywhere in the zone in the moment before is lost.")
	} else if s.Rewrites {
		out = append(out, "To add or delete a record, the module writes the whole RRset; a change that others make in the moment before it is lost.")
	}
	if s.Why != "" {
		out = append(out, "Why: "+s.Why+".")
	}
	out = append(out, s.Lists.sentence())
	t := s.TTL
	t.Stiff = t.Stiff || s.Alone == AppendDelete && !t.Again
	return append(out, t.sentences()...)
}

// sentence says what is done to address lists.
func (l ListWay) sentence() string {
	switch {
	case l.Most == 0:
		return "Address lists: refused, as " + l.Why + "."
	case l.Atomic && l.Checked:
		return "Address lists: names are added and deleted in requests that are carried out whole or not at all, and fail if somebody changed one of the names."
	case l.Atomic:
		return "Address lists: names are added and deleted in requests that are carried out whole or not at all."
	}
	return "Address lists: names are added and deleted one by one."
}

// sentence says what a way promises.
func (w Way) sentence() string {
	return map[Way]string{
		Refuse:         "never replaced.",
		CompareAndSwap: "replaced in one request that fails if anybody changed the RRset since it was read.",
		ReadAndSwap:    "replaced in one request; a change that others make in the moment before it is lost.",
		SetRRset:       "replaced at one moment; a change that others make in the moment before it is lost.",
		EditRecord:     "edited in one request that concerns no other record.",
		AppendDelete:   "the new record is added, then the old one deleted; for the moment between both are published.",
	}[w]
}

func (t TTLs) sentences() (out []string) {
	say := func(is bool, s string) {
		if is {
			out = append(out, s)
		}
	}
	say(t.Zone, "The TTL is the zone's.")
	say(t.Shared && !t.Kept, "The TTL belongs to the RRset: changing it changes that of the other TXT records.")
	say(t.Kept, "A record that is added takes the TTL of the TXT records there.")
	say(t.Stiff, "The TTL changes with the text only.")
	say(t.Least > 0, "The TTL is at least "+seconds(t.Least)+" s.")
	say(t.Most > 0, "The TTL is at most "+seconds(t.Most)+" s.")
	var steps []string
	for _, n := range t.Steps {
		steps = append(steps, seconds(n))
	}
	say(len(steps) > 0, "The TTL is one of "+strings.Join(steps, ", ")+" s.")
	return out
}

func seconds(n uint32) string { return strconv.FormatUint(uint64(n), 10) }
