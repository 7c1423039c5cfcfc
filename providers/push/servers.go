package push

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spfzone/spfzone/providers/txt"
)

// Server is an authoritative server of a zone, asked itself.
type Server interface {
	String() string
	// TXT asks for the TXT RRset of a name, by UDP or TCP.
	TXT(ctx context.Context, name string, tcp bool) (Answer, error)
	// Lists reports whether a name has the A record of an address list, of its own
	// or by a wildcard.
	Lists(ctx context.Context, name string) (bool, error)
	// Serial asks for the serial number of the SOA record of a zone.
	Serial(ctx context.Context, zone string) (uint32, error)
}

// Answer is what a server says of the TXT RRset of a name.
type Answer struct {
	Set       txt.RRset
	NXDomain  bool
	Alias     bool // a CNAME stands there
	Truncated bool // the RRset did not fit, and is not in Set
}

// Zone is a zone as its servers have it.
type Zone struct {
	Name     string        // canonical
	Negative time.Duration // how long caches may hold that something is absent
	Servers  []Server
}

// pauses are those between looks at servers that do not agree yet: they double
// up to the last.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 5 * time.Second
)

// silence is for how long a wait goes on before a word is said.
const silence = 3 * time.Second

// shortest is the time that a look has for the answers, however little is left of
// the wait.
const shortest = time.Second / 2

// errOver is why a look that is still without an answer ends with the wait.
var errOver = errors.New("no answer by the end of the wait")

// until looks again and again, until ok or the time is over: at its end once more.
// The context of a look ends with the wait, though not before shortest has passed.
func (p *Push) until(ctx context.Context, patience time.Duration, look func(context.Context) (ok bool, err error)) error {
	start := p.Now()
	end := start.Add(patience)
	said := false
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		ok, err := within(ctx, max(end.Sub(p.Now()), shortest), look)
		left := end.Sub(p.Now())
		if ok || ctx.Err() != nil || left <= 0 {
			return errors.Join(context.Cause(ctx), err)
		}
		if !said && p.Now().Sub(start) >= silence {
			said = true
			p.Report("%s: waiting up to %v: %v", trimDot(p.Domain), patience, err)
		}
		if err := p.Sleep(ctx, min(pause, left)); err != nil {
			return err
		}
	}
}

// within is one look of until.
func within(ctx context.Context, room time.Duration, look func(context.Context) (bool, error)) (bool, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, room, errOver)
	defer cancel()
	return look(ctx)
}

// untilServed is until for what was written. A server that was told to read a
// zone file while it was at the former one may not have heard that, as BIND does
// not hear a SIGHUP then: it is told once more.
func (p *Push) untilServed(ctx context.Context, name string, look func(context.Context) error) error {
	start, again := p.Now(), false
	return p.until(ctx, p.Patience, func(short context.Context) (bool, error) {
		err := look(short)
		if err != nil && !again && p.Now().Sub(start) >= silence {
			again = true
			_, failed := p.Publisher.Serve(ctx, name)
			err = errors.Join(err, failed)
		}
		return err == nil, err
	})
}

// agreed gives what all servers of a zone say of a name. They may differ on whether
// it exists without TXT records: then it does.
func (p *Push) agreed(ctx context.Context, z *Zone, name string) (Answer, error) {
	var common Answer
	err := p.until(ctx, p.Patience, func(ctx context.Context) (bool, error) {
		answers, err := askAll(ctx, z, name, false)
		if err != nil {
			return false, err
		}
		common = answers[0]
		if e := Disagreement(ctx, z.Name, name, z.Servers, answers); e != nil {
			return false, e
		}
		common.NXDomain = !slices.ContainsFunc(answers, func(a Answer) bool { return !a.NXDomain })
		return true, nil
	})
	return common, err
}

// askAll asks every server. By UDP, what is cut off is asked for again by TCP.
func askAll(ctx context.Context, z *Zone, name string, tcp bool) ([]Answer, error) {
	answers := make([]Answer, len(z.Servers))
	failures := make([]error, len(z.Servers))
	var wg sync.WaitGroup
	for i, s := range z.Servers {
		wg.Go(func() {
			answers[i], failures[i] = s.TXT(ctx, name, tcp)
			if failures[i] == nil && answers[i].Truncated && !tcp {
				answers[i], failures[i] = s.TXT(ctx, name, true)
			}
		})
	}
	wg.Wait()
	return answers, silent(failures)
}

// describe says what an RRset holds, its SPF records by their text.
func describe(s txt.RRset) string {
	var parts []string
	for _, r := range s.SPF() {
		parts = append(parts, fmt.Sprintf("%q", r.Text()))
	}
	if len(parts) == 0 {
		parts = append(parts, "no SPF record")
	}
	text := strings.Join(parts, " and ")
	if n := len(s.Siblings()); n > 0 {
		text += fmt.Sprintf(" beside %d other TXT records", n)
	}
	if len(s.Records) > 0 {
		text += fmt.Sprintf(", TTL %d", s.TTL)
	}
	return text
}

func trimDot(name string) string { return strings.TrimSuffix(name, ".") }
