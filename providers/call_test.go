package providers

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/libdns/libdns"
)

// deafModule keeps records, and carries out every change only after some time,
// whatever becomes of the context.
type deafModule struct {
	records []libdns.Record
	takes   time.Duration
	appends int
}

func (m *deafModule) GetRecords(context.Context, string) ([]libdns.Record, error) {
	return append([]libdns.Record(nil), m.records...), nil
}

func (m *deafModule) AppendRecords(_ context.Context, _ string, recs []libdns.Record) ([]libdns.Record, error) {
	m.appends++
	time.Sleep(m.takes)
	m.records = append(m.records, recs...)
	return recs, nil
}

func (m *deafModule) SetRecords(context.Context, string, []libdns.Record) ([]libdns.Record, error) {
	return nil, errors.New("nothing is to be set")
}

func (m *deafModule) DeleteRecords(context.Context, string, []libdns.Record) ([]libdns.Record, error) {
	return nil, errors.New("nothing is to be deleted")
}

// A change of which nobody waits for the end any more is not said to be undone,
// and nothing is done after it before that end, so that no retry makes two
// records of one.
func TestDeafModules(t *testing.T) {
	const creating = "provider p: creating the TXT records of example.test.: "
	tests := []struct {
		name  string
		takes time.Duration
		want  string // of the first try, which waits for a second
		state State
		retry string // of another, which waits for as long
	}{
		{"it ends soon after", 20 * time.Second, "", Unchanged, creating + "the records are not what was read; nothing was changed, as somebody else changed them meanwhile: run it again"},
		{"it does not end", time.Hour, creating + "context deadline exceeded, which the module does not mind: its call is still under way\nreading it back: an earlier call of the module is still under way: context deadline exceeded; what stands there now is not known", Unknown,
			creating + "an earlier call of the module is still under way: context deadline exceeded; nothing was changed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &deafModule{takes: tt.takes}
				l := &library{Provider: m, strategy: Strategy{Alone: SetRRset, Beside: Refuse}, codec: plain(), pause: sleep, deaf: oneCall()}
				p := &Publisher{name: "p", strategy: l.strategy, backend: l, scrub: newScrubber(nil), pause: sleep}
				try := func() error {
					ctx, cancel := context.WithTimeout(t.Context(), time.Second)
					defer cancel()
					return p.Replace(ctx, testZone, apex, rrset(0), rrset(300, rec(newSPF)))
				}
				for _, want := range []string{tt.want, tt.retry} {
					text, state := "", Unchanged
					var e *Error
					if err := try(); errors.As(err, &e) {
						text, state = e.Error(), e.State
					}
					wantState := Unchanged
					if want == tt.want {
						wantState = tt.state
					}
					if text != want || state != wantState {
						t.Errorf("\n got %v %s\nwant %v %s", state, text, wantState, want)
					}
				}
				time.Sleep(tt.takes)
				set, err := p.Read(t.Context(), testZone, apex)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([]string{newSPF}, texts(set.SPF())); diff != "" || m.appends != 1 {
					t.Errorf("%d calls: %s", m.appends, diff)
				}
			})
		})
	}
}

// What a module was not given before the context ended is not done after it.
func TestCallThatComesTooLate(t *testing.T) {
	l := &library{deaf: oneCall(), chatty: true}
	ctx, cancel := context.WithCancel(t.Context())
	done, called := make(chan error), false
	logs.Lock() // another module is at work
	go func() {
		done <- l.call(ctx, func(context.Context) error { called = true; return nil })
	}()
	l.awaitCall()
	cancel()
	err := <-done
	logs.Unlock()
	l.deaf <- struct{}{} // it has ended
	const want = "context canceled, which the module does not mind: its call is still under way"
	if err == nil || err.Error() != want || called {
		t.Errorf("got %v, called %v", err, called)
	}
}

// awaitCall waits until a call is under way.
func (l *library) awaitCall() {
	for len(l.deaf) == 0 {
		time.Sleep(time.Millisecond)
	}
}

// endless is a module that gives what it reads at the moment at which nobody
// waits for it any more.
type endless struct{ deafModule }

func (m *endless) GetRecords(ctx context.Context, _ string) ([]libdns.Record, error) {
	<-ctx.Done()
	return []libdns.Record{libdns.TXT{Name: "@", Text: "a"}, libdns.TXT{Name: "@", Text: "b"}}, nil
}

// What is read too late is handed to nobody.
func TestRecordsThatComeTooLate(t *testing.T) {
	late := 0
	for range 200 {
		l := &library{Provider: &endless{}, deaf: oneCall()}
		ctx, cancel := context.WithCancel(t.Context())
		go func() { l.awaitCall(); cancel() }()
		records, err := l.records(ctx, testZone)
		switch {
		case err == nil && len(records) != 2, err != nil && records != nil:
			t.Fatalf("%v, %v", records, err)
		case err != nil:
			late++
		}
		l.deaf <- struct{}{} // it has ended
	}
	if late == 0 {
		t.Error("no call came too late")
	}
}
