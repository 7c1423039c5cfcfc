package providers

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/providers/addresslist"
)

// listRoot is the name of the list in the tests.
const listRoot = "_spf." + testZone

// listCases are those of the table that are about address lists.
func listCases() []struct {
	name string
	run  func(t *testing.T, s site) string
} {
	return []struct {
		name string
		run  func(t *testing.T, s site) string
	}{
		{"list: create, change, delete", listThroughout},
		{"list: something in the way", listInTheWay},
	}
}

var (
	firstNames = addresslist.New("*.2.0.192.in-addr", "7.3.0.192.in-addr", "8.3.0.192.in-addr", "*.0.1.in-addr", "*.8.b.d.0.1.0.0.2.ip6")
	nextNames  = addresslist.New("7.3.0.192.in-addr", "9.3.0.192.in-addr", "*.0.1.in-addr", "*.9.b.d.0.1.0.0.2.ip6")
)

// besides gives all records but those of the list.
func besides(records []string) []string {
	return slices.DeleteFunc(records, func(r string) bool { return strings.Contains(r, "in-addr._spf") || strings.Contains(r, "ip6._spf") })
}

// changeList makes all changes in one batch.
func changeList(t *testing.T, s site, from, to addresslist.List) error {
	t.Helper()
	err := s.publisher.ChangeList(inTime(t), testZone, addresslist.Batch{
		Root: listRoot, Add: to.Minus(from).Absolute(listRoot), Delete: from.Minus(to).Absolute(listRoot), TTL: s.publisher.ListTTL(maxTTL),
	})
	s.grep(t, err)
	return err
}

// readList gives the list that the provider has.
func readList(t *testing.T, s site) addresslist.List {
	t.Helper()
	read, err := s.publisher.ReadLists(inTime(t), testZone, []string{listRoot}, func(string) []string {
		return firstNames.Plus(nextNames).Absolute(listRoot)
	})
	if err != nil {
		t.Fatal(err)
	}
	l, ttl, err := read[listRoot].List(listRoot)
	if err != nil {
		t.Fatal(err)
	}
	if want := s.publisher.ListTTL(maxTTL); len(l) > 0 && ttl != want {
		t.Errorf("the TTL is %d, want %d", ttl, want)
	}
	return l
}

// listThroughout changes a list, and has each write fail in turn.
func listThroughout(t *testing.T, s site) string {
	rest := s.rest()
	steps := []addresslist.List{nil, firstNames, nextNames, nil}
	for i, to := range steps[1:] {
		err := changeList(t, s, steps[i], to)
		if errors.Is(err, ErrUnsafe) && i == 0 {
			t.Log(err)
			if diff := cmp.Diff(rest, s.rest()); diff != "" || s.writes() > 0 {
				t.Errorf("it is refused, and changed: %s", diff)
			}
			return "refused"
		}
		if err != nil {
			t.Fatalf("change %d: %v", i, err)
		}
		if got := readList(t, s); !got.Equal(to) {
			t.Fatalf("change %d: the list is %q, want %q", i, got, to)
		}
		if diff := cmp.Diff(rest, besides(s.rest())); diff != "" {
			t.Fatalf("change %d: the rest of the zone: %s", i, diff)
		}
	}
	if err := changeList(t, s, nil, firstNames); err != nil {
		t.Fatal(err)
	}
	if err := changeList(t, s, nil, firstNames); err != nil && !errors.Is(err, ErrConflict) {
		t.Errorf("added twice: %v", err)
	}
	for _, f := range []fault{refused, lost} {
		listHalfWay(t, s, rest, f)
	}
	return "ok"
}

// listHalfWay has the second write of a change fail, or the first of one, and goes
// on.
func listHalfWay(t *testing.T, s site, rest []string, f fault) {
	t.Helper()
	if now := readList(t, s); !now.Equal(firstNames) {
		if err := changeList(t, s, now, firstNames); err != nil {
			t.Fatal(err)
		}
	}
	nth := 2
	if s.publisher.strategy.Lists.Atomic {
		nth = 1
	}
	s.fault(s.writes()+nth, f)
	err := changeList(t, s, firstNames, nextNames)
	got := readList(t, s)
	var failed *Error
	switch {
	case err == nil && !got.Equal(nextNames):
		t.Errorf("no error, and the list is %q", got)
	case err != nil && !errors.As(err, &failed):
		t.Errorf("not an *Error: %v", err)
	case err != nil && failed.State == Unchanged && !got.Equal(firstNames):
		t.Errorf("it says %v, and the list is %q", err, got)
	}
	if more := got.Minus(firstNames.Plus(nextNames)); len(more) > 0 {
		t.Errorf("%q are in the list", more)
	}
	if diff := cmp.Diff(rest, besides(s.rest())); diff != "" {
		t.Errorf("after a failure (%v), the rest of the zone: %s", err, diff)
	}
	if err := changeList(t, s, got, nextNames); err != nil {
		t.Errorf("going on: %v", err)
	}
	if got := readList(t, s); !got.Equal(nextNames) {
		t.Errorf("in the end the list is %q", got)
	}
}

// listInTheWay asks for a name that is no list's: the zone's own.
func listInTheWay(t *testing.T, s site) string {
	read, err := s.publisher.ReadLists(inTime(t), testZone, []string{testZone}, func(string) []string { return []string{"www." + testZone} })
	if err != nil {
		if !errors.Is(err, ErrUnsafe) {
			t.Error(err)
		}
		return "refused"
	}
	_, _, err = read[testZone].List(testZone)
	var other *addresslist.OtherError
	if !errors.As(err, &other) {
		t.Errorf("error %v, records %v", err, read[testZone])
	}
	return "seen"
}
