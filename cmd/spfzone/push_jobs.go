package main

import (
	"context"
	"sync"
)

// pass runs the stages of all domains that may run, those of different zones at
// once, and reports whether there was one. The error is that of ctx.
func (p *publishing) pass(ctx context.Context, jobs []*job) (did bool, err error) {
	said := newTurns(len(jobs), p.a.note)
	var mu sync.Mutex
	var wg sync.WaitGroup
	slots := make(chan struct{}, p.o.jobs)
	for _, queue := range p.queues(jobs) {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			for _, i := range queue {
				if jobs[i].push != nil {
					jobs[i].push.Report = said.of(i)
				}
				one, failed := p.advance(ctx, jobs[i])
				said.end(i)
				mu.Lock()
				did = did || one
				if failed != nil {
					err = failed
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return did, err
}

// queues puts the domains in rows, by their places among the jobs: one behind the
// other are those of one zone, those whose records lead to each other, and those
// of a provider whose file or program may not be for several at once.
func (p *publishing) queues(jobs []*job) (rows [][]int) {
	before := make([]int, len(jobs)) // a job of the same row, itself for the first
	first := func(i int) int {
		for before[i] != i {
			i = before[i]
		}
		return i
	}
	join := func(i, j int) {
		i, j = first(i), first(j)
		before[max(i, j)] = min(i, j)
	}
	type place struct{ zone, provider, record string }
	at := map[place]int{} // the first job there
	stand := func(i int, where place) {
		if j, known := at[where]; known {
			join(i, j)
			return
		}
		at[where] = i
	}
	for i, j := range jobs {
		before[i] = i
		d := j.plan.Domain
		stand(i, place{zone: canonicalZone(d)})
		stand(i, place{record: d.Name})
		for _, r := range d.Regions {
			stand(i, place{record: r.Name})
		}
		if by := p.publishers[j.provider]; by != nil && (by.kind == "zonefile" || by.kind == "exec") {
			stand(i, place{provider: j.provider})
		}
	}
	for i, j := range jobs {
		for _, name := range leads(j.plan.Domain) {
			if other, known := at[place{record: name}]; known {
				join(i, other)
			}
		}
	}
	row := map[int]int{}
	for i := range jobs {
		n, known := row[first(i)]
		if !known {
			n = len(rows)
			row[i], rows = n, append(rows, nil)
		}
		rows[n] = append(rows[n], i)
	}
	return rows
}

// turns has what is said of several things at once come in their order: at once
// of the first that has not ended, and of those behind it later.
type turns struct {
	say func(format string, args ...any)

	mu    sync.Mutex
	now   int
	ended []bool
	kept  [][]func()
}

func newTurns(n int, say func(format string, args ...any)) *turns {
	return &turns{say: say, ended: make([]bool, n), kept: make([][]func(), n)}
}

// of gives what says something of the nth.
func (t *turns) of(n int) func(format string, args ...any) {
	return func(format string, args ...any) {
		t.mu.Lock()
		defer t.mu.Unlock()
		if n == t.now {
			t.say(format, args...)
			return
		}
		t.kept[n] = append(t.kept[n], func() { t.say(format, args...) })
	}
}

// end says that the nth has no more to say.
func (t *turns) end(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended[n] = true
	for t.now < len(t.ended) && t.ended[t.now] {
		if t.now++; t.now < len(t.ended) {
			for _, say := range t.kept[t.now] {
				say()
			}
		}
	}
}
