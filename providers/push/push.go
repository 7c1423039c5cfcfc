// Package push brings the records of a domain into the DNS, in the stages of
// [providers.Rollout]. It reads what is published from the authoritative
// servers, writes through a [providers.Publisher], reads every write back, and
// puts back what went wrong. All that it has to know of the past is in the
// journal, so that a push that was stopped anywhere is taken up by another.
package push

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/providers/addresslist"
	"github.com/spfzone/spfzone/providers/journal"
	"github.com/spfzone/spfzone/providers/txt"
	"github.com/spfzone/spfzone/spf"
)

// Publisher reads and replaces TXT RRsets and changes address lists, as
// [providers.Publisher] does.
type Publisher interface {
	Name() string
	Read(ctx context.Context, zone, name string) (txt.RRset, error)
	Attainable(old, new txt.RRset) txt.RRset
	Replace(ctx context.Context, zone, name string, old, new txt.RRset) error
	Try(ctx context.Context, zone, name string, old, new txt.RRset) error
	Serve(ctx context.Context, name string) (told bool, err error)
	Manual() string
	ListTTL(ttl uint32) uint32
	ListBatch() (most int, err error)
	ReadLists(ctx context.Context, zone string, roots []string, ask func(root string) []string) (map[string]addresslist.Subtree, error)
	ChangeList(ctx context.Context, zone string, b addresslist.Batch) error
}

// Push is the publication of one domain. It is for one goroutine.
type Push struct {
	Domain    string             // canonical
	Wanted    []providers.Wanted // the domain's own first; an empty text for one that is to be gone
	Rollout   providers.Rollout
	Publisher Publisher
	Journal   *journal.Journal
	ReadOnly  bool // nothing is written, not even to the journal

	// Planned answers as the DNS will when all domains of the configuration
	// are published.
	Planned spf.Resolver
	// PartName gives the names that the parts of a record may have, by number
	// from 1. Reserved reports whether one of them is something else: it is not
	// given to a part, nor deleted.
	PartName func(of string, number int) string
	Reserved func(name string) bool
	// ListName does so for address lists.
	ListName func(of string, number int) string
	// ZoneOf finds the zone that holds a name.
	ZoneOf func(ctx context.Context, name string) (*Zone, error)

	Now      func() time.Time
	Sleep    func(ctx context.Context, d time.Duration) error
	Patience time.Duration                    // for servers that do not agree yet
	Report   func(format string, args ...any) // tells of what is done

	zones map[string]*Zone
	done  *providers.Stage // what was written last
}

// Step is the next stage, and the state that it was planned for.
type Step struct {
	Stage providers.Stage
	Notes []string
	Made  []providers.Change // that [Push.Do] has written
	state *state
}

// DependencyError says that a record refers to one that is planned, and not
// published as that.
type DependencyError struct{ Domain string }

func (e *DependencyError) Error() string {
	return fmt.Sprintf("%s: its record leads to records of other domains of the configuration that are not published as planned: push those first", trimDot(e.Domain))
}

// Next reads what is published and plans what may be done now.
func (p *Push) Next(ctx context.Context) (*Step, error) {
	s, err := p.readAll(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.ready(ctx, s); err != nil {
		return nil, err
	}
	stage, err := p.next(ctx, s, p.Now())
	if err != nil {
		return nil, err
	}
	if p.done != nil && sameChanges(*p.done, stage) {
		return nil, fmt.Errorf("%s: what was written shows, but is not what was to be: %s; the provider %s does not do it", trimDot(p.Domain), changeText(s, stage.Changes[0]), p.Publisher.Name())
	}
	return &Step{Stage: stage, Notes: append(s.notes, p.unattainable(s)...), state: s}, nil
}

// Reach reads through the provider, which is otherwise not asked where nothing is
// written yet: what is wrong with its server or key is to be known before that.
func (p *Push) Reach(ctx context.Context, step *Step) error {
	_, err := p.Publisher.Read(ctx, step.state.zones[p.Domain].Name, p.Domain)
	return err
}

// next is Next for a state that was read, or supposed.
func (p *Push) next(ctx context.Context, s *state, now time.Time) (providers.Stage, error) {
	wanted := p.attainable(s)
	stage, err := p.Rollout.Next(ctx, now, s.published, wanted, providers.Names{Part: s.partName, List: p.ListName})
	if err != nil || stage.Kind != providers.Remove {
		return stage, err
	}
	return s.holdParts(stage, now), nil
}

// attainable gives what is wanted with the TTLs that can be had.
func (p *Push) attainable(s *state) []providers.Wanted {
	wanted := slices.Clone(p.Wanted)
	for i, w := range wanted {
		if w.List != nil {
			wanted[i].TTL = seconds(p.Publisher.ListTTL(ttlOf(w.TTL)))
			continue
		}
		if w.Text == "" {
			continue
		}
		old := s.sets[w.Name]
		wanted[i].TTL = seconds(p.Publisher.Attainable(old, old.With(w.Text, ttlOf(w.TTL))).TTL)
	}
	return wanted
}

// unattainable says which records have another TTL than is wanted, because other
// TXT records stand at the name: an RRset has one TTL (RFC 2181, Section 5.2).
func (p *Push) unattainable(s *state) (notes []string) {
	for i, w := range p.attainable(s) {
		if want := p.Wanted[i].TTL; w.List == nil && w.TTL != want && len(s.sets[w.Name].Siblings()) > 0 {
			notes = append(notes, fmt.Sprintf("the SPF record of %s gets the TTL %d of the other TXT records at its name, and not %d: an RRset has one TTL (RFC 2181, Section 5.2)", trimDot(w.Name), ttlOf(w.TTL), ttlOf(want)))
		}
	}
	return notes
}

// ready holds the state against what the planner takes for granted: that the
// DNS answers, and that what others publish is as the proof had it. It keeps
// what the domain's records say, and will.
func (p *Push) ready(ctx context.Context, s *state) error {
	wanted := p.end(s)
	for _, w := range p.Wanted {
		if w.Of != "" {
			continue
		}
		now, err := p.policy(ctx, w.Name, s.records(), p.Rollout.Resolver)
		if err != nil {
			return err
		}
		then, err := p.policy(ctx, w.Name, wanted, p.Rollout.Resolver)
		if err != nil {
			return err
		}
		s.now[w.Name], s.then[w.Name] = now, then
		if p.Planned == nil {
			continue
		}
		planned, err := p.policy(ctx, w.Name, records{}, p.Planned)
		if err != nil {
			return err
		}
		if !then.Equal(planned) && !then.Equal(now) {
			return &DependencyError{p.Domain}
		}
	}
	return nil
}

// policy is an error where the DNS fails: whom it concerns could not be
// protected.
func (p *Push) policy(ctx context.Context, name string, r records, base spf.Resolver) (*spf.Policy, error) {
	c := &spf.Checker{Resolver: &spf.Overlay{Base: base, TXT: r.texts, Trees: r.lists}, Limits: p.Rollout.Limits}
	policy, err := c.Policy(ctx, name)
	if err != nil {
		return nil, err
	}
	if failed := policy.Prefixes(spf.TempError); len(failed) > 0 {
		return nil, fmt.Errorf("%s: a lookup fails, so that what its record says is not known for %v: try again", trimDot(name), failed[0])
	}
	return policy, nil
}

// Policies gives what the domain's record says now, and what it will say.
func (p *Push) Policies(ctx context.Context, step *Step) (now, then *spf.Policy, err error) {
	if now, err = p.policy(ctx, p.Domain, step.state.records(), p.Rollout.Resolver); err != nil {
		return nil, nil, err
	}
	then, err = p.policy(ctx, p.Domain, p.end(step.state), p.Rollout.Resolver)
	return now, then, err
}

// records are the records of the domain at one time, to be laid over the DNS.
type records struct {
	texts map[string][]spf.TXT
	lists []*spf.AddressTree
}

// end gives what is to be published, and nothing else of the domain's.
func (p *Push) end(s *state) records {
	r := records{texts: map[string][]spf.TXT{}}
	for name, is := range s.published {
		if is.List == nil {
			r.texts[name] = nil
		}
	}
	for _, w := range p.Wanted {
		switch {
		case w.List != nil:
			r.lists = append(r.lists, w.List.Tree(w.Name))
		case w.Text != "":
			r.texts[w.Name] = []spf.TXT{{w.Text}}
		}
	}
	return r
}

func sameChanges(a, b providers.Stage) bool {
	return len(a.Changes) > 0 && a.Kind == b.Kind && slices.EqualFunc(a.Changes, b.Changes, func(x, y providers.Change) bool {
		return x.Name == y.Name && x.New == y.New && x.TTL == y.TTL && slices.Equal(x.Old, y.Old) && sameLists(x.List, y.List)
	})
}

func sameLists(a, b *providers.ListChange) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.From.Equal(b.From) && a.To.Equal(b.To)
}

func changeText(s *state, c providers.Change) string {
	if c.List != nil {
		return fmt.Sprintf("the list %s has %d names, and is to have %d with the TTL %d", trimDot(c.Name), len(c.List.From), len(c.List.To), ttlOf(c.TTL))
	}
	return fmt.Sprintf("%s has %s, and is to have %q with the TTL %d", trimDot(c.Name), describe(s.sets[c.Name]), c.New, ttlOf(c.TTL))
}

func seconds(n uint32) time.Duration { return time.Duration(n) * time.Second }
func ttlOf(d time.Duration) uint32   { return uint32(d / time.Second) }
